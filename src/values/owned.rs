//! Input with texts of its own: what was parsed without copying, made to outlive what it was parsed from.

use alloc::borrow::Cow;

use super::arguments::{AppUpdate, NewResourceType, NewTask, Resolution, ResourceTypeUpdate, Scope};
use super::attribute::{Attribute, AttributeValue};
use super::command::Command;
use super::page::{Page, Records};
use super::record::{Account, Attributes, Group, Reference, ReferenceList, References};

fn text(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

fn optional(optional: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    optional.map(text)
}

impl Command<'_> {
    /// The same, borrowing nothing: to be kept, or sent to another thread.
    ///
    /// A command that borrows can be parsed only from what outlives it; `Command<'static>` for a
    /// decoder that needs one is `Command::deserialize(…)?.into_owned()`.
    pub fn into_owned(self) -> Command<'static> {
        match self {
            Self::CreateApp { app_id, name, clone_from } => {
                Command::CreateApp { app_id, name: text(name), clone_from }
            }
            Self::UpdateApp { app_id, update } => Command::UpdateApp { app_id, update: update.into_owned() },
            Self::DeleteApp { app_id } => Command::DeleteApp { app_id },
            Self::RegisterResourceType { app_id, resource_type_id, new } => {
                Command::RegisterResourceType { app_id, resource_type_id, new: new.into_owned() }
            }
            Self::UpdateResourceType { app_id, slug, update } => {
                Command::UpdateResourceType { app_id, slug: text(slug), update: update.into_owned() }
            }
            Self::StartSession { app_id, session_id, scope } => {
                Command::StartSession { app_id, session_id, scope: scope.into_owned() }
            }
            Self::PushPage { app_id, session_id, slug, page } => {
                Command::PushPage { app_id, session_id, slug: text(slug), page: page.into_owned() }
            }
            Self::PushLenientPage { app_id, session_id, slug, page } => {
                Command::PushLenientPage { app_id, session_id, slug: text(slug), page: page.into_owned() }
            }
            Self::CompleteSession { app_id, session_id, completion } => {
                Command::CompleteSession { app_id, session_id, completion }
            }
            Self::AbandonSession { app_id, session_id } => Command::AbandonSession { app_id, session_id },
            Self::FailSession { app_id, session_id, reason } => {
                Command::FailSession { app_id, session_id, reason: text(reason) }
            }
            Self::RunCleanup { app_id, session_id, budget } => {
                Command::RunCleanup { app_id, session_id, budget }
            }
            Self::CreateTask { app_id, task_id, new } => {
                Command::CreateTask { app_id, task_id, new: new.into_owned() }
            }
            Self::ResolveTask { app_id, task_id, resolution } => {
                Command::ResolveTask { app_id, task_id, resolution: resolution.into_owned() }
            }
            Self::PurgeInactive { app_id, inactive_before } => {
                Command::PurgeInactive { app_id, inactive_before }
            }
            Self::RepeatPage { app_id, session_id, slug, fingerprint } => {
                Command::RepeatPage { app_id, session_id, slug: text(slug), fingerprint }
            }
            Self::ExpireSessions { last_activity_before } => Command::ExpireSessions { last_activity_before },
            Self::SaveCheckpoint { app_id, session_id, checkpoint } => {
                Command::SaveCheckpoint { app_id, session_id, checkpoint: optional(checkpoint) }
            }
            Self::WaiveGuard { app_id, session_id } => Command::WaiveGuard { app_id, session_id },
            Self::ExcludeTypes { app_id, session_id, types } => {
                Command::ExcludeTypes { app_id, session_id, types: types.into_iter().map(text).collect() }
            }
            Self::EraseRecord { .. } | Self::UpsertRecords { .. } | Self::DeactivateRecords { .. } => {
                self.into_owned_of_records()
            }
        }
    }

    /// Of a command about records outside of any session.
    fn into_owned_of_records(self) -> Command<'static> {
        match self {
            Self::EraseRecord { app_id, slug, id } => {
                Command::EraseRecord { app_id, slug: text(slug), id: text(id) }
            }
            Self::UpsertRecords { app_id, slug, page } => {
                Command::UpsertRecords { app_id, slug: text(slug), page: page.into_owned() }
            }
            Self::DeactivateRecords { app_id, slug, ids } => {
                let ids = ids.into_iter().map(text).collect();
                Command::DeactivateRecords { app_id, slug: text(slug), ids }
            }
            other => unreachable!("only commands about records are led here, found {other:?}"),
        }
    }
}

