//! `l2t source train`: an ordinary run from scratch, whose result is packed as a source.

use std::path::{Path, PathBuf};

use futures_lite::future::block_on;
use l2t_core::experiment::source_file::{Provenance, pack};
use l2t_core::experiment::store::{RunFolder, write_summary, write_whole};
use l2t_core::experiment::{Config, Plan, Summary};
use l2t_core::inputs::Inputs;
use l2t_core::whole_file::check_folder;
use l2t_core::{Error, Result};

use super::args::SourceTrainArguments;
use super::progress::loading;
use super::train::{describe, nothing_left, on_interrupt, train_into, verdict};
use super::{Ending, open_device, utf8};
use crate::words;

pub fn run(arguments: &SourceTrainArguments) -> Result<Ending> {
    // A result that cannot be written should be known before hours of training.
    let parent = arguments.out.parent().filter(|parent| !parent.as_os_str().is_empty());
    if parent.is_some_and(|parent| !parent.is_dir()) || arguments.out.is_dir() {
        return Err(Error::file(&arguments.out, "cannot be written: no such folder, or a folder itself"));
    }
    check_folder(parent.unwrap_or(Path::new(".")))?;
    let config = configuration(arguments)?;
    let run = run_folder(arguments);
    let earlier = RunFolder::earlier(&run, &config)?;
    let device = open_device(arguments.device.device)?;
    let inputs = earlier.as_ref().map_or_else(Inputs::default, |(_, checkpoint)| checkpoint.inputs());
    let control = on_interrupt();
    let inputs = inputs.until(control.token());
    let plan = Plan::prepare(config, inputs, device.device, device.name, loading())?;
    describe(&plan);
    let (mut folder, checkpoint) = match earlier {
        Some((folder, checkpoint)) => (folder, Some(checkpoint)),
        None => (RunFolder::create(&run, &plan.config)?, None),
    };
    nothing_left(&plan, checkpoint.as_ref());
    let outcome = train_into(&plan, &mut folder, checkpoint.as_ref(), &control, "source")?;
    write_summary(folder.path(), &Summary { runs: vec![outcome.summary.clone()] })?;
    if !outcome.summary.complete {
        say!("go on with the same command");
        return Ok(Ending::Stopped);
    }
    say!("{}", verdict(&outcome.summary.method, &outcome));
    let packed = block_on(pack(&plan, &outcome.target, &Provenance { command: command(arguments)? }))?;
    write_whole(&arguments.out, &packed.bytes)?;
    if let Some(accuracy) = packed.accuracy {
        say!("as stored, in half precision: test accuracy {}", words::accuracy(accuracy));
    }
    say!("{} bytes in {}; checkpoints and curves in {}", packed.bytes.len(), arguments.out.display(), run.display());
    say!("transfer from it with --set sources.0.weights={}", arguments.out.display());
    Ok(Ending::Done)
}

fn configuration(arguments: &SourceTrainArguments) -> Result<Config> {
    let mut changes = vec!["sources=[]".to_owned(), "method.name=scratch".to_owned()];
    if let Some(network) = &arguments.network {
        changes.push(format!("target.network={network}"));
    }
    changes.extend_from_slice(&arguments.set);
    let mut config = match (&arguments.preset, &arguments.data) {
        (Some(name), _) => Config::preset(name, &changes)?,
        (None, Some(path)) => {
            let mut config = Config::from_toml("[target]\nnetwork = \"resnet20\"\n", &changes)?;
            config.data.path = Some(utf8(path)?);
            config
        }
        (None, None) => unreachable!("clap asks for one of --data and --preset"),
    };
    // A source is trained by itself, whatever else a preset or --set says.
    config.method.name = l2t_core::experiment::Method::Scratch;
    config.sources.clear();
    Ok(config)
}

fn run_folder(arguments: &SourceTrainArguments) -> PathBuf {
    arguments.run.clone().unwrap_or_else(|| {
        let mut name = arguments.out.with_extension("").into_os_string();
        name.push("-run");
        PathBuf::from(name)
    })
}

/// The command that makes the same file, without the places that are the user's own.
fn command(arguments: &SourceTrainArguments) -> Result<String> {
    let mut words = vec!["l2t source train".to_owned()];
    if let Some(preset) = &arguments.preset {
        words.push(format!("--preset {preset}"));
    }
    if let Some(path) = &arguments.data {
        let name = path.file_name().map_or(path.as_path(), Path::new);
        words.push(format!("--data {}", utf8(name)?));
    }
    if let Some(network) = &arguments.network {
        words.push(format!("--network {network}"));
    }
    words.extend(arguments.set.iter().filter(|change| !change.starts_with("data.path")).map(|c| format!("--set {c}")));
    Ok(words.join(" "))
}
