//! No tenant waits for another one's command.

use std::sync::mpsc;
use std::time::Duration;

use headcount::{AppId, Command, Config, Uuid};
use headcount_server::backend::{Backend, CarriedOut, Encoded, Unavailable};
use headcount_server::machine::Machine;
use headcount_server::store::Store;

fn command(number: u128) -> Encoded {
    let app_id = AppId(Uuid::from_u128(number));
    Encoded::new(&Command::CreateApp { app_id, name: "App".into(), clone_from: None }).expect("bytes")
}

/// The command of one tenant ends only when that of the other one was answered.
fn another_tenant_is_answered_meanwhile(store: Option<Store>) {
    const AT_MOST: Duration = Duration::from_secs(20);
    let names = vec!["large".to_owned(), "small".to_owned()];
    let machine = Machine::start(names, store, Config::new(), 100).expect("a machine");
    let (answered, other) = mpsc::channel();
    let (ended, end) = mpsc::channel();
    let then = move |_: Result<CarriedOut<'_>, Unavailable>| {
        ended.send(other.recv_timeout(AT_MOST).is_ok()).expect("the test waits");
    };
    machine.submit(0, command(1), Box::new(then));
    // Behind it, in its own tenant's turn.
    machine.submit(0, command(2), Box::new(|_| {}));
    let then = move |carried_out: Result<CarriedOut<'_>, Unavailable>| {
        answered.send(carried_out.is_ok_and(|done| done.reply.is_ok())).expect("it is waited for");
    };
    machine.submit(1, command(3), Box::new(then));
    assert_eq!(
        end.recv_timeout(2 * AT_MOST),
        Ok(true),
        "the small one was answered while the large one went on"
    );
    machine.stop();
    let apps = |tenant| (&machine as &dyn Backend).read(tenant, |tenant| tenant.engine.apps().count());
    assert_eq!((apps(0), apps(1)), (2, 1));
}

#[test]
fn a_small_tenant_is_answered_while_a_large_command_of_another_goes_on_in_memory() {
    another_tenant_is_answered_meanwhile(None);
}

#[test]
fn a_small_tenant_is_answered_while_a_large_command_of_another_goes_on_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("data"), 1).expect("a store");
    another_tenant_is_answered_meanwhile(Some(store));
}
