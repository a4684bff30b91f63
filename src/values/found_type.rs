//! What a parser found in the place of a value of another type.

/// What stood in the place of a value of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FoundType {
    /// Nothing.
    Null,
    /// A boolean.
    Boolean,
    /// Of an attribute, one that is no integer of 64 bits.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// A map.
    Map,
    /// A value of a type that only some formats have.
    Other,
    /// Of an attribute, a list in which not all are texts.
    MixedList,
}

impl FoundType {
    /// What a fault says of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Other => "a value of another type",
            Self::MixedList => "a list of something else than texts",
        }
    }
}
