//! A run as tables, in Markdown, so that they can be read in a terminal and put on a page.

use crate::goals::{Bound, GOALS, Run, fastest_parser};
use crate::json::PARSERS;
use crate::measure::{Figures, Measure};
use crate::peers::HEADCOUNT;

/// Prints everything that a run at one size found.
pub fn print(run: &Run<'_>, names: &[&'static str]) {
    let figures = run.figures;
    println!(
        "\n## {} accounts, {} memberships, {} groups\n\n{} rounds, of each page of a roll the least that it cost. \
         Nanoseconds a record, and times headcount's.\n",
        figures.state.accounts(),
        figures.state.memberships(),
        figures.directory.groups(),
        figures.rounds,
    );
    print_rolls(figures, names);
    print_parsers(figures);
    print_heap(run);
    print_goals(run);
}

fn print_rolls(figures: &Figures, names: &[&'static str]) {
    let mut rows = vec![head("", names)];
    for measure in Measure::OF_PEERS {
        let cell = |name: &&'static str| match figures.get(measure, name) {
            None => String::new(),
            Some(ns) if *name == HEADCOUNT => nanoseconds(ns),
            Some(ns) => match figures.ratio(measure, name, HEADCOUNT) {
                Some(ratio) => format!("{} ({})", nanoseconds(ns), times(ratio)),
                None => nanoseconds(ns),
            },
        };
        rows.push(std::iter::once(measure.name().to_owned()).chain(names.iter().map(cell)).collect());
    }
    for (measure, name) in [
        (Measure::Cold, "worst ÷ median page, groups first"),
        (Measure::ColdAccountsFirst, "worst ÷ median page, accounts first"),
    ] {
        let cell = |name: &&'static str| figures.worst_page(measure, name).map_or(String::new(), times);
        rows.push(std::iter::once(name.to_owned()).chain(names.iter().map(cell)).collect());
    }
    print_rows(&rows);
}

fn print_parsers(figures: &Figures) {
    let names: Vec<&'static str> = PARSERS.iter().map(|parser| parser.name).collect();
    let mut row = vec![Measure::Parse.name().to_owned()];
    row.extend(names.iter().map(|name| figures.get(Measure::Parse, name).map_or(String::new(), nanoseconds)));
    print_rows(&[head("nanoseconds an account", &names), row]);
    if let Some(ns) = figures.get(Measure::Repeat, HEADCOUNT) {
        println!("The same pages by their fingerprints, hashed and repeated: {}.\n", nanoseconds(ns));
    }
    if let Some((name, _)) = fastest_parser(figures) {
        println!("The fastest published parser here: {name}.\n");
    }
}

fn print_heap(run: &Run<'_>) {
    let Some(report) = run.heap else { return };
    let per_account = |bytes: u64| format!("{:.0}", bytes as f64 / f64::from(report.accounts));
    let optional = |bytes: Option<u64>| bytes.map_or(String::new(), per_account);
    let mut rows =
        vec![head("heap bytes an account", &["live", "peak while loading", "after 20 rolls of 5%"])];
    rows.push(vec!["payload".into(), per_account(report.payload), String::new(), String::new()]);
    for heap in &report.peers {
        let name = heap.name.clone();
        rows.push(vec![name, per_account(heap.live), optional(heap.peak), optional(heap.churned)]);
    }
    print_rows(&rows);
}

fn print_goals(run: &Run<'_>) {
    let mut rows = vec![head("goal", &["", "here", ""])];
    for goal in GOALS {
        let bound = match goal.bound {
            Bound::AtLeast(bound) => format!("≥ {}", times(bound)),
            Bound::AtMost(bound) => format!("≤ {}", times(bound)),
        };
        let ratio = goal.ratio(run);
        let verdict = match ratio {
            None => "not measured".to_owned(),
            Some(_) if run.figures.directory.accounts < goal.accounts => {
                format!("set for {} accounts", goal.accounts)
            }
            Some(ratio) if goal.is_met_by(ratio) => "met".to_owned(),
            Some(_) => "missed".to_owned(),
        };
        rows.push(vec![goal.what.to_owned(), bound, ratio.map_or(String::new(), times), verdict]);
    }
    print_rows(&rows);
}

fn head(first: &str, names: &[&str]) -> Vec<String> {
    std::iter::once(first).chain(names.iter().copied()).map(str::to_owned).collect()
}

/// Prints rows of cells as a table, the first as its head.
fn print_rows(rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(4);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (place, row) in rows.iter().enumerate() {
        let cells: Vec<String> = (row.iter().zip(&widths).enumerate())
            .map(
                |(at, (cell, &width))| {
                    if at == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
                },
            )
            .collect();
        println!("| {} |", cells.join(" | "));
        if place == 0 {
            let rules: Vec<String> = (widths.iter().enumerate())
                .map(
                    |(at, &width)| {
                        if at == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width - 1)) }
                    },
                )
                .collect();
            println!("| {} |", rules.join(" | "));
        }
    }
    println!();
}

/// Three digits are all that such a measurement gives.
fn nanoseconds(ns: f64) -> String {
    match ns {
        0.0..10.0 => format!("{ns:.2}"),
        10.0..100.0 => format!("{ns:.1}"),
        _ => format!("{ns:.0}"),
    }
}

fn times(ratio: f64) -> String {
    match ratio {
        0.0..0.1 => format!("{ratio:.3}×"),
        0.1..10.0 => format!("{ratio:.2}×"),
        10.0..100.0 => format!("{ratio:.1}×"),
        _ => format!("{ratio:.0}×"),
    }
}
