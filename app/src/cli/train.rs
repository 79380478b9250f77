//! `l2t train`.

use std::path::Path;

use futures_lite::future::block_on;
use l2t_core::error::OneLine;
use l2t_core::experiment::beside::Beside;
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::Outcome;
use l2t_core::experiment::store::{RunFolder, write_history, write_summary};
use l2t_core::experiment::test_part::TestPart;
use l2t_core::experiment::{Config, Control, Plan, Snapshot, Summary, run as train};
use l2t_core::inputs::Inputs;
use l2t_core::text::read_text;
use l2t_core::{Error, Result};

use super::args::TrainArguments;
use super::progress::{RunProgress, loading};
use super::{Ending, open_device};
use crate::charts::{Columns, draw};
use crate::words::{accuracy, duration};

pub fn run(arguments: &TrainArguments) -> Result<Ending> {
    let beginning = Beginning::of(arguments)?;
    let device = open_device(arguments.device.device)?;
    let control = on_interrupt();
    let (config, inputs) = (beginning.config().clone(), beginning.inputs().until(control.token()));
    let plan = Plan::prepare(config, inputs, device.device, device.name, loading())?;
    describe(&plan);
    let (mut folder, checkpoint) = beginning.folder()?;
    nothing_left(&plan, checkpoint.as_ref());
    let outcome = train_into(&plan, &mut folder, checkpoint.as_ref(), &control, plan.config.method.name.name())
        .and_then(|outcome| {
            write_summary(folder.path(), &Summary { runs: vec![outcome.summary.clone()] })?;
            Ok(outcome)
        })
        .inspect_err(|error| say_how_to_go_on(error, folder.path()))?;
    if !outcome.summary.complete {
        say!("go on with: l2t train --resume {}", folder.path().display());
        return Ok(Ending::Stopped);
    }
    say!("{}", verdict(&outcome.summary.method, &outcome));
    say!("all of it is in {}", folder.path().display());
    Ok(Ending::Done)
}

/// A full disk or a folder that cannot be written to ends a sitting, not the run.
fn say_how_to_go_on(error: &Error, folder: &Path) {
    if matches!(error, Error::File { .. }) && RunFolder::holds_run(folder) {
        say!("what was saved is whole; go on with: l2t train --resume {}", folder.display());
    }
}

