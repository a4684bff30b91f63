//! A host whose memory is used up in the midst of anything: it dies, and what it had journaled replays to the state that
//! the same commands come to without the fault.
//!
//! This program starts itself, as a host with an allocator that fails at the n-th allocation. The host writes each
//! command to its journal before it carries it out, tells the digest after it, and saves a snapshot now and then.
//! `HEADCOUNT_ALLOCATIONS=5000 cargo test --test out_of_memory` lets each of the first 5,000 fail.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode, ExitStatus};

use headcount::{Command, Config, Engine, Snapshot, Timestamp};
use headcount_test_allocator::{TestAllocator, fail_at, left};
use headcount_testing::{busy, random};
use libtest_mimic::{Arguments, Trial};

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

/// Tells the program that it is the host: the folder that it writes to.
const FOLDER: &str = "HEADCOUNT_HOST_FOLDER";
/// Which allocation fails.
const FAILS_AT: &str = "HEADCOUNT_HOST_FAILS_AT";
/// How many of the first allocations are tried one by one.
const ALLOCATIONS: &str = "HEADCOUNT_ALLOCATIONS";

/// As many as take a second or two; then some of all others.
const FIRST: u64 = 60;
const OTHERS: u64 = 90;

/// None of them: there are not so many.
const BEYOND: u64 = 1 << 40;

/// Commands between snapshots.
const SNAPSHOT_EVERY: usize = 10;

