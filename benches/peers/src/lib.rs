//! The same roll calls through headcount and through what else could keep a roll, measured side by side.
//!
//! `cargo bench -p headcount-peers -- --help` says how. All contenders take turns in one process, roll by
//! roll; of each page the least that it cost in any round counts, and what is told are ratios: machines differ,
//! and the same machine from hour to hour. After each roll all contenders must know the same.
//!
//! - [`directory`] is what is pushed, [`roll`] how, [`state`] what must come of it.
//! - [`peers`] are the contenders; [`json`] the parsers, which keep nothing; [`fingerprints`] what makes them idle.
//! - [`measure`] runs the rounds, [`threads`] two engines at once, [`heap`] what memory they take.
//! - [`goals`] are ours; [`table`] and [`plots`] show all of it.

pub mod directory;
pub mod fingerprints;
pub mod goals;
pub mod heap;
pub mod json;
pub mod measure;
pub mod peers;
pub mod plots;
pub mod roll;
pub mod state;
pub mod table;
pub mod threads;

/// What may go wrong ends the run: a message will do.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
