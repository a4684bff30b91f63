//! Texts that borrow from what they are parsed from, where serde alone would copy them; references and attributes as
//! the maps that they are to a connector.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::attribute::{Attribute, AttributeValue};
use super::record::{Attributes, Reference, ReferenceList, References};

/// A text that borrows from the input where the format allows: within an option, a bare `Cow` would
/// always copy.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A text that may be absent.
pub(super) mod optional_text {
    use super::*;

    pub(crate) fn serialize<S: serde::Serializer>(
        text: &Option<Cow<'_, str>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        text.serialize(serializer)
    }

    pub(crate) fn deserialize<'de: 'a, 'a, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Cow<'a, str>>, D::Error> {
        Ok(Option::<Text<'a>>::deserialize(deserializer)?.map(|text| text.0))
    }
}

/// A map from slugs to lists, each of which may be null.
pub(super) mod references {
    use super::*;

    pub(crate) fn serialize<S: serde::Serializer>(
        references: &References<'_>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(references.iter().map(|list| (&list.slug, &list.references)))
    }

    pub(crate) fn deserialize<'de: 'a, 'a, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<References<'a>, D::Error> {
        deserializer.deserialize_map(ListsVisitor)
    }

    struct ListsVisitor;

    impl<'de> Visitor<'de> for ListsVisitor {
        type Value = References<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from slugs to lists of references")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<References<'de>, A::Error> {
            let mut lists = Vec::new();
            while let Some((slug, references)) = map.next_entry::<Text<'de>, Option<Vec<Reference<'de>>>>()? {
                lists.push(ReferenceList { slug: slug.0, references });
            }
            Ok(lists)
        }
    }
}

/// A map from names to values, each of which may be null; or nothing.
pub(crate) mod attributes {
    use super::*;

    pub(crate) fn serialize<S: serde::Serializer>(
        attributes: &Option<Attributes<'_>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match attributes {
            Some(attributes) => serializer.serialize_some(&Map(attributes)),
            None => serializer.serialize_none(),
        }
    }

    struct Map<'s, 'a>(&'s [Attribute<'a>]);

    impl Serialize for Map<'_, '_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|attribute| (&attribute.name, &attribute.value)))
        }
    }

    pub(crate) fn deserialize<'de: 'a, 'a, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Attributes<'a>>, D::Error> {
        Ok(Option::<ReadMap<'de>>::deserialize(deserializer)?.map(|map| map.0))
    }

    struct ReadMap<'a>(Attributes<'a>);

    impl<'de> Deserialize<'de> for ReadMap<'de> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(MapVisitor).map(Self)
        }
    }

    struct MapVisitor;

    impl<'de> Visitor<'de> for MapVisitor {
        type Value = Attributes<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from names to values")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes<'de>, A::Error> {
            let mut attributes = Vec::new();
            while let Some((name, value)) = map.next_entry::<Text<'de>, Option<AttributeValue<'de>>>()? {
                attributes.push(Attribute { name: name.0, value });
            }
            Ok(attributes)
        }
    }
}
