//! The allocator of this program: it counts what is alive, and refuses what goes beyond a budget.
//!
//! A refusal is what a full memory looks like to a reader, without the machine's memory being full: `try_reserve` hears
//! of it, everything else ends the process, and the supervisor sees that. Crates that count do not refuse (`peak_alloc`),
//! and the one that refuses has no peak that can be taken anew for each input (`cap`).

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator with a count and a limit.
pub struct Budgeted;

#[global_allocator]
static ALLOCATOR: Budgeted = Budgeted;

/// Bytes that are alive.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// The most that were alive since the budget was set.
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// More than this is refused.
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);
/// The size that was refused first, 0 for none.
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// Allows `more` bytes beyond what is alive now; returns what is alive now.
pub fn set_budget(more: usize) -> usize {
    let live = LIVE.load(Relaxed);
    REFUSED.store(0, Relaxed);
    PEAK.store(live, Relaxed);
    LIMIT.store(live.saturating_add(more), Relaxed);
    live
}

/// Allows everything again; returns the most that was alive, and the size that was refused, if one was.
pub fn lift_budget() -> (usize, Option<usize>) {
    LIMIT.store(usize::MAX, Relaxed);
    let refused = REFUSED.load(Relaxed);
    (PEAK.load(Relaxed), (refused > 0).then_some(refused))
}

/// Counts `bytes`, unless they are too many.
fn take(bytes: usize) -> bool {
    let live = LIVE.fetch_add(bytes, Relaxed).saturating_add(bytes);
    if live > LIMIT.load(Relaxed) {
        LIVE.fetch_sub(bytes, Relaxed);
        // Only the first: what follows is the reader's way out.
        let _ = REFUSED.compare_exchange(0, bytes.max(1), Relaxed, Relaxed);
        return false;
    }
    PEAK.fetch_max(live, Relaxed);
    true
}

/// `made` as it is, with the count corrected where the system had nothing to give.
fn counted(made: *mut u8, bytes: usize) -> *mut u8 {
    if made.is_null() {
        LIVE.fetch_sub(bytes, Relaxed);
    }
    made
}

#[expect(unsafe_code, reason = "a global allocator has no safe interface; this one only counts around the system's")]
// SAFETY: every call goes to the system's allocator with the caller's arguments, or gives the null pointer that stands
// for a refusal; the counters are atomic and allocate nothing.
unsafe impl GlobalAlloc for Budgeted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's layout.
        counted(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's layout.
        counted(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, made: *mut u8, layout: Layout) {
        // SAFETY: the caller's pointer came from the system's allocator with this layout.
        unsafe { System.dealloc(made, layout) };
        LIVE.fetch_sub(layout.size(), Relaxed);
    }

    unsafe fn realloc(&self, made: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let more = size.saturating_sub(layout.size());
        if more > 0 && !take(more) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's pointer came from the system's allocator with this layout.
        let moved = unsafe { System.realloc(made, layout, size) };
        if moved.is_null() {
            LIVE.fetch_sub(more, Relaxed);
        } else {
            LIVE.fetch_sub(layout.size().saturating_sub(size), Relaxed);
        }
        moved
    }
}
