//! φ of another run, used as it stands: what and where to match was learned once, and says so on another task for the price of
//! feature matching.
//!
//! f and g read pooled features of the source alone, so φ has a meaning wherever the same source layers are matched to the same
//! target layers, whatever the images and classes.

use super::checkpoint::Checkpoint;
use super::config::{Config, name_of};
use super::snapshot::{LATEST, Snapshot};
use crate::bilevel::Learner;
use crate::error::{Error, Result};
use crate::inputs::Inputs;

const KEY: &str = "method.phi";

/// The end of the run that `config` takes φ from; `None` where φ is learned, or there is none.
///
/// # Errors
/// Names what is missing, damaged, or other there than here.
pub(super) fn run(config: &Config, learner: &Learner, inputs: &Inputs) -> Result<Option<Checkpoint>> {
    let Some(path) = config.method.phi.as_ref().filter(|_| config.method.name.recipe().learns_phi()) else {
        return Ok(None);
    };
    let bytes = inputs.bytes(path, LATEST)?;
    let run = if Snapshot::is_in(&bytes) {
        Snapshot::from_zip(path, &bytes)?.latest
    } else {
        Checkpoint::from_bytes(path, &bytes)?
    };
    if let Some((what, there, here)) = difference(&run.config, config) {
        return Err(Error::config(KEY, format!("{path} was learned with {what} = {there}, and here it is {here}")));
    }
    let (there, here) = (run.phi_len(), learner.meta.as_ref().map(|meta| meta.layout().len()));
    if there != here {
        let number = |len: Option<usize>| len.map_or("none".into(), |len| len.to_string());
        let reason = format!(
            "{path} has {} numbers for its pairs of layers, and those of this source and target need {}",
            number(there),
            number(here)
        );
        return Err(Error::config(KEY, reason));
    }
    Ok(Some(run))
}

/// The first setting that gives the numbers of φ another meaning, with its values.
fn difference(there: &Config, here: &Config) -> Option<(&'static str, String, String)> {
    let settings = |config: &Config| {
        let (method, meta) = (&config.method, &config.meta);
        [
            ("method.name", method.name.name().to_owned()),
            ("meta.where_per", name_of(meta.where_per)),
            ("meta.where_total", name_of(meta.where_total)),
        ]
    };
    let of_both = settings(there).into_iter().zip(settings(here));
    of_both.filter(|(one, other)| one != other).map(|((key, one), (_, other))| (key, one, other)).next()
}
