//! An unchanged roll from the bytes of its pages: hashed and repeated, never parsed.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aegis::aegis128x2::Aegis128X2Mac;
use headcount::{Engine, Fingerprint};

use crate::Result;
use crate::directory::{ACCOUNT, Directory};
use crate::peers::{APP, NOW, engine, session};
use crate::roll::{Roll, parse};

/// As the server hashes a body.
fn fingerprint(body: &str) -> Fingerprint {
    let mut mac = Aegis128X2Mac::<16>::new(b"of the benchmark");
    mac.update(body.as_bytes());
    Fingerprint(u128::from_le_bytes(mac.finalize()))
}

/// What a roll costs that comes again as it was, from the bytes of the accounts' pages; nanoseconds an account.
///
/// # Errors
/// What the engine fails with: also where it does not know a page.
pub fn unchanged(directory: Directory, roll: &Roll<'_>) -> Result<f64> {
    let mut engine = engine()?;
    engine.start_session(NOW, APP, session(1), &headcount::Scope::All)?;
    roll.each_page(directory, |slug, body| {
        let page = parse(slug, body)?.with_fingerprint(fingerprint(body));
        let outcome = engine.push_page(NOW, APP, session(1), slug, &page)?;
        debug_assert_eq!(outcome.total as usize, page.len());
        Ok(())
    })?;
    engine.start_session(NOW, APP, session(2), &headcount::Scope::All)?;
    let mut took = Duration::ZERO;
    let mut records = 0;
    roll.each_page(directory, |slug, body| {
        let begun = Instant::now();
        let unchanged = repeat(&mut engine, slug, body)?;
        if slug == ACCOUNT {
            took += begun.elapsed();
            records += unchanged;
        }
        Ok(())
    })?;
    if records != u64::from(directory.accounts) {
        return Err(format!("{records} accounts of {} were repeated", directory.accounts).into());
    }
    Ok(took.as_nanos() as f64 / records as f64)
}

fn repeat(engine: &mut Engine, slug: &str, body: &str) -> Result<u64> {
    let outcome = engine.repeat_page(NOW, APP, session(2), slug, fingerprint(body))?;
    Ok(black_box(u64::from(outcome.unchanged)))
}
