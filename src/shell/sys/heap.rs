//! For tests: counts what the present thread asks of the heap.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

/// Allocations of this thread so far.
pub(crate) fn allocations() -> u64 {
    COUNT.get()
}

// SAFETY: everything is passed on unchanged to the system's allocator; counting neither
// allocates nor unwinds (the cell has no destructor and a constant beginning).
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: it came from `alloc` above, thus from there.
        unsafe { System.dealloc(pointer, layout) }
    }
}
