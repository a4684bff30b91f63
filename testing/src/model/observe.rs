//! What a reader sees of the engine, in the model's words, so that the two can be compared.

use std::collections::{BTreeMap, BTreeSet};

use headcount::{
    AccountStatus, AttributeValue, Engine, Error, Field, RecordFilter, RecordView, Reply, SessionCounts,
    SessionStatus, Timestamp,
};

use super::lenient::Rejected;
use super::push::Tally;
use super::{App, Key, Model, Record, Session, Task, Type};

/// All that the engine shows.
pub fn observe(engine: &Engine) -> Vec<(App, Vec<Type>)> {
    let mut groups = Vec::new();
    engine
        .apps()
        .map(|view| {
            // A group is named by its first app: 1 for the first group, and so on.
            let first = view.clone_group().next().expect("the app itself");
            let group = match groups.iter().position(|&known| known == first) {
                Some(at) => at as u64 + 1,
                None => {
                    groups.push(first);
                    groups.len() as u64
                }
            };
            let types: Vec<Type> = view
                .resource_types()
                .map(|found| Type {
                    id: found.id(),
                    slug: found.slug().to_owned(),
                    name: found.name().to_owned(),
                    kind: found.kind(),
                    created_at: found.created_at(),
                })
                .collect();
            let number = |record: RecordView<'_>| {
                types.iter().position(|found| found.id == record.resource_type().id()).expect("a type")
            };
            let key = |record: RecordView<'_>| -> Key { (number(record), record.id().to_owned()) };
            let records =
                types.iter().flat_map(|found| view.records(&found.slug, RecordFilter::All).expect("a type"));
            let app = App {
                id: view.id(),
                name: view.name().to_owned(),
                created_at: view.created_at(),
                last_synced_at: view.last_synced_at(),
                guard: view.guard(),
                group,
                records: records.map(|record| seen_record(record, key)).collect(),
                sessions: view
                    .sessions()
                    .map(|session| Session {
                        id: session.id(),
                        status: session.status(),
                        scope: session
                            .scope()
                            .map(|scope| scope.map(|of| number_of(&types, of.id())).collect()),
                        excluded: session.excluded().map(|of| number_of(&types, of.id())).collect(),
                        started_at: session.started_at(),
                        ended_at: session.ended_at(),
                        reason: session.reason().map(str::to_owned),
                        last_activity_at: session.last_activity_at(),
                        guard_waived: session.guard_waived(),
                        checkpoint: session.checkpoint().map(str::to_owned),
                        bases: vec![session.base()],
                        reference_bases: Vec::new(),
                        removals: Vec::new(),
                        pages: session.progress().map(|progress| progress.pages).collect(),
                        in_scope: session.progress().map(|progress| progress.in_scope).collect(),
                        synced: session.progress().map(|progress| progress.synced_count).collect(),
                        retained: session.progress().map(|progress| progress.retained_count).collect(),
                        counts: session.counts(),
                        settled_ids: BTreeSet::new(),
                        came_to: None,
                    })
                    .collect(),
                tasks: view
                    .tasks(&headcount::TaskQuery::at(Timestamp(0)).with_limit(1_000))
                    .expect("a page")
                    .tasks
                    .into_iter()
                    .map(|task| Task {
                        id: task.id(),
                        action: task.action(),
                        number: types
                            .iter()
                            .position(|found| found.id == task.resource_type().id())
                            .expect("a type"),
                        payload: task.payload().map(str::to_owned),
                        execute_after: task.execute_after(),
                        created_at: task.created_at(),
                        resolved_at: task.resolved_at(),
                        result: task.result().map(str::to_owned),
                        error: task.error().map(|(code, message)| (code.to_owned(), message.to_owned())),
                    })
                    .collect(),
            };
            (app, types)
        })
        .collect()
}

/// All that the engine shows, with one moment in the place of each that there is.
pub fn observe_without_moments(engine: &Engine) -> Vec<(App, Vec<Type>)> {
    const MOMENT: Timestamp = Timestamp(0);
    let blank = |moment: &mut Option<Timestamp>| *moment = moment.map(|_| MOMENT);
    let mut observed = observe(engine);
    for (app, types) in &mut observed {
        app.created_at = MOMENT;
        blank(&mut app.last_synced_at);
        types.iter_mut().for_each(|of| of.created_at = MOMENT);
        app.records.iter_mut().for_each(|record| blank(&mut record.inactive_since));
        for session in &mut app.sessions {
            (session.started_at, session.last_activity_at) = (MOMENT, MOMENT);
            blank(&mut session.ended_at);
        }
        for task in &mut app.tasks {
            task.created_at = MOMENT;
            blank(&mut task.resolved_at);
        }
    }
    observed
}

fn number_of(types: &[Type], id: headcount::ResourceTypeId) -> usize {
    types.iter().position(|found| found.id == id).expect("a type")
}

fn seen_record(record: RecordView<'_>, key: impl Fn(RecordView<'_>) -> Key) -> Record {
    let texts = [
        (Field::Name, record.name()),
        (Field::Description, record.description()),
        (Field::Email, record.email()),
        (Field::Username, record.username()),
        (Field::FirstName, record.first_name()),
        (Field::LastName, record.last_name()),
        (Field::DisplayName, record.display_name()),
    ];
    Record {
        key: key(record),
        active: record.is_active(),
        placeholder: record.is_placeholder(),
        inactive_since: record.inactive_since(),
        fields: texts.into_iter().filter_map(|(field, text)| Some((field, text?.to_owned()))).collect(),
        status: record.status().unwrap_or(AccountStatus::Active),
        attributes: seen_attributes(record),
        references: record.references().map(key).collect(),
        pushed: false,
        retained: false,
        settled: false,
    }
}

