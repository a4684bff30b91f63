//! Snapshots: written beside the commands, in place whole or not at all, and counted over restarts.

use std::path::Path;

use headcount::{
    Account, AppId, Command, Config, Kind, NewResourceType, Page, ResourceTypeId, Scope, SessionId,
    Timestamp, Uuid,
};
use headcount_server::file::chain::Witness;
use headcount_server::file::parts::{self, PART_BYTES};
use headcount_server::store::{Entry, Loaded, Store};
use headcount_server::tenant::Tenant;
use rusqlite::Connection;
use serde_json::json;

use crate::support::Server;

const APP: AppId = AppId(Uuid::from_u128(1));
const SESSION: SessionId = SessionId(Uuid::from_u128(1));

/// More changes than any test here makes.
const CHANGES_KEPT: u64 = 1_000_000;

/// A store, and a tenant that has what its journal says.
struct Journaled {
    store: Store,
    tenant: Tenant,
    pages: usize,
}

impl Journaled {
    fn new(data: &Path) -> Self {
        let store = Store::open(data, 1_000_000).expect("a store");
        let mut journaled = Self { store, tenant: Tenant::new(Config::new(), CHANGES_KEPT), pages: 0 };
        journaled.command(&Command::CreateApp { app_id: APP, name: "App".into(), clone_from: None });
        journaled.command(&Command::RegisterResourceType {
            app_id: APP,
            resource_type_id: ResourceTypeId(Uuid::from_u128(1)),
            new: NewResourceType::new("account", "Account", Kind::Account),
        });
        journaled.command(&Command::StartSession { app_id: APP, session_id: SESSION, scope: Scope::All });
        journaled
    }

    fn command(&mut self, command: &Command<'_>) {
        let bytes = postcard::to_stdvec(command).expect("bytes");
        let witness = Witness { entry: self.store.place(), seq: self.tenant.engine.seq() };
        let entry = Entry { tenant: "acme", now: Timestamp(0), witness, command: &bytes };
        self.store.append(&[entry]).expect("it is written");
        let _ = self.tenant.carry_out(Timestamp(0), command).expect("it is carried out");
    }

    /// A page of 100 new accounts, of 30 KB or so.
    fn page(&mut self) {
        let first = self.pages * 100;
        self.pages += 1;
        let accounts = (first..first + 100).map(|number| Account {
            id: format!("u{number}").into(),
            username: Some("x".into()),
            display_name: Some("x".repeat(250).into()),
            ..Account::default()
        });
        let page = Page::accounts(accounts);
        let command = Command::PushPage { app_id: APP, session_id: SESSION, slug: "account".into(), page };
        self.command(&command);
    }

    /// Begins a snapshot, and waits until its first piece is there.
    fn begin_snapshot(&mut self) {
        let (mut writer, pieces) = parts::channel();
        let frozen = self.tenant.freeze();
        self.store.begin_snapshot("acme", pieces);
        std::thread::spawn(move || {
            let encoded = frozen.write(&mut writer);
            writer.finish(encoded);
        });
        assert!(!self.store.upkeep().is_idle());
        self.store.wait_for_piece();
    }

    /// A page that takes a piece of a snapshot along, once it is there.
    fn page_with_piece(&mut self) {
        self.store.wait_for_piece();
        self.page();
    }
}

fn count(data: &Path, what: &str) -> i64 {
    let connection = Connection::open(data).expect("the file");
    connection.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).expect("a count")
}

fn loaded(data: &Path) -> Loaded {
    let store = Store::open(data, 1_000_000).expect("a store");
    store.load("acme", Config::new(), CHANGES_KEPT).expect("a state")
}

