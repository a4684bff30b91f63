//! One step of the engine beside the model: everything that can be seen is compared.

use headcount::{Change, Command, Engine, Fact, Preview, SessionStatus, Timestamp};

use crate::model::{Key, Model, observe, without_prose};

/// Both carry out the command.
///
/// # Panics
/// If they differ in anything that a host can see, or the engine breaks a rule that always holds.
pub fn step(engine: &mut Engine, model: &mut Model, now: Timestamp, command: &Command<'_>) {
    let expected = model.apply(now, command);
    check_step(engine, model, now, command, expected);
}

/// The engine carries out a command that the model carried out already.
pub fn check_step(
    engine: &mut Engine,
    model: &Model,
    now: Timestamp,
    command: &Command<'_>,
    expected: Result<headcount::Reply, headcount::Error>,
) {
    let (digest, seq) = (engine.digest(), engine.seq());
    let reply = engine.apply(now, command);
    assert_eq!(reply.clone().map_err(without_prose), expected.map_err(without_prose), "{command:?}");
    let changes: Vec<Change<'_>> = engine.changes().collect();
    let facts: Vec<Fact<'_>> = changes.iter().map(|change| change.fact.clone()).collect();
    assert_eq!(facts, model.facts, "changes of {command:?}");
    for (change, expected) in changes.iter().zip(seq + 1..) {
        assert_eq!(change.seq, expected, "sequence numbers have no gaps");
    }
    assert_eq!(engine.seq(), model.seq, "the sequence number after {command:?}");
    if reply.is_err() {
        assert!(changes.is_empty(), "a command that failed changed something: {command:?}");
        assert_eq!(engine.digest(), digest, "a command that failed left a trace: {command:?}");
    }
    if let Err(broken) = engine.check_invariants() {
        panic!("after {command:?}: {broken}");
    }
    assert_eq!(observe(engine), model.observed(), "the state after {command:?}");
    check_previews(engine, model);
    check_members(engine, model);
}

/// SPEC 4.7, for each session.
fn check_previews(engine: &Engine, model: &Model) {
    for app in &model.apps {
        let view = engine.app(app.id).expect("an app");
        for session in &app.sessions {
            let preview = view.preview(session.id);
            assert_eq!(preview.is_ok(), session.status == SessionStatus::InProgress);
            let Ok(preview) = preview else { continue };
            assert_eq!(keys(&preview, model, app), model.stale(app.id, session), "what a preview shows");
            let counted: u64 = preview.by_type().map(|(_, count)| count).sum();
            assert_eq!(counted, preview.total());
        }
    }
}

fn keys(preview: &Preview<'_>, model: &Model, app: &crate::model::App) -> Vec<Key> {
    let number = |id| model.types(app).iter().position(|found| found.id == id).expect("a type");
    preview.records().map(|record| (number(record.resource_type().id()), record.id().to_owned())).collect()
}

/// SPEC 8: the active accounts that refer to a record.
fn check_members(engine: &Engine, model: &Model) {
    for app in &model.apps {
        let view = engine.app(app.id).expect("an app");
        for record in &app.records {
            let slug = &model.types(app)[record.key.0].slug;
            let found = view.record(slug, &record.key.1).expect("a record");
            let refers =
                |other: &&crate::model::Record| other.active && other.references.contains(&record.key);
            let expected = app.records.iter().filter(refers).count();
            assert_eq!(found.member_count(), expected as u64);
            assert_eq!(found.members().count(), expected);
        }
    }
}
