//! The resource types of one clone group.

use alloc::borrow::ToOwned;
use alloc::string::String;

use indexmap::IndexMap;
use indexmap::map::Values;

use crate::store::TypeIndex;
use crate::values::{
    Checked, DigestHasher, HashKey, Kind, Limits, NewResourceType, ResourceTypeId, Rule, Timestamp, ensure,
    ensure_text,
};

/// One of the types that the apps of a clone group share ([SPEC 1](crate::spec#1-nouns)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceType {
    id: ResourceTypeId,
    slug: String,
    name: String,
    kind: Kind,
    created_at: Timestamp,
}

impl ResourceType {
    pub(crate) fn new(id: ResourceTypeId, new: &NewResourceType<'_>, created_at: Timestamp) -> Self {
        let NewResourceType { slug, name, kind } = new;
        Self { id, slug: slug.clone().into_owned(), name: name.clone().into_owned(), kind: *kind, created_at }
    }

    /// Names the type, whatever its slug becomes.
    pub const fn id(&self) -> ResourceTypeId {
        self.id
    }

    /// What pages and references name the type by; unique in the clone group.
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// What people call the type.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its records are.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// When it was registered.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn digest(&self, hasher: &mut DigestHasher) {
        let Self { id, slug, name, kind, created_at } = self;
        hasher.bytes(id.0.as_bytes());
        hasher.text(slug.as_bytes());
        hasher.text(name.as_bytes());
        hasher.u8(kind.number());
        hasher.i64(created_at.as_millis());
    }
}

/// The types of one clone group by slug, in order of registration: the place in it is the type's
/// [`TypeIndex`]. Types are never removed.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    types: IndexMap<String, ResourceType, HashKey>,
}

/// Goes through the types in order of registration.
pub(crate) type RegistryTypes<'r> = Values<'r, String, ResourceType>;

impl Registry {
    pub(crate) fn new(key: HashKey) -> Self {
        Self { types: IndexMap::with_hasher(key) }
    }

    pub(crate) fn len(&self) -> usize {
        self.types.len()
    }

    pub(crate) fn types(&self) -> RegistryTypes<'_> {
        self.types.values()
    }

    /// The types with their indices.
    pub(crate) fn indexed(&self) -> impl Iterator<Item = (TypeIndex, &ResourceType)> {
        TypeIndex::all().zip(self.types())
    }

    pub(crate) fn get(&self, index: TypeIndex) -> Option<&ResourceType> {
        self.types.get_index(index.at()).map(|(_, resource_type)| resource_type)
    }

    /// The type of an index that was given out.
    pub(crate) fn at(&self, index: TypeIndex) -> &ResourceType {
        self.get(index).expect("types are never removed")
    }

    /// Of each type, whether it is of accounts.
    pub(crate) fn are_accounts(&self) -> alloc::vec::Vec<bool> {
        self.types().map(|resource_type| resource_type.kind == Kind::Account).collect()
    }

    pub(crate) fn is_account(&self, index: TypeIndex) -> bool {
        self.get(index).is_some_and(|resource_type| resource_type.kind == Kind::Account)
    }

    /// The type with this slug and its index.
    pub(crate) fn find(&self, slug: &str) -> Option<(TypeIndex, &ResourceType)> {
        let (index, _, resource_type) = self.types.get_full(slug)?;
        Some((TypeIndex(index as u32), resource_type))
    }

    /// Adds a type whose slug is known to be free.
    pub(crate) fn add(&mut self, resource_type: ResourceType) {
        let before = self.types.insert(resource_type.slug.clone(), resource_type);
        debug_assert!(before.is_none(), "a slug that is taken was refused before");
    }

    fn at_mut(&mut self, index: TypeIndex) -> &mut ResourceType {
        self.types.get_index_mut(index.at()).expect("types are never removed").1
    }

    pub(crate) fn rename(&mut self, index: TypeIndex, name: &str) {
        name.clone_into(&mut self.at_mut(index).name);
    }

    /// Gives a type a slug that is known to be free.
    pub(crate) fn set_slug(&mut self, index: TypeIndex, slug: &str) {
        slug.clone_into(&mut self.at_mut(index).slug);
        let replaced = self.types.replace_index(index.at(), slug.to_owned());
        debug_assert!(replaced.is_ok(), "a slug that is taken was refused before");
    }

    pub(crate) fn set_kind(&mut self, index: TypeIndex, kind: Kind) {
        self.at_mut(index).kind = kind;
    }

    pub(crate) fn digest(&self, hasher: &mut DigestHasher) {
        let Self { types } = self;
        hasher.u64(types.len() as u64);
        types.values().for_each(|resource_type| resource_type.digest(hasher));
    }

    pub(crate) fn validate(&self) -> Checked {
        let slug_rule = Rule::Slug { chars_max: Limits::CEILINGS.slug_chars_max };
        let name_rule = Rule::Required { chars_max: Limits::CEILINGS.text_chars_max };
        for (slug, resource_type) in &self.types {
            ensure(*slug == resource_type.slug, "10.1", || "a slug leads to another type")?;
            ensure_text(slug_rule, "a slug", slug)?;
            ensure_text(name_rule, "a resource type's name", &resource_type.name)?;
        }
        Ok(())
    }
}

/// What a snapshot holds of a registry: its types in order of registration.
#[cfg(feature = "serde")]
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedRegistry(alloc::vec::Vec<SavedType>);

#[cfg(feature = "serde")]
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename = "ResourceType")]
struct SavedType {
    id: ResourceTypeId,
    slug: String,
    name: String,
    kind: Kind,
    created_at: Timestamp,
}

#[cfg(feature = "serde")]
impl Registry {
    pub(crate) fn save(&self) -> SavedRegistry {
        let save = |resource_type: &ResourceType| {
            let ResourceType { id, slug, name, kind, created_at } = resource_type.clone();
            SavedType { id, slug, name, kind, created_at }
        };
        SavedRegistry(self.types().map(save).collect())
    }

    /// The registry with the saved types.
    ///
    /// # Errors
    /// If two of them have the same slug.
    pub(crate) fn load(saved: SavedRegistry, key: HashKey) -> Result<Self, crate::values::BrokenInvariant> {
        let mut registry = Self::new(key);
        for SavedType { id, slug, name, kind, created_at } in saved.0 {
            ensure(registry.find(&slug).is_none(), "10.1", || "a slug stands twice")?;
            registry.add(ResourceType { id, slug, name, kind, created_at });
        }
        Ok(registry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_slug_that_leads_to_another_type_is_found() {
        let mut registry = Registry::new(HashKey::new(&[0; 16]));
        let new = NewResourceType::new("account", "Account", Kind::Account);
        registry.add(ResourceType::new(ResourceTypeId(Uuid::nil()), &new, Timestamp(0)));
        assert_eq!(registry.validate(), Ok(()));
        "other".clone_into(&mut registry.at_mut(TypeIndex(0)).slug);
        assert_eq!(registry.validate().expect_err("another slug").detail, "a slug leads to another type");
    }
}
