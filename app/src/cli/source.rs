//! `l2t source`.

use std::path::Path;
use std::sync::Arc;

use burn_tensor::DType;
use futures_lite::future::block_on;
use l2t_core::data::{DataSource, Split};
use l2t_core::error::OneLine;
use l2t_core::experiment::evaluate::accuracy;
use l2t_core::experiment::store::write_whole;
use l2t_core::method::{AuxiliaryKind, Method};
use l2t_core::network::architecture::of_weights;
use l2t_core::source::{Source, read_weights};
use l2t_core::stop::Stop;
use l2t_core::{Error, Result};

use super::args::EvalArguments;
use super::progress::{counter, loading};
use super::{Ending, open_device, utf8};
use crate::words;

pub fn eval(arguments: &EvalArguments) -> Result<Ending> {
    let (mean, std) = (three("--mean", &arguments.mean)?, three("--std", &arguments.std)?);
    let weights = read_weights(&utf8(&arguments.weights)?)?.trained_with(mean, std);
    let device = open_device(arguments.device.device)?;
    let source = Source::new(&weights, None, arguments.size, &device.device, DType::F32)?;
    if !source.network.has_classifier() {
        return Err(weights.error("has no classifier, the last layer, so that there is no accuracy to measure"));
    }
    say!("source  {}: {}", source.name, source.keys);
    source.read_as.iter().for_each(|note| say!("source  {note}"));
    if !["mean", "std"].iter().any(|key| weights.notes().contains_key(*key)) && !is_embedded(&arguments.weights) {
        say!(
            "source  its file does not say how its images were normalised: ImageNet's mean and deviation are used (--mean, --std)"
        );
    }
    let data = Arc::new(DataSource::open(&arguments.data)?.watched(loading()).load(Split::Test, arguments.size)?);
    for note in &data.notes {
        say!("data    {}", OneLine(note));
    }
    if data.class_names.len() != source.network.classes() {
        let reason =
            format!("has {} classes where {} has {}", data.class_names.len(), source.name, source.network.classes());
        return Err(Error::file(&arguments.data, reason));
    }
    let bar = counter("evaluating", data.len());
    let share = block_on(accuracy(&source.network, &source.state, &data, &Stop::default(), |done, _| {
        bar.set_position(done as u64);
    }))?;
    bar.finish_and_clear();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of images")]
    let correct = (share * data.len() as f64).round() as usize;
    say!("accuracy {} ({correct} of {} images of {})", words::accuracy(share), data.len(), data.name);
    let stated = weights.notes().get("accuracy").and_then(|stated| stated.split(' ').next()?.parse::<f64>().ok());
    if let Some(stated) = stated.filter(|stated| share < stated - FAR_BELOW) {
        say!(
            "warning: that is far below the {} that its file states: are these its classes, and was it trained with this mean and deviation?",
            words::accuracy(stated)
        );
    }
    Ok(Ending::Done)
}

/// An accuracy this far below the stated one is no chance.
const FAR_BELOW: f64 = 0.1;

/// Three numbers with commas between them.
fn three(key: &str, text: &Option<String>) -> Result<Option<[f64; 3]>> {
    let Some(text) = text else { return Ok(None) };
    let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    let numbers = numbers.and_then(|numbers| <[f64; 3]>::try_from(numbers).ok());
    let wrong = || Error::config(key, format!("{text:?} is no three numbers such as 0.4914,0.4822,0.4465"));
    numbers.ok_or_else(wrong).map(Some)
}

fn is_embedded(weights: &Path) -> bool {
    weights.to_str().is_some_and(|name| name.starts_with("embedded"))
}

pub fn inspect(path: &Path) -> Result<Ending> {
    let weights = read_weights(&utf8(path)?)?;
    let architecture = of_weights(&weights, None)?;
    let (network, name, matched) = (architecture.build()?, architecture.title(), architecture.matched());
    let classes =
        if network.has_classifier() { format!("{} classes", network.classes()) } else { "no classifier".into() };
    say!("{name}, {classes}, {} weights", network.layout().count());
    say!("{}", network.compare_keys(&weights));
    if !network.has_classifier() {
        let methods: Vec<&str> = Method::ALL.into_iter().filter(needs_logits).map(Method::name).collect();
        say!(
            "without a classifier, its last layer, it is a source all the same: its layers are matched; only {} and `l2t source eval` ask for one",
            methods.join(", ")
        );
    }
    weights.naming().iter().for_each(|naming| say!("the names are {naming}"));
    weights.read_as().iter().for_each(|note| say!("{note}"));
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

fn needs_logits(method: &Method) -> bool {
    method.recipe().auxiliary.contains(&AuxiliaryKind::Distillation)
}

pub fn convert(path: &Path, out: &Path) -> Result<Ending> {
    let weights = read_weights(&utf8(path)?)?;
    let architecture = of_weights(&weights, None)?;
    let (network, name) = (architecture.build()?, architecture.title());
    let (state, keys) = network.import(&weights, &burn_tensor::Device::flex(), DType::F32)?;
    let map = block_on(network.export("converted", &state))?;
    write_whole(out, &map.to_safetensors())?;
    say!("{name}: {keys}; written to {}", out.display());
    Ok(Ending::Done)
}
