//! How λ moved while a run trained, as a moving picture: that of the README, of a run of
//! `l2t train --preset demo --set meta.lr=0.01 --out RUN`.
//!
//! ```text
//! cargo run --release --example animation -- RUN FILE.gif
//! ```

use std::path::Path;

use image::RgbaImage;
use image::imageops::{FilterType, resize};
use l2t_app::charts::{Columns, draw};
use l2t_app::plots::animated;
use l2t_core::device::DeviceChoice;
use l2t_core::experiment::store::{RunFolder, write_whole};
use l2t_core::experiment::{History, Plan};
use l2t_core::{Error, Result};

/// Milliseconds of an epoch.
const EPOCH: u32 = 200;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, out] = &arguments[..] else {
        return Err(Error::config("animation", "takes the folder of a run, and the GIF to write"));
    };
    let (_, checkpoint) = RunFolder::open(Path::new(run))?;
    let device = l2t_core::device::open(DeviceChoice::Cpu)?;
    let plan = Plan::with_inputs(checkpoint.config.clone(), checkpoint.inputs(), device.device, device.name)?;
    let (columns, label) = (Columns::of(&plan), plan.config.method.name.name());
    let pictures = pictures(&columns, label, &checkpoint.position.history)?;
    let gif = animated(&pictures, EPOCH).map_err(|error| Error::file(out, format!("cannot be made: {error}")))?;
    println!("{} epochs, {} bytes", pictures.len(), gif.len());
    write_whole(Path::new(out), &gif)
}

/// The matching after every epoch, a pixel a CSS pixel.
fn pictures(columns: &Columns, label: &str, history: &History) -> Result<Vec<RgbaImage>> {
    let mut pictures = Vec::new();
    for epochs in 1..=history.epochs.len() {
        let so_far = History { epochs: history.epochs[..epochs].to_vec() };
        let files = draw(columns, label, &so_far)?;
        let png = files.into_iter().find(|(name, _)| name == "matching.png");
        let picture = png.and_then(|(_, png)| image::load_from_memory(&png).ok());
        let picture =
            picture.ok_or_else(|| Error::config(label, "matches no layers: there is no λ to show"))?.to_rgba8();
        pictures.push(resize(&picture, picture.width() / 2, picture.height() / 2, FilterType::Triangle));
    }
    Ok(pictures)
}
