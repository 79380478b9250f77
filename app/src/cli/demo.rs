//! `l2t demo`: the main job on what the program carries.

use l2t_core::Result;
use l2t_core::experiment::store::{RunFolder, write_summary};
use l2t_core::experiment::{Config, History, Plan, Summary};
use l2t_core::inputs::Inputs;

use super::args::DemoArguments;
use super::train::{describe, nothing_left, on_interrupt, train_into, verdict};
use super::{Ending, open_device};
use crate::charts::compare_curves;

/// What is compared, at equal seeds: the name of its folder, the preset that it begins from, and what is changed in it.
/// Between pairs chosen by hand and learned ones stand all pairs at equal weight, so that what all pairs are worth is not taken
/// for what learning is worth. The paper's way to learn is followed by the best one that was found for so short a run.
const COLUMNS: [(&str, &str, &[&str]); 5] = [
    ("scratch", "demo", &["method.name=scratch", "method.pairs="]),
    ("fm-one-to-one", "demo", &["method.name=fm", "method.pairs=one-to-one"]),
    ("fm-all-to-all", "demo", &["method.name=fm", "method.pairs=all-to-all"]),
    ("l2t-ww", "demo", &["method.name=l2t-ww", "method.pairs="]),
    ("l2t-where-early", "demo-early", &["method.name=l2t-where", "method.pairs="]),
];

pub fn run(arguments: &DemoArguments) -> Result<Ending> {
    let device = open_device(arguments.device.device)?;
    let control = on_interrupt();
    // All that can be wrong comes out before anything is trained.
    let mut runs = Vec::new();
    for (label, preset, own) in COLUMNS {
        let mut changes = arguments.set.clone();
        changes.extend(own.iter().map(|change| (*change).to_owned()));
        let config = Config::preset(preset, &changes)?;
        let inputs = Inputs::default().until(control.token());
        let plan = Plan::with_inputs(config, inputs, device.device.clone(), device.name.clone())?;
        let kept = RunFolder::earlier(&arguments.out.join(label), &plan.config)?;
        runs.push((label, plan, kept));
    }
    let (mut summary, mut histories): (Summary, Vec<(&str, History)>) = Default::default();
    let mut lines = Vec::new();
    for (label, plan, kept) in runs {
        describe(&plan);
        let (mut folder, checkpoint) = match kept {
            Some((folder, checkpoint)) => (folder, Some(checkpoint)),
            None => (RunFolder::create(&arguments.out.join(label), &plan.config)?, None),
        };
        nothing_left(&plan, checkpoint.as_ref());
        let outcome = train_into(&plan, &mut folder, checkpoint.as_ref(), &control, label)?;
        let mut run = outcome.summary.clone();
        run.folder = label.into();
        summary.runs.push(run);
        write_summary(&arguments.out, &summary)?;
        if !outcome.summary.complete {
            say!("go on with the same command");
            return Ok(Ending::Stopped);
        }
        lines.push(verdict(label, &outcome));
        histories.push((label, outcome.position.history));
    }
    let runs: Vec<(&str, &History)> = histories.iter().map(|(label, history)| (*label, history)).collect();
    let title = "without a source, over pairs chosen by hand, evenly over all, and learned, on the built-in beetles";
    compare_curves(title, &runs).write(&arguments.out, "comparison")?;
    say!();
    lines.iter().for_each(|line| say!("{line}"));
    say!(
        "pictures and numbers are in {}; start with comparison.png and l2t-where-early/matching.png",
        arguments.out.display()
    );
    Ok(Ending::Done)
}