type Step = (Timestamp, Command<'static>);

fn history() -> Vec<Step> {
    busy::history(&random::bytes(11, 900))
}

fn main() -> ExitCode {
    if let (Some(folder), Ok(fails_at)) = (env::var_os(FOLDER), env::var(FAILS_AT)) {
        return host(Path::new(&folder), fails_at.parse().expect("a number"));
    }
    let arguments = Arguments::from_args();
    let trials = vec![Trial::test("what_was_journaled_replays_wherever_memory_ends", || {
        what_was_journaled_replays_wherever_memory_ends();
        Ok(())
    })];
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What dies.
fn host(folder: &Path, fails_at: usize) -> ExitCode {
    let create = |name: &str| File::create(folder.join(name)).expect("a file");
    let (mut journal, mut told) = (create("journal"), create("told"));
    let names = [folder.join("snapshot.new"), folder.join("snapshot")];
    let steps = history();
    fail_at(fails_at);
    let mut engine = Engine::new(Config::new());
    for (number, step) in (1_usize..).zip(&steps) {
        let bytes = postcard::to_allocvec(step).expect("bytes");
        let entry = [&(bytes.len() as u32).to_le_bytes()[..], &bytes].concat();
        journal.write_all(&entry).expect("it is written");
        // What is carried out is what was read back.
        let (now, command): (Timestamp, Command<'_>) = postcard::from_bytes(&bytes).expect("a command");
        let _ = engine.apply(now, &command);
        told.write_all(&engine.digest().to_le_bytes()).expect("it is told");
        if number % SNAPSHOT_EVERY == 0 {
            engine.refresh_digest();
            let frozen = engine.freeze();
            let saved = postcard::to_allocvec(&(number as u64, frozen.snapshot())).expect("bytes");
            fs::write(&names[0], &saved).expect("it is written");
            fs::rename(&names[0], &names[1]).expect("it is renamed");
        }
    }
    // Where somebody went on without what was refused, there is nothing to tell.
    let count = fails_at.saturating_sub(left()) as u64;
    fs::write(folder.join("allocations"), count.to_le_bytes()).expect("it is told");
    ExitCode::SUCCESS
}

/// The digests of an undisturbed run: before the first command, and after each.
fn digests(steps: &[Step]) -> Vec<u128> {
    let mut engine = Engine::new(Config::new());
    let first = engine.digest();
    let after = steps.iter().map(|(now, command)| {
        let _ = engine.apply(*now, command);
        engine.digest()
    });
    [first].into_iter().chain(after).collect()
}

/// A folder of its own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("headcount-out-of-memory-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(name)).ok()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run_host(folder: &Folder, fails_at: u64) -> ExitStatus {
    let program = env::current_exe().expect("this program");
    let host = Process::new(program).env(FOLDER, &folder.0).env(FAILS_AT, fails_at.to_string()).output();
    let host = host.expect("it starts");
    let words = String::from_utf8_lossy(&host.stderr);
    let is_out_of_memory = words.contains("memory allocation of") && !words.contains("panicked");
    assert!(host.status.success() || is_out_of_memory, "allocation {fails_at}: {words}");
    host.status
}

/// The commands of a journal, up to the last that is whole.
fn journaled(bytes: &[u8]) -> Vec<Step> {
    let (mut steps, mut rest) = (Vec::new(), bytes);
    while let Some((length, behind)) = rest.split_first_chunk() {
        let Some((entry, behind)) = behind.split_at_checked(u32::from_le_bytes(*length) as usize) else {
            break;
        };
        let (now, command): (Timestamp, Command<'_>) = postcard::from_bytes(entry).expect("a command");
        steps.push((now, command.into_owned()));
        rest = behind;
    }
    steps
}

/// What is left of a host is what it had come to: all that it told, and at most one command more.
fn assert_replays(folder: &Folder, digests: &[u128], steps: &[Step], fails_at: u64) {
    let read = |name: &str| folder.read(name).unwrap_or_default();
    let journal = journaled(&read("journal"));
    assert_eq!(journal, steps[..journal.len()], "allocation {fails_at}");
    let told = read("told");
    let told: Vec<u128> =
        told.chunks_exact(16).map(|bytes| u128::from_le_bytes(bytes.try_into().expect("16 bytes"))).collect();
    assert_eq!(told, digests[1..=told.len()], "allocation {fails_at}: what was told");
    assert!(told.len() <= journal.len() && journal.len() <= told.len() + 1, "allocation {fails_at}");

    let replay = |engine: &mut Engine, from: usize| {
        for (now, command) in &journal[from..] {
            let _ = engine.apply(*now, command);
        }
        assert_eq!(engine.digest(), digests[journal.len()], "allocation {fails_at}: replayed from {from}");
        engine.check_invariants().expect("every rule");
    };
    replay(&mut Engine::new(Config::new()), 0);
    if let Some(saved) = folder.read("snapshot") {
        let (number, snapshot): (u64, Snapshot) = postcard::from_bytes(&saved).expect("a snapshot");
        let mut engine = Engine::restore(Config::new(), snapshot).expect("an engine");
        replay(&mut engine, number as usize);
    }
}

fn what_was_journaled_replays_wherever_memory_ends() {
    let steps = history();
    let digests = digests(&steps);
    let whole = Folder::new("whole");
    assert!(run_host(&whole, BEYOND).success(), "nothing fails");
    assert_replays(&whole, &digests, &steps, BEYOND);
    let count = whole.read("allocations").expect("how many there were");
    let count = u64::from_le_bytes(count.try_into().expect("a number"));
    assert!(count > 1_000, "{count} allocations are few");
    let wanted = env::var(ALLOCATIONS).map(|wanted| wanted.parse().expect("a number")).unwrap_or(FIRST);
    let first = wanted.min(count);
    let step = ((count - first) / OTHERS).max(1) as usize;
    let (mut stopped_at, mut survived) = (Vec::new(), 0);
    for fails_at in (1..=first).chain((first + 1..=count).step_by(step)) {
        let folder = Folder::new(&fails_at.to_string());
        // Who asks whether there is memory can do with less, and goes on.
        survived += usize::from(run_host(&folder, fails_at).success());
        assert_replays(&folder, &digests, &steps, fails_at);
        stopped_at.push(journaled(&folder.read("journal").unwrap_or_default()).len());
    }
    println!("{} of {count} allocations failed, in {} commands", stopped_at.len(), steps.len());
    assert!(stopped_at.first() < stopped_at.last(), "{stopped_at:?}");
    assert!(survived <= stopped_at.len() / 10, "{survived} of {} went on without memory", stopped_at.len());
}
