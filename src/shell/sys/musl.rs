//! The heap of the static binary in the place of musl's, for Rust and for musl itself.
//!
//! musl's `free` ends here; its `realloc` would not, and nothing of it that is linked asks.

mod calls;

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;

use super::blocks::Blocks;

#[global_allocator]
static HEAP: Blocks = Blocks::new();

/// Bytes before what musl gets, which hold its size; as aligned as C expects.
const HEADER: usize = 16;

/// What musl asks for by itself: a few words for each script that is begun.
#[unsafe(export_name = "__libc_malloc")]
extern "C" fn take(size: usize) -> *mut u8 {
    let Some(layout) = with_header(size) else {
        return null_mut();
    };
    // SAFETY: the layout is not empty, and its first bytes are the header's.
    unsafe {
        let block = HEAP.alloc(layout);
        if block.is_null() {
            return block;
        }
        block.cast::<usize>().write(size);
        block.add(HEADER)
    }
}

/// By the name that anybody else may use.
#[unsafe(export_name = "malloc")]
extern "C" fn take_for_others(size: usize) -> *mut u8 {
    take(size)
}

/// Of zeros; musl's own looks for those that are there already.
#[unsafe(export_name = "calloc")]
extern "C" fn take_zeroed(count: usize, size: usize) -> *mut u8 {
    let Some(size) = count.checked_mul(size) else {
        return null_mut();
    };
    let block = take(size);
    if !block.is_null() {
        // SAFETY: a block of this size was just made.
        unsafe { block.write_bytes(0, size) };
    }
    block
}

/// # Safety
/// `block` is null, or of `take` and not given back.
#[unsafe(export_name = "__libc_free")]
unsafe extern "C" fn give(block: *mut u8) {
    if block.is_null() {
        return;
    }
    // SAFETY: `take` put the header there, with a size that had a layout.
    unsafe {
        let block = block.sub(HEADER);
        if let Some(layout) = with_header(block.cast::<usize>().read()) {
            HEAP.dealloc(block, layout);
        }
    }
}

fn with_header(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER)?, HEADER).ok()
}
