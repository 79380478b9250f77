//! `l2t demo`: the main job on what the program carries.

use l2t_core::Result;
use l2t_core::experiment::store::write_summary;
use l2t_core::experiment::{Config, History, Plan, Summary};

use super::args::DemoArguments;
use super::pictures::compare_curves;
use super::train::{describe, on_interrupt, subfolder, train_into, verdict};
use super::{Ending, open_device};

/// The methods that are compared, at equal seeds.
const METHODS: [&str; 2] = ["scratch", "l2t-ww"];

pub fn run(arguments: &DemoArguments) -> Result<Ending> {
    let device = open_device(arguments.device.device.into())?;
    let control = on_interrupt();
    let (mut summary, mut histories): (Summary, Vec<(&str, History)>) = Default::default();
    let mut lines = Vec::new();
    for method in METHODS {
        let mut changes = arguments.set.clone();
        changes.push(format!("method.name={method}"));
        let plan = Plan::new(Config::preset("demo", &changes)?, device.device.clone(), device.name.clone())?;
        describe(&plan);
        let mut folder = subfolder(&arguments.out, method)?;
        folder.write_config(&plan.config)?;
        let outcome = train_into(&plan, &mut folder, None, &control, method)?;
        let mut run = outcome.summary.clone();
        run.folder = method.into();
        summary.runs.push(run);
        write_summary(&arguments.out, &summary)?;
        if !outcome.summary.complete {
            println!("go on with: l2t train --resume {}", folder.path().display());
            return Ok(Ending::Stopped);
        }
        lines.push(verdict(&outcome));
        histories.push((method, outcome.position.history));
    }
    let runs: Vec<(&str, &History)> = histories.iter().map(|(method, history)| (*method, history)).collect();
    compare_curves(&arguments.out.join("comparison"), "scratch and L2T-ww on the built-in shapes", &runs)?;
    println!();
    lines.iter().for_each(|line| println!("{line}"));
    println!(
        "pictures and numbers are in {}; start with comparison.png and l2t-ww/matching.png",
        arguments.out.display()
    );
    Ok(Ending::Done)
}
