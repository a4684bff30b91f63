//! The data file: one writer, and whatever is not as it was written is found before anything is served.

use std::fs;
use std::path::{Path, PathBuf};

use headcount::{AppId, Command, Config, Limits, Uuid};
use headcount_server::backend::{Backend, Encoded};
use headcount_server::file::recover::{RecoverTo, recover};
use headcount_server::file::{backup::backup, check::check};
use headcount_server::machine::Machine;
use headcount_server::store::{Store, StoreError};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::support::Server;

const TENANTS: [&str; 2] = ["acme", "other"];

/// A data file that is written to, of two tenants whose commands take turns.
struct Written {
    folder: TempDir,
    machine: Machine,
    runtime: tokio::runtime::Runtime,
    commands: u128,
}

impl Written {
    fn new(commands_per_snapshot: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("data"), commands_per_snapshot).expect("a store");
        let names = TENANTS.map(str::to_owned).to_vec();
        let mut limits = Limits::DEFAULTS;
        limits.records_per_page_max = 101;
        let config = Config::new().with_limits(limits).expect("limits");
        let machine = Machine::start(names, Some(store), config, 100).expect("a machine");
        Self { folder, machine, runtime: tokio::runtime::Runtime::new().expect("a runtime"), commands: 0 }
    }

    /// Carries out so many commands, each in a transaction of its own. Odd entries are those of the first tenant.
    fn write(&mut self, commands: usize) {
        for _ in 0..commands {
            let app_id = AppId(Uuid::from_u128(self.commands));
            let command = Command::CreateApp { app_id, name: "App".into(), clone_from: None };
            let (tenant, command) = ((self.commands % 2) as usize, Encoded::new(&command).expect("bytes"));
            let machine: &dyn Backend = &self.machine;
            let carried_out = self.runtime.block_on(machine.apply(tenant, command, |_, reply| reply.is_ok()));
            assert!(carried_out.expect("it is carried out"));
            self.commands += 1;
        }
    }

    /// The files as a kill would leave them now.
    fn killed(&self) -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["data", "data-wal", "data.lock"] {
            fs::copy(self.folder.path().join(name), folder.path().join(name)).expect("a copy");
        }
        Files { folder }
    }

    /// The file as a clean stop leaves it.
    fn stopped(self) -> Files {
        self.machine.stop();
        Files { folder: self.folder }
    }
}

/// A data file and what lies beside it.
struct Files {
    folder: TempDir,
}

impl Files {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.folder.path().join(format!("data{ending}"))
    }

    fn copy(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for file in fs::read_dir(self.folder.path()).expect("a folder") {
            let file = file.expect("a file");
            fs::copy(file.path(), folder.path().join(file.file_name())).expect("a copy");
        }
        Self { folder }
    }

    fn execute(&self, sql: &str) {
        let connection = Connection::open(self.data()).expect("the file");
        connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// What a server would serve: the digests of both tenants.
    fn digests(&self) -> Result<[u128; 2], StoreError> {
        digests(&self.data())
    }

    fn refusal(&self) -> String {
        self.digests().expect_err("it is not opened").to_string()
    }
}

fn digests(data: &Path) -> Result<[u128; 2], StoreError> {
    let store = Store::open(data, 1_000)?;
    let digest = |tenant| store.load(tenant, Config::new(), 100).map(|loaded| loaded.tenant.engine.digest());
    Ok([digest("acme")?, digest("other")?])
}

#[test]
fn a_second_server_is_refused_in_a_sentence_and_a_killed_one_leaves_no_lock() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, link) = (folder.path().join("data"), folder.path().join("link"));
    let first = Server::start(Some(&data), &[]);
    std::os::unix::fs::symlink(&data, &link).expect("a link");
    for path in [&data, &link] {
        let refused = Server::try_start(Some(path), &[]).err().expect("no second server");
        assert!(refused.contains("another server (process "), "{refused}");
        assert!(refused.contains("stop that one first"), "{refused}");
    }
    assert_eq!(first.call("POST", "apps/", Some(&json!({"name": "App"}))).status, 201);
    first.kill();
    let second = Server::start(Some(&data), &[]);
    assert_eq!(second.call("GET", "apps/", None).body["count"], 1);
}

