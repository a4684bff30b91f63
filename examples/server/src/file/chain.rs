//! Checksums, each of which has the one before it in it.
//!
//! XXH3 with 128 bits: the core hashes by it already, so it is no new dependency, and at some 10 GB a second it does
//! not show beside a disk. It finds what a disk, a copy or a hand on the wrong row does. It is no seal: who rewrites the
//! whole chain can make it fit.

use headcount::Timestamp;
use twox_hash::XxHash3_128;

/// The checksum of some bytes and of all that came before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum(u128);

impl Sum {
    /// That of nothing: what the first of a chain comes behind.
    pub const START: Self = Self(0);

    /// Of some fields behind this one. Where a field ends counts too.
    pub fn then(self, fields: &[&[u8]]) -> Self {
        let mut hasher = XxHash3_128::new();
        hasher.write(&self.bytes());
        for field in fields {
            hasher.write(&(field.len() as u64).to_le_bytes());
            hasher.write(field);
        }
        Self(hasher.finish_128())
    }

    /// As it is kept.
    pub const fn bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// As it was kept; none of bytes that are too few or too many.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u128::from_le_bytes).map(Self)
    }
}

/// A row of the journal, but for its checksum.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r> {
    /// Its number: rows of all tenants are counted together.
    pub entry: i64,
    /// Whose engine the command is for.
    pub tenant: &'r str,
    /// The number of the tenant's row before; 0 if there was none.
    pub behind: i64,
    /// When the command was carried out.
    pub now: Timestamp,
    /// What was known of the tenant when the row was written.
    pub witness: Witness,
    /// The command, in postcard.
    pub command: &'r [u8],
}

/// To which change number an engine came by a row of its journal: a replay has to come there too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The row.
    pub entry: i64,
    /// The number of the engine's last change behind it.
    pub seq: u64,
}

impl Row<'_> {
    /// Its checksum behind that of the tenant's row before.
    pub fn sum(&self, before: Sum) -> Sum {
        let Self { entry, tenant, behind, now, witness, command } = self;
        before.then(&[
            b"row",
            &entry.to_le_bytes(),
            tenant.as_bytes(),
            &behind.to_le_bytes(),
            &now.as_millis().to_le_bytes(),
            &witness.entry.to_le_bytes(),
            &witness.seq.to_le_bytes(),
            command,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_row_is_in_its_sum() {
        let row = Row {
            entry: 3,
            tenant: "acme",
            behind: 2,
            now: Timestamp(7),
            witness: Witness { entry: 1, seq: 9 },
            command: &[1, 2],
        };
        let others = [
            Row { entry: 4, ..row },
            Row { tenant: "acm", ..row },
            Row { behind: 1, ..row },
            Row { now: Timestamp(8), ..row },
            Row { witness: Witness { entry: 2, seq: 9 }, ..row },
            Row { witness: Witness { entry: 1, seq: 8 }, ..row },
            Row { command: &[1, 3], ..row },
            Row { command: &[1], ..row },
        ];
        let sum = row.sum(Sum::START);
        for other in others {
            assert_ne!(other.sum(Sum::START), sum, "{other:?}");
        }
        assert_ne!(row.sum(sum), sum, "what came before counts");
        assert_eq!(Sum::read(&sum.bytes()), Some(sum));
        assert_eq!(Sum::read(&[0; 15]), None);
    }
}
