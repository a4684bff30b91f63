//! Replies and views as the lines that a scenario expects.

use std::fmt::Write as _;

use headcount::{
    AppId, AppView, Change, Error, Fact, Fault, Guard, PageOutcome, RecordFilter, RecordKey, RecordView,
    Reply, SessionId, SessionView, TaskQuery, TaskStatus, Timestamp, TypeProgress,
};

use super::naive;
use super::stage::{Stage, id};
use super::text::VIEWS;

impl Stage {
    /// What a view shows, if the words name one.
    pub(super) fn view(&self, words: &[&str]) -> Result<Option<Vec<String>>, String> {
        let Some((word, rest)) = words.split_first() else { return Ok(None) };
        if !VIEWS.contains(word) {
            return Ok(None);
        }
        let shown = match (*word, rest) {
            ("faults", []) => faults(self.last_error.as_ref(), self.last_rejections.as_ref()),
            ("changes", []) => self.engine.changes().map(|change| self.change(&change)).collect(),
            ("apps", []) => self.engine.apps().map(|app| self.app_line(app)).collect(),
            (_, [app, rest @ ..]) => self.view_of_app(word, app, rest)?,
            _ => return Err("the view has another form".into()),
        };
        Ok(Some(shown))
    }

    fn view_of_app(&self, word: &str, app: &str, rest: &[&str]) -> Result<Vec<String>, String> {
        let view = self.engine.app(AppId(id(app))).ok_or_else(|| format!("there is no app {app}"))?;
        let missing = |what: &str| format!("{app} has no {what}");
        Ok(match (word, rest) {
            ("types", []) => {
                view.resource_types().map(|of| format!("{} {} {}", of.slug(), of.kind(), of.name())).collect()
            }
            ("records", [slug, filter @ ..]) => {
                let records = view.records(slug, record_filter(filter)?).ok_or_else(|| missing(slug))?;
                records.map(record_line).collect()
            }
            ("behind", [slug, after, filter @ ..]) => {
                let records = view.records_behind(slug, record_filter(filter)?, after);
                records.ok_or_else(|| missing(after))?.map(record_line).collect()
            }
            ("members", [slug, of]) => {
                let record = view.record(slug, of).ok_or_else(|| missing(of))?;
                record.members().map(|member| member.id().to_owned()).collect()
            }
            ("preview", [session]) => preview_lines(view, session),
            ("sessions", []) => view.sessions().map(|session| self.session_line(session)).collect(),
            ("session", [session]) => {
                let session = view.session(SessionId(id(session))).ok_or_else(|| missing(session))?;
                let progress = session.progress();
                let lines = progress.map(progress_line);
                std::iter::once(self.session_line(session)).chain(lines).collect()
            }
            ("naive", []) => {
                let source = self.sources.get(app).ok_or_else(|| missing("source"))?;
                naive::compare(source, &naive::held(view), &self.naive.held(app))?
            }
            ("tasks", statuses) => {
                let page = view.tasks(&task_query(self.now, statuses)?).map_err(|error| error.to_string())?;
                page.tasks.into_iter().map(|task| self.task_line(task)).collect()
            }
            _ => return Err("the view has another form".into()),
        })
    }

    fn app_line(&self, app: AppView<'_>) -> String {
        let mut line = format!("{} {}", app.name(), app.configuration_status().as_str());
        if let Some(at) = app.last_synced_at() {
            let _ = write!(line, " synced={}", at.as_millis());
        }
        if !app.guard().is_none() {
            let _ = write!(line, " guard={:?}/{:?}", app.guard().max_count, app.guard().max_percent);
            line.push_str(&more_of_guard(app.guard()));
        }
        let group: Vec<String> = app.clone_group().map(|app| self.known(app.0)).collect();
        let _ = write!(line, " group={}", group.join(","));
        line
    }

    fn session_line(&self, session: SessionView<'_>) -> String {
        let mut line = format!(
            "{} {} started={}",
            self.known(session.id().0),
            session.status(),
            session.started_at().as_millis()
        );
        if let Some(at) = session.ended_at() {
            let _ = write!(line, " ended={}", at.as_millis());
        }
        if session.last_activity_at() != session.started_at() {
            let _ = write!(line, " active={}", session.last_activity_at().as_millis());
        }
        if session.guard_waived() {
            line.push_str(" waived");
        }
        if let Some(checkpoint) = session.checkpoint() {
            let _ = write!(line, " checkpoint={checkpoint}");
        }
        if let Some(reason) = session.reason() {
            let _ = write!(line, " reason={reason}");
        }
        if let Some(scope) = session.scope() {
            let slugs: Vec<&str> = scope.map(|of| of.slug()).collect();
            let _ = write!(line, " scope={}", slugs.join(","));
        }
        let excluded: Vec<&str> = session.excluded().map(|of| of.slug()).collect();
        if !excluded.is_empty() {
            let _ = write!(line, " excluded={}", excluded.join(","));
        }
        let counts = session.counts();
        for (name, count) in [
            ("base", session.base()),
            ("created", counts.created),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("reactivated", counts.reactivated),
            ("filled", counts.filled),
            ("placeholders", counts.placeholders),
            ("deactivated", counts.deactivated),
            ("references_added", counts.references_added),
            ("references_removed", counts.references_removed),
            ("rejected", counts.rejected),
            ("settled", counts.settled),
        ] {
            if count > 0 {
                let _ = write!(line, " {name}={count}");
            }
        }
        line
    }

