//! Commands about tasks.

use alloc::borrow::ToOwned;

use super::{Engine, find_app_mut, find_type};
use crate::state::task::{Ending, Task};
use crate::values::change::Fact;
use crate::values::command::{NewTask, Resolution};
use crate::values::error::Error;
use crate::values::id::{AppId, TaskId};
use crate::values::text::{Rule, present};
use crate::values::time::Timestamp;

/// Tasks (SPEC 6).
impl Engine {
    /// Creates a task for the app's connector: pending, or scheduled until its `execute_after`.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `payload` (at most 64 KiB);
    /// [`TaskIdInUse`](Error::TaskIdInUse).
    pub fn create_task(
        &mut self,
        now: Timestamp,
        app: AppId,
        task: TaskId,
        new: &NewTask<'_>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let rule = Rule::Opaque { bytes_max: self.limits().opaque_bytes_max };
        let found = find_app_mut(&mut self.apps, app)?;
        let registry = self.groups.entry(found.group).or_default();
        let (table, _) = find_type(registry, &new.resource_type)?;
        let payload = present(new.payload.as_deref());
        rule.check("payload", payload.unwrap_or_default())?;
        if self.ids.tasks.contains(&task) {
            return Err(Error::TaskIdInUse { task });
        }
        let created = Task {
            id: task,
            action: new.action,
            table,
            payload: payload.map(ToOwned::to_owned),
            execute_after: new.execute_after,
            created_at: now,
            ending: None,
        };
        found.tasks.insert(task, created);
        self.ids.tasks.insert(task);
        self.changes.fact(Fact::TaskCreated { task });
        Ok(())
    }

    /// Ends a task, also one that is not due yet.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`TaskNotFound`](Error::TaskNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `result` (at most 64 KiB), `code` or `message`
    /// (not empty, at most 64 KiB); [`TaskEnded`](Error::TaskEnded).
    pub fn resolve_task(
        &mut self,
        now: Timestamp,
        app: AppId,
        task: TaskId,
        resolution: &Resolution<'_>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let bytes_max = self.limits().opaque_bytes_max;
        let found = find_app_mut(&mut self.apps, app)?;
        let resolved = found.tasks.get_mut(&task).ok_or(Error::TaskNotFound { task })?;
        let ending = match resolution {
            Resolution::Completed { result } => {
                let result = present(result.as_deref());
                Rule::Opaque { bytes_max }.check("result", result.unwrap_or_default())?;
                Ending::Completed { result: result.map(ToOwned::to_owned) }
            }
            Resolution::Failed { code, message } => {
                Rule::RequiredOpaque { bytes_max }.check("code", code)?;
                Rule::RequiredOpaque { bytes_max }.check("message", message)?;
                Ending::Failed { code: code.clone().into_owned(), message: message.clone().into_owned() }
            }
        };
        if resolved.ending.is_some() {
            return Err(Error::TaskEnded { task, status: resolved.status(now) });
        }
        resolved.ending = Some((now, ending));
        self.changes.fact(Fact::TaskResolved { task });
        Ok(())
    }
}
