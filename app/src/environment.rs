//! Settings of the process that libraries read.

/// Keeps Mesa's Vulkan drivers from complaining on standard error where there is no display.
///
/// Its device-select layer asks the Wayland compositor which GPU it prefers, and prints "error: XDG_RUNTIME_DIR is invalid
/// or not set" once per look where there is none. Without a display there is no preference to ask for.
///
/// Must be called before any other thread starts.
#[expect(unsafe_code, reason = "changing the environment is only safe with a single thread")]
pub fn quiet_without_display() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: `main` calls this first, when no other thread can read the environment.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}
