//! One step of the engine beside the model: everything that can be seen is compared.

use headcount::{
    AppView, Change, Command, Engine, Error, Fact, RecordFilter, RecordView, Reply, SessionStatus, Timestamp,
};

use crate::model::{App, Key, Model, Record, observe, reply_without_prose, without_prose};

/// Both carry out the command.
///
/// # Panics
/// If they differ in anything that a host can see, or the engine breaks a rule that always holds.
pub fn step(engine: &mut Engine, model: &mut Model, now: Timestamp, command: &Command<'_>) {
    let expected = model.apply(now, command);
    check_step(engine, model, now, command, expected);
}

/// The engine carries out a command that the model carried out already.
///
/// # Panics
/// As [`step`].
pub fn check_step(
    engine: &mut Engine,
    model: &Model,
    now: Timestamp,
    command: &Command<'_>,
    expected: Result<Reply, Error>,
) {
    let digest = engine.digest();
    if check_answer(engine, model, now, command, expected).is_err() {
        assert_eq!(engine.digest(), digest, "a command that failed left a trace: {command:?}");
    }
    check_state(engine, model);
}

/// The engine carries out a command that the model carried out already; replies and changes are compared.
///
/// # Panics
/// If they differ.
pub fn check_answer(
    engine: &mut Engine,
    model: &Model,
    now: Timestamp,
    command: &Command<'_>,
    expected: Result<Reply, Error>,
) -> Result<Reply, Error> {
    let seq = engine.seq();
    let reply = engine.apply(now, command);
    let told = |reply: Result<Reply, Error>| reply.map(reply_without_prose).map_err(without_prose);
    assert_eq!(told(reply.clone()), told(expected), "{command:?}");
    let changes: Vec<Change<'_>> = engine.changes().collect();
    let facts: Vec<Fact<'_>> = changes.iter().map(|change| change.fact.clone()).collect();
    assert_eq!(facts, model.facts, "changes of {command:?}");
    for (change, expected) in changes.iter().zip(seq + 1..) {
        assert_eq!(change.seq, expected, "sequence numbers have no gaps");
    }
    assert_eq!(engine.seq(), model.seq, "the sequence number after {command:?}");
    assert!(reply.is_ok() || changes.is_empty(), "a command that failed changed something: {command:?}");
    reply
}

/// Everything that a host can see is compared, and every rule that always holds is checked.
///
/// # Panics
/// If they differ, or the engine breaks a rule.
pub fn check_state(engine: &Engine, model: &Model) {
    if let Err(broken) = engine.check_invariants() {
        panic!("{broken}");
    }
    assert_eq!(observe(engine), model.observed(), "the state");
    check_previews(engine, model);
    check_members(engine, model);
    check_lists(engine, model);
}

/// SPEC 4.7, for each session.
fn check_previews(engine: &Engine, model: &Model) {
    for app in &model.apps {
        let view = engine.app(app.id).expect("an app");
        for session in &app.sessions {
            let preview = view.preview(session.id);
            assert_eq!(preview.is_ok(), session.status == SessionStatus::InProgress);
            let Ok(preview) = preview else { continue };
            assert_eq!(
                keys(preview.records(), model, app),
                model.stale(app.id, session),
                "what a preview shows"
            );
            assert_eq!(preview.plan(), model.plan(app.id, session), "the plan of a preview");
            let counted: u64 = preview.by_type().map(|(_, count)| count).sum();
            assert_eq!(counted, preview.total());
        }
    }
}

fn keys<'a>(records: impl Iterator<Item = RecordView<'a>>, model: &Model, app: &App) -> Vec<Key> {
    let number = |id| model.types(app).iter().position(|found| found.id == id).expect("a type");
    records.map(|record| (number(record.resource_type().id()), record.id().to_owned())).collect()
}

/// SPEC 8: the active accounts that refer to a record, by type in order of registration, then in order of first sight.
fn check_members(engine: &Engine, model: &Model) {
    for app in &model.apps {
        let view = engine.app(app.id).expect("an app");
        for record in &app.records {
            let slug = &model.types(app)[record.key.0].slug;
            let found = view.record(slug, &record.key.1).expect("a record");
            let refers = |other: &&Record| other.active && other.references.contains(&record.key);
            let mut expected: Vec<Key> =
                app.records.iter().filter(refers).map(|other| other.key.clone()).collect();
            expected.sort_by_key(|key| key.0);
            assert_eq!(found.member_count(), expected.len() as u64);
            assert_eq!(keys(found.members(), model, app), expected, "the members of {:?}", record.key);
        }
    }
}

