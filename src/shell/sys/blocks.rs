//! The heap of the static binary: blocks of powers of two in lists, taken from pages of the kernel.
//!
//! musl's own is made for many threads and hostile programs, and weighs more than a tenth of this
//! program. Here the heap is used to start, to run scripts and to answer questions, by one thread.
//! A freed block serves its own size again and nothing is ever merged, so a program that does the same
//! again and again stops growing. What is larger than half a page comes from the kernel and goes back to it.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ffi::c_long;
use std::hint;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::libc;
use nix::sys::mman::munmap;

/// Bytes of the smallest block; a power of two, room for a pointer.
const SMALLEST: usize = 16;
/// Sizes in lists: 16, 32, … 2048 bytes.
const SIZES: usize = 8;
const LARGEST: usize = SMALLEST << (SIZES - 1);
/// Bytes of a page at least; what the kernel gives begins at a multiple of it.
const PAGE: usize = 4096;
/// Bytes asked of the kernel at once for what is in lists.
const REGION: usize = 4 * PAGE;

/// The system call itself: musl's wrapper has 300 bytes for threads and for what lies within a file.
#[cfg(target_pointer_width = "32")]
const MMAP: c_long = libc::SYS_mmap2;
#[cfg(not(target_pointer_width = "32"))]
const MMAP: c_long = libc::SYS_mmap;

/// A heap; empty at first.
pub(super) struct Blocks {
    /// One who uses the lists, or nobody: 1 or 0.
    users: AtomicU32,
    lists: UnsafeCell<Lists>,
}

struct Lists {
    /// The first free block of each size; it holds where the next is.
    free: [*mut u8; SIZES],
    /// What of the newest region was never used.
    fresh: *mut u8,
    left: usize,
}

// SAFETY: `with` lets one thread at a time reach the lists; blocks are owned by whom they were given to.
unsafe impl Sync for Blocks {}

impl Blocks {
    pub(super) const fn new() -> Self {
        let lists = Lists {
            free: [null_mut(); SIZES],
            fresh: null_mut(),
            left: 0,
        };
        Self {
            users: AtomicU32::new(0),
            lists: UnsafeCell::new(lists),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Lists) -> T) -> T {
        while self.users.swap(1, Ordering::Acquire) != 0 {
            hint::spin_loop();
        }
        // SAFETY: whoever else comes waits above until the 0 below; `work` does not come back here.
        let done = work(unsafe { &mut *self.lists.get() });
        self.users.store(0, Ordering::Release);
        done
    }
}

