//! Replies and views as the lines that a scenario expects.

use std::fmt::Write as _;

use headcount::{
    AppId, AppView, Change, Error, Fact, RecordFilter, RecordKey, RecordView, Reply, SessionId, SessionView,
    TaskQuery, TaskStatus, Uuid,
};

use super::stage::{Run, id};

impl Run {
    /// What a view shows, if the words name one.
    pub(super) fn view(&self, words: &[&str]) -> Option<Vec<String>> {
        if let ["faults"] = *words {
            return Some(faults(self.last_error.as_ref()));
        }
        if let ["changes"] = *words {
            return Some(self.engine.changes().map(|change| self.change(&change)).collect());
        }
        if let ["apps"] = *words {
            return Some(self.engine.apps().map(|app| self.app_line(app)).collect());
        }
        let view = |name: &str| self.engine.app(AppId(id(name)));
        Some(match *words {
            ["types", app] => view(app)?
                .resource_types()
                .iter()
                .map(|of| format!("{} {} {}", of.slug(), of.kind(), of.name()))
                .collect(),
            ["records", app, slug, ref filter @ ..] => {
                let filter = match filter {
                    [] => RecordFilter::All,
                    ["active"] => RecordFilter::Active,
                    ["inactive"] => RecordFilter::Inactive,
                    ["placeholder"] => RecordFilter::Placeholder,
                    other => panic!("no filter: {other:?}"),
                };
                view(app)?.records(slug, filter)?.map(record_line).collect()
            }
            ["members", app, slug, of] => {
                view(app)?.record(slug, of)?.members().map(|member| member.id().to_owned()).collect()
            }
            ["preview", app, session] => match view(app)?.preview(SessionId(id(session))) {
                Ok(preview) => {
                    let counts = preview.by_type().map(|(of, count)| format!("{} {count}", of.slug()));
                    let records = preview
                        .records()
                        .map(|record| format!("{} {}", record.resource_type().slug(), record.id()));
                    counts.chain(records).collect()
                }
                Err(error) => vec![format!("error {error}")],
            },
            ["sessions", app] => view(app)?.sessions().map(|session| self.session_line(session)).collect(),
            ["session", app, session] => {
                let session = view(app)?.session(SessionId(id(session)))?;
                let progress = session.progress();
                let lines = progress.map(|of| format!("{} {}", of.resource_type.slug(), of.synced_count));
                std::iter::once(self.session_line(session)).chain(lines).collect()
            }
            ["tasks", app, ref status @ ..] => {
                let mut query = TaskQuery::at(self.now);
                for status in status {
                    query = query.with_status(match *status {
                        "pending" => TaskStatus::Pending,
                        "scheduled" => TaskStatus::Scheduled,
                        "completed" => TaskStatus::Completed,
                        "failed" => TaskStatus::Failed,
                        other => panic!("no status: {other}"),
                    });
                }
                let page = view(app)?.tasks(&query).expect("a page");
                page.tasks.into_iter().map(|task| self.task_line(task)).collect()
            }
            _ => return None,
        })
    }

    pub(super) fn known(&self, id: Uuid) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    pub(super) fn app_line(&self, app: AppView<'_>) -> String {
        let mut line = format!("{} {}", app.name(), app.configuration_status().as_str());
        if let Some(at) = app.last_synced_at() {
            let _ = write!(line, " synced={}", at.as_millis());
        }
        if !app.guard().is_none() {
            let _ = write!(line, " guard={:?}/{:?}", app.guard().max_count, app.guard().max_percent);
        }
        let group: Vec<String> = app.clone_group().map(|app| self.known(app.0)).collect();
        let _ = write!(line, " group={}", group.join(","));
        line
    }

