//! Which rows are active, which are placeholders, and how many are both: so that nobody has to go through the bits
//! to tell how many full records are active.

use super::bits::Bits;
use super::key::Row;

#[derive(Debug, Default)]
pub(super) struct Flags {
    active: Bits,
    placeholder: Bits,
    /// Rows that are in both sets.
    active_placeholders: u64,
}

impl Flags {
    /// Those of rows that are loaded. Looks at a bit of each, 64 at a time.
    #[cfg(feature = "serde")]
    pub(super) fn new(active: Bits, placeholder: Bits) -> Self {
        let active_placeholders = active.ones_in_both(&placeholder);
        Self { active, placeholder, active_placeholders }
    }

    pub(super) const fn active(&self) -> &Bits {
        &self.active
    }

    pub(super) const fn placeholder(&self) -> &Bits {
        &self.placeholder
    }

    /// Active rows that are full records.
    pub(super) const fn active_full(&self) -> u64 {
        self.active.ones() - self.active_placeholders
    }

    /// True if the row was inactive.
    pub(super) fn set_active(&mut self, row: Row) -> bool {
        let is_new = self.active.set(row);
        self.active_placeholders += u64::from(is_new && self.placeholder.contains(row));
        is_new
    }

    pub(super) fn set_inactive(&mut self, row: Row) {
        let was_active = self.active.clear(row);
        self.active_placeholders -= u64::from(was_active && self.placeholder.contains(row));
    }

    pub(super) fn set_placeholder(&mut self, row: Row) {
        let is_new = self.placeholder.set(row);
        self.active_placeholders += u64::from(is_new && self.active.contains(row));
    }

    pub(super) fn set_full(&mut self, row: Row) {
        let was_placeholder = self.placeholder.clear(row);
        self.active_placeholders -= u64::from(was_placeholder && self.active.contains(row));
    }

    /// Whether the number that is kept is that of the bits.
    pub(super) fn are_counted(&self) -> bool {
        self.active.ones_in_both(&self.placeholder) == self.active_placeholders
    }

    /// Makes the number wrong.
    #[cfg(test)]
    pub(super) const fn miscount(&mut self) {
        self.active_placeholders += 1;
    }

    /// A copy that shares the chunks.
    pub(super) fn freeze(&mut self) -> Self {
        let Self { active, placeholder, active_placeholders } = self;
        Self {
            active: active.freeze(),
            placeholder: placeholder.freeze(),
            active_placeholders: *active_placeholders,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_active_full_rows_are_counted_whatever_is_set_in_whatever_order() {
        let mut flags = Flags::default();
        let mut random = 1_u64;
        for _ in 0..4_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let row = Row((random >> 33) as u32 % 200);
            match random >> 62 {
                0 => _ = flags.set_active(row),
                1 => flags.set_inactive(row),
                2 => flags.set_placeholder(row),
                _ => flags.set_full(row),
            }
            assert!(flags.are_counted());
            let is_full = |row: &Row| !flags.placeholder().contains(*row);
            assert_eq!(flags.active_full(), flags.active().iter().filter(is_full).count() as u64);
        }
    }
}
