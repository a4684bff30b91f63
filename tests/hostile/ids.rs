//! UUIDs that are nil, in use, or of something else; and what is another app's.

use std::num::NonZeroU64;

use headcount::{
    AppId, Command, Completion, Config, Engine, Error, ErrorKind, Kind, NewResourceType, NewTask, Page,
    Resolution, ResourceTypeId, Scope, SessionId, TaskAction, TaskId, Timestamp, Uuid,
};
use headcount_testing::golden::forms;
use headcount_testing::small::{self, APP, NOW, SESSION, account, app, member, session, task};
use serde_json::Value;

use crate::whole;

/// Ids are of four kinds, and any UUID is one of each: nil and the last one too.
#[test]
fn any_uuid_is_an_id_of_each_kind_at_once() {
    for uuid in [Uuid::nil(), Uuid::max(), Uuid::from_u128(1 << 64), Uuid::from_u128(u128::MAX - 1)] {
        let mut engine = Engine::new(Config::new());
        let (app_id, session_id, task_id) = (AppId(uuid), SessionId(uuid), TaskId(uuid));
        engine.create_app(NOW, app_id, "App", None).expect("an app");
        let account = NewResourceType::new("account", "Account", Kind::Account);
        engine.register_resource_type(NOW, app_id, ResourceTypeId(uuid), &account).expect("a type");
        engine.start_session(NOW, app_id, session_id, &Scope::All).expect("a session");
        let new = NewTask::new(TaskAction::CreateAccount, "account");
        engine.create_task(NOW, app_id, task_id, &new).expect("a task");
        let page = Page::accounts([small::account(&uuid.to_string())]);
        let _ = engine.push_page(NOW, app_id, session_id, "account", &page).expect("a page");
        let mut engine = small::reload(&engine, Config::new());
        let before = whole(&engine);
        for (refused, code) in [
            (engine.create_app(NOW, app_id, "App", None), "app_id_in_use"),
            (
                engine.register_resource_type(
                    NOW,
                    app_id,
                    ResourceTypeId(uuid),
                    &NewResourceType::new("b", "B", Kind::Group),
                ),
                "resource_type_id_in_use",
            ),
            (engine.start_session(NOW, app_id, session_id, &Scope::All), "session_id_in_use"),
            (engine.create_task(NOW, app_id, task_id, &new), "task_id_in_use"),
        ] {
            assert_eq!(refused.expect_err("it is in use").code(), code, "{uuid}");
            assert_eq!(whole(&engine), before, "{uuid}");
        }
        // What goes gives its ids back, all of them.
        engine.delete_app(NOW, app_id).expect("it is there");
        engine.create_app(NOW, app_id, "App", None).expect("an app");
        engine.register_resource_type(NOW, app_id, ResourceTypeId(uuid), &account).expect("a type");
        engine.start_session(NOW, app_id, session_id, &Scope::All).expect("a session");
        engine.create_task(NOW, app_id, task_id, &new).expect("a task");
        engine.check_invariants().expect("every rule");
    }
}

/// An app, its clone, and one that is a stranger to both; each with an open session and a task, with the same records.
fn three_apps() -> Engine {
    let mut engine = small::engine(Config::new());
    engine.create_app(NOW, app(2), "Clone", Some(APP)).expect("an app");
    engine.create_app(NOW, app(3), "Stranger", None).expect("an app");
    for (number, slug, kind) in [(11, "account", Kind::Account), (12, "team", Kind::Group)] {
        let id = ResourceTypeId(Uuid::from_u128(number));
        engine
            .register_resource_type(NOW, app(3), id, &NewResourceType::new(slug, slug, kind))
            .expect("a type");
    }
    for number in 1..=3 {
        if number > 1 {
            engine.start_session(NOW, app(number), session(number), &Scope::All).expect("a session");
        }
        let page = Page::accounts([member("u1", ["g1"]), account("u2")]);
        let _ = engine.push_page(NOW, app(number), session(number), "account", &page).expect("a page");
        let new = NewTask::new(TaskAction::CreateAccount, "account");
        engine.create_task(NOW, app(number), task(number), &new).expect("a task");
    }
    engine
}

/// The command with other ids in it.
fn with_ids(
    command: &Command<'_>,
    app_id: AppId,
    session_id: SessionId,
    task_id: TaskId,
) -> Command<'static> {
    let mut value = serde_json::to_value(command).expect("a value");
    let fields = value.as_object_mut().and_then(|fields| fields.values_mut().next()).expect("a variant");
    for (field, id) in [
        ("app_id", app_id.to_string()),
        ("session_id", session_id.to_string()),
        ("task_id", task_id.to_string()),
    ] {
        if let Some(place) = fields.get_mut(field) {
            *place = Value::from(id);
        }
    }
    serde_json::from_str::<Command<'_>>(&value.to_string()).expect("a command").into_owned()
}

