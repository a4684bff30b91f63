//! Provisioning tasks.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use headcount::{Command, NewTask, Resolution, TaskAction, TaskId, TaskQuery, TaskStatus, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::apps::moment;
use super::{Body, Call, object, ok};
use crate::answer::{self, Answer};
use crate::refusal::Refusal;

#[derive(Deserialize)]
struct TaskBody {
    action: Option<Value>,
    resource_type: Option<String>,
    payload: Option<Value>,
    execute_after: Option<String>,
}

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}

pub(super) async fn create(call: Call, body: Body) -> Answer {
    let app = call.id("app")?;
    call.read_app(|_| Ok(()))?;
    let new: TaskBody = object(body, false)?;
    let resource_type = new.resource_type.filter(|slug| !slug.is_empty());
    let resource_type = resource_type.ok_or_else(|| Refusal::malformed("resource_type is missing"))?;
    // A type that is not found is told before what else is malformed.
    call.read_app(|app| app.resource_type(&resource_type).map(|_| ()).ok_or_else(Refusal::not_found))?;
    let action = new.action.ok_or_else(|| Refusal::malformed("action is missing"))?;
    let action: TaskAction =
        serde_json::from_value(action).map_err(|error| Refusal::malformed(format!("action: {error}")))?;
    let execute_after = new.execute_after.filter(|text| !text.is_empty());
    let execute_after = execute_after.map(|text| moment("execute_after", &text)).transpose()?;
    let payload = match new.payload {
        None => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::Object(payload)) => Some(Value::from(payload).to_string().into()),
        Some(_) => return Err(Refusal::malformed("payload: expected an object")),
    };
    let task = TaskId(Uuid::new_v4());
    let new = NewTask { action, resource_type: resource_type.into(), payload, execute_after };
    let show = move |app: headcount::AppView<'_>, _| app.task(task).map(|task| answer::task(task, now()));
    let shown = call.answer_with(&Command::CreateTask { app, task, new }, app, show).await?;
    Ok(answer::json(StatusCode::CREATED, shown))
}

pub(super) async fn read(call: Call) -> Answer {
    let task = call.id("task")?;
    let shown = call
        .read_app(|app| app.task(task).map(|task| answer::task(task, now())).ok_or_else(Refusal::not_found));
    ok(shown?)
}

pub(super) async fn list(call: Call) -> Answer {
    call.read_app(|_| Ok(()))?;
    let paging = call.paging()?;
    let mut query = TaskQuery::at(now()).with_limit(paging.limit as u32).with_offset(paging.offset as u64);
    let status = call.query("status");
    if let Some(status) = status {
        query = query.with_status(match status {
            "pending" => TaskStatus::Pending,
            "scheduled" => TaskStatus::Scheduled,
            "completed" => TaskStatus::Completed,
            "failed" => TaskStatus::Failed,
            other => return Err(Refusal::malformed(format!("status: {other:?} is no status of a task"))),
        });
    }
    let (count, results) = call.read_app(|app| {
        let page = app.tasks(&query)?;
        Ok((page.total as usize, page.tasks.into_iter().map(|task| answer::task(task, now())).collect()))
    })?;
    Ok(paging.page(count, &call.list_url(status.map(|status| ("status", status))), results))
}

#[derive(Deserialize)]
struct StatusBody {
    status: Option<String>,
    result: Option<Value>,
    error: Option<Map<String, Value>>,
}

impl StatusBody {
    /// What the body says of the task; nothing, if it says nothing.
    fn resolution(self) -> Result<Option<Resolution<'static>>, Refusal> {
        let text = |fields: &Map<String, Value>, name: &str| match fields.get(name) {
            Some(Value::String(text)) => Ok(text.clone().into()),
            None | Some(Value::Null) => Ok("".into()),
            Some(_) => Err(Refusal::malformed(format!("error.{name}: expected a string"))),
        };
        match (self.status.as_deref().unwrap_or_default(), self.result, self.error) {
            ("completed", result, None) => {
                let result = result
                    .filter(|result| result.as_str() != Some(""))
                    .map(|result| result.to_string().into());
                Ok(Some(Resolution::Completed { result }))
            }
            ("failed", None, error) => {
                let error = error.unwrap_or_default();
                Ok(Some(Resolution::Failed {
                    code: text(&error, "code")?,
                    message: text(&error, "message")?,
                }))
            }
            ("completed", _, Some(_)) => Err(Refusal::malformed("an error with completed")),
            ("failed", Some(_), _) => Err(Refusal::malformed("a result with failed")),
            ("", None, None) => Ok(None),
            ("", ..) => Err(Refusal::malformed("status is missing")),
            (other, ..) => Err(Refusal::malformed(format!("status: {other:?} is none of completed, failed"))),
        }
    }
}

pub(super) async fn resolve(call: Call, body: Body) -> Answer {
    let (app, task) = (call.id("app")?, call.id::<TaskId>("task")?);
    let before = call.read_app(|app| {
        app.task(task).map(|task| answer::task(task, now())).ok_or_else(Refusal::not_found)
    })?;
    let Some(resolution) = object::<StatusBody>(body, false)?.resolution()? else { return ok(before) };
    let show = move |app: headcount::AppView<'_>, _| app.task(task).map(|task| answer::task(task, now()));
    ok(call.answer_with(&Command::ResolveTask { app, task, resolution }, app, show).await?)
}