fn seen_attributes(record: RecordView<'_>) -> BTreeMap<String, AttributeValue<'static>> {
    assert!(
        record.attributes().map(|(name, _)| name).is_sorted(),
        "attributes are in the order of their names"
    );
    let owned = |value| AttributeValue::from(value).into_owned();
    record.attributes().map(|(name, value)| (name.to_owned(), owned(value))).collect()
}

impl Model {
    /// All that a reader is to see, in the order and the numbering of [`observe`].
    pub fn observed(&self) -> Vec<(App, Vec<Type>)> {
        let mut groups = BTreeMap::new();
        self.apps
            .iter()
            .map(|app| {
                let next = groups.len() as u64 + 1;
                let types = self.types(app).to_vec();
                let mut seen = app.clone();
                seen.group = *groups.entry(app.group).or_insert(next);
                // By type; within a type, and where a reader looks, in order of first sight.
                seen.records.sort_by_key(|record| record.key.0);
                let retained = seen.retained(types.len());
                for record in &mut seen.records {
                    (record.pushed, record.retained, record.settled) = (false, false, false);
                }
                for session in &mut seen.sessions {
                    if !session.status.has_ended() {
                        session.synced.resize(types.len(), 0);
                        session.pages.resize(types.len(), 0);
                        session.retained.clone_from(&retained);
                    }
                    session.in_scope =
                        (0..session.synced.len()).map(|number| session.covers(number)).collect();
                    session.bases = vec![session.base()];
                    // They show in what is refused alone.
                    session.reference_bases.clear();
                    session.removals.clear();
                    session.settled_ids.clear();
                    session.came_to = None;
                }
                (seen, types)
            })
            .collect()
    }
}

/// The reply without the words that no contract fixes.
pub fn reply_without_prose(mut reply: Reply) -> Reply {
    if let Reply::LenientPage(outcome) = &mut reply {
        for fault in &mut outcome.faults {
            fault.found.clear();
            fault.expected.clear();
        }
    }
    reply
}

/// The error without the words that no contract fixes.
pub fn without_prose(error: Error) -> Error {
    match error {
        Error::InvalidArgument { field, code, .. } => {
            Error::InvalidArgument { field, code, found: String::new(), expected: String::new() }
        }
        Error::PageFaults { mut faults, faults_total, malformed } => {
            for fault in &mut faults {
                fault.found.clear();
                fault.expected.clear();
            }
            Error::PageFaults { faults, faults_total, malformed }
        }
        other => other,
    }
}

// Replies and counts are `non_exhaustive`: made here by way of serde, as any client would.

pub(super) fn page_reply(tally: &Tally) -> Reply {
    from_json(serde_json::json!({"page": page_outcome(tally, tally.total)}))
}

pub(super) fn lenient_reply(tally: &Tally, rejected: &Rejected) -> Reply {
    let Rejected { records, retained, faults, faults_total } = rejected;
    from_json(serde_json::json!({"lenient_page": {
        "page": page_outcome(tally, tally.total + records),
        "rejected": records,
        "retained": retained,
        "faults": faults,
        "faults_total": faults_total,
    }}))
}

fn page_outcome(tally: &Tally, total: u32) -> serde_json::Value {
    serde_json::json!({
        "total": total,
        "created": tally.created,
        "updated": tally.updated,
        "filled": tally.filled,
        "reactivated": tally.reactivated,
        "unchanged": tally.unchanged,
        "placeholders": tally.placeholders,
        "settled": tally.settled,
    })
}

pub(super) fn cleanup_reply(deactivated: u64, status: SessionStatus) -> Reply {
    from_json(serde_json::json!({"cleanup": {"deactivated": deactivated, "status": status}}))
}

pub(super) fn deactivation_reply(total: u32, deactivated: u32, unchanged: u32, unknown: u32) -> Reply {
    from_json(serde_json::json!({"deactivation": {
        "total": total,
        "deactivated": deactivated,
        "unchanged": unchanged,
        "unknown": unknown,
    }}))
}

pub(super) fn purge_reply(purged: u64, references: u64) -> Reply {
    from_json(serde_json::json!({"purge": {"purged": purged, "references": references}}))
}

pub(super) fn expiry_reply(expired: u64) -> Reply {
    from_json(serde_json::json!({"expiry": {"expired": expired}}))
}

fn from_json(reply: serde_json::Value) -> Reply {
    serde_json::from_value(reply).expect("a reply")
}

pub(super) fn add_tally(counts: &mut SessionCounts, tally: &Tally) {
    counts.created += u64::from(tally.created);
    counts.updated += u64::from(tally.updated);
    counts.unchanged += u64::from(tally.unchanged);
    counts.reactivated += u64::from(tally.reactivated);
    counts.filled += u64::from(tally.filled);
    counts.placeholders += u64::from(tally.placeholders);
    counts.references_added += tally.references_added;
    counts.references_removed += tally.references_removed;
    counts.settled += u64::from(tally.settled);
}
