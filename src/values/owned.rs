//! Input with texts of its own: what was parsed without copying, made to outlive what it was parsed from.

use alloc::borrow::Cow;

use crate::values::command::{AppUpdate, Command, NewTask, Resolution, ResourceTypeUpdate, Scope};
use crate::values::record::{Account, Group, Page, Reference, References};

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
            Self::CreateApp { app, name, clone_from } => {
                Command::CreateApp { app, name: text(name), clone_from }
            }
            Self::UpdateApp { app, update: AppUpdate { name, guard } } => {
                Command::UpdateApp { app, update: AppUpdate { name: optional(name), guard } }
            }
            Self::DeleteApp { app } => Command::DeleteApp { app },
            Self::RegisterResourceType { app, id, slug, name, kind } => {
                Command::RegisterResourceType { app, id, slug: text(slug), name: text(name), kind }
            }
            Self::UpdateResourceType {
                app,
                slug,
                update: ResourceTypeUpdate { name, slug: new_slug, kind },
            } => {
                let update = ResourceTypeUpdate { name: optional(name), slug: optional(new_slug), kind };
                Command::UpdateResourceType { app, slug: text(slug), update }
            }
            Self::StartSession { app, session, scope } => {
                let scope = match scope {
                    Scope::All => Scope::All,
                    Scope::Types(slugs) => Scope::Types(slugs.into_iter().map(text).collect()),
                };
                Command::StartSession { app, session, scope }
            }
            Self::PushPage { app, session, slug, page } => {
                Command::PushPage { app, session, slug: text(slug), page: page.into_owned() }
            }
            Self::CompleteSession { app, session, force } => Command::CompleteSession { app, session, force },
            Self::AbandonSession { app, session } => Command::AbandonSession { app, session },
            Self::FailSession { app, session, reason } => {
                Command::FailSession { app, session, reason: text(reason) }
            }
            Self::RunCleanup { app, session, budget } => Command::RunCleanup { app, session, budget },
            Self::CreateTask {
                app,
                task,
                new: NewTask { action, resource_type, payload, execute_after },
            } => {
                let (resource_type, payload) = (text(resource_type), optional(payload));
                Command::CreateTask {
                    app,
                    task,
                    new: NewTask { action, resource_type, payload, execute_after },
                }
            }
            Self::ResolveTask { app, task, resolution } => {
                let resolution = match resolution {
                    Resolution::Completed { result } => Resolution::Completed { result: optional(result) },
                    Resolution::Failed { code, message } => {
                        Resolution::Failed { code: text(code), message: text(message) }
                    }
                };
                Command::ResolveTask { app, task, resolution }
            }
            Self::PurgeInactive { app, inactive_before } => Command::PurgeInactive { app, inactive_before },
        }
    }
}

impl Page<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Page<'static> {
        match self {
            Self::Accounts(records) => Page::Accounts(records.into_iter().map(account).collect()),
            Self::Groups(records) => Page::Groups(records.into_iter().map(group).collect()),
            Self::Licenses(records) => Page::Licenses(records.into_iter().map(group).collect()),
        }
    }
}

fn account(account: Account<'_>) -> Account<'static> {
    Account {
        id: text(account.id),
        email: optional(account.email),
        username: optional(account.username),
        first_name: optional(account.first_name),
        last_name: optional(account.last_name),
        display_name: optional(account.display_name),
        status: optional(account.status),
        memberships: references(account.memberships),
        assignments: references(account.assignments),
    }
}

fn references(references: References<'_>) -> References<'static> {
    let reference = |one: Reference<'_>| Reference { id: text(one.id), name: optional(one.name) };
    references
        .into_iter()
        .map(|(slug, list)| (text(slug), list.into_iter().map(reference).collect()))
        .collect()
}

fn group(group: Group<'_>) -> Group<'static> {
    Group { id: text(group.id), name: text(group.name), description: optional(group.description) }
}
