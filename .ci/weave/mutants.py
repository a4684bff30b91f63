#!/usr/bin/env python3
"""All mutants of the core in one program.

`cargo mutants` builds and tests anew for each of some thousand mutants: days. This takes its list, weaves every mutant of
it into one copy of the source, each behind a switch (`src/main.rs`), builds that copy once, and asks of each test which
mutants it comes by. A mutant is then run with those tests alone, the fast ones first, until one fails.

What differs from `cargo mutants`: an operator is exchanged within its own operands, whatever binds stronger then; a match
of which an arm is switched off stops where no other arm is left. A fault in a constant, which no switch can reach, is told
as unreached, and one that cannot be woven as left: these are for `cargo mutants` itself.

WOVEN_TESTS names the test programs to build, all if it is empty; WOVEN_SKIP is a pattern of tests to leave out.
"""

import argparse
import json
import math
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
BASE = TARGET / "woven"
COPY = BASE / "copy"
# How much longer than its time of a processor a test may take.
WAITS = 60
# What reads the source itself.
LEFT_OUT = {"tidy", "readme", "rules"}
# Of a mutant that allocates without end.
MEMORY_MAX = 8 << 30
# Tests that take less run together with others of their program, which takes about so long to start.
FAST_SECONDS, START_SECONDS = 0.5, 0.04

WOVEN = r"""
//! The switches of the mutants.
extern crate std;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::io::Write;

const UNKNOWN: u32 = u32::MAX;
const TELL: u32 = u32::MAX - 1;
static ACTIVE: AtomicU32 = AtomicU32::new(UNKNOWN);
static REACHED: [AtomicBool; 1 << 14] = [const { AtomicBool::new(false) }; 1 << 14];
static FILE: std::sync::Mutex<Option<std::fs::File>> = std::sync::Mutex::new(None);

/// Whether this mutant is the one.
#[inline(always)]
pub(crate) const fn on(number: u32) -> bool {
    core::intrinsics::const_eval_select((number,), never, is_on)
}

const fn never(_: u32) -> bool {
    false
}

#[inline(always)]
fn is_on(number: u32) -> bool {
    let active = ACTIVE.load(Relaxed);
    if active >= TELL { slow(number) } else { active == number }
}

#[cold]
#[inline(never)]
fn slow(number: u32) -> bool {
    if ACTIVE.load(Relaxed) == UNKNOWN {
        let active = if let Some(path) = std::env::var_os("WOVEN_REACHED") {
            *FILE.lock().unwrap() = Some(std::fs::File::options().create(true).append(true).open(path).unwrap());
            TELL
        } else {
            std::env::var("WOVEN").ok().and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        ACTIVE.store(active, Relaxed);
    }
    if ACTIVE.load(Relaxed) == TELL && !REACHED[number as usize].swap(true, Relaxed) {
        if let Some(file) = &mut *FILE.lock().unwrap() {
            file.write_all(std::format!("{number}\n").as_bytes()).unwrap();
        }
    }
    ACTIVE.load(Relaxed) == number
}
"""


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def environment():
    env = dict(os.environ)
    env.update(
        CARGO_TARGET_DIR=str(BASE / "target"),
        CARGO_INCREMENTAL="0",
        CARGO_PROFILE_DEV_DEBUG="0",
        RUSTC_BOOTSTRAP="1",
        RUSTFLAGS="--cap-lints allow -C link-arg=-fuse-ld=" + ("mold" if shutil.which("mold") else "bfd"),
    )
    return env


def make_list():
    BASE.mkdir(parents=True, exist_ok=True)
    path = BASE / "list.json"
    command = ["cargo", "mutants", "--list", "--json", "--package", "headcount"]
    found = subprocess.check_output(command, cwd=ROOT, text=True)
    if not path.exists() or path.read_text() != found:
        path.write_text(found)
        (BASE / "skip").unlink(missing_ok=True)
    return json.loads(found)


def weave(skip):
    files = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True).split("\n")
    for file in filter(None, files):
        source, copy = ROOT / file, COPY / file
        if not source.exists():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            shutil.copyfile(source, copy)
    (BASE / "skip").write_text("\n".join(map(str, sorted(skip))))
    told = subprocess.check_output([str(BASE / "tool/release/weave"), BASE / "list.json", BASE / "skip", COPY], text=True)
    (COPY / "src/woven.rs").write_text(WOVEN)
    root = COPY / "src/lib.rs"
    text = root.read_text().replace("#![no_std]", "#![no_std]\n#![feature(core_intrinsics, const_eval_select)]", 1)
    root.write_text(text.replace("mod engine;", "mod engine;\nmod woven;", 1))
    regression = COPY / "testing/src/regression.rs"
    regression.write_text(regression.read_text().replace("Some(Box::new(beside))", "None", 1))
    manifest = COPY / "Cargo.toml"
    manifest.write_text(manifest.read_text().replace('unsafe_code = "forbid"\n', ""))
    return {int(line.split()[0]): line.split()[1] for line in told.splitlines()}


MARK = re.compile(rb"/\*([ME])(\d+)\*/")


