//! What a snapshot holds of tasks.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Ordered, Ordinal, Task, TaskEnding, Tasks};
use crate::store::TypeIndex;
use crate::values::{BrokenInvariant, TaskAction, TaskId, Timestamp};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "Tasks")]
pub(crate) struct SavedTasks {
    /// In order of creation.
    tasks: Vec<SavedTask>,
    /// The places in that list of those that ended, the first to end first.
    ended: Vec<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "Task")]
struct SavedTask {
    id: TaskId,
    action: TaskAction,
    #[serde(rename = "type")]
    of: TypeIndex,
    payload: Option<String>,
    execute_after: Option<Timestamp>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    ending: Option<SavedEnding>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "TaskEnding", rename_all = "snake_case")]
enum SavedEnding {
    Completed { result: Option<String> },
    Failed { code: String, message: String },
}

impl SavedTasks {
    pub(crate) fn ids(&self) -> impl Iterator<Item = TaskId> {
        self.tasks.iter().map(|task| task.id)
    }
}

fn save(id: TaskId, task: &Task) -> SavedTask {
    let Task { action, of, payload, execute_after, created_at, ending } = task.clone();
    let (ended_at, ending) = ending.unzip();
    let ending = ending.map(|ending| match ending {
        TaskEnding::Completed { result } => SavedEnding::Completed { result },
        TaskEnding::Failed { code, message } => SavedEnding::Failed { code, message },
    });
    SavedTask { id, action, of, payload, execute_after, created_at, ended_at, ending }
}

fn load(saved: SavedTask) -> Result<(TaskId, Task), BrokenInvariant> {
    let SavedTask { id, action, of, payload, execute_after, created_at, ended_at, ending } = saved;
    let ending = match (ended_at, ending) {
        (None, None) => None,
        (Some(at), Some(SavedEnding::Completed { result })) => Some((at, TaskEnding::Completed { result })),
        (Some(at), Some(SavedEnding::Failed { code, message })) => {
            Some((at, TaskEnding::Failed { code, message }))
        }
        _ => return Err(BrokenInvariant::new("6", "a task has an ending without its time, or a time alone")),
    };
    Ok((id, Task { action, of, payload, execute_after, created_at, ending }))
}

impl Tasks {
    pub(crate) fn save(&self) -> SavedTasks {
        let tasks = self.tasks.iter().map(|(id, task)| save(id, task)).collect();
        SavedTasks { tasks, ended: self.ended_places() }
    }

    /// The tasks that were saved, whose ids are known to differ.
    ///
    /// # Errors
    /// If what ended is not in the list, or is there twice.
    pub(crate) fn load(saved: SavedTasks) -> Result<Self, BrokenInvariant> {
        let SavedTasks { tasks: list, ended } = saved;
        let mut tasks = Ordered::default();
        let mut ordinals: Vec<Ordinal> = Vec::new();
        for saved in list {
            let (id, task) = load(saved)?;
            ordinals.push(tasks.push(id, Arc::new(task)));
        }
        let mut once = BTreeSet::new();
        let ended = ended.into_iter().map(|place| {
            let ordinal = usize::try_from(place).ok().and_then(|place| ordinals.get(place).copied());
            ordinal.filter(|&ordinal| once.insert(ordinal))
        });
        let ended: Option<VecDeque<Ordinal>> = ended.collect();
        let ended = ended
            .ok_or_else(|| BrokenInvariant::new("6", "a task that ended is not there, or ended twice"))?;
        Ok(Self { tasks, ended })
    }
}
