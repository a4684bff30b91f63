//! What is true: an engine of the simulator's own, and all commands that are durable, in order.

use std::collections::BTreeMap;

use headcount::{Config, Engine};
use headcount_testing::compare;
use headcount_testing::model::Model;

use crate::failure::Broken;
use crate::store::{Answer, Entry};

/// What two engines are compared by: the digest, and the number of changes.
pub(crate) type State = (u128, u64);

/// The state of an engine.
pub(crate) fn state_of(engine: &Engine) -> State {
    (engine.digest(), engine.seq())
}

/// What is true.
pub(crate) struct Oracle {
    config: Config,
    engine: Engine,
    journal: Vec<Entry<'static>>,
    /// Of the first of the journal, which are carried out.
    answers: Vec<Answer>,
    /// By the key of a request, where its command is in the journal.
    keys: BTreeMap<u64, usize>,
}

impl Oracle {
    pub(crate) fn new(config: Config) -> Self {
        let (journal, answers, keys) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { config, engine: Engine::new(config), journal, answers, keys }
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) const fn commands(&self) -> usize {
        self.journal.len()
    }

    /// Takes commands into the journal: they are durable.
    pub(crate) fn append(&mut self, entries: &[Entry<'static>]) {
        for entry in entries {
            self.keys.entry(entry.key).or_insert(self.journal.len());
            self.journal.push(entry.clone());
        }
    }

    /// Carries out the next command of the journal.
    pub(crate) fn carry_out_next(&mut self) -> &Answer {
        let Entry { now, command, .. } = &self.journal[self.answers.len()];
        self.answers.push(self.engine.apply(*now, command));
        self.answers.last().expect("one was pushed in the line before")
    }

    fn catch_up(&mut self) {
        while self.answers.len() < self.journal.len() {
            self.carry_out_next();
        }
    }

    /// The answer to a request, if its command is carried out.
    pub(crate) fn answer(&self, key: u64) -> Option<&Answer> {
        self.keys.get(&key).map(|at| &self.answers[*at])
    }

    /// Finds out how many of the commands that may or may not be durable are, by the state of what was recovered, and by
    /// which of them are remembered, where that is told. They are in the journal from then on.
    pub(crate) fn resolve(
        &mut self,
        uncertain: &[Entry<'static>],
        found: State,
        remembers: impl Fn(u64) -> Option<bool>,
    ) -> Result<usize, (Broken, String)> {
        self.catch_up();
        let mut fits = Vec::new();
        let mut engine = replayed(self.config, self.journal.iter());
        for kept in 0..=uncertain.len() {
            if state_of(&engine) == found {
                fits.push(kept);
            }
            if let Some(Entry { now, command, .. }) = uncertain.get(kept) {
                let _ = engine.apply(*now, command);
            }
        }
        if fits.is_empty() {
            return Err(self.explain(uncertain, found));
        }
        let is_kept = |at: usize, kept: usize| {
            let is_before = self.keys.contains_key(&uncertain[at].key);
            remembers(uncertain[at].key).is_none_or(|known| known == (at < kept || is_before))
        };
        let kept = fits.iter().copied().find(|kept| (0..uncertain.len()).all(|at| is_kept(at, *kept)));
        let kept = kept.ok_or_else(|| {
            let what = "the answers that it remembers are not those of the commands that it carried out";
            (Broken::Answer, what.to_owned())
        })?;
        self.append(&uncertain[..kept]);
        self.catch_up();
        Ok(kept)
    }

    /// Which single mistake comes to the state that was found.
    fn explain(&self, uncertain: &[Entry<'static>], found: State) -> (Broken, String) {
        let certain = self.journal.len();
        let all: Vec<&Entry<'static>> = self.journal.iter().chain(uncertain).collect();
        let is_found = |order: &mut dyn Iterator<Item = usize>| {
            state_of(&replayed(self.config, order.map(|at| all[at]))) == found
        };
        if let Some(first) = (0..certain).rev().find(|first| is_found(&mut (0..*first))) {
            let lost = certain - first;
            let what =
                format!("it is as of the first {first} of {certain} commands: the last {lost} are lost");
            return (Broken::Lost, what);
        }
        for end in certain..=all.len() {
            if let Some(gone) = (0..end).find(|gone| is_found(&mut (0..end).filter(|at| at != gone))) {
                return (
                    Broken::Lost,
                    format!("command {gone} of {end} is lost, and those behind it are there"),
                );
            }
            let twice = |twice: usize| {
                (0..end).flat_map(move |at| std::iter::repeat_n(at, 1 + usize::from(at == twice)))
            };
            if let Some(at) = (0..end).find(|at| is_found(&mut twice(*at))) {
                return (Broken::Twice, format!("command {at} of {end} was carried out twice"));
            }
            let again = |from: usize| (0..end).chain(from..end);
            if let Some(from) = (0..end).find(|from| is_found(&mut again(*from))) {
                return (
                    Broken::Twice,
                    format!("the commands from {from} on, of {end}, were carried out twice"),
                );
            }
            let swapped = |first: usize| {
                (0..end).map(move |at| match at {
                    at if at == first => at + 1,
                    at if at == first + 1 => at - 1,
                    at => at,
                })
            };
            if let Some(first) = (0..end.saturating_sub(1)).find(|first| is_found(&mut swapped(*first))) {
                let what = format!("command {} was carried out before {first}", first + 1);
                return (Broken::Order, what);
            }
        }
        let what = "no single command that is lost, twice there or out of order explains its state";
        (Broken::State, what.to_owned())
    }

    /// Carries out the whole journal once more, on an engine with another hash key.
    pub(crate) fn replay(&mut self) -> Result<(), (Broken, String)> {
        self.catch_up();
        let mut again = Engine::new(self.config.with_hash_key([0xA5; 16]));
        for (at, (Entry { now, command, .. }, answer)) in self.journal.iter().zip(&self.answers).enumerate() {
            if again.apply(*now, command) != *answer {
                return Err((Broken::Answer, format!("a replay answers command {at} with something else")));
            }
        }
        if state_of(&again) != state_of(&self.engine) {
            return Err((Broken::State, "a replay of the journal comes to another state".to_owned()));
        }
        Ok(())
    }

    /// Holds an engine against the model that is written from the contract.
    ///
    /// # Panics
    /// If they differ.
    pub(crate) fn compare_with_model(&self, engine: &Engine) {
        let mut model = Model::new(&self.config);
        for (Entry { now, command, .. }, answer) in self.journal.iter().zip(&self.answers) {
            let expected = model.apply(*now, command);
            assert_eq!(expected.is_ok(), answer.is_ok(), "the model and the engine on {command:?}");
        }
        compare::check_state(engine, &model);
    }
}

fn replayed<'e>(config: Config, entries: impl Iterator<Item = &'e Entry<'static>>) -> Engine {
    let mut engine = Engine::new(config);
    for Entry { now, command, .. } in entries {
        // What was refused then is refused now.
        let _ = engine.apply(*now, command);
    }
    engine
}
