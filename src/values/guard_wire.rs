//! A guard as serde writes it: as it always did where it has no more than the first two limits.
//!
//! In formats for people what is not set is left out, but for those two. In others a number comes first, which tells how
//! it goes on; with 0 and 1, and what follows them, the first two limits were written when there were no others.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::guard::Guard;

#[derive(Serialize, Deserialize)]
#[serde(rename = "Guard")]
struct Named {
    max_count: Option<u64>,
    max_percent: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_type_percent: Option<u8>,
    #[serde(default, skip_serializing_if = "is_zero")]
    min_count: u64,
    #[serde(default, skip_serializing_if = "is_not_set")]
    require_pages: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_removals: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_removals_percent: Option<u8>,
}

const fn is_zero(count: &u64) -> bool {
    *count == 0
}

const fn is_not_set(flag: &bool) -> bool {
    !*flag
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Guard")]
enum Numbered {
    /// max_percent alone, or nothing.
    Percent(Option<u8>),
    /// max_count, and max_percent.
    Count(u64, Option<u8>),
    /// Every limit, in the order of the fields.
    Whole(Option<u64>, Option<u8>, Option<u8>, u64, bool, Option<u64>, Option<u8>),
}

impl Serialize for Guard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            max_count,
            max_percent,
            max_type_percent,
            min_count,
            require_pages,
            max_removals,
            max_removals_percent,
        } = *self;
        if serializer.is_human_readable() {
            let named = Named {
                max_count,
                max_percent,
                max_type_percent,
                min_count,
                require_pages,
                max_removals,
                max_removals_percent,
            };
            return named.serialize(serializer);
        }
        let has_more = Self { max_count: None, max_percent: None, ..*self } != Self::NONE;
        let numbered = match max_count {
            _ if has_more => Numbered::Whole(
                max_count,
                max_percent,
                max_type_percent,
                min_count,
                require_pages,
                max_removals,
                max_removals_percent,
            ),
            None => Numbered::Percent(max_percent),
            Some(count) => Numbered::Count(count, max_percent),
        };
        numbered.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Guard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Named::deserialize(deserializer).map(Self::from);
        }
        let guard = match Numbered::deserialize(deserializer)? {
            Numbered::Percent(max_percent) => Self { max_percent, ..Self::NONE },
            Numbered::Count(count, max_percent) => Self { max_count: Some(count), max_percent, ..Self::NONE },
            Numbered::Whole(
                max_count,
                max_percent,
                max_type_percent,
                min_count,
                require_pages,
                max_removals,
                max_removals_percent,
            ) => Self {
                max_count,
                max_percent,
                max_type_percent,
                min_count,
                require_pages,
                max_removals,
                max_removals_percent,
            },
        };
        Ok(guard)
    }
}

impl From<Named> for Guard {
    fn from(named: Named) -> Self {
        let Named {
            max_count,
            max_percent,
            max_type_percent,
            min_count,
            require_pages,
            max_removals,
            max_removals_percent,
        } = named;
        Self {
            max_count,
            max_percent,
            max_type_percent,
            min_count,
            require_pages,
            max_removals,
            max_removals_percent,
        }
    }
}
