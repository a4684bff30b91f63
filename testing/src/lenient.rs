//! What a lenient page is: a strict page of its records without a fault, and records that are retained.

use std::collections::BTreeSet;

use headcount::{
    AppId, Change, Config, Engine, Error, LenientOutcome, Page, PageOutcome, SessionId, Timestamp,
};

use crate::model::{self, App, Type, without};
use crate::small;

/// Where a page is pushed to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'s> {
    /// The app.
    pub app: AppId,
    /// Its session.
    pub session: SessionId,
    /// The slug of the type.
    pub slug: &'s str,
}

/// Pushes a page in lenient mode to a copy of the engine, and the records of it that were applied, in strict mode, to
/// another one. Both have as many faults listed as there are. Answers what the lenient page came to.
///
/// # Panics
/// If they differ in anything but what is rejected and retained.
pub fn check(engine: &Engine, place: Place<'_>, page: &Page<'_>) -> Result<LenientOutcome, Error> {
    let Place { app, session, slug } = place;
    let mut limits = *engine.config().limits();
    limits.faults_listed_max = 10_000;
    let config = Config::new().with_limits(limits).expect("limits that the engine can keep");
    let [mut lenient, mut strict] = [(); 2].map(|()| small::reload(engine, config));
    let reply = lenient.push_lenient_page(Timestamp(1), app, session, slug, page);
    lenient.check_invariants().expect("every rule");
    let rejected: BTreeSet<u32> =
        reply.iter().flat_map(|outcome| &outcome.faults).map(|fault| fault.index).collect();
    let applied = without(page, &rejected);
    let applied_reply = strict.push_page(Timestamp(1), app, session, slug, &applied);
    match (&reply, applied_reply) {
        (Ok(outcome), Ok(applied)) => assert_adds_up(outcome, applied, &rejected),
        // A page with faults may be refused for them before it is refused for itself.
        (Err(_), Err(Error::PageFaults { .. })) => {}
        (Err(error), applied) => assert_eq!(applied.as_ref().err(), Some(error)),
        (Ok(outcome), Err(error)) => panic!("{outcome:?}, but {error}"),
    }
    let told = |engine: &Engine| engine.changes().map(Change::into_owned).collect::<Vec<_>>();
    assert_eq!(told(&lenient), told(&strict), "what a page of the rest changes");
    assert_eq!(without_rejections(&lenient), without_rejections(&strict), "what is there then");
    if rejected.is_empty() {
        assert_eq!(lenient.digest(), strict.digest(), "without a fault it is the same page");
    }
    assert_retained(&lenient, &strict, place);
    reply
}

fn assert_adds_up(outcome: &LenientOutcome, applied: PageOutcome, rejected: &BTreeSet<u32>) {
    assert_eq!(outcome.rejected as usize, rejected.len(), "each has a fault");
    assert_eq!(outcome.faults.len() as u64, outcome.faults_total);
    assert!(outcome.retained <= outcome.rejected);
    let mut page = outcome.page;
    // Of the settled, those are neither whose id alone is settled.
    let passed_over = page.total - (page.created + page.updated + outcome.rejected);
    assert!(passed_over <= page.settled, "{page:?}");
    page.total -= outcome.rejected;
    assert_eq!(page, applied);
}

/// What completing would mark is what it would mark without the lenient page, but for what is retained, and for
/// placeholders that the retained accounts refer to.
fn assert_retained(lenient: &Engine, strict: &Engine, Place { app, session, .. }: Place<'_>) {
    let stale = |engine: &Engine| -> Option<Vec<(String, String, bool)>> {
        let preview = engine.app(app)?.preview(session).ok()?;
        let key = |record: headcount::RecordView<'_>| {
            let slug = record.resource_type().slug().to_owned();
            (slug, record.id().to_owned(), record.is_placeholder())
        };
        Some(preview.records().map(key).collect())
    };
    let retained = |engine: &Engine| -> u64 {
        let session = engine.app(app).and_then(|app| app.session(session));
        session.map_or(0, |session| session.progress().map(|of| of.retained_count).sum())
    };
    let (Some(kept), Some(all)) = (stale(lenient), stale(strict)) else { return };
    assert!(kept.iter().all(|record| all.contains(record)), "{kept:?} of {all:?}");
    let spared = all.iter().filter(|record| !kept.contains(record));
    let more = retained(lenient) - retained(strict);
    let spared_full = spared.filter(|(.., is_placeholder)| !is_placeholder).count() as u64;
    assert!(spared_full <= more, "{spared_full} full records stay, {more} more are retained");
}

/// All that is observed, but for what is rejected and retained.
fn without_rejections(engine: &Engine) -> Vec<(App, Vec<Type>)> {
    let mut observed = model::observe(engine);
    for session in observed.iter_mut().flat_map(|(app, _)| &mut app.sessions) {
        session.counts.rejected = 0;
        session.retained.clear();
    }
    observed
}
