//! Counts what the peers keep on the heap: `headcount-peers-heap ACCOUNTS`, the report as JSON.
//!
//! Its allocator counts every byte, which slows what allocates: so this is a program of its own, and what is
//! timed runs without it.

use headcount::Records;
use headcount_peers::Result;
use headcount_peers::directory::{Directory, Edition};
use headcount_peers::heap::{Heap, HeapReport};
use headcount_peers::peers::{HEADCOUNT, Peer, embedded};
use headcount_peers::roll::{Roll, call, parse};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn main() -> Result<()> {
    let accounts = std::env::args().nth(1).ok_or("how many accounts?")?.parse()?;
    let directory = Directory { accounts };
    let order = directory.in_order();
    let whole = Roll::whole(&order);
    let mut report = HeapReport { accounts, payload: payload(directory, &whole)?, peers: Vec::new() };
    for contender in embedded(accounts) {
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let mut peer = contender.make()?;
        call(&mut *peer, directory, 1, &whole)?;
        let live = ALLOCATOR.current_usage() - before;
        let peak = ALLOCATOR.peak_usage() - before;
        let foreign = peer.foreign_bytes()?;
        let mut heap = Heap {
            name: contender.name.to_owned(),
            live: live as u64 + foreign,
            peak: (foreign == 0).then_some(peak as u64),
            churned: None,
            churned_payload: None,
        };
        if contender.name == HEADCOUNT {
            let last = churn(&mut *peer, directory, whole)?;
            heap.churned = Some((ALLOCATOR.current_usage() - before) as u64);
            heap.churned_payload = Some(payload(directory, &last)?);
        }
        report.peers.push(heap);
    }
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// Twenty rolls that each change 5% of the accounts; the last of them.
fn churn<'a>(peer: &mut dyn Peer, directory: Directory, whole: Roll<'a>) -> Result<Roll<'a>> {
    let mut roll = whole;
    for changes in 1..=20 {
        roll.edition = Edition { changes, permille: 50 };
        call(peer, directory, changes + 1, &roll)?;
    }
    Ok(roll)
}

/// Bytes of the texts of a roll's records, the ids in references among them.
fn payload(directory: Directory, roll: &Roll<'_>) -> Result<u64> {
    let mut bytes = 0;
    roll.each_page(directory, |slug, body| {
        bytes += match parse(slug, body)?.records() {
            Records::Accounts(accounts) => accounts.iter().map(payload_of_account).sum::<usize>(),
            Records::Groups(groups) | Records::Licenses(groups) => {
                let lengths = groups.iter().map(|group| {
                    group.id.len() + group.name.len() + group.description.as_deref().map_or(0, str::len)
                });
                lengths.sum()
            }
        };
        Ok(())
    })?;
    Ok(bytes as u64)
}

fn payload_of_account(account: &headcount::Account<'_>) -> usize {
    let texts =
        [&account.email, &account.username, &account.first_name, &account.last_name, &account.display_name];
    let texts = texts.into_iter().flatten().map(|text| text.len()).sum::<usize>();
    let references = account.memberships.iter().flat_map(|list| list.as_slice());
    account.id.len() + texts + references.map(|reference| reference.id.len()).sum::<usize>()
}
