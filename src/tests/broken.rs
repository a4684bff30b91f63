//! What a state says of itself in two places, broken in one of them: no snapshot holds it twice.

use super::costs::{APP, NOW};
use crate::engine::Engine;
use crate::state::{App, ChangeLog, Registry, State};
use crate::values::{BrokenInvariant, HashKey};
use crate::{AppId, Config, Guard, TaskId, Uuid};

/// A state of two apps in one group, one of which was told to the group, and both if `is_joined`.
fn state(is_joined: bool) -> State {
    let mut state = State::default();
    let group = state.groups.add(Registry::new(HashKey::new(&[0; 16])));
    for (id, is_told) in [(APP, true), (AppId(Uuid::from_u128(2)), is_joined)] {
        let ordinal = state.apps.push(id, App::new("App".into(), NOW, Guard::NONE, group));
        if is_told {
            state.groups.join(group, ordinal);
        }
    }
    state
}

fn check(state: State) -> Result<(), BrokenInvariant> {
    Engine::with_state(Config::new(), state, ChangeLog::resume_after(2)).check_invariants()
}

#[test]
fn an_app_outside_of_its_group_is_found() {
    assert_eq!(check(state(true)), Ok(()));
    let broken = check(state(false)).expect_err("one is not told to the group");
    assert_eq!((broken.rule, broken.detail.ends_with("is not of its group")), ("10.1", true), "{broken}");
}

#[test]
fn an_id_in_use_of_nothing_is_found() {
    let mut state = state(true);
    state.ids.tasks.insert(TaskId(Uuid::nil()));
    let broken = check(state).expect_err("there is no task");
    assert_eq!((broken.rule, &*broken.detail), ("2", "the ids in use are not those of the things"));
}