/// Entries 1 to 20, those of acme odd; no snapshot.
#[test]
fn an_edited_a_missing_a_repeated_and_a_reordered_row_is_found_and_told() {
    let mut written = Written::new(1_000);
    written.write(20);
    let files = written.killed();
    assert!(files.digests().is_ok());
    let row = "tenant, behind, now, applied, seq, command, sum FROM journal WHERE id";
    for (sql, expected) in [
        (
            "UPDATE journal SET command = zeroblob(length(command)) WHERE id = 9",
            "entry 9 is not as it was written",
        ),
        ("UPDATE journal SET now = now + 1 WHERE id = 9", "entry 9 is not as it was written"),
        ("UPDATE journal SET seq = seq + 1 WHERE id = 9", "entry 9 is not as it was written"),
        ("UPDATE journal SET sum = zeroblob(16) WHERE id = 9", "entry 9 is not as it was written"),
        ("UPDATE journal SET tenant = 'other' WHERE id = 9", "entry 9 does not follow entry 8"),
        ("DELETE FROM journal WHERE id = 9", "entry 11 does not follow entry 7"),
        ("DELETE FROM journal WHERE id = 1", "entry 3 follows entry 1, which is missing"),
        ("DELETE FROM journal WHERE id = 19", "it ends at entry 17, and was written up to 19"),
        ("DELETE FROM journal WHERE tenant = 'acme'", "entry 19 and all before are missing"),
        (&format!("INSERT INTO journal SELECT 21, {row} = 9"), "entry 21 does not follow entry 19"),
        (
            &format!(
                "CREATE TEMP TABLE row AS SELECT {row} = 9; DELETE FROM journal WHERE id = 9;
                 UPDATE journal SET id = 9 WHERE id = 11; INSERT INTO journal SELECT 11, * FROM row"
            ),
            "entry 9 does not follow entry 7",
        ),
        ("UPDATE head SET entry = 21 WHERE tenant = 'acme'", "it ends at entry 19, and was written up to 21"),
        ("DELETE FROM head WHERE tenant = 'acme'", "where it ends is not said"),
        ("UPDATE file SET last_entry = 19", "the row that says what the file is"),
        ("UPDATE configuration SET value = replace(value, '101', '102')", "the configuration behind entry 0"),
        ("UPDATE secret SET value = zeroblob(16)", "the key of fingerprints"),
    ] {
        let files = files.copy();
        files.execute(sql);
        let refused = files.refusal();
        assert!(refused.contains(expected), "{sql}: {refused}");
        assert!(check(&files.data()).is_err_and(|error| error.to_string().contains(expected)), "{sql}");
        // It was not touched: it is refused again.
        assert_eq!(files.refusal(), refused);
    }
}

