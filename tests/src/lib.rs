//! Helpers of the tests that cross crates: fixtures, and an independent oracle written from the equations.

pub mod compare;
pub mod equations;
pub mod fixture;
pub mod tape;

#[cfg(not(target_family = "wasm"))]
use l2t_core::device::{DeviceChoice, OpenDevice, open};

/// A hardware GPU, else a software driver; where there is neither, says so and gives `None`.
///
/// # Panics
/// Without an adapter under `L2T_REQUIRE_GPU=1`, as in continuous integration.
#[cfg(not(target_family = "wasm"))]
pub fn gpu() -> Option<OpenDevice> {
    match open(DeviceChoice::Gpu).or_else(|_| open(DeviceChoice::SoftwareGpu)) {
        Ok(device) => {
            println!("on {}", device.name);
            Some(device)
        }
        Err(error) => {
            assert_ne!(std::env::var("L2T_REQUIRE_GPU").as_deref(), Ok("1"), "L2T_REQUIRE_GPU=1, but {error}");
            println!("NOT TESTED: {error}");
            None
        }
    }
}
