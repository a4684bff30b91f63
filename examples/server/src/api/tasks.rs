//! Provisioning tasks.

use axum::http::StatusCode;
use axum::response::Response;
use headcount::{
    AppView, Command, Engine, IgnoredFields, Limits, NewTask, Resolution, TaskAction, TaskId, TaskQuery,
    TaskStatus, TaskView, Uuid,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer;
use crate::call::{
    Asked, Body, Done, Fields, Made, Malformed, OfApp, OfTask, OfTasks, Paging, Query, QueryValues, Read,
    Refusal, Rows, Write,
};
use crate::machine::now;

/// Creates a task.
#[derive(Debug)]
pub struct Create;

/// The values of a body that are kept as they were sent: what they mean to a connector is not known here, and a number
/// may have more digits than one that is read and written again.
#[derive(Deserialize)]
struct Sent<'b> {
    #[serde(borrow)]
    payload: Option<&'b RawValue>,
    #[serde(borrow)]
    result: Option<&'b RawValue>,
}

impl<'b> Sent<'b> {
    fn of(body: &'b [u8]) -> Result<Self, Malformed> {
        serde_json::from_slice(body).map_err(|error| Malformed::unparsed(&error))
    }
}

/// The text of a value; an empty text counts as absent, as does null.
fn kept(sent: Option<&RawValue>) -> Option<&str> {
    sent.map(RawValue::get).filter(|text| !matches!(*text, "\"\"" | "null"))
}

impl<'b> Body<'b, OfApp> for NewTask<'b> {
    const FIELDS: &'static [&'static str] = &["action", "resource_type", "payload", "execute_after"];

    fn read(bytes: &'b [u8], _: &OfApp, _: &Limits, ignored: &mut IgnoredFields) -> Result<Self, Malformed> {
        let fields = &mut Fields::of(bytes, <Self as Body<'b, OfApp>>::FIELDS, ignored)?;
        let (action, resource_type) = (fields.parsed("action")?, fields.optional_text("resource_type")?);
        let action: TaskAction = fields.required("action", action)?;
        let mut new = Self::new(action, fields.required("resource_type", resource_type)?);
        let payload = kept(Sent::of(bytes)?.payload);
        if payload.is_some() {
            // It is an object, or malformed.
            fields.any_object("payload")?;
        }
        new.payload = payload.map(Into::into);
        new.execute_after = fields.moment("execute_after")?;
        Ok(new)
    }
}

impl Write for Create {
    const NAME: &'static str = "create_task";

    type Path = OfApp;
    type Query = ();
    type Body<'b> = NewTask<'b>;

    const MAKES: bool = true;

    fn made(engine: &Engine, at: &OfApp, id: Uuid, body: &NewTask<'_>) -> Made {
        let made = engine.app(at.app_id).and_then(|app| app.task(TaskId(id)));
        let Some(made) = made else { return Made::Nothing };
        let is_same = made.action() == body.action
            && made.resource_type().slug() == body.resource_type
            && made.payload() == body.payload.as_deref()
            && made.execute_after() == body.execute_after;
        if is_same {
            Made::Same(answer::json(StatusCode::CREATED, answer::task(made, now())))
        } else {
            Made::Other
        }
    }

    fn command<'b>(Asked { at, body: new, fresh_id, .. }: Asked<'b, Self>) -> Command<'b> {
        Command::CreateTask { app_id: at.app_id, task_id: TaskId(fresh_id), new }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let task = done.engine.app(done.at.app_id)?.task(TaskId(done.fresh_id))?;
        Some(answer::json(StatusCode::CREATED, answer::task(task, now())))
    }
}

/// Reads a task.
#[derive(Debug)]
pub struct Get;

impl Read for Get {
    const NAME: &'static str = "read_task";

    type Path = OfTask;
    type Query = ();

    fn answer((_, task): (AppView<'_>, TaskView<'_>), (): (), _: &str) -> Result<Response, Refusal> {
        Ok(answer::ok(answer::task(task, now())))
    }
}

/// Lists an app's tasks.
#[derive(Debug)]
pub struct List;

/// The query of [`List`].
#[derive(Debug)]
pub struct TasksQuery {
    paging: Paging,
    status: Option<TaskStatus>,
}

impl Query for TasksQuery {
    const NAMES: &'static [&'static str] = &["status", "limit", "offset"];

    fn read(values: &QueryValues) -> Result<Self, Malformed> {
        Ok(Self { status: values.parsed("status")?, paging: Paging::read(values)? })
    }
}

impl Read for List {
    const NAME: &'static str = "list_tasks";

    type Path = OfTasks;
    type Query = TasksQuery;

    fn answer(
        (app, limits): (AppView<'_>, &Limits),
        TasksQuery { mut paging, status }: TasksQuery,
        url: &str,
    ) -> Result<Response, Refusal> {
        let now = now();
        // Where the engine lists fewer, fewer are shown, and the rest is behind the link to the next.
        paging.limit = paging.limit.min(limits.tasks_listed_max as usize);
        let mut query = TaskQuery::at(now).with_limit(paging.limit as u32).with_offset(paging.offset as u64);
        if let Some(status) = status {
            query = query.with_status(status);
        }
        let tasks = app.tasks(&query)?;
        let rows = Rows::of(tasks.tasks.into_iter().map(|task| answer::task(task, now)));
        Ok(paging.page(tasks.total as usize, url, status.map(|status| ("status", status.as_str())), rows))
    }
}

/// Resolves a task.
#[derive(Debug)]
pub struct Resolve;

impl<'b> Body<'b, OfTask> for Resolution<'b> {
    const FIELDS: &'static [&'static str] = &["status", "result", "error"];

    fn read(bytes: &'b [u8], _: &OfTask, _: &Limits, ignored: &mut IgnoredFields) -> Result<Self, Malformed> {
        let fields = &mut Fields::of(bytes, <Self as Body<'b, OfTask>>::FIELDS, ignored)?;
        let word = fields.optional_text("status")?;
        let word = fields.required("status", word)?;
        let status = word.parse().ok().filter(|status: &TaskStatus| status.has_ended());
        let status = status.ok_or_else(|| Malformed::text("status", &word, "completed or failed"))?;
        let result = kept(Sent::of(bytes)?.result);
        let error = fields.object("error", &["code", "message"])?;
        match (status, result, error) {
            (TaskStatus::Failed, Some(_), _) => {
                Err(Malformed::field("result", "one beside the status failed", "none"))
            }
            (TaskStatus::Failed, None, mut error) => {
                let mut text = |name: &str| {
                    let text = error.as_mut().map(|error| error.text(name)).transpose()?.flatten();
                    Ok::<_, Malformed>(text.unwrap_or_default().into())
                };
                Ok(Self::Failed { code: text("code")?, message: text("message")? })
            }
            (_, _, Some(_)) => Err(Malformed::field("error", "one beside the status completed", "none")),
            (_, result, None) => Ok(Self::Completed { result: result.map(Into::into) }),
        }
    }
}

impl Write for Resolve {
    const NAME: &'static str = "resolve_task";

    type Path = OfTask;
    type Query = ();
    type Body<'b> = Resolution<'b>;

    fn command<'b>(Asked { at, body: resolution, .. }: Asked<'b, Self>) -> Command<'b> {
        Command::ResolveTask { app_id: at.app_id, task_id: at.task_id, resolution }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let task = done.engine.app(done.at.app_id)?.task(done.at.task_id)?;
        Some(answer::ok(answer::task(task, now())))
    }
}
