//! What a command works on: the app that it names, its registry, and the rest of the state that an app's
//! commands may touch, each borrowed apart.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::vec::Vec;

use super::Engine;
use crate::state::{App, ChangeLog, Ending, IdsInUse, Ordered, Registry, ResourceType, SessionRef};
use crate::store::{RowKey, TypeIndex};
use crate::values::{
    AppId, Error, Fact, FaultCode, HashKey, Limits, Rule, SessionId, Timestamp, describe, excerpt,
    id_or_excerpt,
};
use crate::verbs::page::PageBuffers;

/// One command on one app. Opening it forgets the changes of the command before.
pub(super) struct CommandScope<'e> {
    pub(super) now: Timestamp,
    pub(super) app: &'e mut App,
    pub(super) registry: &'e mut Registry,
    pub(super) ids: &'e mut IdsInUse,
    pub(super) changes: &'e mut ChangeLog,
    pub(super) limits: &'e Limits,
    pub(super) key: HashKey,
    pub(super) checks_equal_records: bool,
    pub(super) buffers: &'e mut PageBuffers,
}

impl Engine {
    pub(super) fn scope(&mut self, now: Timestamp, app_id: AppId) -> Result<CommandScope<'_>, Error> {
        self.changes.begin(app_id);
        let app = self.state.apps.get_mut(app_id).ok_or(Error::AppNotFound { app_id })?;
        let registry = self.state.groups.get_mut(app.group()).registry_mut();
        Ok(CommandScope {
            now,
            app,
            registry,
            ids: &mut self.state.ids,
            changes: &mut self.changes,
            limits: self.config.limits(),
            key: self.key,
            checks_equal_records: self.checks_equal_records,
            buffers: &mut self.buffers,
        })
    }
}

impl CommandScope<'_> {
    pub(super) fn find_type(&self, slug: &str) -> Result<(TypeIndex, &ResourceType), Error> {
        find_type(self.registry, slug)
    }

    /// The record of a type that has this external id, whatever text that is.
    pub(super) fn find_record(&self, slug: &str, id: &str) -> Result<RowKey, Error> {
        let (of, _) = self.find_type(slug)?;
        let row = self.app.store().table(of).and_then(|table| table.find(self.key.id(id), id));
        row.map(|row| RowKey::new(of, row)).ok_or_else(|| Error::RecordNotFound {
            slug: excerpt(slug),
            id: id_or_excerpt(id, self.limits.id_chars_max),
        })
    }

    pub(super) fn find_session(&self, session_id: SessionId) -> Result<SessionRef<'_>, Error> {
        self.app.sessions().get(session_id)
    }

    /// Ends the app's open session.
    pub(super) fn end_session(&mut self, ending: Ending) {
        let status = ending.status();
        let session_id = self.app.end_session(ending, self.now, self.registry.len());
        self.changes.fact(Fact::SessionEnded { session_id, status });
    }
}

pub(super) fn find_app(apps: &Ordered<AppId, App>, app_id: AppId) -> Result<&App, Error> {
    apps.get(app_id).ok_or(Error::AppNotFound { app_id })
}

pub(super) fn find_type<'r>(
    registry: &'r Registry,
    slug: &str,
) -> Result<(TypeIndex, &'r ResourceType), Error> {
    registry.find(slug).ok_or_else(|| Error::ResourceTypeNotFound { slug: excerpt(slug) })
}

/// The types with these slugs, ascending, each once.
pub(super) fn find_types<S: AsRef<str>>(registry: &Registry, slugs: &[S]) -> Result<Vec<TypeIndex>, Error> {
    let find = |slug: &S| find_type(registry, slug.as_ref()).map(|(index, _)| index);
    let mut types = slugs.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    types.sort_unstable();
    types.dedup();
    Ok(types)
}

/// Refuses an argument in which something is missing.
pub(super) fn missing(field: &'static str, found: &str, expected: &str) -> Error {
    let (found, expected) = (found.to_owned(), expected.to_owned());
    Error::InvalidArgument { field: field.into(), code: FaultCode::Required, found, expected }
}

/// Refuses an argument that breaks a rule.
pub(super) fn expect_text(rule: Rule, field: impl Into<Cow<'static, str>>, text: &str) -> Result<(), Error> {
    match rule.fault(text) {
        None => Ok(()),
        Some(code) => {
            let (found, expected) = (describe(text, code), rule.expected());
            Err(Error::InvalidArgument { field: field.into(), code, found, expected })
        }
    }
}

/// Refuses a number that is out of its range.
pub(crate) fn out_of_range(field: &'static str, found: u64, expected: &str) -> Error {
    let found = format!("{found}");
    let expected = expected.to_owned();
    Error::InvalidArgument { field: field.into(), code: FaultCode::OutOfRange, found, expected }
}
