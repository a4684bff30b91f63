//! What clients ask for, and what the leader makes of it.

use std::num::NonZeroU64;

use headcount::{
    AppId, Command, Completion, Error, Kind, NewResourceType, Page, Reply, ResourceTypeId, Scope, SessionId,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a client wants: a command without time, and without ids of new things.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// A new app.
    CreateApp {
        /// Its name.
        name: String,
    },
    /// A new resource type.
    Register {
        /// Through this app.
        app: AppId,
        /// Its slug, and its name.
        slug: String,
        /// What its records are.
        kind: Kind,
    },
    /// A new session.
    Start {
        /// Of this app.
        app: AppId,
    },
    /// A page of records, as JSON of a `Page`.
    Push {
        /// To this app.
        app: AppId,
        /// In this session.
        session: SessionId,
        /// To this type.
        slug: String,
        /// The records.
        page: String,
    },
    /// The session's roll is whole.
    Complete {
        /// Of this app.
        app: AppId,
        /// This session.
        session: SessionId,
    },
    /// A step of the cleanup.
    Clean {
        /// Of this app.
        app: AppId,
        /// This session.
        session: SessionId,
        /// Records at most.
        budget: NonZeroU64,
    },
}

/// A request, which a client may send again when it got no answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Who asks.
    pub client: Uuid,
    /// Which of its requests it is: each has one more than the one before.
    pub number: u64,
    /// For what.
    pub ask: Ask,
}

/// A request as the log carries it: with the leader's time and the id that it made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stamped {
    /// What was asked for.
    pub request: Request,
    /// When, by the leader's clock.
    pub now: Timestamp,
    /// The id of the new thing, if there is one.
    pub id: Uuid,
}

/// What applying a request came to, on every node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The engine's own answer; `None` to entries that Raft makes for itself.
    pub reply: Option<Result<Reply, Error>>,
    /// The id of what was made.
    pub id: Uuid,
}

impl Stamped {
    /// The command, the same on every node; what cannot be parsed is told in words.
    ///
    /// # Errors
    /// Of the page's JSON.
    pub fn command(&self) -> Result<Command<'_>, serde_json::Error> {
        Ok(match &self.request.ask {
            Ask::CreateApp { name } => {
                Command::CreateApp { app_id: AppId(self.id), name: name.into(), clone_from: None }
            }
            Ask::Register { app, slug, kind } => Command::RegisterResourceType {
                app_id: *app,
                resource_type_id: ResourceTypeId(self.id),
                new: NewResourceType::new(slug, slug, *kind),
            },
            Ask::Start { app } => {
                Command::StartSession { app_id: *app, session_id: SessionId(self.id), scope: Scope::All }
            }
            Ask::Push { app, session, slug, page } => {
                let page: Page<'_> = serde_json::from_str(page)?;
                Command::PushPage { app_id: *app, session_id: *session, slug: slug.into(), page }
            }
            Ask::Complete { app, session } => Command::CompleteSession {
                app_id: *app,
                session_id: *session,
                completion: Completion::GUARDED,
            },
            Ask::Clean { app, session, budget } => {
                Command::RunCleanup { app_id: *app, session_id: *session, budget: *budget }
            }
        })
    }
}
