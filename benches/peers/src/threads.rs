//! Two engines on two threads: whether one costs more while another works.
//!
//! Pages are parsed before, so that the engines do nothing but push, both at the same time.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use headcount::Page;

use crate::Result;
use crate::directory::Directory;
use crate::peers::{HEADCOUNT, Peer, embedded};
use crate::roll::{Roll, call, parse};

/// Rolls, of which the best counts: other programs leave some of them alone.
const ROLLS: u32 = 20;
/// Accounts of which the parsed pages are kept.
const KEPT: usize = 100_000;

/// What an unchanged roll costs an engine, nanoseconds an account, with so many engines at work. A roll lasts
/// until the last of them is through.
///
/// # Errors
/// What an engine fails with.
pub fn unchanged(directory: Directory, engines: usize) -> Result<f64> {
    let barrier = Barrier::new(engines);
    let order = directory.in_order();
    let kept = Roll::whole(&order[..order.len().min(KEPT)]);
    let mut bodies = Vec::new();
    kept.each_page(directory, |slug, body| {
        bodies.push((slug, body.to_owned()));
        Ok(())
    })?;
    let rolls: Vec<std::result::Result<Vec<Duration>, String>> = thread::scope(|scope| {
        let work = || {
            let engine = Engine::new(directory, &Roll::whole(&order), &bodies);
            call_rolls(engine, &barrier).map_err(|error| error.to_string())
        };
        let threads: Vec<_> = (0..engines).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an engine does not panic")).collect()
    });
    let rolls: std::result::Result<Vec<Vec<Duration>>, String> = rolls.into_iter().collect();
    let rolls = rolls?;
    let lasted = (0..ROLLS as usize).filter_map(|roll| rolls.iter().map(|engine| engine[roll]).max());
    let best = lasted.min().ok_or("no roll was called")?;
    Ok(best.as_nanos() as f64 / kept.order.len() as f64)
}

/// Calls all rolls, each at the same time as the other engines.
fn call_rolls(mut engine: Result<Engine<'_>>, barrier: &Barrier) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    for number in 2..2 + ROLLS {
        // Whoever fails still comes to the barrier, where the others wait.
        barrier.wait();
        let rolled = engine.as_mut().map(|engine| engine.roll(number));
        match rolled {
            Ok(Ok(duration)) => took.push(duration),
            Ok(Err(error)) => engine = Err(error),
            Err(_) => {}
        }
    }
    engine.map(|_| took)
}

/// An engine that has called the roll of the whole directory, and the pages that it is to be pushed again.
struct Engine<'a> {
    peer: Box<dyn Peer>,
    pages: Vec<(&'a str, Page<'a>)>,
}

impl<'a> Engine<'a> {
    fn new(directory: Directory, whole: &Roll<'_>, bodies: &'a [(&'static str, String)]) -> Result<Self> {
        let contenders = embedded(directory.accounts);
        let headcount = contenders.iter().find(|contender| contender.name == HEADCOUNT);
        let mut peer = headcount.ok_or("headcount is missing")?.make()?;
        call(&mut *peer, directory, 1, whole)?;
        let pages: Result<_> = bodies.iter().map(|(slug, body)| Ok((*slug, parse(slug, body)?))).collect();
        Ok(Self { peer, pages: pages? })
    }

    fn roll(&mut self, number: u32) -> Result<Duration> {
        let begun = Instant::now();
        self.peer.start(number)?;
        for (slug, page) in &self.pages {
            self.peer.push(slug, page)?;
        }
        Ok(begun.elapsed())
    }
}
