//! The marks of the present roll: which rows it keeps, and why.
//!
//! A row is *seen* if a page named it, and *retained* if a page named it in a record that could not be read: it is at
//! the source, so it stays. What was seen needs no other reason, so no row is both. A row is *settled* if somebody told of
//! it beside the roll: then the roll leaves it as it is, seen or not. A roll begins and ends in no time, whatever it
//! marked, and a set that is empty takes no room.

use super::bits::Bits;
use super::key::Row;

#[derive(Debug, Default)]
pub(super) struct Roll {
    seen: Bits,
    retained: Bits,
    settled: Bits,
}

impl Roll {
    pub(super) const fn seen(&self) -> &Bits {
        &self.seen
    }

    pub(super) const fn retained(&self) -> &Bits {
        &self.retained
    }

    pub(super) const fn settled(&self) -> &Bits {
        &self.settled
    }

    /// Rows `64 * at ..` that the roll keeps. A set that is empty is not looked at.
    pub(super) fn kept_word(&self, at: usize) -> u64 {
        let word = |marks: &Bits| if marks.ones() > 0 { marks.word(at) } else { 0 };
        self.seen.word(at) | word(&self.retained) | word(&self.settled)
    }

    /// Whether anything is retained or settled: mostly nothing is.
    pub(super) const fn keeps_more_than_seen(&self) -> bool {
        self.retained.ones() > 0 || self.settled.ones() > 0
    }

    /// Where it is not so, nobody looks at a retained row.
    const fn retains_some(&self) -> bool {
        self.retained.ones() > 0
    }

    /// Marks so many rows from this one on as seen, 64 at a time.
    pub(super) fn see(&mut self, start: Row, len: u32) {
        self.seen.set_range(start, len);
        if self.retains_some() {
            self.retained.clear_range(start, len);
        }
    }

    /// Marks a row as retained, unless it was seen.
    pub(super) fn retain(&mut self, row: Row) {
        if !self.seen.contains(row) {
            self.retained.set(row);
        }
    }

    /// Marks a row as settled.
    pub(super) fn settle(&mut self, row: Row) {
        self.settled.set(row);
    }

    /// Takes that from all rows.
    pub(super) fn settle_none(&mut self) {
        self.settled.begin_anew();
    }

    /// Takes the marks of a row away.
    pub(super) fn leave(&mut self, row: Row) {
        self.seen.clear(row);
        if self.keeps_more_than_seen() {
            self.retained.clear(row);
            self.settled.clear(row);
        }
    }

    /// Gives a row the marks that a row of another roll has.
    pub(super) fn adopt(&mut self, row: Row, from: &Self, of: Row) {
        if from.seen.contains(of) {
            self.seen.set(row);
        }
        if from.keeps_more_than_seen() && from.retained.contains(of) {
            self.retained.set(row);
        }
        if from.keeps_more_than_seen() && from.settled.contains(of) {
            self.settled.set(row);
        }
    }

    /// Begins an empty roll. Costs nothing: what the last one marked is cleared as the next one comes to it.
    pub(super) fn begin_anew(&mut self) {
        let Self { seen, retained, settled } = self;
        seen.begin_anew();
        retained.begin_anew();
        settled.begin_anew();
    }

    /// A copy that shares the chunks.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { seen, retained, settled } = self;
        Self { seen: seen.freeze(), retained: retained.freeze(), settled: settled.freeze() }
    }
}

/// Loading.
#[cfg(feature = "serde")]
impl Roll {
    /// A roll that has seen these rows.
    pub(super) fn of_seen(seen: Bits) -> Self {
        Self { seen, ..Self::default() }
    }

    /// Takes its other marks, none of a row that was seen among the retained.
    pub(super) fn load(&mut self, retained: Bits, settled: Bits) {
        (self.retained, self.settled) = (retained, settled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn rows(bits: &Bits) -> Vec<u32> {
        bits.iter().map(|row| row.0).collect()
    }

    #[test]
    fn no_row_is_both_seen_and_retained_whichever_comes_first() {
        let mut roll = Roll::default();
        for row in [3, 70, 71, 200] {
            roll.retain(Row(row));
        }
        roll.see(Row(60), 11);
        roll.retain(Row(65));
        assert_eq!(rows(roll.retained()), [3, 71, 200]);
        assert_eq!((roll.seen().ones(), roll.retained().ones()), (11, 3));
        assert_eq!(roll.kept_word(1), 0xff, "64 to 70 were seen, 71 is retained");
        roll.leave(Row(60));
        roll.leave(Row(200));
        assert_eq!((roll.seen().ones(), rows(roll.retained())), (10, [3, 71].into()));
    }

    #[test]
    fn a_roll_ends_with_all_its_marks() {
        let mut roll = Roll::default();
        roll.retain(Row(9));
        roll.see(Row(1), 2);
        roll.begin_anew();
        assert_eq!((roll.kept_word(0), roll.seen().ones(), roll.retained().ones()), (0, 0, 0));
        roll.retain(Row(1));
        assert_eq!((rows(roll.retained()), roll.seen().ones()), ([1].into(), 0));
    }

    #[test]
    fn a_row_takes_its_marks_along() {
        let (mut from, mut to) = (Roll::default(), Roll::default());
        from.see(Row(5), 1);
        from.retain(Row(6));
        for row in [5, 6, 7] {
            to.adopt(Row(row - 5), &from, Row(row));
        }
        assert_eq!((rows(to.seen()), rows(to.retained())), ([0].into(), [1].into()));
        let frozen = from.freeze();
        from.leave(Row(6));
        assert_eq!((rows(frozen.retained()), from.retained().ones()), ([6].into(), 0));
    }
}
