//! Pages from any serde format, borrowing what can be borrowed (SPEC 1, 11).
//!
//! Absent and null are one thing. A wrong type, a null as an element of a list, or too many records
//! is an error of the format's: a fault of the whole body. What a text may hold `page.rs` checks.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::values::limits::Limits;
use crate::values::record::{Kind, Page, Reference, References};

/// A text that borrows from the input where the format allows: a bare `Cow` would always copy.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A text in which null counts as empty.
pub(crate) mod text {
    use super::*;

    pub(crate) fn serialize<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        Some(text).serialize(serializer)
    }

    pub(crate) fn deserialize<'de: 'a, 'a, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Cow<'a, str>, D::Error> {
        Ok(optional_text::deserialize(deserializer)?.unwrap_or_default())
    }
}

/// A text that may be null.
pub(crate) mod optional_text {
    use super::*;

    pub(crate) fn serialize<S: serde::Serializer>(
        text: &Option<Cow<'_, str>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        text.serialize(serializer)
    }

    pub(crate) fn deserialize<'de: 'a, 'a, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Cow<'a, str>>, D::Error> {
        Ok(Option::<Text<'a>>::deserialize(deserializer)?.map(|text| text.0))
    }
}

/// A map from slugs to lists, as pairs; the map and each list may be null, and are then left out.
pub(crate) mod references {
    use super::*;

    struct AsMap<'r, 'a>(&'r References<'a>);

    impl Serialize for AsMap<'_, '_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(slug, list)| (slug, Some(list))))
        }
    }

    pub(crate) fn serialize<S: serde::Serializer>(
        references: &References<'_>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Some(AsMap(references)).serialize(serializer)
    }

    /// A map from slugs to lists, each of which may be null.
    struct Lists<'a>(References<'a>);

    impl<'de: 'a, 'a> Deserialize<'de> for Lists<'a> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(ListsVisitor(PhantomData)).map(Lists)
        }
    }

    struct ListsVisitor<'a>(PhantomData<&'a ()>);

    impl<'de: 'a, 'a> Visitor<'de> for ListsVisitor<'a> {
        type Value = References<'a>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from slugs to lists of references")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<References<'a>, A::Error> {
            let mut references = Vec::new();
            while let Some((slug, list)) =
                map.next_entry::<Text<'a>, Option<Vec<Element<Reference<'a>>>>>()?
            {
                let list = list.map(|list| list.into_iter().map(|element| element.0).collect());
                references.extend(list.map(|list| (slug.0, list)));
            }
            Ok(references)
        }
    }

    pub(crate) fn deserialize<'de: 'a, 'a, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<References<'a>, D::Error> {
        Ok(Option::<Lists<'a>>::deserialize(deserializer)?.map(|lists| lists.0).unwrap_or_default())
    }
}

/// An element of a list, which is an object. In a format for people a list of fields would do for one
/// too, as serde has it; to a connector it is a wrong type.
struct Element<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Element)
        } else {
            T::deserialize(deserializer).map(Element)
        }
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Parses the body of a push, `{"records": […]}`, as a page of one kind, from any serde format.
///
/// Texts borrow from the input where it holds them as they are. Fields that are not known are
/// ignored. The parser stops at the first record beyond the limit, so that what it makes is bounded.
///
/// ```
/// use headcount::{Kind, Limits, Page, PageSeed};
/// use serde::de::DeserializeSeed;
///
/// let body = r#"{"records": [{"id": "g1", "name": "Engineering", "color": "red"}]}"#;
/// let seed = PageSeed::new(Kind::Group, &Limits::default());
/// let page = seed.deserialize(&mut serde_json::Deserializer::from_str(body))?;
/// assert!(matches!(page, Page::Groups(groups) if groups[0].name == "Engineering"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PageSeed {
    kind: Kind,
    records_max: u32,
}

impl PageSeed {
    /// For a page of records of this kind, of at most as many as the limits allow.
    pub const fn new(kind: Kind, limits: &Limits) -> Self {
        Self { kind, records_max: limits.records_per_page_max }
    }
}

impl<'de> DeserializeSeed<'de> for PageSeed {
    type Value = Page<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Page<'de>, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_map(self)
        } else {
            deserializer.deserialize_struct("Page", &["records"], self)
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum BodyField {
    Records,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for PageSeed {
    type Value = Page<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list `records`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<'de>, A::Error> {
        let mut page = None;
        while let Some(field) = map.next_key()? {
            match field {
                BodyField::Records if page.is_some() => return Err(A::Error::duplicate_field("records")),
                BodyField::Records => page = Some(map.next_value_seed(RecordsSeed(self))?),
                BodyField::Other => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        page.ok_or_else(|| A::Error::missing_field("records"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Page<'de>, A::Error> {
        seq.next_element_seed(RecordsSeed(self))?.ok_or_else(|| A::Error::missing_field("records"))
    }
}

struct RecordsSeed(PageSeed);

impl<'de> DeserializeSeed<'de> for RecordsSeed {
    type Value = Page<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Page<'de>, D::Error> {
        let records_max = self.0.records_max;
        Ok(match self.0.kind {
            Kind::Account => Page::Accounts(deserializer.deserialize_seq(ListVisitor::new(records_max))?),
            Kind::Group => Page::Groups(deserializer.deserialize_seq(ListVisitor::new(records_max))?),
            Kind::License => Page::Licenses(deserializer.deserialize_seq(ListVisitor::new(records_max))?),
        })
    }
}

struct ListVisitor<T> {
    records_max: u32,
    of: PhantomData<T>,
}

impl<T> ListVisitor<T> {
    const fn new(records_max: u32) -> Self {
        Self { records_max, of: PhantomData }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {} records", self.records_max)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut records = Vec::new();
        while let Some(Element(record)) = seq.next_element()? {
            if records.len() == self.records_max as usize {
                return Err(A::Error::custom(format_args!(
                    "too many records, expected at most {}",
                    self.records_max
                )));
            }
            records.push(record);
        }
        Ok(records)
    }
}
