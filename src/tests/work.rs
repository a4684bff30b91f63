//! Counts what the store does, for the tests of what commands cost. It is in no build but that of the unit tests, and
//! each thread has counts of its own, so that tests do not disturb each other.

extern crate std;

use core::cell::Cell;

/// Something that takes its time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// To read a record.
    Record,
    /// To read or write 64 bits of a set of rows.
    Word,
    /// To read or write a number of a row.
    Number,
    /// To share or copy a chunk.
    Chunk,
    /// To move a byte that is on record from where it lies: to empty a chunk, to let one grow, to leave it to a frozen
    /// copy.
    MovedByte,
    /// To hash a byte for the digest.
    HashedByte,
}

/// How often each was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) records: u64,
    pub(crate) words: u64,
    pub(crate) numbers: u64,
    pub(crate) chunks: u64,
    pub(crate) moved_bytes: u64,
    pub(crate) hashed_bytes: u64,
}

std::thread_local! {
    static WORK: Cell<Work> = const {
        Cell::new(Work { records: 0, words: 0, numbers: 0, chunks: 0, moved_bytes: 0, hashed_bytes: 0 })
    };
}

/// Counts that something was done so many times.
pub(crate) fn add(kind: Kind, times: usize) {
    let mut work = WORK.get();
    let count = match kind {
        Kind::Record => &mut work.records,
        Kind::Word => &mut work.words,
        Kind::Number => &mut work.numbers,
        Kind::Chunk => &mut work.chunks,
        Kind::MovedByte => &mut work.moved_bytes,
        Kind::HashedByte => &mut work.hashed_bytes,
    };
    *count += times as u64;
    WORK.set(work);
}

/// What was done in there.
pub(crate) fn of<T>(run: impl FnOnce() -> T) -> (T, Work) {
    let before = WORK.replace(Work::default());
    let done = run();
    let work = WORK.replace(before);
    (done, work)
}
