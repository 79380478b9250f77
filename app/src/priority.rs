//! Who goes first where a window is drawn and a run computes on the same processor.

/// Lets others go before this thread and before those that compute for it: what is drawn comes between, and a run that has the
/// processor to itself loses nothing. Where the system does not know such an order, nothing changes.
pub fn give_way() {
    let lower = || {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        nice::lower();
    };
    lower();
    // Their threads may be there already, with the order of whoever asked for them.
    rayon::broadcast(|_| lower());
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod nice {
    /// Of 0 to 19.
    const NICENESS: i32 = 10;

    #[expect(unsafe_code, reason = "the call takes numbers and touches no memory")]
    pub fn lower() {
        // SAFETY: see above. 0 is the calling thread; one that may not be lowered stays as it is.
        unsafe {
            libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS);
        }
    }

    #[cfg(test)]
    mod tests {
        #[test]
        #[expect(unsafe_code, reason = "the call takes numbers and touches no memory")]
        fn a_thread_that_gives_way_is_lower_and_others_are_not() {
            // SAFETY: as above.
            let present = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
            let before = present();
            let lowered = std::thread::spawn(move || {
                super::lower();
                present()
            });
            assert_eq!((lowered.join().expect("it ends"), present()), (super::NICENESS.max(before), before));
        }
    }
}
