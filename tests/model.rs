//! The engine beside the naive model: random histories over small key spaces, and the rules of SPEC 10
//! that speak of more than one state.

use std::num::NonZeroU64;

use headcount::{
    Change, Command, Completion, Config, Engine, Error, RecordFilter, Reply, SessionId, Snapshot, Timestamp,
};
use headcount_testing::copy::Copy;
use headcount_testing::generate::{self, Choices, config, prologue};
use headcount_testing::model::{self, Model};
use headcount_testing::sequences::machine::Machine;
use headcount_testing::{busy, compare, lenient, random, reached, regression};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

type Step = (Timestamp, Command<'static>);

/// What comes beside a command.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Beside {
    Nothing,
    /// The same command once more.
    Retry,
    /// Save and load, with this hash key.
    SaveAndLoad(u8),
    /// A replay of the journal.
    Replay,
}

/// A command made from bytes; it rarely needs them all. Beside most of them comes nothing.
fn a_transition(open: Option<SessionId>) -> impl Strategy<Value = (Step, Beside)> {
    let step =
        prop::collection::vec(any::<u8>(), 120).prop_map(move |bytes| Choices::new(&bytes).command(open));
    let beside = prop_oneof![
        12 => Just(Beside::Nothing),
        4 => Just(Beside::Retry),
        2 => any::<u8>().prop_map(Beside::SaveAndLoad),
        1 => Just(Beside::Replay),
    ];
    (step, beside)
}

fn a_history(bytes: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any::<u8>(), 1..bytes).prop_map(|bytes| generate::history(&bytes))
}

/// The model, and what its last command answered.
#[derive(Clone, Debug)]
struct Reference {
    model: Model,
    reply: Option<Result<Reply, Error>>,
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = (Step, Beside);

    fn init_state() -> BoxedStrategy<Self> {
        let mut model = Model::new(&config());
        for (now, command) in prologue() {
            model.apply(now, &command).expect("a prologue");
        }
        Just(Self { model, reply: None }).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<(Step, Beside)> {
        let first = state.model.apps.iter().find(|app| app.id == generate::FIRST);
        let newest = first.and_then(|app| app.sessions.last());
        a_transition(newest.filter(|session| !session.status.has_ended()).map(|session| session.id)).boxed()
    }

    fn apply(mut state: Self, ((now, command), beside): &(Step, Beside)) -> Self {
        state.reply = Some(state.model.apply(*now, command));
        if *beside == Beside::Retry {
            let _ = state.model.apply(*now, command).is_ok();
        }
        state
    }
}

/// Engine, replica, copy and journal, as the system under test.
struct Tested;

impl StateMachineTest for Tested {
    type SystemUnderTest = Machine;
    type Reference = Reference;

    fn init_test(_: &Reference) -> Machine {
        let mut machine = Machine::new(config());
        for (now, command) in prologue() {
            machine.step(now, &command).expect("a prologue");
        }
        machine
    }

