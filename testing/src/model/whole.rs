//! All that a model's behaviour depends on, as one value.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use serde::Serialize;

use super::{App, Model, RememberedPage, Type};

/// What is left of a model when all is taken away that nothing depends on: the numbers of clone groups, the order of
/// records of different types, the order in which pages came to be remembered.
#[derive(Serialize)]
struct Whole {
    seq: u64,
    apps: Vec<App>,
    /// By the first of its apps.
    groups: Vec<Vec<Type>>,
    tasks_ended: Vec<Vec<headcount::TaskId>>,
    remembered: Vec<RememberedPage>,
}

impl Model {
    /// A hash of all that its replies and changes can come to depend on, what no reader sees included: two models with
    /// the same one do the same from here on, unless 64 bits are equal by chance. It is one of this process alone.
    pub fn whole(&self) -> u64 {
        let bytes = postcard::to_allocvec(&self.bare()).expect("a model is written to bytes");
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        hasher.finish()
    }

    fn bare(&self) -> Whole {
        let mut numbers = BTreeMap::new();
        let mut groups = Vec::new();
        let mut apps = self.apps.clone();
        for app in &mut apps {
            let types = self.groups[&app.group].len();
            let number = *numbers.entry(app.group).or_insert_with(|| {
                groups.push(self.groups[&app.group].clone());
                groups.len() as u64
            });
            app.group = number;
            app.records.sort_by_key(|record| record.key.0);
            for record in &mut app.records {
                // What was pushed needs no other reason to stay.
                record.retained &= !record.pushed;
            }
            for session in app.sessions.iter_mut().filter(|session| !session.status.has_ended()) {
                // What is not there yet is 0.
                for figures in [
                    &mut session.pages,
                    &mut session.synced,
                    &mut session.bases,
                    &mut session.reference_bases,
                    &mut session.removals,
                ] {
                    figures.resize(types, 0);
                }
            }
        }
        let mut remembered = self.remembered.clone();
        let place = |app| self.apps.iter().position(|other| other.id == app);
        remembered.sort_by_key(|page| (place(page.app), page.number, page.fingerprint.0));
        let ended = |app: &App| self.tasks_ended.get(&app.id).cloned().unwrap_or_default();
        let tasks_ended = self.apps.iter().map(ended).collect();
        Whole { seq: self.seq, apps, groups, tasks_ended, remembered }
    }
}