    fn task_line(&self, task: headcount::TaskView<'_>) -> String {
        let (id, status) = (self.known(task.id().0), task.status(self.now));
        let mut line = format!("{id} {} {} {status}", task.action(), task.resource_type().slug());
        for (name, text) in [
            ("payload", task.payload()),
            ("result", task.result()),
            ("code", task.error().map(|(code, _)| code)),
            ("message", task.error().map(|(_, message)| message)),
        ] {
            if let Some(text) = text {
                let _ = write!(line, " {name}={text}");
            }
        }
        line
    }

    fn change(&self, change: &Change<'_>) -> String {
        let app = self.engine.app(change.app_id);
        let key = |key: &RecordKey<'_>| {
            let found = app.and_then(|app| app.resource_type_by_id(key.resource_type_id));
            format!("{} {}", found.map_or("?", |found| found.slug()), key.id)
        };
        match &change.fact {
            Fact::AppCreated { clone_from } => {
                let from = clone_from.map(|from| format!(" from {}", self.known(from.0)));
                format!("app-created{}", from.unwrap_or_default())
            }
            Fact::AppUpdated => "app-updated".into(),
            Fact::AppDeleted => "app-deleted".into(),
            Fact::ResourceTypeRegistered { resource_type_id: resource_type }
            | Fact::ResourceTypeUpdated { resource_type_id: resource_type } => {
                let did = if matches!(change.fact, Fact::ResourceTypeUpdated { .. }) {
                    "updated"
                } else {
                    "registered"
                };
                let found = app.and_then(|app| app.resource_type_by_id(*resource_type));
                format!("type-{did} {}", found.map_or("?", |found| found.slug()))
            }
            Fact::SessionOpened { session_id: session } => {
                format!("session-opened {}", self.known(session.0))
            }
            Fact::SessionChanged { session_id: session } => {
                format!("session-changed {}", self.known(session.0))
            }
            Fact::SessionCompleting { session_id: session } => {
                format!("session-completing {}", self.known(session.0))
            }
            Fact::SessionEnded { session_id: session, status } => {
                format!("session-ended {} {status}", self.known(session.0))
            }
            Fact::RecordCreated { record } => format!("created {}", key(record)),
            Fact::RecordUpdated { record, fields } => format!("updated {} {fields:?}", key(record)),
            Fact::RecordDeactivated { record } => format!("deactivated {}", key(record)),
            Fact::RecordReactivated { record } => format!("reactivated {}", key(record)),
            Fact::RecordPurged { record } => format!("purged {}", key(record)),
            Fact::PlaceholderMade { record } => format!("made {}", key(record)),
            Fact::PlaceholderNamed { record } => format!("named {}", key(record)),
            Fact::PlaceholderWoken { record } => format!("woken {}", key(record)),
            Fact::PlaceholderFilled { record } => format!("filled {}", key(record)),
            Fact::ReferenceAdded { account, target } => format!("refers {} to {}", key(account), key(target)),
            Fact::ReferenceRemoved { account, target } => {
                format!("unrefers {} to {}", key(account), key(target))
            }
            Fact::TaskCreated { task_id: task } => format!("task-created {}", self.known(task.0)),
            Fact::TaskResolved { task_id: task } => format!("task-resolved {}", self.known(task.0)),
            other => panic!("a change that scenarios cannot show: {other:?}"),
        }
    }
}

/// The limits beside the first two.
fn more_of_guard(guard: Guard) -> String {
    let mut line = String::new();
    for (name, limit) in [
        ("type_percent", guard.max_type_percent.map(u64::from)),
        ("min_count", Some(guard.min_count).filter(|min| *min > 0)),
        ("removals", guard.max_removals),
        ("removals_percent", guard.max_removals_percent.map(u64::from)),
    ] {
        if let Some(limit) = limit {
            let _ = write!(line, " {name}={limit}");
        }
    }
    line + if guard.require_pages { " require_pages" } else { "" }
}

fn progress_line(of: TypeProgress<'_>) -> String {
    let mut line = format!("{} {}", of.resource_type.slug(), of.synced_count);
    if of.pages > 0 {
        let _ = write!(line, " pages={}", of.pages);
    }
    if of.retained_count > 0 {
        let _ = write!(line, " retained={}", of.retained_count);
    }
    if !of.in_scope {
        line.push_str(" out");
    }
    line
}

