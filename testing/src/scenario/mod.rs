//! Runs a scenario: commands, what they answer, and what the state is then, as lines of text.
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

mod show;
mod stage;

use std::collections::BTreeMap;

use headcount::{Config, Engine, Limits, Timestamp};

use show::answer;
use stage::Run;

/// A command or a view, with the lines that belong to it.
struct Step<'s> {
    line: usize,
    words: Vec<&'s str>,
    block: Vec<&'s str>,
    answer: Option<&'s str>,
}

/// # Panics
/// Where the scenario expects something else than what comes.
pub fn run(name: &str, text: &str) {
    let steps = parse(text);
    assert!(steps.iter().any(|step| step.words[0] == "rule"), "{name}: the scenario names no rule");
    let mut run = Run {
        engine: Engine::new(Config::new()),
        limits: Limits::default(),
        now: Timestamp(0),
        types_made: 0,
        last_error: None,
        names: BTreeMap::new(),
    };
    for step in &steps {
        let at = || format!("{name}.txt:{}: {}", step.line, step.words.join(" "));
        if let Some(shown) = run.view(&step.words) {
            let expected: Vec<String> = step.block.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(shown, expected, "{}\nshown: {shown:#?}", at());
        } else if !run.setting(&step.words) {
            let before = postcard::to_allocvec(&run.engine.snapshot()).expect("bytes");
            let reply =
                run.command(&step.words, &step.block).unwrap_or_else(|wrong| panic!("{}: {wrong}", at()));
            let answer = answer(&reply);
            match (step.answer, &reply) {
                (None, Ok(_)) => {}
                (Some(expected), _) => {
                    let rest = answer
                        .strip_prefix(expected)
                        .filter(|rest| rest.is_empty() || rest.starts_with([' ', ':']));
                    let holds = rest.is_some_and(|rest| rest.is_empty() || reply.is_err());
                    assert!(holds, "{}\nexpected: {expected}\nanswered: {answer}", at());
                }
                (None, Err(_)) => panic!("{}\nanswered: {answer}", at()),
            }
            run.last_error = reply.err();
            if run.last_error.is_some() {
                let after = postcard::to_allocvec(&run.engine.snapshot()).expect("bytes");
                assert_eq!(after, before, "{}: an error left a trace", at());
                assert_eq!(run.engine.changes().len(), 0, "{}: an error changed something", at());
            }
        }
        run.engine.check_invariants().unwrap_or_else(|broken| panic!("{}: {broken}", at()));
    }
}

fn parse(text: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let last = steps.last_mut();
        if line.starts_with("  ") {
            last.expect("a block belongs to a step").block.push(trimmed);
        } else if let Some(answer) = line.strip_prefix("= ") {
            last.expect("an answer belongs to a command").answer = Some(answer.trim());
        } else {
            let words = trimmed.split_whitespace().collect();
            steps.push(Step { line: at + 1, words, block: Vec::new(), answer: None });
        }
    }
    steps
}
