//! `l2t devices`.

use l2t_core::Result;
use l2t_core::device::{DeviceChoice, adapters};
use l2t_shaders::AdapterClass;
use l2t_shaders::conv::{self, Shape};

use super::Ending;

pub fn run() -> Result<Ending> {
    for adapter in adapters() {
        // Of a product that fills its tiles: the stem's and the classifier's do not.
        let class = if adapter.kind.is_hardware() { AdapterClass::Hardware } else { AdapterClass::Software };
        let family = conv::family(class, Shape { rows: 64, columns: 64, depth: 64 }).name();
        let about = format!("{}, {}; kernels: {family}", adapter.api, adapter.driver);
        say!("{:<14} {} ({about})", adapter.kind.name(), adapter.name);
    }
    say!("{:<14} {} threads", "CPU", std::thread::available_parallelism().map_or(1, usize::from));
    let taken = l2t_core::device::open(DeviceChoice::Auto)?;
    say!("auto takes {}: {}", taken.name, taken.reason);
    Ok(Ending::Done)
}
