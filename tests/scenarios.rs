//! Runs the scenarios in `scenarios/` and the folders in it, each as a test that is called what it shows.
//!
//! `UPDATE_EXPECT=1 cargo test --test scenarios` rewrites the expectations that do not hold.

use std::path::Path;
use std::process::ExitCode;

use headcount_testing::scenario::{self, Mode};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let scenarios = scenario::walk(&folder).expect("the folder can be read");
    let mode = Mode::from_env();
    let trials = scenarios
        .into_iter()
        .map(|scenario| Trial::test(scenario.name.clone(), move || Ok(scenario.test(mode)?)));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