    fn apply(
        mut machine: Machine,
        reference: &Reference,
        ((now, command), beside): (Step, Beside),
    ) -> Machine {
        let reply = machine.step(now, &command);
        match beside {
            Beside::Nothing => {}
            Beside::Retry => machine.retry(now, &command, &reply),
            Beside::SaveAndLoad(key) => machine.save_and_load(key),
            Beside::Replay => machine.replay(),
        }
        let expected = reference.reply.clone().expect("the model goes first");
        assert_eq!(
            reply.map(model::reply_without_prose).map_err(model::without_prose),
            expected.map(model::reply_without_prose).map_err(model::without_prose)
        );
        compare::check_state(machine.engine(), &reference.model);
        machine
    }
}

prop_state_machine! {
    #![proptest_config(regression::config(200))]

    #[test]
    fn the_engine_does_what_the_model_does(sequential 1..60 => Tested);
}

/// What a command came to.
type Outcome = (Result<Reply, Error>, Vec<Change<'static>>);

fn run(engine: &mut Engine, step: &Step) -> Outcome {
    let reply = engine.apply(step.0, &step.1);
    (reply, engine.changes().map(Change::into_owned).collect())
}

fn save_and_load(engine: &Engine, key: u8) -> Engine {
    save_and_load_with(engine, config().with_hash_key([key; 16]))
}

fn save_and_load_with(engine: &Engine, config: Config) -> Engine {
    let saved = postcard::to_allocvec(&engine.snapshot()).expect("bytes");
    let snapshot: Snapshot = postcard::from_bytes(&saved).expect("a snapshot");
    Engine::restore(config, snapshot).expect("an engine")
}

proptest! {
    #![proptest_config(regression::config(150))]

    /// SPEC 10.7, 2: through both formats, with another hash key, and with save and load at one point.
    #[test]
    fn replaying_the_journal_gives_the_same_replies_changes_and_digest(
        history in a_history(3_000),
        stop in any::<prop::sample::Index>(),
    ) {
        let mut first = Engine::new(config());
        let mut second = Engine::new(config().with_hash_key([5; 16]));
        let stop = stop.index(history.len());
        for (at, step) in history.iter().enumerate() {
            let bytes = postcard::to_allocvec(step).expect("bytes");
            let journaled: (Timestamp, Command<'_>) = postcard::from_bytes(&bytes).expect("a step");
            let text = serde_json::to_string(step).expect("text");
            let (now, command): (Timestamp, Command<'_>) = serde_json::from_str(&text).expect("a step");
            let read: Step = (now, command.into_owned());
            prop_assert_eq!(&journaled, step);
            prop_assert_eq!(&read, step);
            prop_assert_eq!(run(&mut first, step), run(&mut second, &read));
            prop_assert_eq!(first.digest(), second.digest());
            if at == stop {
                second = save_and_load(&second, 6);
                prop_assert_eq!(first.digest(), second.digest());
            }
        }
        prop_assert_eq!(model::observe(&first), model::observe(&second));
    }

    /// Of commands that are mostly carried out; with save and load now and then.
    #[test]
    fn the_engine_does_what_the_model_does_on_busy_histories(
        bytes in prop::collection::vec(any::<u8>(), 1..1_500),
        every in 3..20_usize,
    ) {
        let mut engine = Engine::new(Config::new());
        let mut model = Model::new(&Config::new());
        for (at, (now, command)) in busy::history(&bytes).into_iter().enumerate() {
            compare::step(&mut engine, &mut model, now, &command);
            if at % every == 0 {
                engine = save_and_load_with(&engine, Config::new().with_hash_key([at as u8; 16]));
            }
        }
    }

    /// SPEC 10.6.
    #[test]
    fn a_command_that_returned_an_error_changed_nothing(history in a_history(3_000)) {
        let mut engine = Engine::new(config());
        for step in &history {
            let (digest, seq) = (engine.digest(), engine.seq());
            if let (Err(_), changes) = run(&mut engine, step) {
                prop_assert_eq!((engine.digest(), engine.seq(), changes.len()), (digest, seq, 0));
            }
        }
    }

    /// SPEC 7.
    #[test]
    fn a_copy_built_from_changes_alone_equals_the_engine(history in a_history(3_000)) {
        let mut engine = Engine::new(config());
        let mut copy = Copy::default();
        for step in &history {
            let _ = engine.apply(step.0, &step.1);
            copy.follow(&engine);
            prop_assert_eq!(&copy, &Copy::of(&engine));
        }
    }

    /// SPEC 2, time: three rules alone compare moments, and the two that are commands are left out.
    #[test]
    fn when_commands_come_shows_in_moments_alone(
        history in a_history(3_000),
        moments in prop::collection::vec(any::<i64>(), 1..20),
    ) {
        let (mut one, mut other) = (Engine::new(config()), Engine::new(config()));
        let compares =
            |command: &Command<'_>| matches!(command, Command::PurgeInactive { .. } | Command::ExpireSessions { .. });
        let steps = history.into_iter().filter(|(_, command)| !compares(command));
        for ((now, command), moment) in steps.zip(moments.into_iter().cycle()) {
            prop_assert_eq!(run(&mut one, &(now, command.clone())), run(&mut other, &(Timestamp(moment), command)));
        }
        prop_assert_eq!(model::observe_without_moments(&one), model::observe_without_moments(&other));
    }

    /// SPEC 3.5: each page of a history, wherever it comes.
    #[test]
    fn a_lenient_page_is_a_strict_page_of_its_good_records_and_retains_the_others(history in a_history(900)) {
        let mut engine = Engine::new(config());
        for (now, command) in &history {
            if let Command::PushPage { app_id, session_id, slug, page }
            | Command::PushLenientPage { app_id, session_id, slug, page } = command
            {
                let place = lenient::Place { app: *app_id, session: *session_id, slug };
                let _ = lenient::check(&engine, place, page);
            }
            let _ = engine.apply(*now, command);
        }
    }

    /// The same, of histories in which more is on record.
    #[test]
    fn a_lenient_page_is_a_strict_page_of_its_good_records_on_busy_histories(
        bytes in prop::collection::vec(any::<u8>(), 1..600),
    ) {
        let mut engine = Engine::new(Config::new());
        for (now, command) in busy::history(&bytes) {
            if let Command::PushLenientPage { app_id, session_id, slug, page } = &command {
                let place = lenient::Place { app: *app_id, session: *session_id, slug };
                let _ = lenient::check(&engine, place, page);
            }
            let _ = engine.apply(now, &command);
        }
    }

    /// SPEC 4.6.
    #[test]
    fn a_budget_of_any_size_gives_the_same_end_and_the_same_changes(
        history in a_history(2_000),
        budgets in prop::collection::vec(1..4_u64, 1..40),
    ) {
        let (mut whole, mut steps) = (Engine::new(config()), Engine::new(config()));
        for step in &history {
            let _ = (whole.apply(step.0, &step.1), steps.apply(step.0, &step.1));
        }
        let app = headcount::AppId(headcount::Uuid::from_u128(1));
        let open = whole.app(app).and_then(|app| app.sessions().rfind(|session| !session.status().has_ended()));
        let Some(session) = open.map(|session| session.id()) else { return Ok(()) };
        let now = Timestamp(7);
        let complete = (now, Command::CompleteSession { app_id: app, session_id: session, completion: Completion::FORCED });
        prop_assert_eq!(run(&mut whole, &complete), run(&mut steps, &complete));
        let clean = |budget| (now, Command::RunCleanup { app_id: app, session_id: session, budget });
        let (_, expected) = run(&mut whole, &clean(NonZeroU64::MAX));
        let mut found = Vec::new();
        for budget in budgets.iter().cycle() {
            let (reply, changes) = run(&mut steps, &clean(NonZeroU64::new(*budget).expect("not zero")));
            found.extend(changes);
            if matches!(reply, Ok(Reply::Cleanup(outcome)) if outcome.status.has_ended()) {
                break;
            }
        }
        prop_assert_eq!(found, expected);
        prop_assert_eq!(model::observe(&whole), model::observe(&steps));
    }
}

/// Two roll calls of records that agree on names, in orders of the test's choosing (SPEC 10.9, 10.10).
mod rolls {
    use super::*;
    use headcount::{Account, AppId, Group, Page, Reference, ReferenceList, Scope, Uuid};

    const APP: AppId = AppId(Uuid::from_u128(1));

    /// Accounts and the teams that they are in; teams that are pushed.
    fn a_directory() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
        let teams_of = prop::collection::btree_set(0..8_u8, 0..4).prop_map(|set| set.into_iter().collect());
        (
            prop::collection::vec(teams_of, 0..8),
            prop::sample::subsequence((0..8_u8).collect::<Vec<_>>(), 0..8),
        )
    }

    fn pages((accounts, teams): &(Vec<Vec<u8>>, Vec<u8>)) -> Vec<(&'static str, Page<'static>)> {
        let name = |team: u8| format!("Team {team}");
        let account = |(number, teams): (usize, &Vec<u8>)| Account {
            id: number.to_string().into(),
            username: Some("x".into()),
            memberships: vec![ReferenceList::new(
                "team",
                teams.iter().map(|&team| Reference::new(team.to_string()).with_name(name(team))),
            )],
            ..Account::default()
        };
        let team =
            |&team: &u8| Group { id: team.to_string().into(), name: name(team).into(), ..Group::default() };
        let accounts: Vec<_> = accounts.iter().enumerate().map(account).collect();
        let teams: Vec<_> = teams.iter().map(team).collect();
        let accounts = accounts.chunks(2).map(|page| ("account", Page::accounts(page.to_vec())));
        accounts.chain(teams.chunks(2).map(|page| ("team", Page::groups(page.to_vec())))).collect()
    }

    fn call(engine: &mut Engine, number: u128, pages: &[(&'static str, Page<'static>)]) -> SessionId {
        let (now, session) = (Timestamp(1), SessionId(Uuid::from_u128(number)));
        engine.start_session(now, APP, session, &Scope::All).expect("a session");
        for (slug, page) in pages {
            let _ = engine.push_page(now, APP, session, slug, page).expect("a page");
        }
        let _ = engine.complete_session(now, APP, session, Completion::GUARDED).expect("no guard");
        let _ = engine.run_cleanup(now, APP, session, NonZeroU64::MAX).expect("a cleanup");
        session
    }

    fn begun() -> Engine {
        let mut engine = Engine::new(Config::new());
        for (now, command) in prologue() {
            let _ = engine.apply(now, &command).expect("a prologue");
        }
        engine
    }

    /// The records by type and id: the order of first sight aside.
    fn records(engine: &Engine) -> Vec<(model::Record, Vec<String>)> {
        let (app, _) = model::observe(engine).swap_remove(0);
        let mut records: Vec<_> = app.records.into_iter().map(|record| (record, Vec::new())).collect();
        for (record, members) in &mut records {
            record.references.sort();
            let slug = ["account", "team", "license", "staff"][record.key.0];
            let view = engine.app(APP).and_then(|app| app.record(slug, &record.key.1)).expect("a record");
            members.extend(view.members().map(|member| member.id().to_owned()));
            members.sort();
        }
        records.sort_by(|a, b| a.0.key.cmp(&b.0.key));
        records
    }

    proptest! {
        #![proptest_config(regression::config(200))]

        /// SPEC 10.10.
        #[test]
        fn the_order_of_pages_never_matters(
            (directory, order) in a_directory().prop_flat_map(|directory| {
                let pages = pages(&directory);
                (Just(directory), Just(pages).prop_shuffle())
            }),
        ) {
            let (mut one, mut other) = (begun(), begun());
            call(&mut one, 1, &pages(&directory));
            call(&mut other, 1, &order);
            prop_assert_eq!(records(&one), records(&other));
        }

        /// SPEC 10.9.
        #[test]
        fn a_second_identical_roll_call_leaves_records_as_they_are(directory in a_directory()) {
            let mut engine = begun();
            let pages = pages(&directory);
            call(&mut engine, 1, &pages);
            let before = records(&engine);
            let session = call(&mut engine, 2, &pages);
            let counts = engine.app(APP).and_then(|app| app.session(session)).expect("a session").counts();
            prop_assert_eq!((counts.created, counts.deactivated), (0, 0));
            prop_assert_eq!(counts.unchanged, counts.updated);
            prop_assert_eq!(records(&engine), before);
            let active = engine.app(APP).and_then(|app| app.records("account", RecordFilter::Active)).expect("a type");
            prop_assert_eq!(active.len(), directory.0.len());
        }
    }
}

/// The generator is worth its name: what it makes reaches every change and every error.
#[test]
fn random_histories_reach_every_fact_and_every_error() {
    let mut reached = std::collections::BTreeSet::new();
    for seed in 0..600_u64 {
        reached.extend(reached::by_history(&generate::history(&random::bytes(seed, 6_400)), config()));
    }
    for expected in reached::FACTS.iter().chain(headcount::Error::CODES) {
        assert!(reached.contains(*expected), "{expected} is never reached");
    }
}
