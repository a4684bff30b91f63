//! Clone groups: the apps that share a registry.

use alloc::collections::btree_set;
use alloc::collections::{BTreeMap, BTreeSet};
use core::iter::Copied;

use super::ordered::Ordinal;
use super::registry::Registry;
use crate::values::{Checked, ensure};

/// Names a clone group within the engine; shown nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CloneGroupNumber(u64);

/// A registry, and the apps that share it, by their places in the order of creation.
#[derive(Clone, Debug)]
pub(crate) struct CloneGroup {
    registry: Registry,
    apps: BTreeSet<Ordinal>,
}

/// Goes through the apps of a group, by their places in the order of creation.
pub(crate) type GroupApps<'g> = Copied<btree_set::Iter<'g, Ordinal>>;

impl CloneGroup {
    pub(crate) const fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) const fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    pub(crate) fn has(&self, app: Ordinal) -> bool {
        self.apps.contains(&app)
    }

    /// Its apps, in order of creation.
    pub(crate) fn apps(&self) -> GroupApps<'_> {
        self.apps.iter().copied()
    }
}

/// All clone groups of an engine. One without an app does not exist.
#[derive(Clone, Debug, Default)]
pub(crate) struct CloneGroups {
    groups: BTreeMap<CloneGroupNumber, CloneGroup>,
    next: u64,
}

impl CloneGroups {
    /// Makes a group for an app that is about to join it.
    pub(crate) fn add(&mut self, registry: Registry) -> CloneGroupNumber {
        let number = CloneGroupNumber(self.next);
        self.next += 1;
        self.groups.insert(number, CloneGroup { registry, apps: BTreeSet::new() });
        number
    }

    pub(crate) fn get(&self, number: CloneGroupNumber) -> &CloneGroup {
        self.groups.get(&number).expect("a group lasts as long as its apps")
    }

    pub(crate) fn get_mut(&mut self, number: CloneGroupNumber) -> &mut CloneGroup {
        self.groups.get_mut(&number).expect("a group lasts as long as its apps")
    }

    pub(crate) fn join(&mut self, number: CloneGroupNumber, app: Ordinal) {
        self.get_mut(number).apps.insert(app);
    }

    /// Takes an app out of its group. Of the last app, answers the registry, which goes too.
    pub(crate) fn leave(&mut self, number: CloneGroupNumber, app: Ordinal) -> Option<Registry> {
        let group = self.get_mut(number);
        group.apps.remove(&app);
        if !group.apps.is_empty() {
            return None;
        }
        self.groups.remove(&number).map(|group| group.registry)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (CloneGroupNumber, &CloneGroup)> {
        self.groups.iter().map(|(&number, group)| (number, group))
    }

    pub(crate) fn validate(&self) -> Checked {
        for group in self.groups.values() {
            ensure(!group.apps.is_empty(), "10.1", || "a clone group has no app")?;
            group.registry.validate()?;
        }
        Ok(())
    }
}
