//! Commands and replies as values: what a host journals, replays and replicates (SPEC 2).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU64;

use crate::state::session::SessionStatus;
use crate::state::task::TaskAction;
use crate::values::id::{AppId, ResourceTypeId, SessionId, TaskId};
use crate::values::record::{Kind, Page};
use crate::values::time::Timestamp;

/// One step of the machine, with all that it needs but the time. [`Engine::apply`] carries it out;
/// each variant also has a method of its own on [`Engine`], with the documentation of its rules.
///
/// A variant may borrow its texts. `Command<'static>` is what comes out of a journal.
///
/// [`Engine`]: crate::Engine
/// [`Engine::apply`]: crate::Engine::apply
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the arguments of the method that each variant names")]
pub enum Command<'a> {
    /// [`Engine::create_app`](crate::Engine::create_app)
    CreateApp { app: AppId, name: Cow<'a, str>, clone_from: Option<AppId> },
    /// [`Engine::update_app`](crate::Engine::update_app)
    UpdateApp { app: AppId, update: AppUpdate<'a> },
    /// [`Engine::delete_app`](crate::Engine::delete_app)
    DeleteApp { app: AppId },
    /// [`Engine::register_resource_type`](crate::Engine::register_resource_type)
    RegisterResourceType {
        app: AppId,
        id: ResourceTypeId,
        slug: Cow<'a, str>,
        name: Cow<'a, str>,
        kind: Kind,
    },
    /// [`Engine::update_resource_type`](crate::Engine::update_resource_type)
    UpdateResourceType { app: AppId, slug: Cow<'a, str>, update: ResourceTypeUpdate<'a> },
    /// [`Engine::start_session`](crate::Engine::start_session)
    StartSession { app: AppId, session: SessionId, scope: Scope<'a> },
    /// [`Engine::push_page`](crate::Engine::push_page)
    PushPage {
        app: AppId,
        session: SessionId,
        slug: Cow<'a, str>,
        #[cfg_attr(feature = "serde", serde(borrow))]
        page: Page<'a>,
    },
    /// [`Engine::complete_session`](crate::Engine::complete_session)
    CompleteSession { app: AppId, session: SessionId, force: bool },
    /// [`Engine::abandon_session`](crate::Engine::abandon_session)
    AbandonSession { app: AppId, session: SessionId },
    /// [`Engine::fail_session`](crate::Engine::fail_session)
    FailSession { app: AppId, session: SessionId, reason: Cow<'a, str> },
    /// [`Engine::run_cleanup`](crate::Engine::run_cleanup)
    RunCleanup { app: AppId, session: SessionId, budget: NonZeroU64 },
    /// [`Engine::create_task`](crate::Engine::create_task)
    CreateTask { app: AppId, task: TaskId, new: NewTask<'a> },
    /// [`Engine::resolve_task`](crate::Engine::resolve_task)
    ResolveTask { app: AppId, task: TaskId, resolution: Resolution<'a> },
    /// [`Engine::purge_inactive`](crate::Engine::purge_inactive)
    PurgeInactive { app: AppId, inactive_before: Timestamp },
}

/// What [`Engine::update_app`](crate::Engine::update_app) is to change; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AppUpdate<'a> {
    /// The new name, 1..=255.
    pub name: Option<Cow<'a, str>>,
    /// The new guard, whole; [`Guard::NONE`] removes it.
    pub guard: Option<Guard>,
}

/// A limit on deactivations per session (SPEC 4.8). Both limits hold where both are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Guard {
    /// At most this many deactivations.
    pub max_count: Option<u64>,
    /// At most this percentage (0..=100) of the records that were active in the session's scope
    /// when it started.
    pub max_percent: Option<u8>,
}

impl Guard {
    /// No limit: what an app starts with.
    pub const NONE: Self = Self { max_count: None, max_percent: None };

    /// Whether there is no limit.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether this many deactivations, of `base` active records, pass the limit.
    pub fn is_passed_by(&self, deactivations: u64, base: u64) -> bool {
        self.max_count.is_some_and(|max| deactivations > max)
            || self
                .max_percent
                .is_some_and(|max| u128::from(deactivations) * 100 > u128::from(max) * u128::from(base))
    }
}

/// What [`Engine::update_resource_type`](crate::Engine::update_resource_type) is to change; `None`
/// leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResourceTypeUpdate<'a> {
    /// The new name, 1..=255.
    pub name: Option<Cow<'a, str>>,
    /// The new slug, 1..=100 of `a-z A-Z 0-9 - _`.
    pub slug: Option<Cow<'a, str>>,
    /// The new kind, while no app of the clone group has a record of the type.
    pub kind: Option<Kind>,
}

/// Which types a session calls the roll of (SPEC 4.5).
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

/// A task to be created (SPEC 6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

/// How a task ended (SPEC 6).
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
        /// The connector's code for the reason; not empty.
        code: Cow<'a, str>,
        /// The reason; not empty.
        message: Cow<'a, str>,
    },
}

/// What a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reply {
    /// It is done, and there is nothing to tell.
    Done,
    /// To `PushPage`.
    Page(PageOutcome),
    /// To `CompleteSession`: the session's status, completing or completed.
    Completion(SessionStatus),
    /// To `RunCleanup`.
    Cleanup(CleanupOutcome),
    /// To `PurgeInactive`.
    Purge(PurgeOutcome),
}

/// What a page did (SPEC 3.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct PageOutcome {
    /// Records in the page: `created + updated`.
    pub total: u32,
    /// Records whose id the type did not have.
    pub created: u32,
    /// All the others; the next three count parts of it.
    pub updated: u32,
    /// Placeholders that got their own record.
    pub filled: u32,
    /// Records that had been inactive and full.
    pub reactivated: u32,
    /// Records that were active, full, and equal in all fields and references.
    pub unchanged: u32,
    /// Placeholders that references of the page made, or woke from being inactive.
    pub placeholders: u32,
}

/// What one step of a cleanup did (SPEC 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct CleanupOutcome {
    /// Records that this step marked inactive, placeholders too.
    pub deactivated: u64,
    /// Completing if there is more to do, completed if this was the last step.
    pub status: SessionStatus,
}

/// What a purge removed (SPEC 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
#[non_exhaustive]
pub struct PurgeOutcome {
    /// Records removed, of all types.
    pub purged: u64,
    /// References that inactive accounts which stay held to them.
    pub references: u64,
}
