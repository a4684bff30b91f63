//! Clocks that stand at either end of time, or run backwards.

use headcount::{
    Command, Config, Engine, NewTask, Page, RecordFilter, Resolution, Scope, SessionStatus, TaskAction,
    TaskStatus, Timestamp,
};
use headcount_testing::busy;
use headcount_testing::random;
use headcount_testing::small::{self, APP, SESSION, account, member, session, task};

const FIRST: Timestamp = Timestamp(i64::MIN);
const LAST: Timestamp = Timestamp(i64::MAX);

/// What a clock says at each of its ticks.
type Clock = fn(i64) -> i64;

/// The moments of a clock, one for each command.
fn clocks() -> Vec<(&'static str, Clock)> {
    vec![
        ("at the first moment", |_| i64::MIN),
        ("at the last moment", |_| i64::MAX),
        ("from end to end", |step| if step % 2 == 0 { i64::MIN } else { i64::MAX }),
        ("backwards", |step| -step),
        ("backwards from the end", |step| i64::MAX - step),
        ("in great leaps", |step| step.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64)),
    ]
}

/// What of it is not a moment: the records without since when they are inactive, and what is told of sessions and tasks.
fn without_moments(engine: &Engine) -> Vec<String> {
    let mut told = Vec::new();
    for app in engine.apps() {
        told.push(format!("app {} {}", app.id(), app.name()));
        for of in app.resource_types() {
            for record in app.records(of.slug(), RecordFilter::All).expect("the type") {
                let references = record.references().map(|reference| reference.id().to_owned());
                told.push(format!(
                    "{} {} {} {} {:?}",
                    of.slug(),
                    record.id(),
                    record.is_active(),
                    record.is_placeholder(),
                    references.collect::<Vec<_>>()
                ));
            }
        }
        told.extend(app.sessions().map(|session| {
            format!("{} {} {:?} {:?}", session.id(), session.status(), session.counts(), session.reason())
        }));
    }
    told
}

/// But for purges and expiries, which are about moments.
#[test]
fn whatever_the_clock_says_records_and_sessions_come_to_the_same() {
    for seed in 0..3 {
        let history = busy::history(&random::bytes(seed, 1_200));
        let is_about_moments = |command: &Command<'_>| {
            matches!(command, Command::PurgeInactive { .. } | Command::ExpireSessions { .. })
        };
        let commands: Vec<_> = history
            .into_iter()
            .map(|(_, command)| command)
            .filter(|command| !is_about_moments(command))
            .collect();
        let run = |clock: fn(i64) -> i64| {
            let mut engine = Engine::new(Config::new());
            let replies: Vec<_> = (0..)
                .zip(&commands)
                .map(|(step, command)| {
                    engine.apply(Timestamp(clock(step)), command).map_err(|error| error.to_string())
                })
                .collect();
            engine.check_invariants().expect("every rule");
            let loaded = small::reload(&engine, Config::new());
            assert_eq!(loaded.digest(), engine.digest());
            (replies, without_moments(&engine))
        };
        let expected = run(|step| step);
        assert!(expected.1.len() > 20, "a history of some records");
        for (name, clock) in clocks() {
            assert_eq!(run(clock), expected, "{name}, seed {seed}");
        }
    }
}

#[test]
fn moments_at_both_ends_are_kept_compared_and_loaded() {
    for now in [FIRST, LAST] {
        let other = if now == FIRST { LAST } else { FIRST };
        let mut engine = small::engine(Config::new());
        engine.start_session(now, APP, session(2), &Scope::All).expect("a session");
        let page = Page::accounts([member("u1", ["g1"]), account("u2")]);
        let _ = engine.push_page(now, APP, session(2), "account", &page).expect("a page");
        // Last activity is before no moment that is not later.
        assert_eq!(engine.expire_sessions(other, FIRST).expired, 0);
        assert_eq!(engine.expire_sessions(other, now).expired, 0);
        assert_eq!(small::complete(&mut engine, session(2), now), 0);
        engine.start_session(other, APP, session(3), &Scope::All).expect("a session");
        assert_eq!(small::complete(&mut engine, session(3), now), 3);
        let since = engine
            .app(APP)
            .and_then(|app| app.record("account", "u1"))
            .and_then(|record| record.inactive_since());
        assert_eq!(since, Some(now));
        let mut engine = small::reload(&engine, Config::new());
        let app = engine.app(APP).expect("the app");
        assert_eq!(app.last_synced_at(), Some(now));
        let statuses: Vec<_> = app.sessions().map(|session| session.status()).collect();
        assert_eq!(statuses, [SessionStatus::Abandoned, SessionStatus::Completed, SessionStatus::Completed]);
        // Before the first moment there is nothing; what became inactive at the last is before none.
        assert_eq!(engine.purge_inactive(other, APP, FIRST).map(|outcome| outcome.purged), Ok(0));
        assert_eq!(engine.purge_inactive(other, APP, now).map(|outcome| outcome.purged), Ok(0));
        let purged = if now == FIRST { 3 } else { 0 };
        assert_eq!(engine.purge_inactive(other, APP, LAST).map(|outcome| outcome.purged), Ok(purged));
        engine.check_invariants().expect("every rule");
    }
}

#[test]
fn a_session_expires_whichever_end_of_time_it_is_from() {
    let mut engine = small::engine(Config::new());
    engine.start_session(FIRST, APP, session(2), &Scope::All).expect("a session");
    assert_eq!(engine.expire_sessions(FIRST, FIRST).expired, 0);
    assert_eq!(engine.expire_sessions(FIRST, Timestamp(i64::MIN + 1)).expired, 1);
    engine.start_session(LAST, APP, session(3), &Scope::All).expect("a session");
    assert_eq!(engine.expire_sessions(FIRST, LAST).expired, 0, "nothing is later than the last moment");
    let app = engine.app(APP).expect("the app");
    let ended_at = app.session(session(2)).and_then(|session| session.ended_at());
    assert_eq!(ended_at, Some(FIRST));
    assert_eq!(app.session(SESSION).map(|session| session.status()), Some(SessionStatus::Abandoned));
}

#[test]
fn a_task_is_due_at_its_moment_at_both_ends() {
    let mut engine = small::engine(Config::new());
    for (number, due) in [(1, FIRST), (2, LAST)] {
        let new = NewTask::new(TaskAction::CreateAccount, "account").with_execute_after(due);
        engine.create_task(LAST, APP, task(number), &new).expect("a task");
    }
    let engine = small::reload(&engine, Config::new());
    let status =
        |number, now| engine.app(APP).and_then(|app| app.task(task(number))).map(|task| task.status(now));
    for (number, now, expected) in [
        (1, FIRST, TaskStatus::Pending),
        (1, LAST, TaskStatus::Pending),
        (2, FIRST, TaskStatus::Scheduled),
        (2, Timestamp(i64::MAX - 1), TaskStatus::Scheduled),
        (2, LAST, TaskStatus::Pending),
    ] {
        assert_eq!(status(number, now), Some(expected), "{number} at {now}");
    }
    let mut engine = engine;
    // Resolved before it was created, as the clock has it.
    engine.resolve_task(FIRST, APP, task(2), &Resolution::Completed { result: None }).expect("a task");
    let resolved_at = engine.app(APP).and_then(|app| app.task(task(2))).and_then(|task| task.resolved_at());
    assert_eq!(resolved_at, Some(FIRST));
}
