//! What a path names. A path is split first, then decoded: a slash in an id is no slash of the path.

use headcount::{
    AppId, AppView, Kind, Limits, RecordView, ResourceType, ResourceTypeId, SessionId, SessionView, TaskId,
    TaskView,
};
use percent_encoding::percent_decode_str;

use super::refusal::quoted;
use super::{Missing, route};
use crate::tenant::Tenant;

/// The parts of a path between its slashes, decoded; none where that is no UTF-8.
#[derive(Debug)]
pub(super) struct Segments(Vec<Option<String>>);

impl Segments {
    pub(super) fn of(path: &str) -> Self {
        let decoded = |segment| percent_decode_str(segment).decode_utf8().ok().map(String::from);
        Self(path.split('/').map(decoded).collect())
    }

    /// Whether the path is one of the API's, whomever it names.
    pub(super) fn is_of_api(&self) -> bool {
        let prefix: Vec<&str> = route::segments(route::PREFIX).collect();
        let found = self.0.iter().zip(&prefix);
        self.0.len() >= prefix.len()
            && found.enumerate().all(|(at, (found, expected))| {
                at == route::TENANT_SEGMENT || found.as_deref() == Some(*expected)
            })
    }

    /// The tenant that a path of the API names.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.0.get(route::TENANT_SEGMENT)?.as_deref()
    }

    /// The values of a route's parameters, if the path is one of the route's.
    pub(super) fn values(&self, path: &str) -> Option<Vec<&str>> {
        route::matches(route::segments(path), self.0.get(route::PREFIX_SEGMENTS..)?)
    }
}

/// What the parameters of a path name.
pub trait Path: Sized + Send + Sync + 'static {
    /// The names of the parameters, in their order. That of the tenant is not among them.
    const NAMES: &'static [&'static str];

    /// The things themselves, to be read.
    type View<'e>;

    /// Finds them by the parameters' values.
    ///
    /// # Errors
    /// The first that is not there.
    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<Self::View<'e>, Missing>;

    /// Their names, for a command.
    fn of(view: &Self::View<'_>) -> Self;
}

/// The values, as many as the path has parameters.
fn array<'v, const COUNT: usize>(values: &[&'v str]) -> [&'v str; COUNT] {
    values.try_into().expect("a route has the parameters of its path's type: checked where it is made")
}

fn app<'e>(tenant: &'e Tenant, value: &str) -> Result<AppView<'e>, Missing> {
    let id: AppId = value.parse().map_err(|_| Missing::app(quoted(value)))?;
    tenant.engine.app(id).ok_or_else(|| Missing::app(id))
}

fn session<'e>(app: AppView<'e>, value: &str) -> Result<SessionView<'e>, Missing> {
    let id: SessionId = value.parse().map_err(|_| Missing::session(quoted(value)))?;
    app.session(id).ok_or_else(|| Missing::session(id))
}

fn resource_type<'e>(app: AppView<'e>, slug: &str) -> Result<&'e ResourceType, Missing> {
    app.resource_type(slug).ok_or_else(|| Missing::resource_type(slug))
}

/// A path that names nothing but the tenant.
#[derive(Debug)]
pub struct OfTenant;

impl Path for OfTenant {
    const NAMES: &'static [&'static str] = &[];
    type View<'e> = &'e Tenant;

    fn find<'e>(tenant: &'e Tenant, _: &[&str]) -> Result<&'e Tenant, Missing> {
        Ok(tenant)
    }

    fn of(_: &&Tenant) -> Self {
        Self
    }
}

/// A path that names an app.
#[derive(Debug)]
pub struct OfApp {
    /// The app.
    pub app_id: AppId,
}

impl Path for OfApp {
    const NAMES: &'static [&'static str] = &["app"];
    type View<'e> = AppView<'e>;

    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<AppView<'e>, Missing> {
        let [id] = array(values);
        app(tenant, id)
    }

    fn of(view: &AppView<'_>) -> Self {
        Self { app_id: view.id() }
    }
}

/// A path that names a resource type.
#[derive(Debug)]
pub struct OfType {
    /// The app whose clone group has it.
    pub app_id: AppId,
    /// Its slug before the command.
    pub slug: String,
    /// Its id, whatever its slug becomes.
    pub resource_type_id: ResourceTypeId,
    /// Its kind: what records of a body are read as.
    pub kind: Kind,
}

impl Path for OfType {
    const NAMES: &'static [&'static str] = &["app", "slug"];
    type View<'e> = (AppView<'e>, &'e ResourceType);

    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<Self::View<'e>, Missing> {
        let [id, slug] = array(values);
        let app = app(tenant, id)?;
        Ok((app, resource_type(app, slug)?))
    }

    fn of((app, resource_type): &Self::View<'_>) -> Self {
        Self {
            app_id: app.id(),
            slug: resource_type.slug().to_owned(),
            resource_type_id: resource_type.id(),
            kind: resource_type.kind(),
        }
    }
}

/// A path that names a record.
#[derive(Debug)]
pub struct OfRecord {
    /// The app.
    pub app_id: AppId,
    /// The slug of the record's type.
    pub slug: String,
    /// The record's external id.
    pub id: String,
}

impl Path for OfRecord {
    const NAMES: &'static [&'static str] = &["app", "slug", "id"];
    type View<'e> = (AppView<'e>, RecordView<'e>);

    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<Self::View<'e>, Missing> {
        let [id, slug, record] = array(values);
        let app = app(tenant, id)?;
        resource_type(app, slug)?;
        Ok((app, app.record(slug, record).ok_or_else(|| Missing::record(slug, record))?))
    }

    fn of((app, record): &Self::View<'_>) -> Self {
        let slug = record.resource_type().slug().to_owned();
        Self { app_id: app.id(), slug, id: record.id().to_owned() }
    }
}

