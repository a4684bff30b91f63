//! The sessions of one app: at most one that is open, and the last of those that ended.

use alloc::collections::VecDeque;
use alloc::collections::vec_deque;
use alloc::vec::Vec;
use core::iter::{Chain, Map};

use super::session::{EndedSession, Ending, Marked, OpenSession, SessionRef};
use crate::values::{Checked, DigestHasher, Error, Limits, SessionId, SessionStatus, Timestamp, ensure};

/// Goes through the sessions of an app, oldest first.
pub(crate) type SessionRefs<'s> = Chain<
    Map<vec_deque::Iter<'s, EndedSession>, fn(&'s EndedSession) -> SessionRef<'s>>,
    Map<core::option::Iter<'s, OpenSession>, fn(&'s OpenSession) -> SessionRef<'s>>,
>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions {
    open: Option<OpenSession>,
    /// Oldest first.
    ended: VecDeque<EndedSession>,
}

impl Sessions {
    pub(crate) const fn open(&self) -> Option<&OpenSession> {
        self.open.as_ref()
    }

    pub(super) const fn open_mut(&mut self) -> Option<&mut OpenSession> {
        self.open.as_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.ended.len() + usize::from(self.open.is_some())
    }

    /// All, oldest first.
    pub(crate) fn iter(&self) -> SessionRefs<'_> {
        let ended: Map<_, fn(&EndedSession) -> SessionRef<'_>> =
            self.ended.iter().map(|session| SessionRef::Ended(session));
        let open: Map<_, fn(&OpenSession) -> SessionRef<'_>> =
            self.open.iter().map(|session| SessionRef::Open(session));
        ended.chain(open)
    }

    pub(crate) fn get(&self, id: SessionId) -> Result<SessionRef<'_>, Error> {
        // Nearly always the newest.
        let is_it = |session: &SessionRef<'_>| session.facts().id == id;
        self.iter().rev().find(is_it).ok_or(Error::SessionNotFound { session_id: id })
    }

    /// In progress, if the open one is.
    pub(crate) fn in_progress(&self) -> Option<&OpenSession> {
        self.open().filter(|open| open.status() == SessionStatus::InProgress)
    }

    /// Makes a session the open one. Answers the ids of those that are forgotten for it.
    pub(super) fn start(&mut self, session: OpenSession, sessions_max: usize) -> Vec<SessionId> {
        debug_assert!(self.open.is_none(), "an app has one open session at most");
        self.open = Some(session);
        let beyond = self.len().saturating_sub(sessions_max).min(self.ended.len());
        self.ended.drain(..beyond).map(|session| session.facts.id).collect()
    }

    /// Ends the open session.
    pub(super) fn end(&mut self, ending: Ending, ended_at: Timestamp, marked: Vec<Marked>) -> SessionId {
        let OpenSession { facts, .. } = self.open.take().expect("only an open session can be ended");
        let id = facts.id;
        self.ended.push_back(EndedSession { facts, ended_at, ending, marked });
        id
    }

    pub(super) fn digest(&self, hasher: &mut DigestHasher) {
        let Self { open, ended } = self;
        hasher.u64(ended.len() as u64);
        ended.iter().for_each(|session| session.digest(hasher));
        hasher.flag(open.is_some());
        if let Some(session) = open {
            session.digest(hasher);
        }
    }

    /// `marked` is what the store's roll has marked of each type.
    pub(super) fn validate(&self, marked: &[Marked], types: usize, seq: u64) -> Checked {
        let Self { open, ended } = self;
        let kept_max = Limits::CEILINGS.sessions_per_app_max as usize;
        ensure(self.len() <= kept_max, "5", || "an app keeps more sessions than it can")?;
        for session in ended {
            session.validate(types, seq).map_err(|broken| broken.within(session.facts.id))?;
        }
        match open {
            Some(session) => {
                session.validate(types, seq, marked).map_err(|broken| broken.within(session.id()))
            }
            None => {
                let has_none = marked.iter().all(|of| *of == Marked::default());
                ensure(has_none, "10.8", || "records are seen or retained in no session")
            }
        }
    }
}

/// What a snapshot holds of sessions.
#[cfg(feature = "serde")]
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename = "Sessions")]
pub(super) struct SavedSessions {
    ended: Vec<super::session::SavedEndedSession>,
    open: Option<super::session::SavedOpenSession>,
}

#[cfg(feature = "serde")]
impl SavedSessions {
    pub(super) fn ids(&self) -> impl Iterator<Item = SessionId> {
        let Self { ended, open } = self;
        ended.iter().map(|session| session.id()).chain(open.iter().map(|session| session.id()))
    }
}

#[cfg(feature = "serde")]
impl Sessions {
    pub(super) fn save(&self) -> SavedSessions {
        let Self { open, ended } = self;
        SavedSessions {
            ended: ended.iter().map(EndedSession::save).collect(),
            open: open.as_ref().map(OpenSession::save),
        }
    }

    /// # Errors
    /// If a count is beyond reach.
    pub(super) fn load(saved: SavedSessions, types: usize) -> Result<Self, crate::values::BrokenInvariant> {
        let SavedSessions { ended, open } = saved;
        let ended: Result<_, _> =
            ended.into_iter().map(|session| EndedSession::load(session, types)).collect();
        let open = open.map(|session| OpenSession::load(session, types)).transpose()?;
        Ok(Self { open, ended: ended? })
    }

    /// What is saved of each beside, oldest first.
    pub(super) fn save_progress(&self) -> impl Iterator<Item = super::session::SavedProgress> {
        self.iter().map(super::session::SessionRef::save_progress)
    }

    /// Takes it, for as many sessions as there are.
    ///
    /// # Errors
    /// If it is not that of so many, or a figure is none that these sessions can have.
    pub(super) fn load_progress(
        &mut self,
        saved: &mut impl Iterator<Item = super::session::SavedProgress>,
    ) -> Checked {
        let missing = || crate::values::BrokenInvariant::new("5", "a session has no progress");
        for session in &mut self.ended {
            session.load_progress(saved.next().ok_or_else(missing)?)?;
        }
        match &mut self.open {
            Some(session) => session.load_progress(saved.next().ok_or_else(missing)?),
            None => Ok(()),
        }
    }
}