/// SPEC 8: the records of each type that a reader wants, all and from behind a record.
fn check_lists(engine: &Engine, model: &Model) {
    for app in &model.apps {
        let view = engine.app(app.id).expect("an app");
        for (number, of) in model.types(app).iter().enumerate() {
            for &filter in RecordFilter::ALL {
                check_list(view, (model, app), (number, &of.slug), filter);
            }
        }
    }
}

fn check_list(
    view: AppView<'_>,
    (model, app): (&Model, &App),
    (number, slug): (usize, &str),
    filter: RecordFilter,
) {
    let all: Vec<&Record> = app.records.iter().filter(|record| record.key.0 == number).collect();
    let wanted = |records: &[&Record]| -> Vec<Key> {
        let wanted = records.iter().filter(|record| app.is_wanted(record, filter));
        wanted.map(|record| record.key.clone()).collect()
    };
    let records = view.records(slug, filter).expect("a type");
    assert_eq!(records.len(), wanted(&all).len(), "how many are {filter}");
    assert_eq!(keys(records, model, app), wanted(&all), "those that are {filter}");
    // Behind one of them, each in its turn: all would take most of a test's time.
    if let Some(at) = (model.seq as usize).checked_rem(all.len()) {
        let behind = view.records_behind(slug, filter, &all[at].key.1).expect("a record");
        assert_eq!(keys(behind, model, app), wanted(&all[at + 1..]), "those that are {filter} behind {at}");
    }
    assert!(view.records_behind(slug, filter, "nobody").is_none());
}

/// A comparison that always agrees proves nothing: each of these differences is noticed.
#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use headcount::{
        Account, AppId, AppUpdate, Attribute, Config, Kind, NewResourceType, Page, ReferenceList,
        ResourceTypeId, Scope, SessionId, Uuid,
    };

    use super::*;

    const APP: AppId = AppId(Uuid::from_u128(1));
    const SESSION: SessionId = SessionId(Uuid::from_u128(1));

    /// An app with an account that refers to a placeholder, and an open session.
    fn history() -> Vec<Command<'static>> {
        let register = |number, slug: &'static str, kind| {
            let id = ResourceTypeId(Uuid::from_u128(number));
            Command::RegisterResourceType {
                app_id: APP,
                resource_type_id: id,
                new: NewResourceType { slug: slug.into(), name: "Type".into(), kind },
            }
        };
        let account = Account {
            id: "u1".into(),
            username: Some("a".into()),
            memberships: vec![ReferenceList::new("team", ["g1"])],
            attributes: Some(vec![Attribute::new("level", 1)]),
            ..Account::default()
        };
        let page = Page::accounts([account]);
        vec![
            Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None },
            register(1, "account", Kind::Account),
            register(2, "team", Kind::Group),
            Command::StartSession { app_id: APP, session_id: SESSION, scope: Scope::All },
            Command::PushPage { app_id: APP, session_id: SESSION, slug: "account".into(), page },
        ]
    }

    /// Whether one more step notices what `alter` does to the model before it.
    fn notices(alter: impl FnOnce(&mut Model)) -> bool {
        let config = Config::new();
        let (mut engine, mut model) = (Engine::new(config), Model::new(&config));
        for command in history() {
            step(&mut engine, &mut model, Timestamp(0), &command);
        }
        alter(&mut model);
        let last = Command::UpdateApp { app_id: APP, update: AppUpdate::default() };
        catch_unwind(AssertUnwindSafe(|| step(&mut engine, &mut model, Timestamp(0), &last))).is_err()
    }

    /// The record of the type with this number.
    fn record(model: &mut Model, number: usize) -> &mut Record {
        let found = model.apps[0].records.iter_mut().find(|record| record.key.0 == number);
        found.expect("each type has one record")
    }

    #[test]
    fn what_differs_is_noticed() {
        assert!(!notices(|_| {}), "no difference");
        assert!(notices(|model| model.seq += 1), "a sequence number");
        assert!(notices(|model| model.apps.clear()), "a reply");
        assert!(notices(|model| model.apps[0].name.push('x')), "an app");
        assert!(notices(|model| model.apps[0].sessions[0].counts.created += 1), "a session");
        assert!(notices(|model| model.apps[0].sessions[0].synced[0] += 1), "a session's progress");
        assert!(notices(|model| record(model, 0).active = false), "whether a record is active");
        assert!(notices(|model| record(model, 0).references.clear()), "a reference");
        assert!(notices(|model| record(model, 0).attributes.clear()), "an attribute");
        assert!(notices(|model| record(model, 1).retained = true), "a record that is retained");
        assert!(notices(|model| model.groups.values_mut().for_each(|types| types.reverse())), "types");
    }
}
