//! One seed: a host, those who send to it, its clock, and its end, again and again.

use headcount::{Command, Config, Engine, Fact, Timestamp};
use headcount_testing::generate;
use headcount_testing::random::Random;

use crate::connectors::{self, Connectors, Request};
use crate::failure::{Broken, Trace};
use crate::oracle::{Oracle, state_of};
use crate::reached::{Group, Reached};
use crate::store::{AppendError, During, Entry, Recall, Store};

/// Requests that arrive at once at most.
const BATCH_MAX: usize = 4;
/// Steps of a run at most, and at least.
const STEPS: std::ops::Range<usize> = 12..60;
/// Of so many runs one is held against the model too.
const MODEL_ONE_IN: usize = 8;

/// Where a host may end while it carries out a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    InJournal,
    BehindJournal,
    BetweenApplies,
    BehindApply,
    BehindReply,
}

impl Place {
    const ALL: [Self; 6] = [
        Self::Before,
        Self::InJournal,
        Self::BehindJournal,
        Self::BetweenApplies,
        Self::BehindApply,
        Self::BehindReply,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Before => "before the journal",
            Self::InJournal => "in the journal",
            Self::BehindJournal => "between journal and apply",
            Self::BetweenApplies => "between two applies",
            Self::BehindApply => "between apply and reply",
            Self::BehindReply => "between reply and what comes next",
        }
    }
}

pub(crate) type Broke = (Broken, String);

/// All of it.
pub(crate) struct Simulation<'s, S> {
    store: &'s mut S,
    random: Random,
    config: Config,
    clock: i64,
    last_time: Timestamp,
    connectors: Connectors,
    oracle: Oracle,
    is_saving: bool,
    is_disk_full: bool,
    reached: &'s mut Reached,
    trace: &'s mut Trace,
}

/// Runs a seed to its end.
pub(crate) fn run<S: Store>(
    seed: u64,
    store: &mut S,
    reached: &mut Reached,
    trace: &mut Trace,
) -> Result<(), Broke> {
    let mut random = Random::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5EED);
    let (connectors, config) = connectors::of_seed(&mut random);
    let mut simulation = Simulation {
        store,
        random,
        config,
        clock: 1_736_935_200_000,
        last_time: Timestamp(i64::MIN),
        connectors,
        oracle: Oracle::new(config),
        is_saving: false,
        is_disk_full: false,
        reached,
        trace,
    };
    simulation.open(&[])?;
    let steps = STEPS.start + simulation.random.below(STEPS.len());
    for _ in 0..steps {
        simulation.step()?;
    }
    simulation.finish()
}

