//! Tasks as readers see them.

use alloc::format;
use alloc::vec::Vec;

use crate::engine::out_of_range;
use crate::state::{ResourceType, Task, TaskEnding};
use crate::values::{Error, Limits, TaskAction, TaskId, TaskStatus, Timestamp};
use crate::view::AppView;

/// A provisioning task, to be read ([SPEC 6](crate::spec#6-tasks)). All that it shows is at hand.
#[derive(Clone, Copy)]
pub struct TaskView<'a> {
    id: TaskId,
    task: &'a Task,
    resource_type: &'a ResourceType,
}

impl core::fmt::Debug for TaskView<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TaskView")
            .field("id", &self.id)
            .field("action", &self.action())
            .field("resource_type", &self.resource_type.slug())
            .field("resolved_at", &self.resolved_at())
            .field("error", &self.error())
            .finish_non_exhaustive()
    }
}

impl<'a> TaskView<'a> {
    pub(super) fn new(app: AppView<'a>, id: TaskId, task: &'a Task) -> Self {
        Self { id, task, resource_type: app.type_at(task.of) }
    }

    /// Its id.
    pub const fn id(self) -> TaskId {
        self.id
    }

    /// What is to be done.
    pub const fn action(self) -> TaskAction {
        self.task.action
    }

    /// The type that it is to be done to, under its present slug.
    pub const fn resource_type(self) -> &'a ResourceType {
        self.resource_type
    }

    /// Where it is in its life, for a reader at `now`.
    pub fn status(self, now: Timestamp) -> TaskStatus {
        self.task.status(now)
    }

    /// What the connector needs for it.
    pub fn payload(self) -> Option<&'a str> {
        self.task.payload.as_deref()
    }

    /// Before when it is not to be done.
    pub const fn execute_after(self) -> Option<Timestamp> {
        self.task.execute_after
    }

    /// When it was created.
    pub const fn created_at(self) -> Timestamp {
        self.task.created_at
    }

    /// When it completed or failed.
    pub fn resolved_at(self) -> Option<Timestamp> {
        self.task.ending.as_ref().map(|(at, _)| *at)
    }

    /// What came of a completed task.
    pub fn result(self) -> Option<&'a str> {
        match &self.task.ending {
            Some((_, TaskEnding::Completed { result })) => result.as_deref(),
            _ => None,
        }
    }

    /// The code and the message of a failed task.
    pub fn error(self) -> Option<(&'a str, &'a str)> {
        match &self.task.ending {
            Some((_, TaskEnding::Failed { code, message })) => Some((code, message)),
            _ => None,
        }
    }
}

/// Which tasks a reader wants: those of a status or all, and which page of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskQuery {
    now: Timestamp,
    status: Option<TaskStatus>,
    limit: Option<u32>,
    offset: u64,
}

impl TaskQuery {
    /// The first tasks, as a reader at `now` sees them.
    pub const fn at(now: Timestamp) -> Self {
        Self { now, status: None, limit: None, offset: 0 }
    }

    /// Only those that have this status.
    #[must_use]
    pub const fn with_status(mut self, status: TaskStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// At most this many: 1..=1,000, 50 if not said.
    #[must_use]
    pub const fn with_limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Not the first so many of them.
    #[must_use]
    pub const fn with_offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }
}

/// A page of a list of tasks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskPage<'a> {
    /// How many tasks there are that the query asks for, on this page and off it.
    pub total: u64,
    /// Those on this page, in order of creation.
    pub tasks: Vec<TaskView<'a>>,
}

impl<'a> TaskPage<'a> {
    pub(super) fn of(app: AppView<'a>, query: &TaskQuery, limits: &Limits) -> Result<Self, Error> {
        let limit = query.limit.unwrap_or(limits.tasks_listed_default.min(limits.tasks_listed_max));
        if limit == 0 || limit > limits.tasks_listed_max {
            let expected = format!("1 to {}", limits.tasks_listed_max);
            return Err(out_of_range("limit", u64::from(limit), &expected));
        }
        let mut page = Self { total: 0, tasks: Vec::new() };
        for (id, task) in app.app().tasks().iter() {
            if query.status.is_some_and(|status| task.status(query.now) != status) {
                continue;
            }
            if page.total >= query.offset && page.tasks.len() < limit as usize {
                page.tasks.push(TaskView::new(app, id, task));
            }
            page.total += 1;
        }
        Ok(page)
    }
}
