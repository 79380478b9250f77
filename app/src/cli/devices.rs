//! `l2t devices`.

use l2t_core::Result;
use l2t_core::device::{DeviceChoice, adapters};

use super::Ending;

pub fn run() -> Result<Ending> {
    for adapter in adapters() {
        say!("{:<14} {} ({}, {})", adapter.kind.name(), adapter.name, adapter.api, adapter.driver);
    }
    say!("{:<14} {} threads", "CPU", std::thread::available_parallelism().map_or(1, usize::from));
    let taken = l2t_core::device::open(DeviceChoice::Auto)?;
    say!("auto takes {}: {}", taken.name, taken.reason);
    Ok(Ending::Done)
}