impl AppUpdate<'_> {
    fn into_owned(self) -> AppUpdate<'static> {
        AppUpdate { name: optional(self.name), guard: self.guard }
    }
}

impl NewResourceType<'_> {
    fn into_owned(self) -> NewResourceType<'static> {
        NewResourceType { slug: text(self.slug), name: text(self.name), kind: self.kind }
    }
}

impl ResourceTypeUpdate<'_> {
    fn into_owned(self) -> ResourceTypeUpdate<'static> {
        ResourceTypeUpdate { name: optional(self.name), slug: optional(self.slug), kind: self.kind }
    }
}

impl Scope<'_> {
    fn into_owned(self) -> Scope<'static> {
        match self {
            Self::All => Scope::All,
            Self::Types(slugs) => Scope::Types(slugs.into_iter().map(text).collect()),
        }
    }
}

impl NewTask<'_> {
    fn into_owned(self) -> NewTask<'static> {
        let Self { action, resource_type, payload, execute_after } = self;
        NewTask { action, resource_type: text(resource_type), payload: optional(payload), execute_after }
    }
}

impl Resolution<'_> {
    fn into_owned(self) -> Resolution<'static> {
        match self {
            Self::Completed { result } => Resolution::Completed { result: optional(result) },
            Self::Failed { code, message } => Resolution::Failed { code: text(code), message: text(message) },
        }
    }
}

impl Page<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Page<'static> {
        self.map(|records| match records {
            Records::Accounts(accounts) => {
                Records::Accounts(accounts.into_iter().map(Account::into_owned).collect())
            }
            Records::Groups(groups) => Records::Groups(groups.into_iter().map(Group::into_owned).collect()),
            Records::Licenses(licenses) => {
                Records::Licenses(licenses.into_iter().map(Group::into_owned).collect())
            }
        })
    }
}

impl Account<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Account<'static> {
        Account {
            id: text(self.id),
            email: optional(self.email),
            username: optional(self.username),
            first_name: optional(self.first_name),
            last_name: optional(self.last_name),
            display_name: optional(self.display_name),
            status: optional(self.status),
            memberships: references(self.memberships),
            assignments: references(self.assignments),
            attributes: attributes(self.attributes),
        }
    }
}

fn attributes(attributes: Option<Attributes<'_>>) -> Option<Attributes<'static>> {
    attributes.map(|attributes| attributes.into_iter().map(Attribute::into_owned).collect())
}

impl Attribute<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Attribute<'static> {
        Attribute { name: text(self.name), value: self.value.map(AttributeValue::into_owned) }
    }
}

impl AttributeValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> AttributeValue<'static> {
        match self {
            Self::Text(value) => AttributeValue::Text(text(value)),
            Self::Integer(integer) => AttributeValue::Integer(integer),
            Self::Boolean(boolean) => AttributeValue::Boolean(boolean),
            Self::Texts(texts) => AttributeValue::Texts(texts.into_iter().map(text).collect()),
            Self::WrongType(found) => AttributeValue::WrongType(found),
        }
    }
}

fn references(lists: References<'_>) -> References<'static> {
    lists.into_iter().map(ReferenceList::into_owned).collect()
}

impl ReferenceList<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> ReferenceList<'static> {
        let references = self.references.map(|list| list.into_iter().map(Reference::into_owned).collect());
        ReferenceList { slug: text(self.slug), references }
    }
}

impl Reference<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Reference<'static> {
        Reference { id: text(self.id), name: optional(self.name) }
    }
}

impl Group<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Group<'static> {
        Group {
            id: text(self.id),
            name: text(self.name),
            description: optional(self.description),
            attributes: attributes(self.attributes),
        }
    }
}
