//! What is printed: replies as the guide prints them, refusals as a service answers them, and changes.

use headcount::{AppId, AppView, Error, ErrorKind, Fact, RecordKey, SessionId, SessionStatus, Timestamp};
use serde_json::{Value, json};

use crate::host::{Host, Result};

impl Host {
    pub(crate) fn print_app(&self, app: AppId) -> Result<()> {
        let app = self.app(app)?;
        print_json(&json!({
            "id": app.id(),
            "name": app.name(),
            "configuration_status": app.configuration_status(),
            "created_at": rfc3339(app.created_at())?,
            "last_synced_at": app.last_synced_at().map(rfc3339).transpose()?,
        }));
        Ok(())
    }

    pub(crate) fn print_type(&self, app: AppId, slug: &str) -> Result<()> {
        let found = self.app(app)?.resource_type(slug).ok_or("no such type")?;
        print_json(&json!({
            "id": found.id(),
            "slug": found.slug(),
            "name": found.name(),
            "type": found.kind(),
            "created_at": rfc3339(found.created_at())?,
        }));
        Ok(())
    }

    /// The reply to a poll.
    pub(crate) fn print_session(&self, app: AppId, id: SessionId) -> Result<()> {
        let session = self.app(app)?.session(id).ok_or("no such session")?;
        let progress = session.progress().map(|progress| {
            let of = progress.resource_type;
            let count = progress.synced_count;
            json!({"slug": of.slug(), "name": of.name(), "type": of.kind(), "synced_count": count})
        });
        let progress: Vec<Value> = progress.collect();
        print_json(&json!({"sync_id": id, "status": session.status(), "progress": progress}));
        Ok(())
    }

    /// What the guide's script prints of the last poll, and what it has no case of.
    pub(crate) fn print_progress(&self, app: AppId, session: SessionId) -> Result<()> {
        let session = self.app(app)?.session(session).ok_or("no such session")?;
        println!("Status: {}", session.status());
        for progress in session.progress() {
            let (name, synced) = (progress.resource_type.name(), progress.synced_count);
            match (progress.in_scope, progress.retained_count) {
                (false, _) => println!("  {name}: out of scope, left as they are"),
                (true, 0) => println!("  {name}: {synced} records"),
                (true, retained) => println!("  {name}: {synced} records, {retained} retained"),
            }
        }
        Ok(())
    }

    pub(crate) fn print_preview(&self, app: AppId, session: SessionId) -> Result<()> {
        let preview = self.app(app)?.preview(session)?;
        match preview.total() {
            0 => println!("Preview: completing now would mark no record inactive"),
            1 => println!("Preview: completing now would mark 1 record inactive:"),
            total => println!("Preview: completing now would mark {total} records inactive:"),
        }
        for record in preview.records() {
            println!("  {} {}", record.resource_type().slug(), record.id());
        }
        println!("  plan {}", preview.plan());
        Ok(())
    }

    /// What the last command changed: what a service writes to tables of its own, or publishes.
    pub(crate) fn print_changes(&self, app: AppId) -> Result<()> {
        let app = self.app(app)?;
        for change in self.engine.changes() {
            println!("  change {}: {}", change.seq, describe(app, &change.fact));
        }
        Ok(())
    }
}

/// How a service answers an error: with a status, and what was wrong.
pub(crate) fn http_status(error: &Error) -> u16 {
    match error.kind() {
        ErrorKind::NotFound => 404,
        ErrorKind::Conflict | ErrorKind::WrongState => 409,
        ErrorKind::BusinessRule => 422,
        _ => 400,
    }
}

/// Prints the error that a call is to come to; it is a mistake of this example if it comes to none.
pub(crate) fn print_refusal<T>(called: Result<T>) -> Result<()> {
    let Err(refused) = called else { return Err("it was not refused".into()) };
    let refused = refused.downcast::<Error>()?;
    println!("Refused: {} {}", http_status(&refused), refused.code());
    let mut body = json!({"detail": refused.to_string()});
    match &*refused {
        Error::GuardExceeded { deactivations, base, guard, .. } => {
            body["deactivations"] = json!(deactivations);
            body["base"] = json!(base);
            body["max_count"] = json!(guard.max_count);
            body["max_percent"] = json!(guard.max_percent);
        }
        Error::PageFaults { faults, faults_total, .. } => {
            body["errors"] = json!(faults);
            body["errors_total"] = json!(faults_total);
        }
        _ => {}
    }
    print_json(&body);
    Ok(())
}

pub(crate) fn describe(app: AppView<'_>, fact: &Fact<'_>) -> String {
    let name = |key: &RecordKey<'_>| {
        let slug = app.resource_type_by_id(key.resource_type_id).map_or("?", |found| found.slug());
        format!("{slug} {}", key.id)
    };
    match fact {
        Fact::RecordCreated { record } => format!("created {}", name(record)),
        Fact::RecordUpdated { record, fields } => format!("updated {}: {fields:?}", name(record)),
        Fact::RecordDeactivated { record } => format!("deactivated {}", name(record)),
        Fact::PlaceholderMade { record } => format!("made a placeholder for {}", name(record)),
        Fact::PlaceholderFilled { record } => format!("filled the placeholder {}", name(record)),
        Fact::ReferenceAdded { account, target } => format!("added {} to {}", name(account), name(target)),
        Fact::ReferenceRemoved { account, target } => {
            format!("removed {} from {}", name(account), name(target))
        }
        Fact::SessionCompleting { .. } => "the session is completing".to_owned(),
        // With it the app is synced, which no change of its own tells.
        Fact::SessionEnded { status: SessionStatus::Completed, .. } => {
            "the session is completed, and the app synced".to_owned()
        }
        Fact::SessionEnded { status, .. } => format!("the session is {status}"),
        Fact::SessionChanged { .. } => "the session's scope changed, or its guard was waived".to_owned(),
        Fact::AppUpdated => "the app was updated".to_owned(),
        other => format!("{other:?}"),
    }
}

/// As the guide prints its replies: a field a line, and an element of a list a line.
pub(crate) fn print_json(reply: &Value) {
    println!("{{");
    let fields = reply.as_object().into_iter().flatten();
    let mut separator = "";
    for (name, value) in fields {
        print!("{separator}  \"{name}\": ");
        match value.as_array() {
            Some(list) => {
                let lines: Vec<String> = list.iter().map(|element| format!("\n    {element}")).collect();
                print!("[{}\n  ]", lines.join(","));
            }
            None => print!("{value}"),
        }
        separator = ",\n";
    }
    println!("\n}}");
}

pub(crate) fn rfc3339(at: Timestamp) -> Result<String> {
    Ok(jiff::Timestamp::from_millisecond(at.as_millis())?.to_string())
}

pub(crate) fn heading(text: &str) {
    println!("\n== {text}");
}
