//! Provisioning tasks: what a connector is to do, and what came of it.

#[cfg(feature = "serde")]
mod saved;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::ordered::{Ordered, Ordinal};
use crate::store::TypeIndex;
use crate::values::{
    Checked, DigestHasher, Limits, Rule, TaskAction, TaskId, TaskStatus, Timestamp, ensure, ensure_text,
};

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TaskEnding {
    Completed { result: Option<String> },
    Failed { code: String, message: String },
}

/// One provisioning action of one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) action: TaskAction,
    /// The resource type that the action is about.
    pub(crate) of: TypeIndex,
    pub(crate) payload: Option<String>,
    pub(crate) execute_after: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) ending: Option<(Timestamp, TaskEnding)>,
}

impl Task {
    /// The status that a reader at `now` sees. Nothing is stored about the reading.
    pub(crate) fn status(&self, now: Timestamp) -> TaskStatus {
        match &self.ending {
            Some((_, TaskEnding::Completed { .. })) => TaskStatus::Completed,
            Some((_, TaskEnding::Failed { .. })) => TaskStatus::Failed,
            None if self.execute_after.is_some_and(|due| now < due) => TaskStatus::Scheduled,
            None => TaskStatus::Pending,
        }
    }

    fn digest(&self, hasher: &mut DigestHasher) {
        let Self { action, of, payload, execute_after, created_at, ending } = self;
        hasher.u8(action.number());
        hasher.u32(of.0);
        hasher.optional_text(payload.as_deref());
        hasher.optional_time(*execute_after);
        hasher.i64(created_at.as_millis());
        match ending {
            None => hasher.u8(0),
            Some((at, TaskEnding::Completed { result })) => {
                hasher.u8(1);
                hasher.i64(at.as_millis());
                hasher.optional_text(result.as_deref());
            }
            Some((at, TaskEnding::Failed { code, message })) => {
                hasher.u8(2);
                hasher.i64(at.as_millis());
                hasher.text(code.as_bytes());
                hasher.text(message.as_bytes());
            }
        }
    }

    fn validate(&self, types: usize) -> Checked {
        // What is absent is stored as absent, so a text that is there is not empty.
        let rule = Rule::RequiredOpaque { bytes_max: Limits::CEILINGS.opaque_bytes_max };
        ensure(self.of.at() < types, "6", || "a task has no resource type")?;
        self.payload.as_deref().map_or(Ok(()), |payload| ensure_text(rule, "a payload", payload))?;
        match &self.ending {
            None | Some((_, TaskEnding::Completed { result: None })) => Ok(()),
            Some((_, TaskEnding::Completed { result: Some(result) })) => {
                ensure_text(rule, "a result", result)
            }
            Some((_, TaskEnding::Failed { code, message })) => {
                ensure_text(rule, "an error's code", code)?;
                ensure_text(rule, "an error's message", message)
            }
        }
    }
}

/// The tasks of one app: all that are to be done, and the last of those that ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    /// A frozen copy shares them: their texts may be large, and of a task that ended none changes.
    tasks: Ordered<TaskId, Arc<Task>>,
    /// Those that ended, the first to end first.
    ended: VecDeque<Ordinal>,
}

impl Tasks {
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(crate) fn get(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id).map(|task| &**task)
    }

    /// In order of creation.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (TaskId, &Task)> {
        self.tasks.iter().map(|(id, task)| (id, &**task))
    }

    pub(crate) fn add(&mut self, id: TaskId, task: Task) {
        debug_assert!(task.ending.is_none(), "a task that is created is to be done");
        self.tasks.push(id, Arc::new(task));
    }

    /// Ends a task that has not ended, and copies it first, if a frozen copy has it. Answers the ids of those that are
    /// forgotten for it.
    pub(crate) fn end(
        &mut self,
        id: TaskId,
        at: Timestamp,
        ending: TaskEnding,
        ended_max: usize,
    ) -> Vec<TaskId> {
        let ordinal = self.tasks.ordinal(id).expect("a task that is to be ended was found");
        let task = self.tasks.get_mut(id).expect("a task that is to be ended was found");
        debug_assert!(task.ending.is_none(), "a task ends once");
        Arc::make_mut(task).ending = Some((at, ending));
        self.ended.push_back(ordinal);
        let beyond = self.ended.len().saturating_sub(ended_max);
        self.ended
            .drain(..beyond)
            .filter_map(|ordinal| self.tasks.remove_at(ordinal))
            .map(|(id, _)| id)
            .collect()
    }

    pub(super) fn digest(&self, hasher: &mut DigestHasher) {
        let Self { tasks, ended: _ } = self;
        hasher.u64(tasks.len() as u64);
        for (id, task) in tasks.iter() {
            hasher.bytes(id.0.as_bytes());
            task.digest(hasher);
        }
        // Which is forgotten next depends on the order of ending.
        self.ended_places().into_iter().for_each(|place| hasher.u64(place));
    }

    /// Those that ended, the first to end first, by their places in the order of creation.
    fn ended_places(&self) -> Vec<u64> {
        let ordinals: Vec<Ordinal> = self.tasks.ordinals().map(|(ordinal, _)| ordinal).collect();
        let place = |ordinal| ordinals.binary_search(ordinal).expect("a task that ended is kept") as u64;
        self.ended.iter().map(place).collect()
    }

    pub(super) fn validate(&self, types: usize) -> Checked {
        let kept_max = Limits::CEILINGS.ended_tasks_per_app_max as usize;
        ensure(self.ended.len() <= kept_max, "6", || "an app keeps more ended tasks than it can")?;
        let mut ended = 0;
        for (id, task) in self.tasks.iter() {
            task.validate(types).map_err(|broken| broken.within(id))?;
            ended += usize::from(task.ending.is_some());
        }
        let is_ended =
            |&ordinal: &Ordinal| self.tasks.at(ordinal).is_some_and(|(_, task)| task.ending.is_some());
        let are_noted = ended == self.ended.len() && self.ended.iter().all(is_ended);
        ensure(are_noted, "6", || "the order in which tasks ended is not theirs")
    }

    /// How many changes the tasks were told by, at least.
    pub(super) fn changes_told(&self) -> u64 {
        (self.tasks.len() + self.ended.len()) as u64
    }
}

#[cfg(feature = "serde")]
pub(super) use saved::SavedTasks;

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of them is not even there: that there are too many is told before.
    #[test]
    fn more_ended_tasks_than_the_ceiling_are_found() {
        let mut ended: Ordered<TaskId, ()> = Ordered::default();
        let one = ended.push(TaskId(uuid::Uuid::nil()), ());
        let count = Limits::CEILINGS.ended_tasks_per_app_max as usize;
        let mut tasks = Tasks { ended: core::iter::repeat_n(one, count).collect(), ..Tasks::default() };
        let found = |tasks: &Tasks| tasks.validate(1).expect_err("too many, or not there").detail;
        assert_eq!(found(&tasks), "the order in which tasks ended is not theirs");
        tasks.ended.push_back(one);
        assert_eq!(found(&tasks), "an app keeps more ended tasks than it can");
    }
}
