//! A global allocator for tests: the system's, which counts what each thread asks it for, so that tests that count need
//! not wait for each other, and which fails where a test says so, so that the process is aborted there.
//!
//! ```
//! use headcount_test_allocator::{Region, TestAllocator};
//!
//! #[global_allocator]
//! static ALLOCATOR: TestAllocator = TestAllocator;
//!
//! let region = Region::new();
//! let list = vec![0_u8; 100];
//! assert_eq!((region.change().allocations, region.change().bytes_allocated), (1, 100));
//! drop(list);
//! assert_eq!(region.change().held(), 0);
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestAllocator;

/// What a thread asked for so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pieces of memory.
    pub allocations: usize,
    /// How often one was to grow or shrink.
    pub reallocations: usize,
    /// Pieces that were given back.
    pub deallocations: usize,
    /// Bytes of those allocated, and by which others grew.
    pub bytes_allocated: usize,
    /// Bytes of those given back, and by which others shrank.
    pub bytes_deallocated: usize,
}

impl Counts {
    const NONE: Self =
        Self { allocations: 0, reallocations: 0, deallocations: 0, bytes_allocated: 0, bytes_deallocated: 0 };

    /// Those of this thread.
    pub fn now() -> Self {
        COUNTS.get()
    }

    /// What is not given back, if no other thread did.
    pub const fn held(self) -> usize {
        self.bytes_allocated - self.bytes_deallocated
    }
}

/// What a thread asks for from a moment on.
#[derive(Clone, Copy, Debug)]
pub struct Region(Counts);

impl Region {
    /// From now on.
    #[expect(clippy::new_without_default, reason = "it is the moment that counts")]
    pub fn new() -> Self {
        Self(Counts::now())
    }

    /// What this thread asked for since.
    pub fn change(&self) -> Counts {
        let (before, now) = (self.0, Counts::now());
        Counts {
            allocations: now.allocations - before.allocations,
            reallocations: now.reallocations - before.reallocations,
            deallocations: now.deallocations - before.deallocations,
            bytes_allocated: now.bytes_allocated - before.bytes_allocated,
            bytes_deallocated: now.bytes_deallocated - before.bytes_deallocated,
        }
    }
}

thread_local! {
    // Made without allocating, and with nothing to be dropped: it is there as long as the thread.
    static COUNTS: Cell<Counts> = const { Cell::new(Counts::NONE) };
}

/// Requests for memory that are left until one has failed; [`NEVER`] is not counted down.
static LEFT: AtomicUsize = AtomicUsize::new(NEVER);

const NEVER: usize = usize::MAX;

/// Lets a request for memory fail, of whichever thread: the next one if it is 1. One by which something shrinks is none.
pub fn fail_at(number: usize) {
    LEFT.store(number, Ordering::SeqCst);
}

/// How many requests are left until one fails, since [`fail_at`].
pub fn left() -> usize {
    LEFT.load(Ordering::SeqCst)
}

fn fails() -> bool {
    LEFT.load(Ordering::Relaxed) != NEVER && LEFT.fetch_sub(1, Ordering::SeqCst) == 1
}

fn count(change: impl FnOnce(&mut Counts)) {
    // A thread that ends may still give memory back.
    let _ = COUNTS.try_with(|counts| {
        let mut now = counts.get();
        change(&mut now);
        counts.set(now);
    });
}

fn allocated(layout: Layout) {
    count(|counts| {
        counts.allocations += 1;
        counts.bytes_allocated += layout.size();
    });
}

// SAFETY: each call is the system allocator's own, or gives null, which says that there is no memory; what was allocated
// before stays as it was.
unsafe impl GlobalAlloc for TestAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return null_mut();
        }
        allocated(layout);
        // SAFETY: the caller keeps what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return null_mut();
        }
        allocated(layout);
        // SAFETY: the caller keeps what `alloc_zeroed` asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if new_size > layout.size() && fails() {
            return null_mut();
        }
        count(|counts| {
            counts.reallocations += 1;
            counts.bytes_allocated += new_size.saturating_sub(layout.size());
            counts.bytes_deallocated += layout.size().saturating_sub(new_size);
        });
        // SAFETY: the caller keeps what `realloc` asks for; all memory is the system allocator's.
        unsafe { System.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(|counts| {
            counts.deallocations += 1;
            counts.bytes_deallocated += layout.size();
        });
        // SAFETY: the caller keeps what `dealloc` asks for; all memory is the system allocator's.
        unsafe { System.dealloc(memory, layout) }
    }
}
