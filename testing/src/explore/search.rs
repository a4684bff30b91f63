//! The search: breadth first, with the engine's digest as the state.
//!
//! It is our own, since an engine is no value that a model checker could copy and hash: a state is kept as the way to
//! it, 24 bytes, and the engine is made anew by going that way. What a checker would add (temporal properties, actors)
//! has no use here, and what it needs (engines to be cloned) the core does not have for good reason.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use headcount::{Engine, SessionStatus};

use super::universe::{Root, Step, commands, config};
use crate::compare;
use crate::model::Model;
use crate::reached::{self, Reached};

/// When a search ends.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// It takes every sequence of so many commands behind its root.
    pub depth: usize,
    /// It begins no further depth once it has found so many states.
    pub states: usize,
    /// So many threads work on it. What it finds does not depend on it.
    pub threads: usize,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// By depth, the states that no shorter sequence leads to; the root alone is at depth 0.
    pub states: Vec<usize>,
    /// Commands that were carried out on the engine and on the model, and compared.
    pub edges: u64,
    /// How many of them led to a state that was known: the model's state was compared with the one of then.
    pub met_again: u64,
    /// How many states there are to the model. The engine's digest tells more of them apart: it counts the gaps that
    /// purges and erasures left.
    pub states_of_model: usize,
    /// How often what was reached.
    pub reached: BTreeMap<Reached, u64>,
}

impl Found {
    /// All states.
    pub fn total(&self) -> usize {
        self.states.iter().sum()
    }

    /// Adds what the search from another root found.
    pub fn add(&mut self, other: Self) {
        self.states.resize(self.states.len().max(other.states.len()), 0);
        self.states.iter_mut().zip(other.states).for_each(|(all, more)| *all += more);
        self.states_of_model += other.states_of_model;
        self.merge(other.edges, other.met_again, other.reached);
    }

    fn merge(&mut self, edges: u64, met_again: u64, reached: BTreeMap<Reached, u64>) {
        self.edges += edges;
        self.met_again += met_again;
        for (what, times) in reached {
            *self.reached.entry(what).or_default() += times;
        }
    }
}

/// A state, as the way to it: the node that it was found from, and the number of the command there.
#[derive(Clone, Copy)]
struct Node {
    from: u32,
    command: u32,
}

/// States by their digests, and what each was to the model when it was found. In parts, so that threads seldom wait.
struct Known {
    parts: Vec<Mutex<BTreeMap<u128, u64>>>,
}

impl Known {
    const PARTS: u128 = 64;

    fn new() -> Self {
        Self { parts: (0..Self::PARTS).map(|_| Mutex::default()).collect() }
    }

    /// What the state was to the model if it is known, else it is from now on.
    fn note(&self, digest: u128, whole: u64) -> Option<u64> {
        let part = &self.parts[usize::try_from(digest % Self::PARTS).expect("few parts")];
        let mut part = part.lock().expect("no thread panicked here");
        match part.get(&digest) {
            Some(known) => Some(*known),
            None => {
                part.insert(digest, whole);
                None
            }
        }
    }

