//! Two engines on two threads: whether one costs more while another works.

use std::sync::Barrier;
use std::thread;

use crate::Result;
use crate::directory::Directory;
use crate::peers::{HEADCOUNT, Peer, embedded};
use crate::roll::{Roll, call};

/// Unchanged rolls of which the best counts.
const ROLLS: u32 = 3;

/// What an unchanged roll costs an engine, nanoseconds a record, with so many engines at work.
///
/// # Errors
/// What an engine fails with.
pub fn unchanged(directory: Directory, engines: usize) -> Result<f64> {
    let barrier = Barrier::new(engines);
    let costs: Vec<std::result::Result<f64, String>> = thread::scope(|scope| {
        let work = || one(directory, &barrier).map_err(|error| error.to_string());
        let threads: Vec<_> = (0..engines).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an engine does not panic")).collect()
    });
    let costs: std::result::Result<Vec<f64>, String> = costs.into_iter().collect();
    Ok(costs?.iter().sum::<f64>() / engines as f64)
}

fn one(directory: Directory, barrier: &Barrier) -> Result<f64> {
    let order = directory.in_order();
    let whole = Roll::whole(&order);
    // Nobody may fail before the others wait too.
    let loaded = load(directory, &whole);
    barrier.wait();
    let mut peer = loaded?;
    let mut best = f64::INFINITY;
    for number in 2..2 + ROLLS {
        best = best.min(call(&mut *peer, directory, number, &whole)?.ns_per_record());
    }
    Ok(best)
}

fn load(directory: Directory, whole: &Roll<'_>) -> Result<Box<dyn Peer>> {
    let contenders = embedded(directory.accounts);
    let headcount = contenders.iter().find(|contender| contender.name == HEADCOUNT);
    let mut peer = headcount.ok_or("headcount is missing")?.make()?;
    call(&mut *peer, directory, 1, whole)?;
    Ok(peer)
}
