//! Reads the tensors of a PyTorch checkpoint from memory, so that a page, which has no files, can be given one.
//!
//! Three containers are in use: a zip archive with `data.pkl` and one entry a storage (since PyTorch 1.6); before it
//! five pickles one after another (magic number, version, machine, the object, storage names) followed by the storages; and
//! before 0.2 a tar archive (`tarred.rs`), as torchvision's first weights are. `container.rs` opens them, `tensors.rs` finds the tensors in the object, `view.rs` copies them out of their storages.

mod container;
mod tarred;
mod tensors;
mod view;

use tensors::{Found, Tensor};
use view::Budget;

pub(crate) use crate::pickle::Outcome;
pub(super) use tarred::is_one as is_tarred;

/// A tensor as it lies in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredTensor {
    /// `F32`, `F16`, `I64`, …
    pub dtype: &'static str,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Little-endian, in reading order.
    pub bytes: Vec<u8>,
}

/// What a checkpoint holds.
#[derive(Debug, PartialEq)]
pub(super) struct Checkpoint {
    /// Its tensors by name.
    pub tensors: Vec<(String, StoredTensor)>,
    /// What was chosen or left out, for the user.
    pub notes: Vec<String>,
}

/// All tensors of the network in `bytes`: of the dictionary that it is saved in, or of the module itself.
///
/// # Errors
/// Says what is wrong, without the file's name.
pub(super) fn read(bytes: &[u8]) -> Outcome<Checkpoint> {
    let mut container = container::open(bytes)?;
    let Found { tensors: found, notes } = tensors::find(&container.pickle, &container.tensors)?;
    let mut budget = Budget::of_file(bytes.len());
    let mut tensors = Vec::with_capacity(found.len());
    for (name, id) in found {
        let tensor = match tensors::tensor(&container.pickle, &container.tensors, id) {
            Some(Tensor::View(view)) => {
                container.storages.get(&view.key).and_then(|storage| view.gather(storage, &mut budget))
            }
            Some(Tensor::Array(array)) => budget.spend(array.bytes.len()).map(|()| array.into_tensor()),
            None => continue,
        };
        tensors.push((name.clone(), tensor.map_err(|reason| format!("{name} {reason}"))?));
    }
    if tensors.is_empty() {
        return Err(
            "it holds no weights that can be read: save them with torch.save(model.state_dict(), \"weights.pth\")"
                .into(),
        );
    }
    Ok(Checkpoint { tensors, notes })
}

#[cfg(test)]
mod tests;
