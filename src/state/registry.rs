//! The resource types of one clone group (SPEC 1, 2).

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::values::id::ResourceTypeId;
use crate::values::record::Kind;
use crate::values::time::Timestamp;

/// One of the types that the apps of a clone group share (SPEC 1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResourceType {
    id: ResourceTypeId,
    slug: String,
    name: String,
    kind: Kind,
    created_at: Timestamp,
}

impl ResourceType {
    pub(crate) fn new(id: ResourceTypeId, slug: &str, name: &str, kind: Kind, created_at: Timestamp) -> Self {
        Self { id, slug: slug.to_owned(), name: name.to_owned(), kind, created_at }
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
}

/// The types of one clone group, in order of registration. A type's number in that order names its
/// tables in every app of the group; types are never removed.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    types: Vec<ResourceType>,
    numbers: BTreeMap<String, u32>,
}

impl Registry {
    /// The registry with these types, unless two have the same slug.
    #[cfg(feature = "serde")]
    pub(crate) fn from_types(types: Vec<ResourceType>) -> Option<Self> {
        let mut registry = Self::default();
        for resource_type in types {
            if registry.numbers.contains_key(resource_type.slug()) {
                return None;
            }
            registry.add(resource_type);
        }
        Some(registry)
    }

    pub(crate) fn types(&self) -> &[ResourceType] {
        &self.types
    }

    pub(crate) fn get(&self, number: u32) -> Option<&ResourceType> {
        self.types.get(number as usize)
    }

    /// The type with this slug and its number.
    pub(crate) fn find(&self, slug: &str) -> Option<(u32, &ResourceType)> {
        let number = *self.numbers.get(slug)?;
        Some((number, self.get(number)?))
    }

    /// Adds a type whose slug is known to be free.
    pub(crate) fn add(&mut self, resource_type: ResourceType) {
        self.numbers.insert(resource_type.slug.clone(), self.types.len() as u32);
        self.types.push(resource_type);
    }

    /// Changes a type to a name, a slug that is known to be free, and a kind.
    pub(crate) fn update(&mut self, number: u32, name: Option<&str>, slug: Option<&str>, kind: Option<Kind>) {
        let Some(resource_type) = self.types.get_mut(number as usize) else { return };
        if let Some(name) = name {
            resource_type.name = name.to_owned();
        }
        if let Some(slug) = slug {
            self.numbers.remove(&resource_type.slug);
            self.numbers.insert(slug.to_owned(), number);
            resource_type.slug = slug.to_owned();
        }
        if let Some(kind) = kind {
            resource_type.kind = kind;
        }
    }
}
