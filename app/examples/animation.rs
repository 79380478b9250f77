//! How λ moved while a run trained, as a moving picture: that of the README, of a run of
//! `l2t train --preset demo --set meta.lr=0.01 --out RUN`.
//!
//! ```text
//! cargo run --release --example animation -- RUN FILE.gif
//! ```

use std::path::Path;

use image::{DynamicImage, RgbaImage};
use l2t_app::charts::{Columns, matching_frames};
use l2t_app::colours::Ground;
use l2t_app::plots::animated;
use l2t_core::device::DeviceChoice;
use l2t_core::experiment::Plan;
use l2t_core::experiment::store::{RunFolder, write_whole};
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
    let wrong = |error: &dyn std::fmt::Display| Error::file(out, format!("cannot be made: {error}"));
    let frames = matching_frames(&columns, label, &checkpoint.position.history)?;
    // A pixel a CSS pixel.
    let pictures = frames.iter().map(|frame| Ok(DynamicImage::from(frame.image(1, Ground::Light)?).to_rgba8()));
    let pictures: std::io::Result<Vec<RgbaImage>> = pictures.collect();
    let pictures = pictures.map_err(|error| wrong(&error))?;
    let gif = animated(&pictures, EPOCH).map_err(|error| wrong(&error))?;
    println!("{} epochs, {} bytes", pictures.len(), gif.len());
    write_whole(Path::new(out), &gif)
}
