//! What is printed: replies as the guide prints them, refusals as a service answers them, and changes.

use headcount::{AppId, Error, ErrorKind, SessionId, Timestamp};
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
    pub(crate) fn print_changes(&self) {
        for change in self.engine.changes() {
            println!("  {}", self.engine.display(&change));
        }
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
