//! What a plan consists of: writes, each of which has all that it writes.

use alloc::borrow::Cow;
use core::ops::Range;

use super::check::CheckedRecord;
use crate::store::{Draft, Row, RowKey};
use crate::values::IdHash;

/// One write.
#[derive(Debug)]
pub(super) enum Step<'c, 'p> {
    MakePlaceholder {
        key: RowKey,
        hash: IdHash,
        id: &'p str,
        name: &'p str,
    },
    Wake {
        key: RowKey,
    },
    NamePlaceholder {
        key: RowKey,
        id: &'p str,
        name: &'p str,
    },
    Insert {
        row: Row,
        hash: IdHash,
        contents: Contents<'c, 'p>,
    },
    /// Without contents the record has them already.
    Upsert {
        row: Row,
        contents: Option<Contents<'c, 'p>>,
    },
}

/// What a record is to hold.
#[derive(Debug)]
pub(super) struct Contents<'c, 'p> {
    pub(super) record: &'c CheckedRecord<'p>,
    pub(super) attributes: Cow<'c, [u8]>,
    /// In the plan's list.
    pub(super) references: Range<usize>,
}

impl<'c, 'p> Contents<'c, 'p> {
    pub(super) fn draft<'a>(&'a self, references: &'a [RowKey]) -> Draft<'a>
    where
        'c: 'a,
        'p: 'a,
    {
        let CheckedRecord { texts, status, .. } = *self.record;
        Draft {
            texts,
            status,
            references: &references[self.references.clone()],
            attributes: &self.attributes,
        }
    }
}
