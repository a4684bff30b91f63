//! The limits that decide whether a page is refused for what it says.

use super::limits::Limits;

/// What a page was held to. One that was taken is taken again under limits none of which is lower, as long as
/// it adds nothing: what a type may hold does not matter then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct PageLimits {
    pub(crate) records_per_page: u32,
    pub(crate) references_per_account: u32,
    pub(crate) id_chars: u32,
    pub(crate) text_chars: u32,
    pub(crate) description_chars: u32,
}

impl PageLimits {
    pub(crate) const fn of(limits: &Limits) -> Self {
        Self {
            records_per_page: limits.records_per_page_max,
            references_per_account: limits.references_per_account_max,
            id_chars: limits.id_chars_max,
            text_chars: limits.text_chars_max,
            description_chars: limits.description_chars_max,
        }
    }

    /// In the order of the fields.
    pub(crate) const fn each(&self) -> [u32; 5] {
        let Self { records_per_page, references_per_account, id_chars, text_chars, description_chars } =
            *self;
        [records_per_page, references_per_account, id_chars, text_chars, description_chars]
    }

    /// Whether none of them is higher than the other's.
    pub(crate) fn are_within(&self, other: &Self) -> bool {
        self.each().iter().zip(other.each()).all(|(limit, other)| *limit <= other)
    }
}
