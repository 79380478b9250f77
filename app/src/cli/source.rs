//! `l2t source`.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::DType;
use futures_lite::future::block_on;
use l2t_core::data::{DataSource, Split};
use l2t_core::experiment::evaluate::accuracy;
use l2t_core::experiment::store::write_whole;
use l2t_core::source::{Source, infer, read_weights};
use l2t_core::{Error, Result};

use super::args::EvalArguments;
use super::progress::{counter, loading};
use super::{Ending, open_device, utf8};

pub fn eval(arguments: &EvalArguments) -> Result<Ending> {
    let weights = read_weights(&utf8(&arguments.weights)?)?;
    let device = open_device(arguments.device.device.into())?;
    let source = Source::new(&weights, None, arguments.size, &device.device, DType::F32)?;
    say!("source  {}: {}", source.name, source.keys);
    let data = Arc::new(DataSource::open(&arguments.data)?.watched(loading()).load(Split::Test, arguments.size)?);
    for note in &data.notes {
        say!("data    {note}");
    }
    if data.class_names.len() != source.network.classes() {
        let reason =
            format!("has {} classes where {} has {}", data.class_names.len(), source.name, source.network.classes());
        return Err(Error::file(&arguments.data, reason));
    }
    let bar = counter("evaluating", data.len());
    let share = block_on(accuracy(&source.network, &source.state, &data, |done, _| bar.set_position(done as u64)))?;
    bar.finish_and_clear();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of images")]
    let correct = (share * data.len() as f64).round() as usize;
    say!("accuracy {:.2} % ({correct} of {} images of {})", 100.0 * share, data.len(), data.name);
    Ok(Ending::Done)
}

pub fn inspect(path: &Path) -> Result<Ending> {
    let weights = read_weights(&utf8(path)?)?;
    let (network, name, matched) = infer(&weights, 32)?;
    say!("{name}, {} classes, {} weights", network.classes(), network.layout().count());
    say!("{}", network.compare_keys(&weights));
    for (key, note) in weights.notes() {
        say!("{key:<9} {note}");
    }
    for (nth, tap) in network.taps().iter().enumerate() {
        let [channels, height, width] = tap.shape;
        let mark = if matched.contains(&nth) { "matched by default" } else { "" };
        say!("layer {nth:2}  {:<10} {channels:4} × {height} × {width}  {mark}", tap.label);
    }
    Ok(Ending::Done)
}

pub fn convert(path: &Path, out: &Path) -> Result<Ending> {
    let weights = read_weights(&utf8(path)?)?;
    let (network, name, _) = infer(&weights, 32)?;
    let (state, keys) = network.import(&weights, &burn::tensor::Device::flex(), DType::F32)?;
    let map = block_on(network.export("converted", &state))?;
    write_whole(out, &map.to_safetensors())?;
    say!("{name}: {keys}; written to {}", out.display());
    Ok(Ending::Done)
}
