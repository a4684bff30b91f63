//! Scenarios: texts of commands, what they answer, and what the state is then.
//!
//! ```text
//! rule 3.7 a push of its own record fills a placeholder     which rule of SPEC it shows
//! app hr                                                    a command; names become ids
//! push hr s1 team
//!   {"id": "g1", "name": "Engineering"}                     its records, indented
//! = total 1 updated 1 filled 1                              what it answers (else: it succeeds)
//! records hr team                                           a view,
//!   g1 active name=Engineering                              and what it shows, indented
//! ```
//!
//! The whole language is told in `tests/scenarios/README.md`, whose examples run.

mod commands;
mod folder;
mod naive;
mod rewrite;
mod show;
mod stage;
mod text;

pub use folder::{Mode, Scenario, walk};
pub use text::{COMMANDS, SETTINGS, VIEWS, rules};

use rewrite::Edit;
use stage::{Found, Stage};
use text::Step;

/// Runs a scenario. Each expectation that does not hold is told with its line.
pub fn run(text: &str) -> Result<(), String> {
    let steps = text::parse(text)?;
    let edits = play(&steps)?;
    if edits.is_empty() {
        return Ok(());
    }
    Err(edits.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The scenario with the expectations that hold now. Comments, order and layout stay.
pub fn update(text: &str) -> Result<String, String> {
    let steps = text::parse(text)?;
    let updated = rewrite::rewrite(text, &play(&steps)?);
    run(&updated).map_err(|still| format!("what it shows cannot be written down: {still}"))?;
    Ok(updated)
}

/// Carries out all steps: what is to be edited so that each expectation holds.
fn play<'s>(steps: &'s [Step<'s>]) -> Result<Vec<Edit<'s>>, String> {
    let mut stage = Stage::new();
    let mut edits = Vec::new();
    for step in steps {
        edits.extend(take(&mut stage, step).map_err(|wrong| step.at(&wrong))?);
    }
    Ok(edits)
}

fn take<'s>(stage: &mut Stage, step: &'s Step<'s>) -> Result<Option<Edit<'s>>, String> {
    let saved = stage.saved();
    let found = stage.take(step)?;
    stage.check_invariants()?;
    let edit = match found {
        Found::Nothing => None,
        Found::Shown(lines) => (!step.shows(&lines)).then(|| Edit::show(step, lines)),
        Found::Answered(Err(error)) => {
            if stage.saved() != saved || stage.has_changes() {
                return Err(format!("an error left a trace: {error}"));
            }
            let answer = format!("error {}", error.code());
            let is_expected = step.answer().is_some_and(|expected| is_error(expected, &answer, &error));
            (!is_expected).then(|| Edit::answer(step, answer, Some(error.to_string())))
        }
        Found::Answered(Ok(reply)) => {
            let answer = show::reply(&reply);
            let is_expected = step.answer().is_none_or(|expected| expected == answer);
            (!is_expected).then(|| Edit::answer(step, answer, None))
        }
    };
    Ok(edit)
}

/// An error is expected by its code; as much of its words may follow as the scenario cares for.
fn is_error(expected: &str, answer: &str, error: &headcount::Error) -> bool {
    let whole = format!("{answer} {error}");
    expected
        .strip_prefix(answer)
        .is_some_and(|words| words.is_empty() || (words.starts_with(' ') && whole.starts_with(expected)))
}
