//! `l2t demo`: the main job on what the program carries.

use l2t_core::Result;
use l2t_core::experiment::store::{RunFolder, write_summary};
use l2t_core::experiment::{Config, History, Plan, Summary};
use l2t_core::inputs::Inputs;

use super::args::DemoArguments;
use super::train::{describe, nothing_left, on_interrupt, train_into, verdict};
use super::{Ending, open_device};
use crate::charts::compare_curves;

/// What is compared, at equal seeds: the name of its folder, its method, and its pairs where they are not the method's own.
/// Between pairs chosen by hand and learned ones stand all pairs at equal weight, so that what all pairs are worth is not taken
/// for what learning is worth.
const COLUMNS: [(&str, &str, Option<&str>); 4] = [
    ("scratch", "scratch", None),
    ("fm-one-to-one", "fm", Some("one-to-one")),
    ("fm-all-to-all", "fm", Some("all-to-all")),
    ("l2t-ww", "l2t-ww", None),
];

pub fn run(arguments: &DemoArguments) -> Result<Ending> {
    let device = open_device(arguments.device.device)?;
    let control = on_interrupt();
    // All that can be wrong comes out before anything is trained.
    let mut runs = Vec::new();
    for (label, method, pairs) in COLUMNS {
        let mut changes = arguments.set.clone();
        changes.push(format!("method.name={method}"));
        changes.push(format!("method.pairs={}", pairs.map(|pairs| format!("\"{pairs}\"")).unwrap_or_default()));
        let config = Config::preset("demo", &changes)?;
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
    let title = "scratch, one-to-one pairs, all pairs evenly, and L2T-ww on the built-in beetles";
    compare_curves(title, &runs).write(&arguments.out, "comparison")?;
    say!();
    lines.iter().for_each(|line| say!("{line}"));
    say!("pictures and numbers are in {}; start with comparison.png and l2t-ww/matching.png", arguments.out.display());
    Ok(Ending::Done)
}
