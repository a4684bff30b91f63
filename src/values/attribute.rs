//! Attributes as sent: named values of a record beside its fixed fields, not yet checked.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::found_type::FoundType;

/// A named value of a record as sent ([SPEC 3.10](crate::spec#310-attributes)).
///
/// ```
/// use headcount::{Attribute, AttributeValue};
/// let attributes = [
///     Attribute::new("department", "Sales"),
///     Attribute::new("cost_center", 4711),
///     Attribute::new("is_contractor", false),
///     Attribute::new("desks", AttributeValue::texts(["B-12", "C-03"])),
/// ];
/// assert_eq!(attributes[1].value, Some(AttributeValue::Integer(4711)));
/// ```
///
/// Serialized within a record, it is an entry of a map from names to values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// 1..=100.
    pub name: Cow<'a, str>,
    /// `None` where it was null, which counts as absent.
    pub value: Option<AttributeValue<'a>>,
}

impl<'a> Attribute<'a> {
    /// With this name and value.
    pub fn new(name: impl Into<Cow<'a, str>>, value: impl Into<AttributeValue<'a>>) -> Self {
        Self { name: name.into(), value: Some(value.into()) }
    }

    /// The value, unless it counts as absent.
    pub(crate) fn present(&self) -> Option<&AttributeValue<'a>> {
        self.value.as_ref().filter(|value| match value {
            AttributeValue::Text(text) => !text.is_empty(),
            AttributeValue::Texts(texts) => !texts.is_empty(),
            _ => true,
        })
    }

    /// The same, and of a number or a boolean eight.
    pub(super) fn text_bytes(&self) -> usize {
        self.bytes()
            + 8 * usize::from(!matches!(self.value, Some(AttributeValue::Text(_) | AttributeValue::Texts(_))))
    }

    /// The bytes of its name and its texts.
    pub(crate) fn bytes(&self) -> usize {
        let texts = match &self.value {
            Some(AttributeValue::Text(text)) => text.len(),
            Some(AttributeValue::Texts(texts)) => texts.iter().map(|text| text.len()).sum(),
            _ => 0,
        };
        self.name.len() + texts
    }
}

/// The value of an attribute as sent. Values are kept as they were sent: `1`, `"1"` and `true` are three values.
///
/// serde writes it in formats for people as what it is: a text, a number, a boolean or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue<'a> {
    /// Up to 1,024. An empty one counts as absent.
    Text(Cow<'a, str>),
    /// Any.
    Integer(i64),
    /// Either.
    Boolean(bool),
    /// Up to 100 texts of 1..=1,024 each, in their order. An empty list counts as absent. (Boxed, since a page holds many
    /// values: so none takes more room than a text.)
    Texts(Box<[Cow<'a, str>]>),
    /// A value of another type stood here: a fault of the attribute.
    WrongType(FoundType),
}

impl<'a> AttributeValue<'a> {
    /// A list of these texts.
    pub fn texts(texts: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> Self {
        Self::Texts(texts.into_iter().map(Into::into).collect())
    }
}

impl<'a> From<&'a str> for AttributeValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for AttributeValue<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a String> for AttributeValue<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for AttributeValue<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<String>> for AttributeValue<'_> {
    fn from(texts: Vec<String>) -> Self {
        Self::texts(texts)
    }
}

impl<'a> From<&'a [String]> for AttributeValue<'a> {
    fn from(texts: &'a [String]) -> Self {
        Self::texts(texts)
    }
}

impl From<u32> for AttributeValue<'_> {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<i64> for AttributeValue<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<i32> for AttributeValue<'_> {
    fn from(integer: i32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<bool> for AttributeValue<'_> {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}
