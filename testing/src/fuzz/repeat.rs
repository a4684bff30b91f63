//! Pages that are offered by their fingerprints.

use headcount::{Change, Command, Config, Engine, Error, LenientOutcome, Reply, Timestamp};

use crate::{busy, generate, small};

/// Pages by their fingerprints beside pages in full: see [`repeats`].
///
/// # Panics
/// As that does.
pub fn repeat(bytes: &[u8]) {
    let _ = repeats(bytes);
}

/// What came of the pages of some histories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// Pages of which the fingerprint was enough.
    pub repeated: u32,
    /// Pages that had to be pushed, and were applied.
    pub pushed: u32,
    /// Pages that were refused, one way or the other.
    pub refused: u32,
}

impl Repeats {
    /// Adds those of another history.
    pub fn add(&mut self, other: Self) {
        self.repeated += other.repeated;
        self.pushed += other.pushed;
        self.refused += other.refused;
    }
}

/// Random commands on two engines: one is offered the fingerprint of each page first, and gets the page only if it
/// asks for it, the other gets every page. After each command both have the same reply, changes and digest. The first
/// byte says how often they are saved and loaded; then under other limits every other time.
///
/// # Panics
/// If they differ.
pub fn repeats(bytes: &[u8]) -> Repeats {
    let Some((&how, rest)) = bytes.split_first() else { return Repeats::default() };
    let (mut offered, mut pushed) = (Engine::new(Config::new()), Engine::new(Config::new()));
    let mut tally = Repeats::default();
    for (at, (now, command)) in busy::history(rest).into_iter().enumerate() {
        // Those that the history itself repeats are for the model.
        if matches!(command, Command::RepeatPage { .. }) {
            continue;
        }
        let is_page = matches!(command, Command::PushPage { .. } | Command::PushLenientPage { .. });
        // Most pages come twice, as they do in rolls of which little changes.
        for _ in 0..1 + usize::from(at % 3 > 0 && is_page) {
            let reply = offer(&mut offered, now, &command, &mut tally);
            assert_eq!(reply, pushed.apply(now, &command), "{command:?}");
            let changes = |engine: &Engine| -> Vec<_> { engine.changes().map(Change::into_owned).collect() };
            assert_eq!(changes(&offered), changes(&pushed), "{command:?}");
            assert_eq!(offered.digest(), pushed.digest(), "{command:?}");
            offered.check_invariants().expect("every rule");
        }
        if at % (usize::from(how) + 2) == 0 {
            let config = if at % 2 == 0 { Config::new() } else { generate::config() };
            offered = small::reload(&offered, config);
            pushed = small::reload(&pushed, config.with_hash_key([how; 16]));
        }
    }
    tally
}

/// Carries out a command; of a page, offers its fingerprint first.
fn offer(
    engine: &mut Engine,
    now: Timestamp,
    command: &Command<'static>,
    tally: &mut Repeats,
) -> Result<Reply, Error> {
    let (app_id, session_id, slug, page) = match command {
        Command::PushPage { app_id, session_id, slug, page }
        | Command::PushLenientPage { app_id, session_id, slug, page } => (*app_id, *session_id, slug, page),
        _ => return engine.apply(now, command),
    };
    // The outcome of a repeat converts into what a lenient push would answer.
    let reply = |outcome| match command {
        Command::PushLenientPage { .. } => Reply::LenientPage(LenientOutcome::from(outcome)),
        _ => Reply::Page(outcome),
    };
    let before = engine.digest();
    let repeated = page
        .fingerprint()
        .map(|fingerprint| engine.repeat_page(now, app_id, session_id, slug, fingerprint).map(reply));
    let (is_repeated, reply) = match repeated {
        None | Some(Err(Error::PageMustBePushed { .. })) => {
            assert_eq!(engine.digest(), before, "what must be pushed changed nothing yet");
            (false, engine.apply(now, command))
        }
        Some(repeated) => (true, repeated),
    };
    match (&reply, is_repeated) {
        (Err(_), _) => tally.refused += 1,
        (Ok(_), true) => tally.repeated += 1,
        (Ok(_), false) => tally.pushed += 1,
    }
    reply
}
