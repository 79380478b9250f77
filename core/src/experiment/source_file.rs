//! A trained network as a file to transfer from: half precision, with a note of where it comes from.

use super::evaluate::accuracy;
use super::plan::Plan;
use crate::data::normalise::{MEAN, STD};
use crate::error::Result;
use crate::network::weights::{NetworkState, WeightMap};

/// How a source came to be, besides what the plan knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The command that makes the same file.
    pub command: String,
}

/// A source file.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFile {
    /// SafeTensors, its metadata in [`WeightMap::notes`].
    pub bytes: Vec<u8>,
    /// Test accuracy of the network that the file holds, 0 to 1; `None` where there are no test images.
    pub accuracy: Option<f64>,
}

/// Packs the network that `plan` trained to `state`, and measures what the file holds after rounding.
///
/// Notes: `mean` and `std` (of the images), `task`, `classes` (their names), `network`, `command`, `seed`, `epochs`, `images` (training images) and, where
/// there are test images, `accuracy` (0 to 1, on how many).
///
/// # Errors
/// When the device cannot be read; [`Error::Stopped`](crate::Error::Stopped).
pub async fn pack(plan: &Plan, state: &NetworkState, provenance: &Provenance) -> Result<SourceFile> {
    let stop = plan.stop();
    let network = &plan.learner.model.network;
    let mut map = network.export("source", state).await?;
    // What is measured has been through the file's rounding.
    let stored = WeightMap::from_safetensors("packed source", &map.to_safetensors_half())?;
    let (rounded, _) = network.import(&stored, &plan.device, plan.dtype)?;
    let measured = match &plan.test {
        Some(test) => {
            let data = test.data(stop)?;
            Some((accuracy(network, &rounded, data, stop, |_, _| {}).await?, test.images()))
        }
        None => None,
    };
    let config = &plan.config;
    let three = |numbers: [f32; 3]| numbers.map(|number| number.to_string()).join(", ");
    for (key, value) in [
        ("mean", three(MEAN)),
        ("std", three(STD)),
        ("task", plan.train.name.clone()),
        ("classes", plan.train.class_names.join(", ")),
        ("network", config.target.network.clone()),
        ("command", provenance.command.clone()),
        ("seed", config.seed.to_string()),
        ("epochs", config.train.epochs.to_string()),
        ("images", plan.train.len().to_string()),
    ] {
        map.note(key, value);
    }
    if let Some((share, images)) = measured {
        map.note("accuracy", format!("{share:.4} on {images} test images"));
    }
    Ok(SourceFile { bytes: map.to_safetensors_half(), accuracy: measured.map(|(share, _)| share) })
}
