//! Which tensors of a checkpoint's object are the network's, and what they are called.
//!
//! People save a dictionary of tensors, alone or beside an epoch and an optimiser; dictionaries in dictionaries; or the
//! module itself, whose tensors are in `_parameters`, `_buffers` and those of its `_modules`. TorchScript has attributes.

use std::collections::HashSet;

use super::StoredTensor;
use super::view::View;
use crate::pickle::{self, Id, Pickle};

/// What people keep a network's weights under, the likeliest first.
const USUAL: [&str; 18] = [
    "state_dict",
    "model_state_dict",
    "model_state",
    "model_states",
    "model_dict",
    "model",
    "net_state_dict",
    "net",
    "network",
    "net_dict",
    "student",
    "module",
    "classifier_state_dict",
    "backbone",
    "encoder",
    "weights",
    "params",
    "state",
];
/// First words of what they keep beside it, whose tensors are no weights.
const BESIDE: [&str; 9] = ["optimizer", "optimizers", "optim", "scheduler", "lr", "scaler", "amp", "rng", "hyper"];
/// Deeper than any network is nested.
const DEEPEST: usize = 64;

/// The network's tensors.
pub(super) struct Found {
    pub tensors: Vec<(String, View)>,
    pub notes: Vec<String>,
}

/// Finds the network in the object.
pub(super) fn find(pickle: &Pickle<'_>) -> Found {
    let (root, notes) = network(pickle);
    let mut walk = Walk { pickle, seen: HashSet::new(), tensors: vec![], arrays: vec![] };
    walk.visit(root, "", 0);
    Found { tensors: walk.tensors, notes }
}

/// The network's arrays of numpy: of weights that were converted, or rebuilt on a device by way of them.
pub(super) fn arrays(pickle: &Pickle<'_>) -> Vec<(String, StoredTensor)> {
    let mut walk = Walk { pickle, seen: HashSet::new(), tensors: vec![], arrays: vec![] };
    walk.visit(network(pickle).0, "", 0);
    walk.arrays
}

/// Goes down from the object to the dictionary or module that is the network.
fn network(pickle: &Pickle<'_>) -> (Id, Vec<String>) {
    let (mut at, mut path, mut beside) = (pickle.root(), Vec::new(), Vec::new());
    for _ in 0..DEEPEST {
        let members = entries(pickle, at);
        let inner = |member: &&(String, Id)| tensor(pickle, member.1).is_none() && holds_tensors(pickle, member.1);
        // A network's own tensors and parts are together; what wraps one holds no tensor itself.
        if members.iter().any(|member| tensor(pickle, member.1).is_some()) {
            break;
        }
        let inside: Vec<&(String, Id)> = members.iter().filter(inner).collect();
        let usual = USUAL.iter().find_map(|name| inside.iter().find(|(key, _)| key == name));
        let Some((key, id)) = usual else { break };
        beside.extend(inside.iter().filter(|(other, _)| other != key).map(|(other, _)| other.clone()));
        path.push(key.clone());
        at = *id;
    }
    let mut notes = Vec::new();
    if !path.is_empty() {
        notes.push(format!("the weights are those under `{}`", path.join("`, `")));
    }
    beside.retain(|key| !is_beside(key));
    if !beside.is_empty() {
        notes.push(format!("left out: what is under `{}`", beside.join("`, `")));
    }
    (at, notes)
}

/// Names with a dot are those of weights.
fn is_beside(key: &str) -> bool {
    !key.contains('.') && key.split('_').next().is_some_and(|word| BESIDE.contains(&word.to_ascii_lowercase().as_str()))
}

