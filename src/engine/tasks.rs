//! Commands about tasks.

use alloc::borrow::ToOwned;

use super::Engine;
use super::scope::expect_text;
use crate::state::{Task, TaskEnding};
use crate::values::{AppId, Error, Fact, NewTask, Resolution, Rule, TaskId, Timestamp, present};

/// Tasks ([SPEC 6](crate::spec#6-tasks)).
impl Engine {
    /// Creates a task for the app's connector: pending, or scheduled until its `execute_after`.
    ///
    /// Costs grow with its payload, which is copied.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Kind, NewResourceType, NewTask, ResourceTypeId, TaskAction};
    /// # use headcount::{TaskId, TaskStatus, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id, task_id) = (Timestamp(0), AppId(Uuid::from_u128(1)), TaskId(Uuid::from_u128(1)));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # let account = NewResourceType::new("account", "Account", Kind::Account);
    /// # engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(1)), &account)?;
    /// let new = NewTask::new(TaskAction::SuspendAccount, "account").with_execute_after(Timestamp(1_000));
    /// engine.create_task(now, app_id, task_id, &new)?;
    /// let task = engine.app(app_id).unwrap().task(task_id).unwrap();
    /// assert_eq!(task.status(Timestamp(999)), TaskStatus::Scheduled);
    /// assert_eq!(task.status(Timestamp(1_000)), TaskStatus::Pending);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`InvalidArgument`](Error::InvalidArgument) for `payload`
    /// (at most 64 KiB); [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`TaskIdInUse`](Error::TaskIdInUse).
    pub fn create_task(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        task_id: TaskId,
        new: &NewTask<'_>,
    ) -> Result<(), Error> {
        let rule = Rule::Opaque { bytes_max: self.limits().opaque_bytes_max };
        let scope = self.scope(now, app_id)?;
        let payload = present(new.payload.as_deref());
        payload.map_or(Ok(()), |payload| expect_text(rule, "payload", payload))?;
        let (of, _) = scope.find_type(&new.resource_type)?;
        if scope.ids.tasks.contains(&task_id) {
            return Err(Error::TaskIdInUse { task_id });
        }
        let task = Task {
            action: new.action,
            of,
            payload: payload.map(ToOwned::to_owned),
            execute_after: new.execute_after,
            created_at: now,
            ending: None,
        };
        scope.app.tasks_mut().add(task_id, task);
        scope.ids.tasks.insert(task_id);
        scope.changes.fact(Fact::TaskCreated { task_id });
        Ok(())
    }

    /// Ends a task, also one that is not due yet. An app keeps its last 10,000 ended tasks; the id of
    /// one that it forgets is free.
    ///
    /// Costs grow with the texts of the resolution, which are copied; and with the task's own, if a
    /// [frozen copy](Engine::freeze) has it.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Kind, NewResourceType, NewTask, ResourceTypeId, TaskAction};
    /// # use headcount::{Resolution, TaskId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id, task_id) = (Timestamp(0), AppId(Uuid::from_u128(1)), TaskId(Uuid::from_u128(1)));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # let account = NewResourceType::new("account", "Account", Kind::Account);
    /// # engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(1)), &account)?;
    /// # engine.create_task(now, app_id, task_id, &NewTask::new(TaskAction::CreateAccount, "account"))?;
    /// let failed = Resolution::Failed { code: "no_license".into(), message: "all seats are taken".into() };
    /// engine.resolve_task(now, app_id, task_id, &failed)?;
    /// let task = engine.app(app_id).unwrap().task(task_id).unwrap();
    /// assert_eq!(task.error(), Some(("no_license", "all seats are taken")));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`TaskNotFound`](Error::TaskNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `result` (at most 64 KiB), `code` or `message`
    /// (not empty, at most 64 KiB); [`TaskEnded`](Error::TaskEnded).
    pub fn resolve_task(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        task_id: TaskId,
        resolution: &Resolution<'_>,
    ) -> Result<(), Error> {
        let limits = *self.limits();
        let scope = self.scope(now, app_id)?;
        let task = scope.app.tasks().get(task_id).ok_or(Error::TaskNotFound { task_id })?;
        let ending = task_ending(resolution, limits.opaque_bytes_max)?;
        if task.ending.is_some() {
            return Err(Error::TaskEnded { task_id, status: task.status(now) });
        }
        let ended_max = limits.ended_tasks_per_app_max as usize;
        for forgotten in scope.app.tasks_mut().end(task_id, now, ending, ended_max) {
            scope.ids.tasks.remove(&forgotten);
        }
        scope.changes.fact(Fact::TaskResolved { task_id });
        Ok(())
    }
}

/// What will be stored of a resolution.
fn task_ending(resolution: &Resolution<'_>, bytes_max: u32) -> Result<TaskEnding, Error> {
    match resolution {
        Resolution::Completed { result } => {
            let result = present(result.as_deref());
            result.map_or(Ok(()), |result| expect_text(Rule::Opaque { bytes_max }, "result", result))?;
            Ok(TaskEnding::Completed { result: result.map(ToOwned::to_owned) })
        }
        Resolution::Failed { code, message } => {
            expect_text(Rule::RequiredOpaque { bytes_max }, "code", code)?;
            expect_text(Rule::RequiredOpaque { bytes_max }, "message", message)?;
            let (code, message) = (code.clone().into_owned(), message.clone().into_owned());
            Ok(TaskEnding::Failed { code, message })
        }
    }
}