    fn wholes(&self) -> Vec<u64> {
        let part = |part: &Mutex<BTreeMap<u128, u64>>| {
            part.lock().expect("no thread panicked here").values().copied().collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(part).collect()
    }
}

/// Takes every command of the universe in every state that the bounds let it come to, on the engine and on the model.
/// `tell` hears the states of each depth when they are all found.
///
/// A command that was refused, or changed nothing, leaves the digest as it was: then the engine goes on to the next
/// command as it is, so that a trace that the digest does not show would come out there.
///
/// # Panics
/// If engine and model differ, a rule is broken, or two states of one digest are two to the model: having printed the
/// way there.
pub fn search(root: &Root, bounds: Bounds, mut tell: impl FnMut(usize, usize)) -> Found {
    let known = Known::new();
    let mut nodes = vec![Node { from: 0, command: 0 }];
    let mut found = Found { states: vec![1], ..Found::default() };
    let (engine, model, _) = stand(root, &[]);
    known.note(engine.digest(), model.whole());
    let mut level = 0..nodes.len();
    for depth in 1..=bounds.depth {
        if level.is_empty() || nodes.len() >= bounds.states {
            break;
        }
        let next = AtomicUsize::new(level.start);
        let workers =
            |_| Worker { root, nodes: &nodes, known: &known, found: Found::default(), new: Vec::new() };
        let mut workers: Vec<Worker<'_>> = (0..bounds.threads.max(1)).map(workers).collect();
        std::thread::scope(|scope| {
            for worker in &mut workers {
                let (next, end) = (&next, level.end);
                scope.spawn(move || {
                    loop {
                        let node = next.fetch_add(1, Ordering::Relaxed);
                        if node >= end {
                            break;
                        }
                        worker.expand(node);
                    }
                });
            }
        });
        let done: Vec<(Found, Vec<Node>)> =
            workers.into_iter().map(|worker| (worker.found, worker.new)).collect();
        level = nodes.len()..nodes.len();
        for (part, new) in done {
            found.merge(part.edges, part.met_again, part.reached);
            nodes.extend(new);
        }
        level.end = nodes.len();
        found.states.push(level.len());
        tell(depth, level.len());
    }
    let mut wholes = known.wholes();
    wholes.sort_unstable();
    wholes.dedup();
    found.states_of_model = wholes.len();
    found
}

/// Engine and model after the root's history and these commands behind it; and the commands themselves.
fn stand(root: &Root, way: &[u32]) -> (Engine, Model, Vec<Step>) {
    let mut model = Model::new(&config());
    for (now, command) in &root.history {
        model.apply(*now, command).expect("the history of a root is carried out");
    }
    let mut steps = Vec::new();
    for at in way {
        let step = commands(&model).swap_remove(*at as usize);
        model.apply(step.0, &step.1).expect("what led to a state is carried out");
        steps.push(step);
    }
    (engine_after(root, &steps), model, steps)
}

fn engine_after(root: &Root, steps: &[Step]) -> Engine {
    let mut engine = Engine::new(config());
    for (now, command) in root.history.iter().chain(steps) {
        let _ = engine.apply(*now, command).expect("what led to a state is carried out");
    }
    engine
}

/// A thread's part of a level.
struct Worker<'s> {
    root: &'s Root,
    nodes: &'s [Node],
    known: &'s Known,
    found: Found,
    new: Vec<Node>,
}

impl Worker<'_> {
    fn way_to(&self, node: usize) -> Vec<u32> {
        let (mut way, mut at) = (Vec::new(), node);
        while at != 0 {
            way.push(self.nodes[at].command);
            at = self.nodes[at].from as usize;
        }
        way.reverse();
        way
    }

    /// Takes every command in a state.
    fn expand(&mut self, node: usize) {
        let (engine, model, steps) = stand(self.root, &self.way_to(node));
        let digest = engine.digest();
        let from = u32::try_from(node).expect("few states");
        let mut as_it_was = Some(engine);
        for (command, step) in (0..).zip(commands(&model)) {
            let mut engine = as_it_was.take().unwrap_or_else(|| engine_after(self.root, &steps));
            let taken = catch_unwind(AssertUnwindSafe(|| self.take(&mut engine, &model, digest, &step)));
            let is_new = taken.unwrap_or_else(|panic| {
                eprintln!("from {:?}, after", self.root.name);
                steps.iter().for_each(|(now, command)| eprintln!("  {now} {command:?}"));
                eprintln!("the next command is\n  {} {:?}", step.0, step.1);
                resume_unwind(panic)
            });
            match is_new {
                None => as_it_was = Some(engine),
                Some(true) => self.new.push(Node { from, command }),
                Some(false) => {}
            }
        }
    }

    /// Takes one command: whether it led to a state that is new; none if it left the state as it was.
    fn take(&mut self, engine: &mut Engine, before: &Model, digest: u128, step: &Step) -> Option<bool> {
        let (now, command) = step;
        let mut model = before.clone();
        let expected = model.apply(*now, command);
        let reply = compare::check_answer(engine, &model, *now, command, expected);
        self.found.edges += 1;
        let Found { reached, .. } = &mut self.found;
        reached::by_step(command, &reply, &model.facts, |what| *reached.entry(what).or_default() += 1);
        let after = engine.digest();
        let is_as_it_was = after == digest;
        if reply.is_err() {
            assert!(is_as_it_was, "a command that failed left a trace");
            return None;
        }
        compare::check_state(engine, &model);
        let whole = model.whole();
        let Some(known) = self.known.note(after, whole) else {
            for status in model.apps.iter().flat_map(|app| &app.sessions).map(|session| session.status) {
                self.note_session(status);
            }
            return Some(true);
        };
        assert_eq!(known, whole, "two states of one digest are two to the model");
        self.found.met_again += u64::from(!is_as_it_was);
        (!is_as_it_was).then_some(false)
    }

    fn note_session(&mut self, status: SessionStatus) {
        *self.found.reached.entry(Reached::Session(status)).or_default() += 1;
    }
}