fn record_filter(words: &[&str]) -> Result<RecordFilter, String> {
    Ok(match words {
        [] => RecordFilter::All,
        ["active"] => RecordFilter::Active,
        ["inactive"] => RecordFilter::Inactive,
        ["placeholder"] => RecordFilter::Placeholder,
        ["dangling"] => RecordFilter::Dangling,
        other => return Err(format!("{other:?} is no filter")),
    })
}

fn task_query(now: Timestamp, statuses: &[&str]) -> Result<TaskQuery, String> {
    let mut query = TaskQuery::at(now);
    for status in statuses {
        query = query.with_status(match *status {
            "pending" => TaskStatus::Pending,
            "scheduled" => TaskStatus::Scheduled,
            "completed" => TaskStatus::Completed,
            "failed" => TaskStatus::Failed,
            other => return Err(format!("{other} is no status of a task")),
        });
    }
    Ok(query)
}

fn preview_lines(view: AppView<'_>, session: &str) -> Vec<String> {
    let preview = match view.preview(SessionId(id(session))) {
        Ok(preview) => preview,
        Err(error) => return vec![format!("error {}", error.code())],
    };
    let plan = format!("plan {}", preview.plan());
    let counts = preview.by_type().map(|(of, count)| format!("{} {count}", of.slug()));
    let records =
        preview.records().map(|record| format!("{} {}", record.resource_type().slug(), record.id()));
    counts.chain(records).chain([plan]).collect()
}

fn faults(error: Option<&Error>, rejections: Option<&(Vec<Fault>, u64)>) -> Vec<String> {
    let (faults, faults_total) = match (error, rejections) {
        (Some(Error::PageFaults { faults, faults_total, .. }), _) => (faults, faults_total),
        (_, Some((faults, faults_total))) => (faults, faults_total),
        (other, None) => return vec![format!("{other:?}")],
    };
    let lines = faults.iter().map(|fault| {
        let id = fault.id.as_deref().unwrap_or("-");
        format!("{} {id} {} {}", fault.index, fault.field, fault.code)
    });
    lines.chain(std::iter::once(format!("{faults_total} in all"))).collect()
}

fn record_line(record: RecordView<'_>) -> String {
    let mut line = format!("{} {}", record.id(), if record.is_active() { "active" } else { "inactive" });
    if record.is_placeholder() {
        line.push_str(" placeholder");
    }
    for (name, text) in [
        ("name", record.name()),
        ("description", record.description()),
        ("email", record.email()),
        ("username", record.username()),
        ("first_name", record.first_name()),
        ("last_name", record.last_name()),
        ("display_name", record.display_name()),
        ("status", record.status().map(|status| status.as_str()).filter(|status| *status != "active")),
    ] {
        if let Some(text) = text {
            let _ = write!(line, " {name}={text}");
        }
    }
    let attributes: serde_json::Map<String, serde_json::Value> =
        record.attributes().map(|(name, value)| (name.to_owned(), serde_json::json!(value))).collect();
    if !attributes.is_empty() {
        let _ = write!(line, " attributes={}", serde_json::Value::Object(attributes));
    }
    let references: Vec<String> =
        record.references().map(|to| format!("{}/{}", to.resource_type().slug(), to.id())).collect();
    if !references.is_empty() {
        let _ = write!(line, " refers={}", references.join(","));
    }
    line
}

/// What a command answers that succeeded.
pub(super) fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Done => "done".into(),
        Reply::Completion(status) => status.to_string(),
        Reply::Cleanup(outcome) => format!("deactivated {} {}", outcome.deactivated, outcome.status),
        Reply::Expiry(outcome) => format!("expired {}", outcome.expired),
        Reply::Purge(outcome) => format!("purged {} references {}", outcome.purged, outcome.references),
        Reply::Page(outcome) => page_reply(outcome),
        Reply::LenientPage(outcome) => {
            format!(
                "{} rejected {} retained {}",
                page_reply(&outcome.page),
                outcome.rejected,
                outcome.retained
            )
        }
        Reply::Deactivation(outcome) => format!(
            "total {} deactivated {} unchanged {} unknown {}",
            outcome.total, outcome.deactivated, outcome.unchanged, outcome.unknown
        ),
        other => panic!("a reply that scenarios cannot show: {other:?}"),
    }
}

fn page_reply(outcome: &PageOutcome) -> String {
    let mut line = format!("total {} created {} updated {}", outcome.total, outcome.created, outcome.updated);
    for (name, count) in [
        ("filled", outcome.filled),
        ("reactivated", outcome.reactivated),
        ("unchanged", outcome.unchanged),
        ("placeholders", outcome.placeholders),
        ("settled", outcome.settled),
    ] {
        if count > 0 {
            let _ = write!(line, " {name} {count}");
        }
    }
    line
}
