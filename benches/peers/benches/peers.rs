//! Measures headcount beside its peers, and prints what it found with the goals beside each ratio.
//!
//! `cargo bench -p headcount-peers -- --accounts 200000`

use std::path::{Path, PathBuf};

use clap::Parser;
use headcount_peers::directory::Directory;
use headcount_peers::goals::Run;
use headcount_peers::heap::HeapReport;
use headcount_peers::measure::{self, Figures, Measure};
use headcount_peers::peers::{self, Contender, HEADCOUNT};
use headcount_peers::{Result, plots, table, threads};

/// The same roll calls through headcount and its peers.
#[derive(Parser)]
struct Arguments {
    /// How many accounts; several sizes are measured one after the other.
    #[arg(long, value_delimiter = ',', default_value = "200000")]
    accounts: Vec<u32>,
    /// Rounds in which all contenders take turns; beyond a million accounts, as many fewer as there are more accounts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Leave PostgreSQL out at sizes beyond this: it takes half a minute a round there.
    #[arg(long, default_value_t = 200_000)]
    postgres_accounts_max: u32,
    /// Leave out the count of the heap.
    #[arg(long)]
    no_heap: bool,
    /// Compare every schema that was tried for SQLite, and nothing else.
    #[arg(long)]
    sqlite_variants: bool,
    /// Write plots over the sizes into this folder. Cargo runs a benchmark in the folder of its package: `--plots plots`.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let postgres = if arguments.sqlite_variants { None } else { postgres() };
    let mut sizes: Vec<Figures> = Vec::new();
    let mut names: Vec<&'static str> = Vec::new();
    for &accounts in &arguments.accounts {
        let directory = Directory { accounts };
        let mut contenders = peers::embedded(accounts);
        if arguments.sqlite_variants {
            contenders.truncate(1);
            contenders.extend(peers::sqlite_variants());
        }
        let within = accounts <= arguments.postgres_accounts_max;
        contenders.extend(postgres.iter().filter(|_| within).cloned());
        for contender in &contenders {
            if !names.contains(&contender.name) {
                names.push(contender.name);
            }
        }
        let mut figures = measure::run(directory, &contenders, rounds(arguments.rounds, accounts))?;
        if !arguments.sqlite_variants {
            figures.add(Measure::OneEngine, HEADCOUNT, threads::unchanged(directory, 1)?);
            figures.add(Measure::TwoEngines, HEADCOUNT, threads::unchanged(directory, 2)?);
        }
        let heap = if arguments.no_heap || arguments.sqlite_variants {
            None
        } else {
            Some(HeapReport::count(Path::new(env!("CARGO_BIN_EXE_headcount-peers-heap")), accounts)?)
        };
        let at_100k = sizes.iter().find(|figures| figures.directory.accounts == 100_000);
        let run = Run { figures: &figures, at_100k, heap: heap.as_ref() };
        table::print(&run, &names);
        sizes.push(figures);
    }
    if let Some(folder) = &arguments.plots {
        sizes.sort_by_key(|figures| figures.directory.accounts);
        plots::write(folder, &sizes, &names)?;
    }
    Ok(())
}

/// A round of three million accounts takes twenty minutes, most of it for the peers: one of them is what a person waits for.
fn rounds(asked: u32, accounts: u32) -> u32 {
    (asked / accounts.div_ceil(1_000_000).max(1)).max(1)
}

/// PostgreSQL where there is one; else a word about it.
fn postgres() -> Option<Contender> {
    peers::postgres().inspect_err(|error| println!("PostgreSQL is left out: {error}")).ok()
}
