//! Writes a copy of a crate's source that has many mutants in it, each behind a switch: one build then serves
//! them all, where `cargo mutants` builds anew for each.
//!
//! `weave LIST SKIP ROOT` reads what `cargo mutants --list --json` wrote and the numbers of those to leave out, and
//! writes the files below ROOT anew. Tells by number what became of each mutant.

mod sites;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use serde_json::Value;
use sites::Site;
use text::{Lines, Span, render};

/// One line of the list.
pub(crate) struct Mutant {
    pub(crate) number: usize,
    pub(crate) span: Span,
    pub(crate) genre: String,
    pub(crate) replacement: String,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [list, skip, root] = arguments.as_slice() else { panic!("weave LIST SKIP ROOT") };
    let list: Vec<Value> = serde_json::from_str(&fs::read_to_string(list).expect("the list is there"))
        .expect("the list is JSON");
    let skip: BTreeSet<usize> = fs::read_to_string(skip)
        .expect("the numbers to leave out are there")
        .split_whitespace()
        .map(|number| number.parse().expect("a number"))
        .collect();
    let mut by_file = BTreeMap::<&str, Vec<Mutant>>::new();
    // Number 0 is no mutant.
    for (number, entry) in (1..).zip(&list).filter(|(number, _)| !skip.contains(number)) {
        let file = entry["file"].as_str().expect("a mutant has a file");
        by_file.entry(file).or_default().push(Mutant {
            number,
            span: Span::of(&entry["span"]),
            genre: entry["genre"].as_str().expect("a mutant has a genre").to_owned(),
            replacement: entry["replacement"].as_str().expect("a mutant has a replacement").to_owned(),
        });
    }
    for (file, mutants) in by_file {
        weave(&Path::new(root).join(file), mutants);
    }
}

fn weave(path: &Path, mutants: Vec<Mutant>) {
    let source = fs::read_to_string(path).expect("a file of the list is there");
    let file = syn::parse_file(&source).expect("a file of the list parses");
    let lines = Lines::new(&source);
    let (sites, left): (Vec<Site>, Vec<Mutant>) = sites::find(&file, &lines, mutants);
    for mutant in left {
        println!("{} {}", mutant.number, mutant.genre);
    }
    fs::write(path, render(&source, &sites)).expect("the copy can be written");
}
