//! SPEC 6: tasks.

use headcount::{AppId, Error, Fact, NewTask, Reply, Resolution, TaskId, Timestamp};

use super::{Model, Task, check, present};

impl Model {
    pub(super) fn create_task(
        &mut self,
        now: Timestamp,
        id: AppId,
        task: TaskId,
        new: &NewTask<'_>,
    ) -> Result<Reply, Error> {
        self.app(id)?;
        check::opaque("payload", new.payload.as_deref().unwrap_or_default(), false, &self.limits)?;
        let number = self.number(id, &new.resource_type)?;
        if self.apps.iter().flat_map(|app| &app.tasks).any(|other| other.id == task) {
            return Err(Error::TaskIdInUse { task_id: task });
        }
        let created = Task {
            id: task,
            action: new.action,
            number,
            payload: present(&new.payload),
            execute_after: new.execute_after,
            created_at: now,
            resolved_at: None,
            result: None,
            error: None,
        };
        self.app_mut(id)?.tasks.push(created);
        self.facts.push(Fact::TaskCreated { task_id: task });
        Ok(Reply::Done)
    }

    pub(super) fn resolve_task(
        &mut self,
        now: Timestamp,
        id: AppId,
        task: TaskId,
        resolution: &Resolution<'_>,
    ) -> Result<Reply, Error> {
        let limits = self.limits;
        let tasks = &mut self.app_mut(id)?.tasks;
        let found =
            tasks.iter_mut().find(|other| other.id == task).ok_or(Error::TaskNotFound { task_id: task })?;
        let (result, error) = match resolution {
            Resolution::Completed { result } => {
                check::opaque("result", result.as_deref().unwrap_or_default(), false, &limits)?;
                (present(result), None)
            }
            Resolution::Failed { code, message } => {
                check::opaque("code", code, true, &limits)?;
                check::opaque("message", message, true, &limits)?;
                (None, Some((code.to_string(), message.to_string())))
            }
        };
        if found.resolved_at.is_some() {
            return Err(Error::TaskEnded { task_id: task, status: found.status(now) });
        }
        (found.resolved_at, found.result, found.error) = (Some(now), result, error);
        let ended = self.tasks_ended.entry(id).or_default();
        ended.push(task);
        if ended.len() > limits.ended_tasks_per_app_max as usize {
            let forgotten = ended.remove(0);
            self.app_mut(id)?.tasks.retain(|other| other.id != forgotten);
        }
        self.facts.push(Fact::TaskResolved { task_id: task });
        Ok(Reply::Done)
    }
}
