//! Keeps freed memory in the process.
//!
//! An iteration allocates and frees the same few hundred large tensors. By default glibc gives each back to the system
//! and gets it again page by page: measured on two cores, a full-width iteration took 6.5 s with that and 3.7 s without.

/// Asks glibc's allocator not to return memory to the system; does nothing with any other allocator.
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::keep_memory();
}

/// Bytes that are allocated and not freed; `None` where the allocator does not say. What the system counts as the process's is
/// more, by what was freed and is kept.
pub fn in_use() -> Option<u64> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return glibc::in_use();
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    None
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    /// Above this an allocation has its own mapping; the largest tensors stay well below.
    const LARGEST: libc::c_int = 1 << 30;
    /// Grown by at least this much at a time.
    const STEP: libc::c_int = 1 << 26;

    #[expect(unsafe_code, reason = "glibc's settings have no safe interface")]
    pub fn keep_memory() {
        // SAFETY: mallopt takes two integers and refuses what it does not know; it is called before any other thread.
        let accepted = unsafe {
            [
                libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST),
                libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX),
                libc::mallopt(libc::M_TOP_PAD, STEP),
                // What one thread frees another takes: a step runs on any of them.
                libc::mallopt(libc::M_ARENA_MAX, 1),
            ]
        };
        if accepted.contains(&0) {
            log::debug!("the allocator refused a setting: {accepted:?}; training may be slower");
        }
    }

    /// Asked for by name, because systems older than glibc 2.33 do not have it and run this program all the same.
    #[expect(unsafe_code, reason = "glibc's statistics have no safe interface")]
    pub fn in_use() -> Option<u64> {
        // SAFETY: the name ends with a zero byte, and looking it up changes nothing.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
        if found.is_null() {
            return None;
        }
        // SAFETY: glibc's function of this name takes nothing and returns these numbers.
        let found = unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn() -> libc::mallinfo2>(found)() };
        Some((found.uordblks + found.hblkhd) as u64)
    }
}