/// A journal whose rows are all as they were written, and which comes to something else.
#[test]
fn a_replay_that_comes_to_another_change_is_found() {
    use headcount_server::file::chain::{Row, Sum, Witness};
    let mut written = Written::new(1_000);
    written.write(6);
    let files = written.killed();
    let connection = Connection::open(files.data()).expect("the file");
    let mut sum = Sum::START;
    for (entry, behind) in [(1, 0), (3, 1), (5, 3)] {
        // As if entry 1 had come to two changes, where it comes to one.
        let sql = "SELECT now, applied, seq, command FROM journal WHERE id = ?";
        let (now, applied, seq, command): (i64, i64, i64, Vec<u8>) = connection
            .query_row(sql, [entry], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .expect("a row");
        let seq = seq + i64::from(applied == 1);
        let witness = Witness { entry: applied, seq: seq.cast_unsigned() };
        let now = headcount::Timestamp(now);
        sum = Row { entry, tenant: "acme", behind, now, witness, command: &command }.sum(sum);
        let update = "UPDATE journal SET seq = ?, sum = ? WHERE id = ?";
        connection.execute(update, rusqlite::params![seq, sum.bytes(), entry]).expect("a row");
    }
    connection.execute("UPDATE head SET sum = ? WHERE entry = 5", [sum.bytes()]).expect("a head");
    drop(connection);
    let refused = files.refusal();
    assert!(
        refused.contains("entry 1 came to change 2 when it was carried out, and comes to change 1 now"),
        "{refused}"
    );
}

/// Each bit that is flipped is found, or changes nothing that is served.
fn flip_bits(files: &Files, ending: &str, step: usize) -> (usize, usize) {
    let expected = files.copy().digests().expect("a good file");
    let bytes = fs::read(files.beside(ending)).expect("bytes");
    let (mut refused, mut harmless) = (0, 0);
    for at in (0..bytes.len()).step_by(step) {
        let files = files.copy();
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(files.beside(ending), &bytes).expect("a file");
        match files.digests() {
            Ok(found) => {
                assert_eq!(found, expected, "bit {} of byte {at} of data{ending}", at % 8);
                harmless += 1;
            }
            Err(_) => refused += 1,
        }
    }
    (refused, harmless)
}

#[test]
fn a_flipped_bit_of_the_write_ahead_file_is_found_or_does_no_harm() {
    let mut written = Written::new(8);
    written.write(30);
    let files = written.killed();
    let (refused, harmless) = flip_bits(&files, "-wal", 1_499);
    assert!(refused > 3 * harmless, "{refused} refused, {harmless} harmless");
}

#[test]
fn a_flipped_bit_of_the_database_is_found_or_does_no_harm() {
    let mut written = Written::new(8);
    written.write(30);
    // Most of its pages are free behind a snapshot that dropped the journal, and nobody reads those.
    let (refused, _) = flip_bits(&written.stopped(), "", 211);
    assert!(refused > 5, "{refused} refused");
}

#[test]
fn a_torn_tail_that_was_never_acknowledged_is_dropped_and_one_that_was_is_told() {
    let mut written = Written::new(1_000);
    written.write(10);
    let before = written.killed();
    written.write(1);
    let after = written.killed();
    let wal = fs::read(after.beside("-wal")).expect("bytes");
    let begun = fs::metadata(before.beside("-wal")).expect("a file").len() as usize;
    let expected = before.copy().digests().expect("a good file");
    for length in [begun + 1, begun + 24, begun + 5_000, wal.len() - 5] {
        let files = after.copy();
        fs::write(files.beside("-wal"), &wal[..length]).expect("a file");
        let refused = files.refusal();
        let told = "entries up to 11 were acknowledged, and 10 is the last one";
        assert!(refused.contains(told) && refused.contains("--recover-to 10"), "{refused}");
        // The same bytes, before anybody was told of entry 11.
        fs::copy(before.beside(".lock"), files.beside(".lock")).expect("a copy");
        assert_eq!(files.digests().expect("it is dropped"), expected, "{length} bytes");
    }
}

#[test]
fn a_damaged_transaction_with_another_behind_it_is_told_even_where_nothing_else_knows() {
    let mut written = Written::new(1_000);
    written.write(10);
    let files = written.killed();
    fs::remove_file(files.beside(".lock")).expect("a file");
    let mut wal = fs::read(files.beside("-wal")).expect("bytes");
    let middle = wal.len() / 2;
    wal[middle] ^= 4;
    fs::write(files.beside("-wal"), wal).expect("a file");
    let refused = files.refusal();
    assert!(
        refused.contains("frame ") && refused.contains("of its write-ahead file is damaged"),
        "{refused}"
    );
}

#[test]
fn a_copy_without_its_write_ahead_file_is_told() {
    let mut written = Written::new(1_000);
    written.write(10);
    let files = written.killed();
    fs::remove_file(files.beside("-wal")).expect("a file");
    let refused = files.copy().refusal();
    assert!(refused.contains("were acknowledged, and 0 is the last one"), "{refused}");
    fs::remove_file(files.beside(".lock")).expect("a file");
    let refused = files.refusal();
    assert!(refused.contains("it was copied from under a server") && refused.contains("backup"), "{refused}");
}

#[test]
fn a_person_goes_on_from_what_is_good_and_the_other_tenants_lose_nothing() {
    let mut written = Written::new(1_000);
    written.write(20);
    let files = written.killed();
    let expected = files.copy().digests().expect("a good file")[1];
    files.execute("UPDATE journal SET command = x'00' WHERE id = 9");
    let refused = files.refusal();
    assert!(refused.contains("--recover-to acme=7"), "{refused}");
    let to = |text: &str| vec![text.parse::<RecoverTo>().expect("an entry")];
    // More than is good is not kept, and nothing is touched.
    assert!(recover(&files.data(), &to("acme=11")).is_err());
    assert_eq!(files.refusal(), refused);
    let recover_to = ["--recover-to", "acme=7"];
    let server = Server::start(Some(&files.data()), &recover_to);
    assert_eq!(server.call("GET", "apps/", None).body["count"], 4);
    assert_eq!(server.call("POST", "apps/", Some(&json!({"name": "App"}))).status, 201);
    assert!(server.terminate());
    assert_eq!(files.digests().expect("it is good")[1], expected);
    assert!(!check(&files.data()).expect("it is good").has_damage());
}

#[test]
fn a_lost_end_is_accepted_where_a_person_says_so() {
    let mut written = Written::new(1_000);
    written.write(10);
    let older = written.killed();
    written.write(10);
    let files = written.stopped();
    // Somebody put an older copy in its place.
    for ending in ["", "-wal"] {
        fs::copy(older.beside(ending), files.beside(ending)).expect("a copy");
    }
    assert!(files.refusal().contains("an older copy was put in its place"));
    recover(&files.data(), &["10".parse().expect("an entry")]).expect("it goes on");
    assert_eq!(files.digests().expect("a good file"), older.digests().expect("a good file"));
}

#[test]
fn a_backup_is_taken_beside_a_server_and_is_good_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    let server = Server::start(Some(&data), &["--commands-per-snapshot", "7"]);
    for number in 0..20 {
        assert_eq!(server.call("POST", "apps/", Some(&json!({"name": format!("App {number}")}))).status, 201);
    }
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_headcount-server"));
        let output = command.args(arguments).output().expect("a process");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).expect("a text"))
    };
    let (data, to) = (data.to_str().expect("a text"), to.to_str().expect("a text"));
    let (is_done, told) = run(&["backup", to, "--data", data]);
    assert!(is_done && told.contains("good, up to entry 20"), "{told}");
    let (is_done, told) = run(&["backup", to, "--data", data]);
    assert!(!is_done && told.contains("it is there already"), "{told}");
    let digest = server.call("GET", "digest/", None).body;
    assert_eq!(server.call("POST", "apps/", Some(&json!({"name": "Later"}))).status, 201);
    for (file, is_of_digest) in [(data, false), (to, true)] {
        let (is_good, told) = run(&["check", file]);
        assert!(is_good && told.contains("tenant acme: entry 2"), "{told}");
        assert_eq!(told.contains(digest["digest"].as_str().expect("a digest")), is_of_digest, "{told}");
    }
    let names: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|file| file.expect("a file").file_name())
        .collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with("backup-")), "{names:?}");
    let restored = Server::start(Some(Path::new(to)), &[]);
    assert_eq!(restored.call("GET", "digest/", None).body, digest);
    assert_eq!(restored.call("GET", "apps/", None).body["count"], 20);
}

#[test]
fn a_backup_of_a_damaged_file_is_refused() {
    let mut written = Written::new(1_000);
    written.write(10);
    let files = written.stopped();
    files.execute("DELETE FROM head");
    let to = files.folder.path().join("backup");
    assert!(backup(&files.data(), &to).is_err());
    assert!(!to.exists());
}

#[test]
fn a_file_of_an_earlier_form_or_of_something_else_is_refused_in_words() {
    for (sql, expected) in [
        (
            "CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, now INTEGER NOT NULL, \
             command BLOB NOT NULL) STRICT; INSERT INTO journal VALUES (1, 'acme', 0, x'00')",
            "an earlier version wrote it",
        ),
        ("CREATE TABLE song (title TEXT)", "it is a database of something else"),
    ] {
        let files = Files { folder: tempfile::tempdir().expect("a folder") };
        files.execute(sql);
        assert!(files.refusal().contains(expected), "{}", files.refusal());
    }
    let files = Written::new(1_000).stopped();
    files.execute("UPDATE file SET form = 3");
    assert!(files.refusal().contains("a later version wrote it"), "{}", files.refusal());
}
