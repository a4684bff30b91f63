//! A chunk of values, which a frozen copy of its table can share.
//!
//! To share one moves no value: its list goes behind a counter, as it is. The first write then takes the list
//! back if the copy is gone, or else works on a copy of its own. As long as nobody shares a chunk, a write
//! counts nothing and locks nothing: it costs one comparison.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

#[cfg(test)]
use crate::tests::work;

/// Values one behind the other, to be read as a slice.
#[derive(Clone, Debug)]
pub(super) enum Chunk<T> {
    Own(Vec<T>),
    Shared(Arc<Vec<T>>),
}

impl<T> Default for Chunk<T> {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl<T: Copy> Chunk<T> {
    pub(super) fn with_capacity(values: usize) -> Self {
        Self::Own(Vec::with_capacity(values))
    }

    #[inline]
    pub(super) fn values(&self) -> &[T] {
        match self {
            Self::Own(values) => values,
            Self::Shared(values) => values,
        }
    }

    /// Another chunk of the same values, which lie where they lay.
    pub(super) fn share(&mut self) -> Self {
        #[cfg(test)]
        work::add(work::Kind::Chunk, 1);
        if let Self::Own(values) = self {
            *self = Self::Shared(Arc::new(mem::take(values)));
        }
        self.clone()
    }

    /// The values, to be written: copied, if somebody shares them still.
    #[inline]
    pub(super) fn to_mut(&mut self) -> &mut Vec<T> {
        if matches!(self, Self::Shared(_)) {
            self.make_own();
        }
        let Self::Own(values) = self else { unreachable!("a shared chunk was just made its own") };
        values
    }

    /// Makes shared values its own, without a copy if nobody else has them.
    #[cold]
    #[inline(never)]
    fn make_own(&mut self) {
        if self.take_back() {
            return;
        }
        #[cfg(test)]
        work::add(work::Kind::MovedByte, size_of_val(self.values()));
        // With the room that it had: what grew in one place goes on in one.
        let room = if let Self::Shared(values) = self { values.capacity() } else { 0 };
        let mut values = Vec::with_capacity(room);
        values.extend_from_slice(self.values());
        *self = Self::Own(values);
    }

    /// Takes the values back if nobody shares them any more. Whether they can now be written without a copy.
    #[inline]
    pub(super) fn take_back(&mut self) -> bool {
        if let Self::Shared(values) = self
            && let Some(values) = Arc::get_mut(values)
        {
            *self = Self::Own(mem::take(values));
        }
        matches!(self, Self::Own(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn chunk(values: &[u8]) -> Chunk<u8> {
        Chunk::Own(values.to_vec())
    }

    #[test]
    fn a_chunk_that_is_shared_stays_where_it_is_until_it_is_written() {
        let mut live = chunk(&[1, 2, 3]);
        let place = live.values().as_ptr();
        let frozen = live.share();
        assert_eq!((live.values().as_ptr(), frozen.values().as_ptr()), (place, place));
        assert!(!live.take_back());
        live.to_mut().push(4);
        assert_eq!((live.values(), frozen.values()), (&[1, 2, 3, 4][..], &[1, 2, 3][..]));
        assert_eq!(frozen.values().as_ptr(), place);
    }

    #[test]
    fn a_chunk_is_taken_back_without_a_copy_when_its_copies_are_gone() {
        let mut live = chunk(&[1, 2, 3]);
        let place = live.values().as_ptr();
        let (first, second) = (live.share(), live.share());
        drop(first);
        assert!(!live.take_back(), "one of two is left");
        drop(second);
        assert!(live.take_back());
        assert_eq!(live.to_mut().as_ptr(), place);
        drop(live.share());
        assert_eq!(live.to_mut().as_ptr(), place, "a write takes it back by itself");
    }

    #[test]
    fn a_copy_has_the_room_of_what_it_is_of() {
        let mut live = Chunk::with_capacity(1_000);
        live.to_mut().extend(vec![7_u8; 10]);
        let _frozen = live.share();
        assert_eq!(live.to_mut().capacity(), 1_000);
    }
}
