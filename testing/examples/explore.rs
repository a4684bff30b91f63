//! Every sequence of commands of a small universe, on the engine and on the model, and one roll with deltas in every
//! order:
//!
//! ```sh
//! cargo run --release -p headcount-testing --example explore -- --depth 5 --states 1000000 --threads 2
//! cargo run --release -p headcount-testing --example explore -- race --changes 3 --commands 12
//! ```

use std::process::ExitCode;
use std::time::Instant;

use headcount_testing::explore::{self, Bounds, Found, race, universe};
use lexopt::prelude::*;

const USAGE: &str = "\
usage: explore [--depth N] [--states N] [--threads N] [--root NAME]
       explore race [--changes N] [--commands N]";

struct Wanted {
    race: bool,
    bounds: Bounds,
    root: Option<String>,
    roll: race::Bounds,
}

fn wanted() -> Result<Wanted, lexopt::Error> {
    let mut wanted = Wanted {
        race: false,
        bounds: Bounds { depth: 4, states: 1_000_000, threads: 2 },
        root: None,
        roll: race::Bounds { commands: 12, changes: 3, pushes_again: true },
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Value(word) if word == "race" => wanted.race = true,
            Long("depth") => wanted.bounds.depth = parser.value()?.parse()?,
            Long("states") => wanted.bounds.states = parser.value()?.parse()?,
            Long("threads") => wanted.bounds.threads = parser.value()?.parse()?,
            Long("root") => wanted.root = Some(parser.value()?.string()?),
            Long("changes") => wanted.roll.changes = parser.value()?.parse()?,
            Long("commands") => wanted.roll.commands = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(wanted)
}

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    if wanted.race { roll(wanted.roll) } else { sequences(&wanted) }
}

fn roll(bounds: race::Bounds) -> ExitCode {
    let began = Instant::now();
    let found = race::run(bounds);
    println!(
        "{} states, {} moves, up to {} commands, {} states at rest, {} settled records that pages named, \
         0 resurrections, {:.1} s",
        found.states,
        found.moves,
        found.commands,
        found.ends,
        found.settled,
        began.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

fn sequences(wanted: &Wanted) -> ExitCode {
    let roots = universe::roots();
    let chosen = roots.iter().filter(|root| wanted.root.as_ref().is_none_or(|name| name == root.name));
    let (began, mut all) = (Instant::now(), Found::default());
    for root in chosen {
        println!("from {:?}:", root.name);
        let found = explore::search(root, wanted.bounds, |depth, states| {
            println!("  depth {depth}: {states} states, {:.1} s", began.elapsed().as_secs_f64());
        });
        println!("  {} states, {} edges", found.total(), found.edges);
        all.add(found);
    }
    println!("how often was reached:");
    all.reached.iter().for_each(|(what, times)| println!("{times:>10}  {what}"));
    let by_depth: Vec<String> = all.states.iter().map(usize::to_string).collect();
    println!("states by depth: {}", by_depth.join(" "));
    println!(
        "{} states, {} edges, {} of them to a state that was known; {} states to the model; {:.1} s",
        all.total(),
        all.edges,
        all.met_again,
        all.states_of_model,
        began.elapsed().as_secs_f64()
    );
    let surprises = explore::surprises(&all.reached);
    surprises.iter().for_each(|surprise| println!("{surprise}"));
    if surprises.is_empty() || wanted.root.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
