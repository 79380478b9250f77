//! Files that the user gave: a run to open; pictures, weights or φ for the next one.

use std::path::Path;

use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::config::SourceConfig;
use l2t_core::experiment::snapshot::LATEST;
use l2t_core::experiment::{Config, Snapshot};
use l2t_core::inputs::Inputs;
use l2t_core::{Error, Result};

use super::order::Opened;
use crate::window::seam::{self, Given};

/// What was given at once: the files of CIFAR come several at a time and are one data set.
pub fn gathered(given: Vec<Given>) -> Vec<Given> {
    // Those of the python versions have no ending, but for their lists of names.
    let part = |name: &str| [".bin", ".txt", ".meta"].iter().any(|end| name.ends_with(end)) || !name.contains('.');
    let is_part = |given: &Given| matches!(given, Given::Memory(name, _) if part(name));
    let (parts, mut all): (Vec<_>, Vec<_>) = given.into_iter().partition(is_part);
    let files = |given| if let Given::Memory(_, files) = given { files } else { vec![] };
    let together: Vec<_> = parts.into_iter().flat_map(files).collect();
    if !together.is_empty() {
        let names: Vec<&str> = together.iter().map(|(name, _)| name.as_str()).collect();
        all.push(Given::Memory(names.join(" + "), together));
    }
    all
}

impl Given {
    /// How messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Memory(name, _) => name.clone(),
            Self::Words(_) => String::new(),
        }
    }

    /// The run that it is, if it is one.
    ///
    /// # Errors
    /// When it is a run that is damaged.
    pub fn run(&self) -> Result<Option<Opened>> {
        match self {
            Self::Path(path) => seam::run_at(path),
            Self::Memory(name, files) => match &files[..] {
                [(_, bytes)] if Snapshot::is_in(bytes) => {
                    Ok(Some(Opened { snapshot: Snapshot::from_zip(name, bytes)?, folder: None }))
                }
                _ => Ok(None),
            },
            Self::Words(_) => Ok(None),
        }
    }
}

/// Puts pictures, weights or φ of a run into the experiment, if they can be read.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn take_into(draft: &mut Config, inputs: &mut Inputs, given: Given) -> Result<String> {
    let mut fresh = Inputs::default();
    let text = match given {
        Given::Path(path) => path.to_str().map(String::from).ok_or_else(|| Error::file(&path, "is no UTF-8 path"))?,
        Given::Memory(name, files) => {
            fresh.insert_all(&name, files);
            name
        }
        Given::Words(text) => return Ok(text),
    };
    let ends_with = |known: &str| Path::new(&text).extension().is_some_and(|end| end.eq_ignore_ascii_case(known));
    let weights = ["safetensors", "pth", "pt", "ckpt"].iter().any(|known| ends_with(known));
    let taught = ends_with("safetensors").then(|| fresh.bytes(&text, LATEST)).transpose()?;
    // `resnet32.pth.tar` is none, by old habit.
    let note = if let Some(bytes) = taught.filter(|bytes| Checkpoint::is_in(bytes)) {
        draft.use_phi_of(&Checkpoint::from_bytes(&text, &bytes)?.config, &text);
        format!("{text} says what and where to transfer in the next run")
    } else if weights || (ends_with("tar") && fresh.data(&text).is_err()) {
        l2t_core::network::architecture::of_weights(&fresh.weights(&text)?, Some(draft.data.size))?.build()?;
        let note = format!("{text} is the source of the next run");
        let source = SourceConfig { weights: text, layers: None, mean: None, std: None };
        match draft.sources.first_mut() {
            Some(first) => *first = source,
            None => draft.sources.push(source),
        }
        note
    } else {
        fresh.data(&text)?;
        let note = format!("{text} has the pictures of the next run");
        draft.data.path = Some(text);
        note
    };
    inputs.extend(&fresh);
    Ok(note)
}
