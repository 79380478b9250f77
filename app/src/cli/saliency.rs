//! `l2t saliency`: which pixels a pair's matching looks at, as in Figure 6 of the paper.

use std::path::Path;
use std::sync::Arc;

use futures_lite::future::block_on;
use l2t_core::data::{DataSource, Dataset};
use l2t_core::experiment::Plan;
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::Keeper;
use l2t_core::experiment::saliency::choice::{choose_pair, part_of, spread};
use l2t_core::experiment::saliency::{Request, Survey, survey};
use l2t_core::experiment::store::{RunFolder, write_whole};
use l2t_core::matching::Pair;
use l2t_core::whole_file::check_folder;
use l2t_core::{Error, Result};

use super::args::SaliencyArguments;
use super::progress::{counter, loading};
use super::saliency_picture::{Scene, draw};
use super::train::on_interrupt_saying;
use super::{Ending, open_device};
use crate::words::{accuracy, in_percent, interval};

/// More rows would not be looked at, and their picture would not fit the memory.
const MOST_ROWS: usize = 24;

pub fn run(arguments: &SaliencyArguments) -> Result<Ending> {
    check(arguments)?;
    let wanted = arguments.pair.as_deref().map(parse_pair).transpose()?;
    let checkpoint = best_of(&arguments.run)?;
    let device = open_device(arguments.device.device)?;
    let control = on_interrupt_saying("stopping; nothing is written");
    let (config, inputs) = (checkpoint.config.clone(), checkpoint.inputs().until(control.token()));
    let plan = Plan::prepare(config, inputs, device.device, device.name, loading())?;
    let Some(matching) = &plan.learner.model.matching else {
        let method = plan.config.method.name.name();
        let reason = format!("is a run of {method}, which matches no features: there is no saliency of matching");
        return Err(Error::file(&arguments.run, reason));
    };
    let pair = choose_pair(matching.pairs(), wanted)?;
    let state = checkpoint.restore(&plan)?;
    let data = images(arguments, &plan)?;
    let request = Request { pair, shown: spread(&data, arguments.images), clip: arguments.clip };
    let scene = Scene { arguments, plan: &plan, checkpoint: &checkpoint, pair, data: &data };
    let folder = OutFolder::make(&arguments.out)?;
    say!("pair    {}", scene.pair_name());
    say!("images  {} of {}: {} are shown", data.len(), data.name, request.shown.len());

    let bar = counter("saliency", data.len());
    let progress = |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let found = block_on(survey(&plan, &state, &data, &request, &control, progress))?;
    bar.finish_and_clear();
    let Some(found) = found else { return Ok(Ending::Stopped) };
    report(&scene, &found);
    draw(&scene, &found, folder.path)?;
    write_whole(&folder.path.join("saliency.csv"), &found.images_csv(&data.class_names))?;
    write_whole(&folder.path.join("saliency-summary.csv"), &found.summary_csv())?;
    say!("saliency.png, saliency.csv and saliency-summary.csv are in {}", folder.path.display());
    Ok(Ending::Done)
}

fn check(arguments: &SaliencyArguments) -> Result<()> {
    let within = |key: &str, value: f64, least: f64| {
        if (least..=1.0).contains(&value) {
            return Ok(());
        }
        Err(Error::config(key, format!("{value} is not in {least} to 1")))
    };
    within("--alpha", arguments.alpha, 0.0)?;
    within("--clip", arguments.clip, 0.01)?;
    if !(1..=MOST_ROWS).contains(&arguments.images) {
        return Err(Error::config("--images", format!("{} is not in 1 to {MOST_ROWS}", arguments.images)));
    }
    Ok(())
}

/// `m,n` or `s,m,n`.
fn parse_pair(text: &str) -> Result<Pair> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[source_layer, target_layer]) => Ok(Pair { source: 0, source_layer, target_layer }),
        Some(&[source, source_layer, target_layer]) => Ok(Pair { source, source_layer, target_layer }),
        _ => Err(Error::config("--pair", format!("{text} is neither m,n nor s,m,n, for example 2,4"))),
    }
}

/// The checkpoint of the epoch that the run would be reported by.
fn best_of(run: &Path) -> Result<Checkpoint> {
    let (folder, latest) = RunFolder::open(run)?;
    if latest.position.history.epochs.is_empty() {
        return Err(Error::file(run, "has no complete epoch yet; go on with it by l2t train --resume"));
    }
    folder.best()
}

/// The images to look at.
fn images(arguments: &SaliencyArguments, plan: &Plan) -> Result<Arc<Dataset>> {
    let part = arguments.split;
    let Some(path) = &arguments.data else { return part_of(plan, part) };
    let Some(split) = part.split() else {
        return Err(Error::config(
            "--split",
            "validation images are held out by a run; with --data give test or train",
        ));
    };
    let source = DataSource::open_until(path, plan.stop())?.watched(loading());
    Ok(Arc::new(source.load_part(split, &plan.config.loading())?))
}

/// The folder to write into. What had to be made for it before anything was computed goes again if it stays empty.
struct OutFolder<'a> {
    path: &'a Path,
    /// The innermost first.
    made: Vec<&'a Path>,
}

impl<'a> OutFolder<'a> {
    fn make(path: &'a Path) -> Result<Self> {
        let cannot = |e| Error::file(path, format!("cannot be written into: {e}"));
        let missing = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let folder = Self { path, made: missing.collect() };
        std::fs::create_dir_all(path).map_err(cannot)?;
        // Making a folder that is there succeeds also where no file can be made in it.
        check_folder(path)?;
        Ok(folder)
    }
}

impl Drop for OutFolder<'_> {
    fn drop(&mut self) {
        for folder in &self.made {
            // Fails where something is in it, as it should.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// The scores as a table for people.
fn report(scene: &Scene<'_>, found: &Survey) {
    if !scene.learns_what() {
        say!("weights {}", scene.uniform_only());
    }
    if let Some(words) = scene.unevenness(found) {
        say!("weights {words}");
    }
    if found.flat() > 0 {
        say!("flat    {} of {} images have a map in which nothing stands out", found.flat(), found.images.len());
    }
    let scores = found.scores();
    if scores.is_empty() {
        say!("scores  none: these images do not say where their object is (--data takes a data set with boxes)");
        return;
    }
    say!("{:<28} {:>8}   95 % interval        chance   images", "score", "mean");
    for row in &scores {
        let interval = row.estimate.interval.map_or("–".into(), |ends| interval(ends, in_percent));
        let (mean, count) = (accuracy(row.estimate.mean), row.estimate.count);
        say!("{:<28} {mean:>8}   {interval:<18} {:>8}   {count:>6}", row.name, accuracy(row.chance));
    }
}