def blame(text, start, end):
    """The mutants in whose text a compiler's span begins or ends."""
    found = set()
    for at in (start, end):
        open_marks = []
        for mark in MARK.finditer(text, 0, at):
            if mark[1] == b"M":
                open_marks.append(int(mark[2]))
            else:
                open_marks.remove(int(mark[2]))
        found.update(open_marks)
    if not found:
        found.update(int(mark[2]) for mark in MARK.finditer(text, start, end))
    return found


def compile_copy(arguments):
    # What runs in most tests is made fast, what is only compiled once is not.
    fast = ["headcount", "headcount-testing", "hashbrown", "indexmap", "siphasher", "twox-hash", "serde_json", "postcard"]
    profile = [part for name in fast for part in ("--config", f"profile.dev.package.{name}.opt-level=1")]
    command = ["cargo", *arguments, *profile, "--message-format=json"]
    done = subprocess.run(command, cwd=COPY, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.returncode == 0, messages, done.stderr


def errors(messages):
    for message in messages:
        if message["reason"] == "compiler-message" and message["message"]["level"] == "error":
            yield message["message"]


def spans(message):
    for span in message["spans"]:
        yield span
    for child in message["children"]:
        yield from spans(child)


def build():
    """Builds the copy, without those mutants that do not compile."""
    skip = BASE / "skip"
    unviable = {int(number) for number in skip.read_text().split()} if skip.exists() else set()
    while True:
        left = weave(unviable)
        good, messages, _ = compile_copy(["check", "--lib"])
        if good:
            break
        found = set()
        unexplained = []
        for message in errors(messages):
            blamed = set()
            for primary in (True, False):
                for span in spans(message):
                    if span["is_primary"] == primary and not blamed and (COPY / span["file_name"]).exists():
                        text = (COPY / span["file_name"]).read_bytes()
                        blamed |= blame(text, span["byte_start"], span["byte_end"])
            found |= blamed
            if not blamed:
                unexplained.append(message["rendered"])
        print(f"{len(found)} do not compile", flush=True)
        if not found - unviable:
            sys.exit("\n".join(unexplained[:10]))
        unviable |= found
    return unviable, left


def executables():
    named = os.environ.get("WOVEN_TESTS", "").split()
    wanted = [part for name in named for part in ("--test", name)] or ["--tests"]
    good, messages, told = compile_copy(["test", "--no-run", "-p", "headcount", "--lib", *wanted])
    if not good:
        sys.exit(told[-4000:] + "\n".join(message["rendered"] for message in errors(messages))[:4000])
    return {
        message["target"]["name"] if "lib" not in message["target"]["kind"] else "lib": message["executable"]
        for message in messages
        if message["reason"] == "compiler-artifact" and message["executable"] and message["profile"]["test"]
    }


def bound(seconds_max):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds = math.ceil(seconds_max)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def run_test(executable, tests, seconds_max, **env):
    began = time.monotonic()
    env = {
        **os.environ,
        "PROPTEST_RNG_SEED": "1",
        "PROPTEST_MAX_SHRINK_ITERS": "0",
        "PROPTEST_DISABLE_FAILURE_PERSISTENCE": "1",
        "CARGO_MANIFEST_DIR": str(COPY),
        **env,
    }
    command = [executable, *tests, "--exact", "--test-threads=1", "--quiet"]
    process = subprocess.Popen(
        command,
        cwd=COPY,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: bound(seconds_max),
        start_new_session=True,
    )
    # The limit is on the time of a processor, whatever else the machine does; who waits for ever takes none.
    try:
        status = process.wait(WAITS * seconds_max)
        outcome = "passed" if status == 0 else "timeout" if status in (-signal.SIGXCPU, -signal.SIGKILL) else "failed"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        outcome = "timeout"
    return outcome, time.monotonic() - began


def measure_program(name, executable):
    """Those of one program. What was measured of it once is kept beside it."""
    kept = Path(f"{executable}.reached.json")
    if kept.exists() and kept.stat().st_mtime > Path(executable).stat().st_mtime:
        return json.loads(kept.read_text())
    tests, skip = {}, os.environ.get("WOVEN_SKIP")
    listed = subprocess.check_output([executable, "--list", "--format=terse"], cwd=COPY, text=True)
    for line in listed.splitlines():
        if not line.endswith(": test"):
            continue
        test = line.removesuffix(": test")
        if skip and re.search(skip, f"{name} {test}"):
            continue
        reached = BASE / f"reached-{name}"
        reached.unlink(missing_ok=True)
        outcome, seconds = run_test(executable, [test], 600, WOVEN_REACHED=str(reached))
        if outcome != "passed":
            print(f"{name} {test} fails without any mutant: left out", flush=True)
            continue
        numbers = [int(line) for line in reached.read_text().split()] if reached.exists() else []
        tests[f"{name} {test}"] = {"seconds": seconds, "reached": numbers}
    kept.write_text(json.dumps(tests))
    return tests


def measure(programs):
    """Of each test its time, and the mutants that it comes by."""
    tests = {}
    for name, executable in sorted(programs.items()):
        if name not in LEFT_OUT:
            tests.update(measure_program(name, executable))
    return tests


def prepare():
    mutants = make_list()
    run("cargo", "build", "--release", "--target-dir", BASE / "tool", cwd=ROOT / ".ci/weave")
    unviable, left = build()
    programs = executables()
    prepared = {
        "names": [mutant["name"] for mutant in mutants],
        "files": [mutant["file"] for mutant in mutants],
        "unviable": sorted(unviable),
        "left": left,
        "programs": programs,
    }
    print(f"{len(mutants)} mutants, {len(unviable)} do not compile, {len(left)} cannot be woven", flush=True)
    prepared["tests"] = measure(programs)
    (BASE / "prepared.json").write_text(json.dumps(prepared))
    return prepared


def batches(tests, of):
    """These tests as calls of programs: the fast ones of a program together, for most of what they take is its start."""
    together, calls = defaultdict(list), []
    for test in of:
        name, test_name = test.split(" ", 1)
        if tests[test]["seconds"] < FAST_SECONDS:
            together[name].append(test)
        else:
            calls.append((name, [test_name], tests[test]["seconds"]))
    for name, batch in together.items():
        seconds = START_SECONDS + sum(max(0, tests[test]["seconds"] - START_SECONDS) for test in batch)
        calls.append((name, [test.split(" ", 1)[1] for test in batch], seconds))
    return calls


def kill(prepared, by_mutant, number, killers, seconds_max):
    """Runs a mutant until a test fails. What became of it, and by what."""
    calls = batches(prepared["tests"], by_mutant[number])
    calls.sort(key=lambda call: call[2] / (1 + killers[call[0]]))
    spent = 0.0
    for name, tests, seconds in calls:
        spent += seconds
        if spent > seconds_max:
            return "open", None
        outcome, _ = run_test(prepared["programs"][name], tests, 5 + 10 * seconds, WOVEN=str(number))
        if outcome != "passed":
            killers[name] += 1
            return {"failed": "caught"}.get(outcome, outcome), name if len(tests) > 1 else f"{name} {tests[0]}"
    return ("missed" if calls else "unreached"), None


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("paths", nargs="*")
    arguments.add_argument("--prepare", action="store_true", help="build the copy anew, and measure its tests")
    arguments.add_argument("--again", action="store_true", help="run those that were not caught once more")
    arguments.add_argument("--seconds", type=float, default=60, help="at most so long for a mutant, unless it is the last test")
    arguments.add_argument("--list", action="store_true")
    options = arguments.parse_args()
    prepared_file, results_file = BASE / "prepared.json", BASE / "results.jsonl"
    if options.prepare or not prepared_file.exists():
        prepared = prepare()
    else:
        prepared = json.loads(prepared_file.read_text())
    results = {}
    if results_file.exists():
        for line in results_file.read_text().splitlines():
            result = json.loads(line)
            results[result["name"]] = result
    by_mutant = defaultdict(list)
    for test, of in prepared["tests"].items():
        for number in of["reached"]:
            by_mutant[number].append(test)
    away = set(prepared["unviable"]) | {int(number) for number in prepared["left"]}
    killers = defaultdict(Counter)
    if not options.list and not options.prepare:
        with results_file.open("a") as out:
            for number, (name, file) in enumerate(zip(prepared["names"], prepared["files"]), 1):
                if number in away or not any(file.startswith(path) for path in options.paths or [""]):
                    continue
                before = results.get(name)
                if before and not (options.again and before["outcome"] in ("missed", "open", "unreached")):
                    continue
                began = time.monotonic()
                outcome, test = kill(prepared, by_mutant, number, killers[file], options.seconds)
                result = {"name": name, "outcome": outcome, "by": test, "seconds": round(time.monotonic() - began, 2)}
                results[name] = result
                out.write(json.dumps(result) + "\n")
                out.flush()
                if outcome not in ("caught", "timeout"):
                    print(f"{outcome}: {name}", flush=True)
    report(prepared, results, options.paths)


def report(prepared, results, paths):
    table, names = defaultdict(Counter), []
    for number, (name, file) in enumerate(zip(prepared["names"], prepared["files"]), 1):
        if not any(file.startswith(path) for path in paths or [""]):
            continue
        if number in set(prepared["unviable"]):
            outcome = "unviable"
        elif str(number) in prepared["left"]:
            outcome = "left"
        else:
            outcome = results.get(name, {"outcome": "waiting"})["outcome"]
        table[file][outcome] += 1
        if outcome in ("missed", "unreached", "open", "left"):
            names.append(f"{outcome}: {name}")
    kinds = ["caught", "timeout", "missed", "unreached", "open", "unviable", "left", "waiting"]
    print(f"{'':40}" + "".join(f"{kind:>10}" for kind in kinds))
    total = Counter()
    for file, counts in sorted(table.items()):
        total += counts
        print(f"{file:40}" + "".join(f"{counts[kind]:>10}" for kind in kinds))
    print(f"{'all':40}" + "".join(f"{total[kind]:>10}" for kind in kinds))
    print(*names, sep="\n")


if __name__ == "__main__":
    main()