#[test]
fn a_session_or_task_of_another_app_is_not_found_by_any_command() {
    let mut engine = three_apps();
    let before = whole(&engine);
    let (mut of_sessions, mut of_tasks) = (0, 0);
    for (name, command) in forms::every_command() {
        for (own, other) in [(1, 2), (2, 1), (1, 3), (3, 2)] {
            let command = with_ids(&command, app(own), session(other), task(other));
            let refused = match &command {
                Command::StartSession { .. } | Command::CreateTask { .. } => {
                    engine.apply(NOW, &command).expect_err("the id is in use, or the scope is of no type")
                }
                Command::ResolveTask { task_id, .. } => {
                    of_tasks += 1;
                    let error = engine.apply(NOW, &command).expect_err("it is another app's");
                    assert_eq!(error, Error::TaskNotFound { task_id: *task_id }, "{name}");
                    error
                }
                other if serde_json::to_string(other).is_ok_and(|text| text.contains("\"session_id\"")) => {
                    of_sessions += 1;
                    let error = engine.apply(NOW, &command).expect_err("it is another app's");
                    assert!(matches!(error, Error::SessionNotFound { .. }), "{name}: {error}");
                    error
                }
                _ => continue,
            };
            assert_eq!(whole(&engine), before, "{name}: {refused}");
        }
    }
    assert!(of_sessions >= 4 * 10 && of_tasks >= 4 * 2, "{of_sessions} and {of_tasks} commands");
    let of_another =
        engine.app(APP).map(|app| app.session(session(2)).is_none() && app.task(task(3)).is_none());
    assert_eq!(of_another, Some(true), "nor is it read");
    assert!(engine.app(APP).is_some_and(|app| app.preview(session(3)).is_err()));
}

/// Whatever is done to one app shows in no other, be it a clone.
#[test]
fn no_command_to_one_app_shows_in_another() {
    let shown = |engine: &Engine, number: u128| {
        let saved = small::saved(engine);
        let apps = saved["apps"].as_array().expect("apps").clone();
        let id = app(number).to_string();
        let mut own = apps.into_iter().find(|entry| entry["id"] == id.as_str()).expect("an app");
        // Its place among the groups is that of the others too.
        own.as_object_mut().expect("fields").remove("group");
        let progress = engine.app(app(number)).expect("an app").sessions().map(|session| {
            (session.status(), session.counts(), session.last_activity_at(), session.progress().count())
        });
        (own, progress.collect::<Vec<_>>())
    };
    let mut carried_out = 0;
    for (name, command) in forms::every_command() {
        if matches!(command, Command::RegisterResourceType { .. } | Command::UpdateResourceType { .. })
            || command.app_id().is_none()
        {
            continue; // the types are the clone's too, and sessions of all apps expire
        }
        for own in 1..=3 {
            let mut engine = three_apps();
            let before = [1, 2, 3].map(|number| shown(&engine, number));
            let command = with_ids(&command, app(own), session(own), task(own));
            carried_out += u32::from(engine.apply(Timestamp(7), &command).is_ok());
            for other in (1..=3).filter(|other| *other != own) {
                assert_eq!(
                    shown(&engine, other),
                    before[other as usize - 1],
                    "{name} to {own} shows in {other}"
                );
            }
        }
    }
    assert!(carried_out > 30, "{carried_out} were carried out");
}

/// A cleanup with the largest budget there is, and with the least, ends.
#[test]
fn a_budget_of_any_size_is_one() {
    for budget in [1, 2, u64::MAX - 1, u64::MAX] {
        let budget = NonZeroU64::new(budget).expect("a budget");
        let mut engine = three_apps();
        engine.complete_session(NOW, APP, SESSION, Completion::FORCED).expect("in progress");
        let mut steps = 0;
        while !engine.run_cleanup(NOW, APP, SESSION, budget).expect("a step").status.has_ended() {
            steps += 1;
            assert!(steps < 100, "{budget}");
        }
        let again = engine.run_cleanup(NOW, APP, SESSION, budget).expect_err("it has ended");
        assert_eq!(again.kind(), ErrorKind::WrongState);
    }
}

/// A resolution of a task that ended is refused, whatever it says.
#[test]
fn a_task_is_resolved_once_however_often_it_is_tried() {
    let mut engine = three_apps();
    let failed = Resolution::Failed { code: "c".into(), message: "m".into() };
    engine.resolve_task(NOW, APP, task(1), &failed).expect("a task to be done");
    let before = whole(&engine);
    for resolution in [failed, Resolution::Completed { result: None }] {
        let error = engine.resolve_task(NOW, APP, task(1), &resolution).expect_err("it has ended");
        assert_eq!((error.code(), &whole(&engine)), ("task_ended", &before));
    }
}
