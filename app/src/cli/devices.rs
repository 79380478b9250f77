//! `l2t devices`.

use l2t_core::Result;
use l2t_core::device::{DeviceChoice, adapters};

use super::{Ending, open_device};

pub fn run() -> Result<Ending> {
    for adapter in adapters() {
        println!("{:<14} {} ({}, {})", adapter.kind.name(), adapter.name, adapter.api, adapter.driver);
    }
    println!("{:<14} {} threads", "CPU", std::thread::available_parallelism().map_or(1, usize::from));
    print!("auto takes: ");
    open_device(DeviceChoice::Auto)?;
    Ok(Ending::Done)
}
