//! Ids that deltas settled in a session: somebody told that they left, and there was no full record to be settled. A page
//! may still list them; it is older than that.
//!
//! They are bounded as the records of a type are: of each type at most as many, of as many bytes, as it may have records,
//! each counted as a placeholder without a name.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

use super::OpenSession;
use crate::store::{Draft, TypeIndex};
use crate::values::{Checked, DigestHasher, Limits, Rule, ensure, ensure_text};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SettledIds {
    /// Of types that have any.
    of_types: BTreeMap<TypeIndex, IdsOfType>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct IdsOfType {
    ids: BTreeSet<Box<str>>,
    bytes: u64,
}

impl IdsOfType {
    const fn none() -> Self {
        Self { ids: BTreeSet::new(), bytes: 0 }
    }
}

/// What an id takes.
fn bytes(id: &str) -> u64 {
    Draft::placeholder(id, "").bytes()
}

impl SettledIds {
    pub(crate) fn is_empty(&self) -> bool {
        self.of_types.is_empty()
    }

    pub(crate) fn contains(&self, of: TypeIndex, id: &str) -> bool {
        self.of_types.get(&of).is_some_and(|of_type| of_type.ids.contains(id))
    }

    /// By type, then by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TypeIndex, impl Iterator<Item = &str>)> {
        self.of_types.iter().map(|(of, of_type)| (*of, of_type.ids.iter().map(|id| &**id)))
    }

    /// Whether these of a type can be added within the limits.
    pub(crate) fn has_room<'i>(
        &self,
        of: TypeIndex,
        ids: impl Iterator<Item = &'i str>,
        limits: &Limits,
    ) -> bool {
        let new: BTreeSet<&str> = ids.filter(|id| !self.contains(of, id)).collect();
        if new.is_empty() {
            return true;
        }
        let (count, before) =
            self.of_types.get(&of).map_or((0, 0), |of_type| (of_type.ids.len(), of_type.bytes));
        (count + new.len()) as u64 <= u64::from(limits.records_per_type_max)
            && before + new.into_iter().map(bytes).sum::<u64>() <= limits.bytes_per_type_max
    }

    fn add(&mut self, of: TypeIndex, id: &str) {
        let of_type = self.of_types.entry(of).or_insert_with(IdsOfType::none);
        of_type.bytes += if of_type.ids.insert(id.into()) { bytes(id) } else { 0 };
    }

    fn remove(&mut self, of: TypeIndex, id: &str) {
        let Some(of_type) = self.of_types.get_mut(&of) else { return };
        of_type.bytes -= if of_type.ids.remove(id) { bytes(id) } else { 0 };
        if of_type.ids.is_empty() {
            self.of_types.remove(&of);
        }
    }

    pub(super) fn digest(&self, hasher: &mut DigestHasher) {
        hasher.u64(self.of_types.len() as u64);
        for (of, IdsOfType { ids, bytes: _ }) in &self.of_types {
            hasher.u32(of.0);
            hasher.u64(ids.len() as u64);
            ids.iter().for_each(|id| hasher.text(id.as_bytes()));
        }
    }

    /// Checks them, where there are so many types.
    pub(super) fn validate(&self, types: usize) -> Checked {
        let ceilings = Limits::CEILINGS;
        let are_of_types = self.of_types.keys().all(|of| of.at() < types);
        ensure(are_of_types, "3a.3", || "an id is settled of no type")?;
        for IdsOfType { ids, bytes } in self.of_types.values() {
            let has_room = ids.len() as u64 <= u64::from(ceilings.records_per_type_max)
                && *bytes <= ceilings.bytes_per_type_max;
            ensure(has_room && !ids.is_empty(), "3a.3", || "more ids are settled than can be")?;
            let rule = Rule::Required { chars_max: ceilings.id_chars_max };
            ids.iter().try_for_each(|id| ensure_text(rule, "a settled id", id))?;
        }
        Ok(())
    }
}

impl OpenSession {
    pub(crate) const fn settled_ids(&self) -> &SettledIds {
        &self.settled_ids
    }

    /// Lets pages of it pass over an id of which there is no full record.
    pub(crate) fn settle_id(&mut self, of: TypeIndex, id: &str) {
        debug_assert!(self.scope().contains(of), "a type out of scope settles nothing");
        self.settled_ids.add(of, id);
    }

    /// Takes that back: there is a record that is settled itself.
    pub(crate) fn unsettle_id(&mut self, of: TypeIndex, id: &str) {
        self.settled_ids.remove(of, id);
    }

    /// Takes all of a type back.
    pub(super) fn unsettle_ids(&mut self, of: TypeIndex) {
        self.settled_ids.of_types.remove(&of);
    }
}

#[cfg(test)]
impl OpenSession {
    /// Settles an id of whichever type, as no command does.
    pub(crate) fn settle_id_of_any(&mut self, of: TypeIndex, id: &str) {
        self.settled_ids.add(of, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_ids_than_a_type_may_have_are_found() {
        let (of, mut settled) = (TypeIndex(0), SettledIds::default());
        settled.add(of, "u1");
        assert_eq!(settled.validate(1), Ok(()));
        let found = |settled: &SettledIds| settled.validate(1).err().map(|broken| broken.detail);
        let broken = Some("more ids are settled than can be".into());
        let ids = settled.of_types.get_mut(&of).expect("an id");
        ids.bytes = Limits::CEILINGS.bytes_per_type_max;
        assert_eq!(found(&settled), None, "as many as can be");
        settled.of_types.get_mut(&of).expect("an id").bytes += 1;
        assert_eq!(found(&settled), broken);
        // A type of which none is settled is not told of.
        settled.of_types.insert(of, IdsOfType::none());
        assert_eq!(found(&settled), broken);
    }
}
