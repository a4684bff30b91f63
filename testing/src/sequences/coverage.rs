//! Which rules of the contract were exercised, and in which state of the app's session.

use std::collections::BTreeMap;
use std::fmt;

use headcount::{AppId, Command, Error, Fact, Field, GuardLimit, PageOutcome, Reply, SessionStatus};

use crate::model::Model;

/// In which state the app was to which a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// It is not there, or the command is about all apps.
    NoApp,
    /// No session is open.
    NoSession,
    /// A session of all types is in progress.
    Rolling,
    /// One for some of them, or of which some were excluded.
    Scoped,
    /// One whose guard was waived.
    Waived,
    /// One in whose time deltas settled something.
    Settled,
    /// One that retains something.
    Retained,
    /// One that is completing.
    Completing,
}

/// The columns of the table, and what stands above them.
const MODES: [(Mode, &str); 8] = [
    (Mode::NoApp, "no app"),
    (Mode::NoSession, "no session"),
    (Mode::Rolling, "rolling"),
    (Mode::Scoped, "scoped"),
    (Mode::Waived, "waived"),
    (Mode::Settled, "settled"),
    (Mode::Retained, "retained"),
    (Mode::Completing, "completing"),
];

impl Mode {
    /// That of an app, as the model has it before the command.
    pub fn of(model: &Model, app: Option<AppId>) -> Self {
        let Some(app) = model.apps.iter().find(|other| Some(other.id) == app) else { return Self::NoApp };
        let Some(open) = app.sessions.iter().find(|session| !session.status.has_ended()) else {
            return Self::NoSession;
        };
        let is_any = |is: fn(&crate::model::Record) -> bool| app.records.iter().any(is);
        if open.status == SessionStatus::Completing {
            Self::Completing
        } else if is_any(|record| record.settled) || !open.settled_ids.is_empty() {
            Self::Settled
        } else if is_any(|record| record.retained) {
            Self::Retained
        } else if open.guard_waived {
            Self::Waived
        } else if open.scope.is_some() || !open.excluded.is_empty() {
            Self::Scoped
        } else {
            Self::Rolling
        }
    }
}

/// A step, to be looked at by the rules.
struct Seen<'s> {
    command: &'s Command<'s>,
    reply: &'s Result<Reply, Error>,
    facts: &'s [Fact<'s>],
    after: &'s Model,
    mode: Mode,
}

/// A rule of the contract, by its name in `tests/README.md` and what of it, and whether a step exercised it.
type Rule = (&'static str, fn(&Seen<'_>) -> bool);

