//! What commands are given beside ids: a struct or an enum each, where it is more than a value or two.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::guard::Guard;
use super::kind::Kind;
use super::plan::Plan;
use super::status::TaskAction;
use super::time::Timestamp;

/// What [`Engine::update_app`](crate::Engine::update_app) is to change; `None` leaves it as it is.
///
/// ```
/// use headcount::{AppUpdate, Guard};
/// let update = AppUpdate::default().with_name("Acme HR").with_guard(Guard::NONE.with_max_percent(10));
/// assert_eq!(update.name.as_deref(), Some("Acme HR"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct AppUpdate<'a> {
    /// The new name, 1..=255.
    pub name: Option<Cow<'a, str>>,
    /// The new guard, whole; [`Guard::NONE`] removes it.
    pub guard: Option<Guard>,
}

impl<'a> AppUpdate<'a> {
    /// With this name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With this guard.
    #[must_use]
    pub fn with_guard(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }
}

/// A resource type to be registered ([SPEC 2](crate::spec#2-commands)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewResourceType<'a> {
    /// What pages and references name it by: 1..=100 of `a-z A-Z 0-9 - _`.
    pub slug: Cow<'a, str>,
    /// What people call it, 1..=255.
    pub name: Cow<'a, str>,
    /// What its records are.
    pub kind: Kind,
}

impl<'a> NewResourceType<'a> {
    /// With this slug, name and kind.
    pub fn new(slug: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>, kind: Kind) -> Self {
        Self { slug: slug.into(), name: name.into(), kind }
    }
}

/// What [`Engine::update_resource_type`](crate::Engine::update_resource_type) is to change; `None`
/// leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ResourceTypeUpdate<'a> {
    /// The new name, 1..=255.
    pub name: Option<Cow<'a, str>>,
    /// The new slug, 1..=100 of `a-z A-Z 0-9 - _`.
    pub slug: Option<Cow<'a, str>>,
    /// The new kind, while no app of the clone group has a record of the type.
    pub kind: Option<Kind>,
}

impl<'a> ResourceTypeUpdate<'a> {
    /// With this name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With this slug.
    #[must_use]
    pub fn with_slug(mut self, slug: impl Into<Cow<'a, str>>) -> Self {
        self.slug = Some(slug.into());
        self
    }

    /// With this kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }
}

/// Which types a session calls the roll of ([SPEC 4.5](crate::spec#45-scope)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Scope<'a> {
    /// Every type of the app, also those that are registered while the session is open.
    #[default]
    All,
    /// The types that have these slugs when the session starts; at least one.
    Types(Vec<Cow<'a, str>>),
}

impl<'a> Scope<'a> {
    /// The types with these slugs.
    pub fn types<S: Into<Cow<'a, str>>>(slugs: impl IntoIterator<Item = S>) -> Self {
        Self::Types(slugs.into_iter().map(Into::into).collect())
    }
}

/// How a session is to be completed ([SPEC 4.7](crate::spec#47-preview), [4.8](crate::spec#48-guard)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// Whether the app's guard is waived.
    pub force: bool,
    /// What it is to mark inactive, if that is said: nothing else. A plan does not waive the guard, and to force does
    /// not waive the plan ([SPEC 4.7](crate::spec#47-preview)).
    pub plan: Option<Plan>,
}

impl Completion {
    /// Within the app's guard: the default. An app starts without one, unless the host configures a default guard: until
    /// [`update_app`](crate::Engine::update_app) sets it, this refuses nothing.
    pub const GUARDED: Self = Self { force: false, plan: None };
    /// Whatever the app's guard says, which it waives: somebody looked at the preview, and says that it is right.
    pub const FORCED: Self = Self { force: true, plan: None };

    /// Only if this is still what it would mark inactive: that of a [`Preview`](crate::Preview::plan).
    #[must_use]
    pub const fn with_plan(mut self, plan: Plan) -> Self {
        self.plan = Some(plan);
        self
    }
}

/// A task to be created ([SPEC 6](crate::spec#6-tasks)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NewTask<'a> {
    /// What the connector is to do.
    pub action: TaskAction,
    /// The slug of the type that it is to be done to.
    pub resource_type: Cow<'a, str>,
    /// What the connector needs for it: opaque to the engine, at most 64 KiB.
    pub payload: Option<Cow<'a, str>>,
    /// Not before this moment; at once if absent.
    pub execute_after: Option<Timestamp>,
}

impl<'a> NewTask<'a> {
    /// To do this to the type with this slug, at once, without a payload.
    pub fn new(action: TaskAction, resource_type: impl Into<Cow<'a, str>>) -> Self {
        Self { action, resource_type: resource_type.into(), payload: None, execute_after: None }
    }

    /// With this payload.
    #[must_use]
    pub fn with_payload(mut self, payload: impl Into<Cow<'a, str>>) -> Self {
        self.payload = Some(payload.into());
        self
    }

    /// Not before this moment.
    #[must_use]
    pub fn with_execute_after(mut self, at: Timestamp) -> Self {
        self.execute_after = Some(at);
        self
    }
}

/// How a task ended ([SPEC 6](crate::spec#6-tasks)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Resolution<'a> {
    /// It was carried out.
    Completed {
        /// What came of it: opaque to the engine, at most 64 KiB.
        result: Option<Cow<'a, str>>,
    },
    /// It could not be carried out.
    Failed {
        /// The connector's code for the reason; not empty, at most 64 KiB.
        code: Cow<'a, str>,
        /// The reason; not empty, at most 64 KiB.
        message: Cow<'a, str>,
    },
}
