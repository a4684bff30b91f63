//! Random sequences of commands on all that is to agree with the model: what comes of bytes, and where to get bytes
//! that reach what others did not.
//!
//! - [`machine`] is the engine, the model, a replica, a copy and a journal.
//! - [`retry`] says what a command answers that is sent twice.
//! - [`coverage`] counts which rules were exercised in which state.
//! - [`corpus`] makes new sequences out of those that were worth it.

pub mod corpus;
pub mod coverage;
pub mod machine;
pub mod retry;

use headcount::{Command, Config, Timestamp};

use crate::random::Random;
use crate::{busy, generate};
use coverage::Coverage;
use machine::Machine;

/// How the bytes of a sequence become one: what its first [`HOW_BYTES`] say.
#[derive(Clone, Copy, Debug)]
struct How {
    /// Mostly accepted commands; else many that are refused, under low limits.
    is_busy: bool,
    /// Every command comes twice.
    is_retried: bool,
    times: Times,
    /// The machine is saved and loaded after so many commands, again and again; 0 is never.
    saved_every: usize,
    hash_key: u8,
}

/// When commands come.
#[derive(Clone, Copy, Debug)]
enum Times {
    /// As the generator has it.
    AsMade,
    /// Each earlier than the one before.
    Backwards,
    /// All at once.
    Standing,
    /// At moments out of a bag, the first and the last of all times among them.
    Shuffled,
}

/// How many bytes say how the others are read.
const HOW_BYTES: usize = 3;

impl How {
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&[how, saved, hash_key], rest) = bytes.split_first_chunk::<HOW_BYTES>()?;
        let times = match how >> 2 & 7 {
            0 => Times::Backwards,
            1 => Times::Standing,
            2 => Times::Shuffled,
            _ => Times::AsMade,
        };
        let saved_every = if saved & 1 == 0 { 0 } else { usize::from(saved >> 1) % 17 + 1 };
        Some((Self { is_busy: how & 1 == 1, is_retried: how & 2 == 2, times, saved_every, hash_key }, rest))
    }

    fn config(self) -> Config {
        let config = if self.is_busy { Config::new() } else { generate::config() };
        config.with_hash_key([self.hash_key; 16])
    }

    fn time(self, at: usize, made: Timestamp) -> Timestamp {
        let at = i64::try_from(at).expect("a short sequence");
        match self.times {
            Times::AsMade => made,
            Times::Backwards => Timestamp(-at),
            Times::Standing => Timestamp(0),
            Times::Shuffled => {
                let bag = [i64::MIN, i64::MAX, -1, 0, 1, made.0, -made.0, at];
                Timestamp(bag[Random::new(at as u64 ^ u64::from(self.hash_key)).below(bag.len())])
            }
        }
    }
}

/// The sequence that these bytes stand for, on a machine of its own.
///
/// # Panics
/// If the machine's parts differ, a retry does what it may not, or what was loaded is not what was saved.
pub fn run(bytes: &[u8]) -> Coverage {
    let Some((how, rest)) = How::read(bytes) else { return Coverage::default() };
    let mut machine = Machine::new(how.config());
    let mut taken = 0;
    if how.is_busy {
        for step in busy::history(rest) {
            take(&mut machine, how, taken, &step);
            taken += 1;
        }
    } else {
        for step in generate::prologue() {
            take(&mut machine, how, taken, &step);
            taken += 1;
        }
        let mut choices = generate::Choices::new(rest);
        while !choices.is_used_up() {
            let step = choices.command(generate::open_session(machine.engine()));
            take(&mut machine, how, taken, &step);
            taken += 1;
        }
    }
    machine.replay();
    machine.coverage
}

fn take(machine: &mut Machine, how: How, at: usize, (made, command): &(Timestamp, Command<'static>)) {
    let now = how.time(at, *made);
    let reply = machine.step(now, command);
    if how.is_retried {
        machine.retry(now, command, &reply);
    }
    if how.saved_every > 0 && at % how.saved_every == how.saved_every - 1 {
        machine.save_and_load(how.hash_key.wrapping_add(at as u8));
    }
}
