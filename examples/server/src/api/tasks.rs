//! Provisioning tasks.

use axum::http::StatusCode;
use axum::response::Response;
use headcount::{
    AppView, Command, Limits, NewTask, Resolution, TaskAction, TaskId, TaskQuery, TaskStatus, TaskView,
};
use serde_json::Value;

use crate::answer;
use crate::call::{
    Asked, Done, Fields, Malformed, Object, OfApp, OfTask, OfTasks, Paging, Query, QueryValues, Read,
    Refusal, Write,
};
use crate::machine::now;

/// Creates a task.
#[derive(Debug)]
pub struct Create;

impl Object for NewTask<'static> {
    const FIELDS: &'static [&'static str] = &["action", "resource_type", "payload", "execute_after"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let (action, resource_type) = (fields.parsed("action")?, fields.optional_text("resource_type")?);
        let action: TaskAction = fields.required("action", action)?;
        let mut new = Self::new(action, fields.required("resource_type", resource_type)?);
        new.payload = payload(fields)?.map(Into::into);
        new.execute_after = fields.moment("execute_after")?;
        Ok(new)
    }
}

/// The text of the object `payload`. An empty text counts as absent.
fn payload(fields: &mut Fields<'_>) -> Result<Option<String>, Malformed> {
    if fields.is_empty_text("payload") {
        return Ok(None);
    }
    Ok(fields.any_object("payload")?.map(|payload| Value::from(payload).to_string()))
}

impl Write for Create {
    const NAME: &'static str = "create_task";

    type Path = OfApp;
    type Query = ();
    type Body<'b> = NewTask<'static>;

    fn command(Asked { at, body: new, fresh_id, .. }: Asked<'_, Self>) -> Command<'_> {
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
        let results = tasks.tasks.into_iter().map(|task| answer::task(task, now)).collect();
        Ok(paging.page(tasks.total as usize, url, status.map(|status| ("status", status.as_str())), results))
    }
}

/// Resolves a task.
#[derive(Debug)]
pub struct Resolve;

impl Object for Resolution<'static> {
    const FIELDS: &'static [&'static str] = &["status", "result", "error"];

    fn read(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let word = fields.optional_text("status")?;
        let word = fields.required("status", word)?;
        let status = word.parse().ok().filter(|status: &TaskStatus| status.has_ended());
        let status = status.ok_or_else(|| Malformed::text("status", &word, "completed or failed"))?;
        let result = if fields.is_empty_text("result") { None } else { fields.value("result") };
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
            (_, result, None) => {
                Ok(Self::Completed { result: result.as_ref().map(Value::to_string).map(Into::into) })
            }
        }
    }
}

impl Write for Resolve {
    const NAME: &'static str = "resolve_task";

    type Path = OfTask;
    type Query = ();
    type Body<'b> = Resolution<'static>;

    fn command(Asked { at, body: resolution, .. }: Asked<'_, Self>) -> Command<'_> {
        Command::ResolveTask { app_id: at.app_id, task_id: at.task_id, resolution }
    }

    fn answer(done: &Done<'_, Self>) -> Option<Response> {
        let task = done.engine.app(done.at.app_id)?.task(done.at.task_id)?;
        Some(answer::ok(answer::task(task, now())))
    }
}