/// A path that names a record that has members: a group or a license.
#[derive(Debug)]
pub struct OfMembers(pub OfRecord);

impl Path for OfMembers {
    const NAMES: &'static [&'static str] = OfRecord::NAMES;
    type View<'e> = (AppView<'e>, RecordView<'e>);

    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<Self::View<'e>, Missing> {
        let (app, record) = OfRecord::find(tenant, values)?;
        if record.resource_type().kind() == Kind::Account {
            return Err(Missing::members(record.id()));
        }
        tenant.want_members(app.id(), record.resource_type().slug());
        Ok((app, record))
    }

    fn of(view: &Self::View<'_>) -> Self {
        Self(OfRecord::of(view))
    }
}

/// A path that names the tasks of an app: how many are listed at once is a limit of the engine's.
#[derive(Debug)]
pub struct OfTasks(pub OfApp);

impl Path for OfTasks {
    const NAMES: &'static [&'static str] = OfApp::NAMES;
    type View<'e> = (AppView<'e>, &'e Limits);

    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<Self::View<'e>, Missing> {
        Ok((OfApp::find(tenant, values)?, tenant.engine.config().limits()))
    }

    fn of((app, _): &Self::View<'_>) -> Self {
        Self(OfApp::of(app))
    }
}

/// A path that names a session.
#[derive(Debug)]
pub struct OfSession {
    /// The app.
    pub app_id: AppId,
    /// The session.
    pub session_id: SessionId,
}

impl Path for OfSession {
    const NAMES: &'static [&'static str] = &["app", "sync"];
    type View<'e> = (AppView<'e>, SessionView<'e>);

    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<Self::View<'e>, Missing> {
        let [id, sync] = array(values);
        let app = app(tenant, id)?;
        Ok((app, session(app, sync)?))
    }

    fn of((app, session): &Self::View<'_>) -> Self {
        Self { app_id: app.id(), session_id: session.id() }
    }
}

/// A path that names a session and a type of its app: where a page is pushed to.
#[derive(Debug)]
pub struct OfPage {
    /// The app.
    pub app_id: AppId,
    /// The session.
    pub session_id: SessionId,
    /// The type's slug.
    pub slug: String,
    /// The type's kind: what the records of the page are read as.
    pub kind: Kind,
}

/// What an [`OfPage`] names.
#[derive(Debug)]
pub struct PageView<'e> {
    /// The app.
    pub app: AppView<'e>,
    /// The session.
    pub session: SessionView<'e>,
    /// The type.
    pub resource_type: &'e ResourceType,
}

impl Path for OfPage {
    const NAMES: &'static [&'static str] = &["app", "sync", "slug"];
    type View<'e> = PageView<'e>;

    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<PageView<'e>, Missing> {
        let [id, sync, slug] = array(values);
        let app = app(tenant, id)?;
        Ok(PageView { app, session: session(app, sync)?, resource_type: resource_type(app, slug)? })
    }

    fn of(view: &PageView<'_>) -> Self {
        Self {
            app_id: view.app.id(),
            session_id: view.session.id(),
            slug: view.resource_type.slug().to_owned(),
            kind: view.resource_type.kind(),
        }
    }
}

/// A path that names a task.
#[derive(Debug)]
pub struct OfTask {
    /// The app.
    pub app_id: AppId,
    /// The task.
    pub task_id: TaskId,
}

impl Path for OfTask {
    const NAMES: &'static [&'static str] = &["app", "task"];
    type View<'e> = (AppView<'e>, TaskView<'e>);

    fn find<'e>(tenant: &'e Tenant, values: &[&str]) -> Result<Self::View<'e>, Missing> {
        let [id, task] = array(values);
        let app = app(tenant, id)?;
        let id: TaskId = task.parse().map_err(|_| Missing::task(quoted(task)))?;
        Ok((app, app.task(id).ok_or_else(|| Missing::task(id))?))
    }

    fn of((app, task): &Self::View<'_>) -> Self {
        Self { app_id: app.id(), task_id: task.id() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_first_and_then_decoded() {
        let segments = Segments::of("/org/acme/api/v1/bridge/apps/a%2Fb/sync/%2E%2E/%C3%A9%252F+/");
        assert!(segments.is_of_api());
        assert_eq!(segments.tenant(), Some("acme"));
        let values = segments.values("apps/{app}/sync/{sync}/{slug}/");
        assert_eq!(values, Some(vec!["a/b", "..", "é%2F+"]));
    }

    #[test]
    fn what_does_not_decode_to_utf_8_is_no_path() {
        for path in ["/org/acme/api/v1/bridge/apps/%FF/", "/org/acme/api/v1/bridge/apps/%C3/"] {
            assert_eq!(Segments::of(path).values("apps/{app}/"), None, "{path}");
        }
        let nobody = Segments::of("/org/%FF/api/v1/bridge/apps/");
        assert!(nobody.is_of_api() && nobody.tenant().is_none());
    }

    #[test]
    fn other_paths_are_not_of_the_api() {
        for path in ["", "/", "/org/acme", "/org/acme/api/v2/bridge/apps/", "/x/org/acme/api/v1/bridge/apps/"]
        {
            assert!(!Segments::of(path).is_of_api(), "{path}");
        }
    }

    #[test]
    fn slashes_are_as_written() {
        let values = |path: &str| Segments::of(path).values("apps/{app}/").is_some();
        assert!(values("/org/acme/api/v1/bridge/apps/x/"));
        for path in ["apps/x", "apps//", "apps/x//", "apps/x/y/", "apps/"] {
            assert!(!values(&format!("/org/acme/api/v1/bridge/{path}")), "{path}");
        }
    }
}