/// The rules that a step can exercise: the rows of the table.
const RULES: &[Rule] = &[
    ("2.create_app", |seen| seen.did(|of| matches!(of, Command::CreateApp { clone_from: None, .. }))),
    ("2.clone_from", |seen| seen.did(|of| matches!(of, Command::CreateApp { clone_from: Some(_), .. }))),
    ("2.update_app", |seen| seen.told(|fact| matches!(fact, Fact::AppUpdated))),
    ("2.delete_app", |seen| seen.told(|fact| matches!(fact, Fact::AppDeleted))),
    ("2.register_type", |seen| seen.did(|of| matches!(of, Command::RegisterResourceType { .. }))),
    ("2.update_type", |seen| seen.told(|fact| matches!(fact, Fact::ResourceTypeUpdated { .. }))),
    ("2.update_type: has records", |seen| seen.refused("resource_type_has_records")),
    ("2.ids: in use", |seen| seen.reply.as_ref().is_err_and(|error| error.code().ends_with("_in_use"))),
    ("2.start_session", |seen| seen.told(|fact| matches!(fact, Fact::SessionOpened { .. }))),
    ("2.start_session: ends another", |seen| {
        seen.did(|of| matches!(of, Command::StartSession { .. })) && seen.told(is_end)
    }),
    ("2.abandon_session", |seen| {
        seen.did(|of| matches!(of, Command::AbandonSession { .. })) && seen.told(is_end)
    }),
    ("2.fail_session", |seen| seen.did(|of| matches!(of, Command::FailSession { .. })) && seen.told(is_end)),
    ("2.repeats", |seen| seen.did(is_step_of_session) && seen.facts.is_empty()),
    ("2.repeats: wrong state", |seen| seen.refused("wrong_state")),
    ("2.expire_sessions", |seen| matches!(seen.reply, Ok(Reply::Expiry(outcome)) if outcome.expired > 0)),
    ("2.save_checkpoint", |seen| seen.did(|of| matches!(of, Command::SaveCheckpoint { .. }))),
    ("2.purge", |seen| seen.told(is_purge) && !seen.did(is_erasure)),
    ("2.erase_record", |seen| seen.did(is_erasure)),
    ("2.erase_record: in use", |seen| seen.refused("record_in_use")),
    ("3.1: kind", |seen| seen.refused("kind_mismatch")),
    ("3.1: scope", |seen| seen.refused("out_of_scope")),
    ("3.2: too many", |seen| seen.refused("page_too_large")),
    ("3.2: none", |seen| seen.page(|page| page.total == 0)),
    ("3.2: no room", |seen| seen.refused("resource_type_full")),
    ("3.3: malformed", |seen| matches!(seen.reply, Err(Error::PageFaults { malformed: true, .. }))),
    ("3.4: business", |seen| matches!(seen.reply, Err(Error::PageFaults { malformed: false, .. }))),
    ("3.5: rejected", |seen| seen.lenient(|rejected, _| rejected > 0)),
    ("3.5: retained", |seen| seen.lenient(|_, retained| retained > 0)),
    ("3.6: replaced", |seen| seen.told(|fact| matches!(fact, Fact::RecordUpdated { .. }))),
    ("3.6: made", |seen| seen.told(|fact| matches!(fact, Fact::PlaceholderMade { .. }))),
    ("3.6: woken", |seen| seen.told(|fact| matches!(fact, Fact::PlaceholderWoken { .. }))),
    ("3.6: named", |seen| seen.told(|fact| matches!(fact, Fact::PlaceholderNamed { .. }))),
    ("3.6: removed", |seen| seen.told(|fact| matches!(fact, Fact::ReferenceRemoved { .. }))),
    ("3.7", |seen| seen.page(|page| page.filled > 0)),
    ("3.8: created", |seen| seen.page(|page| page.created > 0)),
    ("3.8: reactivated", |seen| seen.page(|page| page.reactivated > 0)),
    ("3.8: unchanged", |seen| seen.page(|page| page.unchanged > 0)),
    ("3.9: repeated", |seen| seen.did(|of| matches!(of, Command::RepeatPage { .. }))),
    ("3.9: must be pushed", |seen| seen.refused("page_must_be_pushed")),
    ("3.10", |seen| {
        seen.told(
            |fact| matches!(fact, Fact::RecordUpdated { fields, .. } if fields.contains(Field::Attributes)),
        )
    }),
    ("3a.1", |seen| seen.did(is_upsert) && !seen.facts.is_empty()),
    (
        "3a.2: deactivated",
        |seen| matches!(seen.reply, Ok(Reply::Deactivation(outcome)) if outcome.deactivated > 0),
    ),
    ("3a.2: unknown", |seen| matches!(seen.reply, Ok(Reply::Deactivation(outcome)) if outcome.unknown > 0)),
    ("3a.3: settled", |seen| seen.page(|page| page.settled > 0)),
    ("3a.3: passed over", |seen| {
        seen.page(|page| page.settled > 0 && page.created + page.updated < page.total)
    }),
    ("3a.4", |seen| seen.told(is_purge) && seen.mode > Mode::NoSession),
    ("4.1: completing", |seen| seen.told(|fact| matches!(fact, Fact::SessionCompleting { .. }))),
    ("4.1: last step", |seen| seen.cleanup(|status| status == SessionStatus::Completed)),
    ("4.2", |seen| seen.marks(false)),
    ("4.3", |seen| seen.marks(true)),
    ("4.5: excluded", |seen| {
        seen.did(|of| matches!(of, Command::ExcludeTypes { .. })) && !seen.facts.is_empty()
    }),
    ("4.6: budget", |seen| seen.cleanup(|status| status == SessionStatus::Completing)),
    ("4.7: plan", |seen| {
        seen.did(|of| matches!(of, Command::CompleteSession { completion, .. } if completion.plan.is_some()))
            && !seen.facts.is_empty()
    }),
    ("4.7: changed", |seen| seen.refused("plan_changed")),
    ("4.8: max_count", |seen| seen.passed(GuardLimit::MaxCount)),
    ("4.8: max_percent", |seen| seen.passed(GuardLimit::MaxPercent)),
    ("4.8: max_type_percent", |seen| seen.passed(GuardLimit::MaxTypePercent)),
    ("4.8: require_pages", |seen| seen.passed(GuardLimit::RequirePages)),
    ("4.8: max_removals", |seen| seen.passed(GuardLimit::MaxRemovals)),
    ("4.8: max_removals_percent", |seen| seen.passed(GuardLimit::MaxRemovalsPercent)),
    ("4.8: waived", |seen| seen.did(|of| matches!(of, Command::WaiveGuard { .. })) && !seen.facts.is_empty()),
    ("4.8: forced", |seen| {
        seen.did(|of| matches!(of, Command::CompleteSession { .. }))
            && seen.told(|fact| matches!(fact, Fact::SessionChanged { .. }))
    }),
    ("5.history", |seen| {
        seen.did(|of| matches!(of, Command::StartSession { .. }))
            && seen
                .app()
                .is_some_and(|app| app.sessions.len() == seen.after.limits.sessions_per_app_max as usize)
    }),
    ("6.create", |seen| seen.told(|fact| matches!(fact, Fact::TaskCreated { .. }))),
    ("6.resolve", |seen| seen.told(|fact| matches!(fact, Fact::TaskResolved { .. }))),
    ("6.resolve: ended", |seen| seen.refused("task_ended")),
    ("6.forgotten", |seen| {
        let limit = seen.after.limits.ended_tasks_per_app_max as usize;
        let ended = seen.command.app_id().and_then(|app| seen.after.tasks_ended.get(&app));
        seen.did(|of| matches!(of, Command::ResolveTask { .. }))
            && ended.is_some_and(|ended| ended.len() == limit)
    }),
];