/// Where a run begins.
enum Beginning<'a> {
    /// Anew, into this folder.
    New(Config, &'a Path),
    /// Where the run of a folder stood.
    Folder(RunFolder, Checkpoint),
    /// Where the run of a zip stood, from now on in this folder.
    Zip(Box<Snapshot>, &'a Path),
}

impl<'a> Beginning<'a> {
    fn of(arguments: &'a TrainArguments) -> Result<Self> {
        let out = arguments.out.as_deref();
        match (&arguments.resume, out) {
            (Some(zip), Some(out)) if zip.is_file() => {
                let bytes = std::fs::read(zip).map_err(|error| Error::file(zip, error))?;
                Ok(Self::Zip(Snapshot::from_zip(&zip.display().to_string(), &bytes)?.into(), out))
            }
            (Some(zip), None) if zip.is_file() => {
                Err(Error::file(zip, "is a file: name a folder for its run by --out"))
            }
            (Some(folder), Some(_)) => Err(Error::file(folder, "is kept in its own folder: leave out --out")),
            (Some(folder), None) => {
                RunFolder::open(folder).map(|(folder, checkpoint)| Self::Folder(folder, checkpoint))
            }
            (None, out) => Ok(Self::New(configuration(arguments)?, out.expect("clap asks for --out without --resume"))),
        }
    }

    fn config(&self) -> &Config {
        match self {
            Self::New(config, _) => config,
            Self::Folder(_, checkpoint) => &checkpoint.config,
            Self::Zip(run, _) => &run.latest.config,
        }
    }

    /// The files it reads, which lie where it was begun.
    fn inputs(&self) -> Inputs {
        match self {
            Self::New(..) => Inputs::default(),
            Self::Folder(_, checkpoint) => checkpoint.inputs(),
            Self::Zip(run, _) => run.latest.inputs(),
        }
    }

    /// Where it is kept, which is made now, and where it stood.
    fn folder(self) -> Result<(RunFolder, Option<Checkpoint>)> {
        match self {
            Self::New(config, out) => Ok((RunFolder::create(out, &config)?, None)),
            Self::Folder(folder, checkpoint) => Ok((folder, Some(checkpoint))),
            Self::Zip(run, out) => Ok((RunFolder::holding(out, &run)?, Some(run.latest))),
        }
    }
}

fn configuration(arguments: &TrainArguments) -> Result<Config> {
    match (&arguments.preset, &arguments.config) {
        (Some(name), _) => Config::preset(name, &arguments.set),
        (None, Some(path)) => {
            let text = read_text(path)?;
            Config::from_toml(&text, &arguments.set).map_err(|e| Error::file(path, e))
        }
        (None, None) => unreachable!("clap asks for one of --preset, --config and --resume"),
    }
}

/// A control that Ctrl-C asks to stop; the second Ctrl-C ends the program at once.
pub fn on_interrupt() -> Control {
    on_interrupt_saying("stopping; what was trained is being saved")
}

/// The same, with what is said at the first Ctrl-C.
pub fn on_interrupt_saying(message: &'static str) -> Control {
    let control = Control::default();
    let asked = control.clone();
    let handler = move || {
        if asked.stopped() {
            #[expect(clippy::disallowed_methods, reason = "the user insists, and every file is written whole")]
            std::process::exit(super::STOPPED.into());
        }
        eprintln!("{message}");
        asked.stop();
    };
    // Only fails where a handler is there already: then that one is in charge.
    if let Err(error) = ctrlc::set_handler(handler) {
        log::warn!("Ctrl-C ends the program at once: {error}");
    }
    control
}

/// Says what is about to happen.
pub fn describe(plan: &Plan) {
    say!(
        "data    {}: {} classes, {} training, {} validation, {} test images",
        plan.train.name,
        plan.train.class_names.len(),
        plan.train.len(),
        plan.validation.as_ref().map_or(0, |part| part.len()),
        plan.test.as_ref().map_or(0, TestPart::images)
    );
    for note in plan.data_notes() {
        say!("        {}", OneLine(&note));
    }
    for source in &plan.sources {
        say!("source  {}: {}", source.name, source.keys);
        source.read_as.iter().for_each(|note| say!("        {note}"));
    }
    let network = &plan.learner.model.network;
    say!(
        "target  {}: {} weights{}",
        plan.config.target.network,
        network.layout().count(),
        plan.learner
            .model
            .matching
            .as_ref()
            .map_or(String::new(), |matching| format!(", {} candidate pairs", matching.pairs().len()))
    );
    say!("memory  {}", plan.division.words());
    for auxiliary in &plan.learner.model.auxiliary {
        say!("        {}: {}", auxiliary.kind().name(), auxiliary.describe());
    }
    if let Some(start) = &plan.start {
        let classifier = if start.new_classifier { ", its classifier drawn anew" } else { "" };
        say!("        starts from the source's weights{classifier}");
    }
}

/// Says so where a checkpoint is that of a finished run: its results are only written again.
pub fn nothing_left(plan: &Plan, checkpoint: Option<&Checkpoint>) {
    if checkpoint.is_some_and(|checkpoint| checkpoint.position.epoch >= plan.config.train.epochs) {
        say!("all {} epochs were done already; nothing is trained", plan.config.train.epochs);
    }
}

/// Trains into a folder and draws; the same for a single run and for the demo's.
pub fn train_into(
    plan: &Plan,
    folder: &mut RunFolder,
    checkpoint: Option<&Checkpoint>,
    control: &Control,
    label: &str,
) -> Result<Outcome> {
    train_shown(plan, folder, checkpoint, control, RunProgress::new(label))
}

/// [`train_into`] with its progress shown where the caller says.
pub fn train_shown(
    plan: &Plan,
    folder: &mut RunFolder,
    checkpoint: Option<&Checkpoint>,
    control: &Control,
    mut progress: RunProgress,
) -> Result<Outcome> {
    let mut beside = Beside::new(folder.clone());
    let outcome = block_on(train(plan, checkpoint, control, &mut beside, &mut |event| progress.show(&event)))?;
    for (name, contents) in draw(&Columns::of(plan), progress.label(), &outcome.position.history)? {
        folder.write(&name, &contents)?;
    }
    if outcome.summary.complete {
        write_history(folder.path(), &outcome.position.history)?;
        let weights = block_on(plan.learner.model.network.export("target", &outcome.target))?;
        folder.write("target.safetensors", &weights.to_safetensors())?;
    }
    Ok(outcome)
}

/// The result in one line.
pub fn verdict(label: &str, outcome: &Outcome) -> String {
    format!(
        "{label}: test accuracy {} at the best validation epoch {} ({} on validation), {}",
        accuracy(outcome.summary.test_accuracy),
        outcome.summary.best_epoch,
        accuracy(outcome.summary.validation_accuracy),
        duration(outcome.summary.wall_secs)
    )
}