#[test]
fn a_snapshot_is_written_beside_the_commands_and_counts_when_its_last_part_is_in_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut journaled = Journaled::new(&data);
    for round in 1..=3 {
        (0..40).for_each(|_| journaled.page());
        let bytes = journaled.tenant.freeze().to_bytes().expect("bytes").len();
        let rows = count(&data, "journal");
        journaled.begin_snapshot();
        // Each page takes one part along; until its row is there, everything is as it was.
        for _ in 0..bytes.div_ceil(PART_BYTES) {
            journaled.page_with_piece();
        }
        assert!(bytes > 4 * PART_BYTES, "{bytes} bytes");
        assert_eq!(count(&data, "snapshot"), round.min(3) - 1);
        assert_eq!(count(&data, "journal"), rows + bytes.div_ceil(PART_BYTES) as i64);
        journaled.page_with_piece();
        assert_eq!(count(&data, "snapshot"), round.min(2));
        journaled.store.finish_upkeep();
        assert!(journaled.store.upkeep().is_idle());
    }
    // The journal begins behind the older of two snapshots, and the parts are those of the two.
    let places = "SELECT min(entry) + 1 FROM snapshot";
    let first: i64 = Connection::open(&data)
        .and_then(|file| file.query_row(places, [], |row| row.get(0)))
        .expect("a place");
    assert_eq!(count(&data, &format!("journal WHERE id < {first}")), 0);
    assert_eq!(count(&data, &format!("journal WHERE id = {first}")), 1);
    let orphans = "snapshot_part WHERE entry NOT IN (SELECT entry FROM snapshot)";
    assert_eq!(count(&data, orphans), 0);
    let expected = journaled.tenant.engine.digest();
    drop(journaled);
    let loaded = loaded(&data);
    assert_eq!(loaded.tenant.engine.digest(), expected);
    assert!(loaded.place >= first && loaded.commands_since > 0, "{loaded:?}");
}

#[test]
fn a_snapshot_that_was_cut_off_is_none_and_its_parts_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut journaled = Journaled::new(&data);
    (0..40).for_each(|_| journaled.page());
    journaled.begin_snapshot();
    (0..3).for_each(|_| journaled.page_with_piece());
    let expected = journaled.tenant.engine.digest();
    drop(journaled);
    assert_eq!((count(&data, "snapshot"), count(&data, "snapshot_part")), (0, 3));
    let loaded = loaded(&data);
    assert_eq!((loaded.tenant.engine.digest(), loaded.place, loaded.commands_since), (expected, 0, 46));
    assert_eq!(count(&data, "snapshot_part"), 0);
}

#[test]
fn a_snapshot_for_which_there_is_no_room_refuses_no_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut journaled = Journaled::new(&data);
    (0..40).for_each(|_| journaled.page());
    let pages: u32 = Connection::open(&data)
        .and_then(|file| file.query_row("PRAGMA page_count", [], |row| row.get(0)))
        .expect("a count");
    // Room for a few pages of accounts, and for a part and a half.
    journaled.store.limit_pages(pages + 100).expect("a limit");
    journaled.begin_snapshot();
    (0..4).for_each(|_| journaled.page_with_piece());
    assert!(journaled.store.upkeep().is_idle(), "it was given up");
    assert_eq!(count(&data, "snapshot"), 0);
    journaled.store.limit_pages(1_000_000).expect("a limit");
    journaled.begin_snapshot();
    journaled.store.finish_upkeep();
    assert_eq!(count(&data, "snapshot"), 1);
    let expected = journaled.tenant.engine.digest();
    drop(journaled);
    assert_eq!(loaded(&data).tenant.engine.digest(), expected);
}

#[test]
fn a_snapshot_is_due_so_many_commands_after_the_last_one_however_often_the_server_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    for start in 1..=5 {
        let server = Server::start(Some(&data), &["--commands-per-snapshot", "10"]);
        for number in 0..2 {
            let body = json!({"name": format!("App {start}.{number}")});
            assert_eq!(server.call("POST", "apps/", Some(&body)).status, 201);
        }
        let is_due = start == 5;
        for _ in 0..500 {
            if !is_due || count(&data, "snapshot") == 1 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(count(&data, "snapshot"), i64::from(is_due), "after start {start}");
        server.kill();
    }
}

#[test]
fn a_clean_stop_saves_every_tenant_and_leaves_one_file_that_is_a_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let server = Server::start(Some(&data), &[]);
    for number in 0..5 {
        let body = json!({"name": format!("App {number}")});
        assert_eq!(server.call("POST", "apps/", Some(&body)).status, 201);
    }
    let digest = server.call("GET", "digest/", None);
    assert!(server.terminate());
    assert!(!folder.path().join("data-wal").exists());
    std::fs::copy(&data, &copy).expect("a copy");
    assert_eq!((loaded(&copy).place, loaded(&copy).commands_since), (5, 0));
    assert_eq!(Server::start(Some(&copy), &[]).call("GET", "digest/", None), digest);
    // A stop behind which nothing is new writes nothing.
    assert!(Server::start(Some(&data), &[]).terminate());
    assert_eq!(count(&data, "snapshot"), 1);
}