fn is_end(fact: &Fact<'_>) -> bool {
    matches!(fact, Fact::SessionEnded { .. })
}

fn is_purge(fact: &Fact<'_>) -> bool {
    matches!(fact, Fact::RecordPurged { .. })
}

const fn is_erasure(command: &Command<'_>) -> bool {
    matches!(command, Command::EraseRecord { .. })
}

const fn is_upsert(command: &Command<'_>) -> bool {
    matches!(command, Command::UpsertRecords { .. })
}

const fn is_step_of_session(command: &Command<'_>) -> bool {
    matches!(
        command,
        Command::CompleteSession { .. }
            | Command::AbandonSession { .. }
            | Command::FailSession { .. }
            | Command::ExcludeTypes { .. }
            | Command::WaiveGuard { .. }
    )
}

impl Seen<'_> {
    fn did(&self, is: fn(&Command<'_>) -> bool) -> bool {
        self.reply.is_ok() && is(self.command)
    }

    fn told(&self, is: fn(&Fact<'_>) -> bool) -> bool {
        self.facts.iter().any(is)
    }

    fn refused(&self, code: &str) -> bool {
        self.reply.as_ref().is_err_and(|error| error.code() == code)
    }

    fn passed(&self, limit: GuardLimit) -> bool {
        self.reply.as_ref().is_err_and(|error| error.guard_limit() == Some(limit))
    }

    fn page(&self, is: fn(&PageOutcome) -> bool) -> bool {
        match self.reply {
            Ok(Reply::Page(outcome)) => is(outcome),
            Ok(Reply::LenientPage(outcome)) => is(&outcome.page),
            _ => false,
        }
    }

    fn lenient(&self, is: fn(u32, u32) -> bool) -> bool {
        matches!(self.reply, Ok(Reply::LenientPage(outcome)) if is(outcome.rejected, outcome.retained))
    }

    fn cleanup(&self, is: fn(SessionStatus) -> bool) -> bool {
        matches!(self.reply, Ok(Reply::Cleanup(outcome)) if is(outcome.status))
    }

    fn app(&self) -> Option<&crate::model::App> {
        self.after.apps.iter().find(|app| Some(app.id) == self.command.app_id())
    }

    /// Whether a cleanup marked placeholders, or full records.
    fn marks(&self, placeholders: bool) -> bool {
        let is_cleanup = matches!(self.command, Command::RunCleanup { .. } | Command::StartSession { .. });
        let Some(app) = self.app().filter(|_| is_cleanup) else { return false };
        let types = self.after.types(app);
        self.facts.iter().any(|fact| {
            let Fact::RecordDeactivated { record } = fact else { return false };
            let is_it = |other: &crate::model::Record| {
                types[other.key.0].id == record.resource_type_id && other.key.1 == record.id
            };
            app.records.iter().any(|other| is_it(other) && other.placeholder == placeholders)
        })
    }
}

/// How often each rule was exercised in each state.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    cells: BTreeMap<(usize, Mode), u64>,
}

impl Coverage {
    /// Counts what a step exercised. The model is as it was left by it.
    pub fn note(&mut self, command: &Command<'_>, reply: &Result<Reply, Error>, after: &Model, mode: Mode) {
        let seen = Seen { command, reply, facts: &after.facts, after, mode };
        for (at, (_, is_exercised)) in RULES.iter().enumerate() {
            if is_exercised(&seen) {
                *self.cells.entry((at, mode)).or_default() += 1;
            }
        }
    }

    /// Adds another one to it: whether that had something which was seen less than so many times before.
    pub fn add(&mut self, other: &Self, seldom: u64) -> bool {
        let mut is_news = false;
        for (cell, times) in &other.cells {
            let all = self.cells.entry(*cell).or_default();
            is_news |= *all < seldom;
            *all += times;
        }
        is_news
    }

    /// How many pairs of a rule and a state there were.
    pub fn pairs(&self) -> usize {
        self.cells.len()
    }

    /// The rules that no step exercised.
    pub fn missing(&self) -> Vec<&'static str> {
        let is_there = |at: usize| self.cells.keys().any(|(rule, _)| *rule == at);
        (0..RULES.len()).filter(|at| !is_there(*at)).map(|at| RULES[at].0).collect()
    }
}

impl fmt::Display for Coverage {
    /// A table: a row for each rule, a column for each state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<32}", "rule")?;
        MODES.iter().try_for_each(|(_, name)| write!(f, "{name:>12}"))?;
        for (at, (name, _)) in RULES.iter().enumerate() {
            write!(f, "\n{name:<32}")?;
            for (mode, _) in MODES {
                match self.cells.get(&(at, mode)) {
                    Some(times) => write!(f, "{times:>12}")?,
                    None => write!(f, "{:>12}", ".")?,
                }
            }
        }
        Ok(())
    }
}