    pub(super) fn session_line(&self, session: SessionView<'_>) -> String {
        let mut line = format!(
            "{} {} started={}",
            self.known(session.id().0),
            session.status(),
            session.started_at().as_millis()
        );
        if let Some(at) = session.ended_at() {
            let _ = write!(line, " ended={}", at.as_millis());
        }
        if let Some(reason) = session.reason() {
            let _ = write!(line, " reason={reason}");
        }
        if let Some(scope) = session.scope() {
            let slugs: Vec<&str> = scope.map(|of| of.slug()).collect();
            let _ = write!(line, " scope={}", slugs.join(","));
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
        ] {
            if count > 0 {
                let _ = write!(line, " {name}={count}");
            }
        }
        line
    }

    pub(super) fn task_line(&self, task: headcount::TaskView<'_>) -> String {
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

    pub(super) fn change(&self, change: &Change<'_>) -> String {
        let app = self.engine.app(change.app);
        let key = |key: &RecordKey<'_>| {
            let found = app.and_then(|app| app.resource_type_by_id(key.resource_type));
            format!("{} {}", found.map_or("?", |found| found.slug()), key.id)
        };
        match &change.fact {
            Fact::AppCreated { clone_from } => {
                let from = clone_from.map(|from| format!(" from {}", self.known(from.0)));
                format!("app-created{}", from.unwrap_or_default())
            }
            Fact::AppUpdated => "app-updated".into(),
            Fact::AppDeleted => "app-deleted".into(),
            Fact::ResourceTypeRegistered { resource_type } | Fact::ResourceTypeUpdated { resource_type } => {
                let did = if matches!(change.fact, Fact::ResourceTypeUpdated { .. }) {
                    "updated"
                } else {
                    "registered"
                };
                let found = app.and_then(|app| app.resource_type_by_id(*resource_type));
                format!("type-{did} {}", found.map_or("?", |found| found.slug()))
            }
            Fact::SessionOpened { session } => format!("session-opened {}", self.known(session.0)),
            Fact::SessionCompleting { session } => format!("session-completing {}", self.known(session.0)),
            Fact::SessionEnded { session, status } => {
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
            Fact::TaskCreated { task } => format!("task-created {}", self.known(task.0)),
            Fact::TaskResolved { task } => format!("task-resolved {}", self.known(task.0)),
            other => panic!("a change that scenarios cannot show: {other:?}"),
        }
    }
}

fn faults(error: Option<&Error>) -> Vec<String> {
    match error {
        Some(Error::PageFaults { faults, faults_total, .. }) => {
            let lines = faults
                .iter()
                .map(|fault| format!("{} {} {} {}", fault.index, fault.id, fault.field, fault.code));
            lines.chain(std::iter::once(format!("{faults_total} in all"))).collect()
        }
        other => vec![format!("{other:?}")],
    }
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
    let references: Vec<String> =
        record.references().map(|to| format!("{}/{}", to.resource_type().slug(), to.id())).collect();
    if !references.is_empty() {
        let _ = write!(line, " refers={}", references.join(","));
    }
    line
}

pub(super) fn answer(reply: &Result<Reply, Error>) -> String {
    match reply {
        Err(error) => format!("error {} {error}", error.code()),
        Ok(Reply::Done) => "done".into(),
        Ok(Reply::Completion(status)) => status.to_string(),
        Ok(Reply::Cleanup(outcome)) => format!("deactivated {} {}", outcome.deactivated, outcome.status),
        Ok(Reply::Purge(outcome)) => format!("purged {} references {}", outcome.purged, outcome.references),
        Ok(Reply::Page(outcome)) => {
            let mut line =
                format!("total {} created {} updated {}", outcome.total, outcome.created, outcome.updated);
            for (name, count) in [
                ("filled", outcome.filled),
                ("reactivated", outcome.reactivated),
                ("unchanged", outcome.unchanged),
                ("placeholders", outcome.placeholders),
            ] {
                if count > 0 {
                    let _ = write!(line, " {name} {count}");
                }
            }
            line
        }
        Ok(other) => panic!("a reply that scenarios cannot show: {other:?}"),
    }
}