impl Lists {
    fn take(&mut self, index: usize) -> *mut u8 {
        let block = self.free[index];
        if !block.is_null() {
            // SAFETY: a free block of ours; `give` wrote a pointer to its beginning, which is aligned.
            self.free[index] = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        let size = SMALLEST << index;
        // Regions begin at a page, so this is where the next multiple of the size is.
        let gap = self.left % size;
        if self.left < size + gap {
            let Some(region) = pages(REGION) else {
                return null_mut();
            };
            (self.fresh, self.left) = (region.as_ptr(), REGION);
            return self.take(index);
        }
        // SAFETY: `gap + size` bytes are left of the region.
        let (block, fresh) = unsafe { (self.fresh.add(gap), self.fresh.add(gap + size)) };
        self.fresh = fresh;
        self.left -= gap + size;
        block
    }

    /// The caller owns the block, which `take` gave for the same `index`.
    unsafe fn give(&mut self, block: *mut u8, index: usize) {
        // SAFETY: nobody else has the block; it is at least as large and aligned as a pointer.
        unsafe { block.cast::<*mut u8>().write(self.free[index]) };
        self.free[index] = block;
    }
}

// SAFETY: a block is at a multiple of its size, which is no less than the layout's size and alignment;
// pages are at a multiple of `PAGE`, and no layout gets them that asks for more.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match room(layout) {
            Room::List(index) => self.with(|lists| lists.take(index)),
            Room::Pages(size) => pages(size).map_or(null_mut(), NonNull::as_ptr),
            Room::None => null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match room(layout) {
            // SAFETY: the caller got it from `alloc` with this layout, thus for this list.
            Room::List(index) => self.with(|lists| unsafe { lists.give(block, index) }),
            Room::Pages(size) => {
                if let Some(block) = NonNull::new(block) {
                    // SAFETY: as many pages as `alloc` got for this layout, and nobody else has them.
                    let _ = unsafe { munmap(block.cast(), size) };
                }
            }
            Room::None => {}
        }
    }

    /// New pages are zero already, and stay out of memory until somebody writes to them.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let block = unsafe { self.alloc(layout) };
        if let Room::List(_) = room(layout)
            && !block.is_null()
        {
            // SAFETY: a block of at least so many bytes, which nobody else has.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that it is a layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if room(wanted) == room(layout) {
            return block;
        }
        // SAFETY: the caller's promises for both; the sizes of a copy are no more than either's.
        unsafe {
            let new = self.alloc(wanted);
            if !new.is_null() {
                block.copy_to_nonoverlapping(new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[derive(PartialEq, Eq)]
enum Room {
    /// The list of this index.
    List(usize),
    /// So many bytes of whole pages.
    Pages(usize),
    None,
}

fn room(layout: Layout) -> Room {
    let size = layout.size().max(layout.align()).max(SMALLEST);
    if size <= LARGEST {
        let doubled = (size - 1).ilog2() + 1;
        Room::List((doubled - SMALLEST.ilog2()) as usize)
    } else if layout.align() <= PAGE {
        Room::Pages(size.next_multiple_of(PAGE))
    } else {
        Room::None
    }
}

fn pages(size: usize) -> Option<NonNull<u8>> {
    const ANYWHERE: c_long = 0;
    const NO_FILE: c_long = -1;
    let protection = c_long::from(libc::PROT_READ | libc::PROT_WRITE);
    let flags = c_long::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new pages, which nobody has.
    let new = unsafe { libc::syscall(MMAP, ANYWHERE, size, protection, flags, NO_FILE, ANYWHERE) };
    // Of a failure the kernel says -1.
    NonNull::new(new as *mut u8).filter(|_| new != -1)
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    /// All bytes of a block.
    fn bytes<'a>(block: *mut u8, size: usize) -> &'a mut [u8] {
        // SAFETY: every block here is of this size and used by one test alone.
        unsafe { slice::from_raw_parts_mut(block, size) }
    }

    #[test]
    fn blocks_are_aligned_and_apart() {
        let heap = Blocks::new();
        let layouts: Vec<Layout> = (0..2000)
            .map(|n| layout(1 + n * 7 % 5000, 1 << (n % 13)))
            .collect();
        let take = |(layout, n): (&Layout, u8)| {
            // SAFETY: no layout is empty.
            let block = unsafe { heap.alloc(*layout) };
            assert!(!block.is_null() && block.addr().is_multiple_of(layout.align()));
            bytes(block, layout.size()).fill(n);
            block
        };
        let blocks: Vec<_> = layouts.iter().zip((0..=255).cycle()).map(take).collect();
        for ((layout, block), n) in layouts.iter().zip(blocks).zip((0..=255).cycle()) {
            assert!(bytes(block, layout.size()).iter().all(|byte| *byte == n));
            // SAFETY: it came from there with this layout.
            unsafe { heap.dealloc(block, *layout) };
        }
    }

    #[test]
    fn what_was_freed_is_used_again() {
        let heap = Blocks::new();
        let wanted = layout(100, 8);
        // SAFETY: layouts are not empty, blocks go back with their own.
        unsafe {
            let (first, second) = (heap.alloc(wanted), heap.alloc(wanted));
            heap.dealloc(first, wanted);
            heap.dealloc(second, wanted);
            assert_eq!(heap.alloc(layout(65, 1)), second);
            assert_eq!(heap.alloc(layout(128, 128)), first);
        }
    }

    #[test]
    fn what_is_asked_for_as_zeros_is_zeros_also_where_something_was() {
        let heap = Blocks::new();
        for size in [100, 9000] {
            let wanted = layout(size, 8);
            // SAFETY: layouts are not empty, blocks go back with their own.
            unsafe {
                let used = heap.alloc(wanted);
                bytes(used, size).fill(7);
                heap.dealloc(used, wanted);
                let block = heap.alloc_zeroed(wanted);
                assert!(bytes(block, size).iter().all(|byte| *byte == 0));
                heap.dealloc(block, wanted);
            }
        }
    }

    #[test]
    fn what_grows_or_shrinks_keeps_its_bytes() {
        let heap = Blocks::new();
        // SAFETY: layouts are not empty, blocks are resized with their own.
        unsafe {
            let mut block = heap.alloc(layout(16, 1));
            let mut size = 16;
            bytes(block, size).copy_from_slice(b"sixteen bytes...");
            for wanted in [17, 2048, 2049, 9000, 5000, 100, 16] {
                block = heap.realloc(block, layout(size, 1), wanted);
                size = wanted;
                assert_eq!(bytes(block, 16), b"sixteen bytes...");
                bytes(block, size)[16..].fill(7);
            }
        }
    }

    #[test]
    fn what_cannot_be_had_is_refused() {
        let heap = Blocks::new();
        // SAFETY: layouts are not empty.
        unsafe {
            assert!(heap.alloc(layout(1, 2 * PAGE)).is_null());
            assert!(heap.alloc(layout(isize::MAX as usize, 1)).is_null());
        }
    }
}
