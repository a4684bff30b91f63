//! Commands as values: what a host journals, replays and replicates.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU64;

use super::arguments::{
    AppUpdate, Completion, NewResourceType, NewTask, Resolution, ResourceTypeUpdate, Scope,
};
use super::fingerprint::Fingerprint;
use super::id::{AppId, ResourceTypeId, SessionId, TaskId};
use super::page::Page;
use super::time::Timestamp;

/// One step of the machine, with all that it needs but the time ([SPEC 2](crate::spec#2-commands)).
///
/// [`Engine::apply`](crate::Engine::apply) carries it out; each variant also has a method of its own on
/// [`Engine`](crate::Engine), with the documentation of its rules.
///
/// A variant may borrow its texts. `Command<'static>` is what comes out of a journal. What serde writes
/// for a command is a promise: it can be read for ever, and grows by variants at the end.
///
/// Keep it as what a format writes, text or bytes. What has each key of a map once, such as a JSON *value*,
/// loses one of two lists under one slug.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the arguments of the method that each variant names")]
pub enum Command<'a> {
    /// [`Engine::create_app`](crate::Engine::create_app)
    CreateApp { app_id: AppId, name: Cow<'a, str>, clone_from: Option<AppId> },
    /// [`Engine::update_app`](crate::Engine::update_app)
    UpdateApp { app_id: AppId, update: AppUpdate<'a> },
    /// [`Engine::delete_app`](crate::Engine::delete_app)
    DeleteApp { app_id: AppId },
    /// [`Engine::register_resource_type`](crate::Engine::register_resource_type)
    RegisterResourceType { app_id: AppId, resource_type_id: ResourceTypeId, new: NewResourceType<'a> },
    /// [`Engine::update_resource_type`](crate::Engine::update_resource_type)
    UpdateResourceType { app_id: AppId, slug: Cow<'a, str>, update: ResourceTypeUpdate<'a> },
    /// [`Engine::start_session`](crate::Engine::start_session)
    StartSession { app_id: AppId, session_id: SessionId, scope: Scope<'a> },
    /// [`Engine::push_page`](crate::Engine::push_page)
    PushPage {
        app_id: AppId,
        session_id: SessionId,
        slug: Cow<'a, str>,
        #[cfg_attr(feature = "serde", serde(borrow))]
        page: Page<'a>,
    },
    /// [`Engine::complete_session`](crate::Engine::complete_session)
    CompleteSession { app_id: AppId, session_id: SessionId, completion: Completion },
    /// [`Engine::abandon_session`](crate::Engine::abandon_session)
    AbandonSession { app_id: AppId, session_id: SessionId },
    /// [`Engine::fail_session`](crate::Engine::fail_session)
    FailSession { app_id: AppId, session_id: SessionId, reason: Cow<'a, str> },
    /// [`Engine::run_cleanup`](crate::Engine::run_cleanup)
    RunCleanup { app_id: AppId, session_id: SessionId, budget: NonZeroU64 },
    /// [`Engine::create_task`](crate::Engine::create_task)
    CreateTask { app_id: AppId, task_id: TaskId, new: NewTask<'a> },
    /// [`Engine::resolve_task`](crate::Engine::resolve_task)
    ResolveTask { app_id: AppId, task_id: TaskId, resolution: Resolution<'a> },
    /// [`Engine::purge_inactive`](crate::Engine::purge_inactive)
    PurgeInactive { app_id: AppId, inactive_before: Timestamp },
    /// [`Engine::repeat_page`](crate::Engine::repeat_page)
    RepeatPage { app_id: AppId, session_id: SessionId, slug: Cow<'a, str>, fingerprint: Fingerprint },
    /// [`Engine::expire_sessions`](crate::Engine::expire_sessions)
    ExpireSessions { last_activity_before: Timestamp },
    /// [`Engine::save_checkpoint`](crate::Engine::save_checkpoint)
    SaveCheckpoint { app_id: AppId, session_id: SessionId, checkpoint: Option<Cow<'a, str>> },
    /// [`Engine::exclude_types`](crate::Engine::exclude_types)
    ExcludeTypes { app_id: AppId, session_id: SessionId, types: Vec<Cow<'a, str>> },
    /// [`Engine::waive_guard`](crate::Engine::waive_guard)
    WaiveGuard { app_id: AppId, session_id: SessionId },
    /// [`Engine::erase_record`](crate::Engine::erase_record)
    EraseRecord { app_id: AppId, slug: Cow<'a, str>, id: Cow<'a, str> },
    /// [`Engine::push_lenient_page`](crate::Engine::push_lenient_page)
    PushLenientPage {
        app_id: AppId,
        session_id: SessionId,
        slug: Cow<'a, str>,
        #[cfg_attr(feature = "serde", serde(borrow))]
        page: Page<'a>,
    },
    /// [`Engine::upsert_records`](crate::Engine::upsert_records)
    UpsertRecords {
        app_id: AppId,
        slug: Cow<'a, str>,
        #[cfg_attr(feature = "serde", serde(borrow))]
        page: Page<'a>,
    },
    /// [`Engine::deactivate_records`](crate::Engine::deactivate_records)
    DeactivateRecords { app_id: AppId, slug: Cow<'a, str>, ids: Vec<Cow<'a, str>> },
}

impl Command<'_> {
    /// The app that it is about; none if it is about all apps.
    pub const fn app_id(&self) -> Option<AppId> {
        match *self {
            Self::CreateApp { app_id, .. }
            | Self::UpdateApp { app_id, .. }
            | Self::DeleteApp { app_id }
            | Self::RegisterResourceType { app_id, .. }
            | Self::UpdateResourceType { app_id, .. }
            | Self::StartSession { app_id, .. }
            | Self::PushPage { app_id, .. }
            | Self::CompleteSession { app_id, .. }
            | Self::AbandonSession { app_id, .. }
            | Self::FailSession { app_id, .. }
            | Self::RunCleanup { app_id, .. }
            | Self::CreateTask { app_id, .. }
            | Self::ResolveTask { app_id, .. }
            | Self::PurgeInactive { app_id, .. }
            | Self::RepeatPage { app_id, .. }
            | Self::SaveCheckpoint { app_id, .. }
            | Self::ExcludeTypes { app_id, .. }
            | Self::WaiveGuard { app_id, .. }
            | Self::EraseRecord { app_id, .. }
            | Self::PushLenientPage { app_id, .. }
            | Self::UpsertRecords { app_id, .. }
            | Self::DeactivateRecords { app_id, .. } => Some(app_id),
            Self::ExpireSessions { .. } => None,
        }
    }
}