impl<S: Store> Simulation<'_, S> {
    fn one_in(&mut self, bound: usize) -> bool {
        self.random.below(bound) == 0
    }

    fn step(&mut self) -> Result<(), Broke> {
        match self.random.below(40) {
            0..=3 if !self.is_saving => self.begin_snapshot(),
            0..=13 if self.is_saving => self.upkeep(),
            20 => self.stop(),
            21 => {
                let is_full = !self.is_disk_full && self.store.fill_disk(true);
                self.set_disk(is_full);
                Ok(())
            }
            _ => self.batch(),
        }
    }

    fn set_disk(&mut self, is_full: bool) {
        if self.is_disk_full && !is_full {
            self.store.fill_disk(false);
        }
        if self.is_disk_full != is_full {
            self.trace.tell(|| format!("the disk is {}", if is_full { "full" } else { "no longer full" }));
        }
        self.is_disk_full = is_full;
    }

    /// What the clock reads now.
    fn now(&mut self) -> Timestamp {
        let (mut reading, usual) = (None, self.random.below(500) as i64);
        match self.random.below(24) {
            0 => self.clock -= 1 + self.random.below(3_600_000) as i64,
            1 => self.clock += 86_400_000,
            2 => reading = Some([i64::MIN, i64::MAX, 0, -1][self.random.below(4)]),
            _ => self.clock += usual,
        }
        let reading = Timestamp(reading.unwrap_or(self.clock));
        let now = self.store.clock(reading);
        if reading.0 == i64::MIN || reading.0 == i64::MAX {
            self.reached.note(Group::Clock, "at an end of time");
        }
        let what = if now < self.last_time { "steps back" } else { "goes on, or stands" };
        self.reached.note(Group::Clock, what);
        self.last_time = now;
        now
    }

    /// Takes what arrives, makes it durable, carries it out, and answers; or ends somewhere on the way.
    fn batch(&mut self) -> Result<(), Broke> {
        let requests = self.arrive()?;
        let now = self.now();
        let Some((requests, entries)) = self.read(requests, now) else { return Ok(()) };
        let place = if self.one_in(6) { Some(Place::ALL[self.random.below(6)]) } else { None };
        match place {
            Some(Place::Before) => {
                self.lose(requests);
                return self.crash(Place::Before.name(), During::Nothing, &[]);
            }
            Some(Place::InJournal) => {
                self.lose(requests);
                self.trace
                    .tell(|| format!("appends {} commands, and does not come to the end", entries.len()));
                return self.crash(Place::InJournal.name(), During::Append(&entries), &entries);
            }
            _ => {}
        }
        match self.store.append(&entries) {
            Ok(()) => self.oracle.append(&entries),
            Err(AppendError::Refused(why)) if self.is_disk_full => {
                self.trace.tell(|| format!("refused: {why}"));
                self.reached.note(Group::Requests, "refused, the disk is full");
                self.lose(requests);
                return self.compare();
            }
            Err(AppendError::Refused(why)) => return Err((Broken::Refused, why)),
            Err(AppendError::Unknown(why)) => {
                self.trace.tell(|| format!("whether they are durable is not known: {why}"));
                self.lose(requests);
                return self.crash("it is not known what is durable", During::Nothing, &entries);
            }
        }
        if place == Some(Place::BehindJournal) {
            self.lose(requests);
            return self.crash(Place::BehindJournal.name(), During::Nothing, &[]);
        }
        let cut = self.random.below(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            if place == Some(Place::BetweenApplies) && at == cut && at > 0 {
                self.lose(requests);
                return self.crash(Place::BetweenApplies.name(), During::Nothing, &[]);
            }
            self.carry_out(entry)?;
        }
        self.compare()?;
        if place == Some(Place::BehindApply) {
            self.lose(requests);
            return self.crash(Place::BehindApply.name(), During::Nothing, &[]);
        }
        self.reply(requests);
        if place == Some(Place::BehindReply) {
            return self.crash(Place::BehindReply.name(), During::Nothing, &[]);
        }
        Ok(())
    }

    /// The requests that come next, but for those that are answered at once.
    fn arrive(&mut self) -> Result<Vec<Request>, Broke> {
        let mut requests: Vec<Request> = Vec::new();
        for _ in 0..=self.random.below(BATCH_MAX) {
            let open = generate::open_session(self.oracle.engine());
            let Some(request) = self.connectors.next(&mut self.random, open, self.reached) else { break };
            if requests.iter().any(|other| other.key == request.key) {
                // Its first try is about to be answered.
                continue;
            }
            let expected = self.oracle.answer(request.key);
            match (self.store.recall(request.key), expected) {
                (Recall::NotKept, Some(_)) => {
                    self.reached.note(Group::Requests, "carried out again, as no answers are kept");
                    requests.push(request);
                }
                (Recall::NotKept | Recall::New, None) => requests.push(request),
                (Recall::Known(answer), Some(expected)) if answer == *expected => {
                    self.trace.tell(|| format!("request {}: was answered before", request.key));
                    self.reached.note(Group::Requests, "answered from what is remembered");
                }
                (Recall::Known(_), _) => {
                    let what =
                        format!("the answer to request {} that it remembers is not its own", request.key);
                    return Err((Broken::Answer, what));
                }
                (Recall::New, Some(_)) => {
                    let what =
                        format!("request {} was carried out, and a retry would be once more", request.key);
                    return Err((Broken::Twice, what));
                }
            }
        }
        if requests.len() > 1 {
            self.reached.note(Group::Requests, "in a batch with others");
        }
        Ok(requests)
    }

    /// The commands of requests. What is none is refused.
    fn read(
        &mut self,
        requests: Vec<Request>,
        now: Timestamp,
    ) -> Option<(Vec<Request>, Vec<Entry<'static>>)> {
        let (mut taken, mut entries) = (Vec::new(), Vec::new());
        for request in requests {
            match postcard::from_bytes::<Command<'_>>(&request.body) {
                Ok(command) => {
                    if request.is_garbage {
                        self.reached.note(Group::Requests, "garbage that is a command");
                    }
                    let entry = Entry { key: request.key, now, command: command.into_owned() };
                    self.trace.tell(|| told(&entry));
                    entries.push(entry);
                    taken.push(request);
                }
                Err(error) => {
                    self.reached.note(Group::Requests, "garbage, refused");
                    self.trace.tell(|| format!("request {}: garbage: {error}", request.key));
                }
            }
        }
        (!entries.is_empty()).then_some((taken, entries))
    }

    fn carry_out(&mut self, entry: &Entry<'static>) -> Result<(), Broke> {
        let answer = self.store.carry_out(entry).map_err(|why| (Broken::Works, why))?;
        let expected = self.oracle.carry_out_next();
        if answer != *expected {
            let what = format!("request {} is answered {answer:?}, expected {expected:?}", entry.key);
            return Err((Broken::Answer, what));
        }
        let code = expected.as_ref().map_or_else(headcount::Error::code, |_| "done");
        self.reached.note(Group::Answers, code);
        for change in self.oracle.engine().changes() {
            if let Fact::SessionEnded { status, .. } = change.fact {
                self.reached.note(Group::Sessions, status.as_str());
            }
        }
        Ok(())
    }

    fn reply(&mut self, requests: Vec<Request>) {
        for request in requests {
            if self.one_in(10) {
                self.trace.tell(|| format!("the answer to request {} is lost on its way", request.key));
                self.reached.note(Group::Requests, "answer lost");
                self.connectors.lose(request, &mut self.random, self.reached);
            } else {
                self.reached.note(Group::Requests, "acknowledged");
            }
        }
    }

    fn lose(&mut self, requests: Vec<Request>) {
        for request in requests {
            self.connectors.lose(request, &mut self.random, self.reached);
        }
    }

    /// Holds the live state against what is true.
    fn compare(&mut self) -> Result<(), Broke> {
        if shown(self.store)? == state_of(self.oracle.engine()) {
            return Ok(());
        }
        Err((
            Broken::State,
            "the live engine is not as the commands that it carried out leave one".to_owned(),
        ))
    }

    fn begin_snapshot(&mut self) -> Result<(), Broke> {
        self.trace.tell(|| "begins a snapshot".to_owned());
        self.reached.note(Group::Snapshots, "begun");
        self.store.snapshot().map_err(|why| (Broken::Works, why))?;
        self.is_saving = true;
        if self.one_in(8) {
            return self.crash("behind the beginning of a snapshot", During::Nothing, &[]);
        }
        Ok(())
    }

    fn upkeep(&mut self) -> Result<(), Broke> {
        if self.one_in(8) {
            return self.crash("in a step of a snapshot", During::Upkeep, &[]);
        }
        let has_more = self.store.upkeep().map_err(|why| (Broken::Works, why))?;
        self.trace.tell(|| {
            format!("a step of the snapshot, {}", if has_more { "not the last" } else { "the last" })
        });
        if !has_more {
            self.is_saving = false;
            let what = if self.is_disk_full { "ended while the disk was full" } else { "done" };
            self.reached.note(Group::Snapshots, what);
        }
        self.compare()
    }

    fn stop(&mut self) -> Result<(), Broke> {
        self.set_disk(false);
        self.trace.tell(|| "stops".to_owned());
        self.store.stop().map_err(|why| (Broken::Works, why))?;
        self.crash("stop", During::Nothing, &[])
    }

    /// The host ends, and begins anew. Some of these commands may be durable.
    fn crash(
        &mut self,
        place: &'static str,
        during: During<'_>,
        uncertain: &[Entry<'static>],
    ) -> Result<(), Broke> {
        self.trace.tell(|| format!("ENDS: {place}"));
        self.reached.note(Group::Crashes, place);
        self.note_session();
        self.store.crash(during, &mut self.random);
        self.is_saving = false;
        self.set_disk(false);
        self.open(uncertain)?;
        if self.one_in(12) {
            self.trace.tell(|| "ENDS: right behind a recovery".to_owned());
            self.reached.note(Group::Crashes, "right behind a recovery");
            self.store.crash(During::Nothing, &mut self.random);
            self.open(&[])?;
        }
        Ok(())
    }

    fn note_session(&mut self) {
        let newest = self.oracle.engine().apps().next().and_then(|app| app.sessions().next_back());
        let what = match newest.map(|session| session.status()) {
            None => "none yet",
            Some(status) if status.has_ended() => "ended",
            Some(status) => status.as_str(),
        };
        self.reached.note(Group::SessionsAtTheEnd, what);
    }

    /// Opens the store, and finds out what of the commands whose fate is open is there.
    fn open(&mut self, uncertain: &[Entry<'static>]) -> Result<(), Broke> {
        self.store.open(self.config).map_err(|why| (Broken::Open, why))?;
        let found = shown(self.store)?;
        let store = &*self.store;
        let remembers = |key| match store.recall(key) {
            Recall::NotKept => None,
            Recall::New => Some(false),
            Recall::Known(_) => Some(true),
        };
        let kept = self.oracle.resolve(uncertain, found, remembers)?;
        let what = match (uncertain.len(), kept) {
            (0, _) => "nothing was open",
            (_, 0) => "none of what was open is there",
            (open, kept) if open == kept => "all of what was open is there",
            _ => "the first few of what was open are there",
        };
        self.reached.note(Group::Recoveries, what);
        self.trace.tell(|| format!("recovers {} commands; {what}", self.oracle.commands()));
        Ok(())
    }

    /// What is left at the end is what a replay comes to, and what the model says.
    fn finish(&mut self) -> Result<(), Broke> {
        if self.one_in(2) {
            self.stop()?;
        } else {
            self.crash("at the end", During::Nothing, &[])?;
        }
        self.oracle.replay()?;
        let is_held_against_model = self.one_in(MODEL_ONE_IN);
        let mut checked = Ok(());
        let oracle = &self.oracle;
        self.store.show(&mut |engine| {
            checked = engine.check_invariants().map_err(|broken| (Broken::State, broken.to_string()));
            if is_held_against_model {
                oracle.compare_with_model(engine);
            }
        });
        checked
    }
}

/// The state that a store shows.
fn shown(store: &impl Store) -> Result<(u128, u64), Broke> {
    let mut shown = None;
    store.show(&mut |engine: &Engine| shown = Some(state_of(engine)));
    shown.ok_or_else(|| (Broken::Works, "it shows no engine".to_owned()))
}

/// A command in a line.
fn told(Entry { key, now, command }: &Entry<'_>) -> String {
    const CHARS_MAX: usize = 180;
    // Ids are small numbers here.
    let command = format!("{command:?}").replace("00000000-0000-0000-0000-00000000", "…");
    let short: String = command.chars().take(CHARS_MAX).collect();
    let rest = if short.len() < command.len() { " …" } else { "" };
    format!("request {key} at {}: {short}{rest}", now.0)
}