/// The named parts of a dictionary, list, module or other object, in order.
fn entries(pickle: &Pickle<'_>, id: Id) -> Vec<(String, Id)> {
    let name = |key: Id| {
        pickle.text(key).map(|text| text.into_owned()).or_else(|| pickle.index(key).map(|number| number.to_string()))
    };
    let named = |entries: Vec<(Id, Id)>| -> Vec<(String, Id)> {
        entries.into_iter().filter_map(|(key, value)| Some((name(key)?, value))).collect()
    };
    if let Some(entries) = pickle.entries(id) {
        return named(entries);
    }
    if let Some(state) = pickle.object(id).and_then(|object| object.state) {
        // A module has its tensors and parts in three dictionaries, anything else has attributes. With slots, the state is
        // a pair of attributes and slots.
        let state = pickle.items(state).and_then(|pair| pair.first().copied()).unwrap_or(state);
        let attributes = named(pickle.entries(state).unwrap_or_default());
        let is_module = attributes.iter().any(|(key, _)| key == "_modules");
        if !is_module {
            return attributes;
        }
        let parts = ["_parameters", "_buffers", "_modules"].iter().filter_map(|part| pickle.get(state, part));
        return parts.flat_map(|part| named(pickle.entries(part).unwrap_or_default())).collect();
    }
    let items = pickle.items(id).unwrap_or_default();
    items.iter().enumerate().map(|(nth, item)| (nth.to_string(), *item)).collect()
}

fn holds_tensors(pickle: &Pickle<'_>, id: Id) -> bool {
    let mut walk = Walk { pickle, seen: HashSet::new(), tensors: vec![], arrays: vec![] };
    walk.visit(id, "", 0);
    !walk.tensors.is_empty() || !walk.arrays.is_empty()
}

/// Everything below a value.
struct Walk<'p, 'a> {
    pickle: &'p Pickle<'a>,
    /// Each part once: parts may be shared, and may hold themselves.
    seen: HashSet<Id>,
    tensors: Vec<(String, View)>,
    arrays: Vec<(String, StoredTensor)>,
}

impl Walk<'_, '_> {
    fn visit(&mut self, id: Id, name: &str, depth: usize) {
        match tensor(self.pickle, id) {
            Some(Tensor::View(view)) => return self.tensors.push((name.to_owned(), view)),
            Some(Tensor::Array(array)) => return self.arrays.push((name.to_owned(), array)),
            None => {}
        }
        if depth == DEEPEST || !self.seen.insert(id) {
            return;
        }
        for (key, part) in entries(self.pickle, id) {
            if depth == 0 && is_beside(&key) {
                continue;
            }
            let name = if name.is_empty() { key } else { format!("{name}.{key}") };
            self.visit(part, &name, depth + 1);
        }
    }
}

enum Tensor {
    View(View),
    Array(StoredTensor),
}

/// The tensor that is made at `id`, if one is.
fn tensor(pickle: &Pickle<'_>, id: Id) -> Option<Tensor> {
    let mut id = id;
    // A parameter of a wrapped tensor of …: a few at most.
    for _ in 0..8 {
        let object = pickle.object(id)?;
        let of = pickle.global(object.of)?;
        let arguments = pickle.items(object.arguments)?;
        match of.name.as_str() {
            "_rebuild_tensor" | "_rebuild_tensor_v2" => return View::of(pickle, arguments, None).map(Tensor::View),
            // storage, offset, shape, stride, whether it has a gradient, hooks, type
            "_rebuild_tensor_v3" => return View::of(pickle, arguments, Some(*arguments.get(6)?)).map(Tensor::View),
            "_reconstruct" => {
                let array = pickle::array(pickle, id)?;
                return Some(Tensor::Array(StoredTensor {
                    dtype: array.dtype,
                    shape: array.shape,
                    bytes: array.bytes.into_owned(),
                }));
            }
            // function, class, its arguments, state
            "_rebuild_from_type_v2" | "_rebuild_from_type" => {
                let &[function, _, inner, ..] = arguments else { return None };
                let inner = pickle.items(inner)?;
                return match pickle.global(function)?.name.as_str() {
                    "_rebuild_tensor_v3" => View::of(pickle, inner, Some(*inner.get(6)?)),
                    _ => View::of(pickle, inner, None),
                }
                .map(Tensor::View);
            }
            "_rebuild_parameter"
            | "_rebuild_parameter_with_state"
            | "_rebuild_device_tensor_from_numpy"
            | "_rebuild_device_tensor_from_cpu_tensor"
            | "_rebuild_xla_tensor"
            | "_rebuild_mlc_tensor"
            | "Parameter"
            | "Buffer"
            | "Tensor" => id = *arguments.first()?,
            _ => return None,
        }
    }
    None
}
