//! Which tensors of a checkpoint's object are the network's, and what they are called.
//!
//! People save a dictionary of tensors, alone or beside an epoch and an optimiser; dictionaries in dictionaries; or the
//! module itself, whose tensors are in `_parameters`, `_buffers` and those of its `_modules`. TorchScript has attributes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::view::View;
use super::{Outcome, StoredTensor};
use crate::pickle::{self, Array, Id, Node, Pickle};

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
/// Longer than any weight is called.
pub(super) const LONGEST: usize = 1024;
/// Names that a note lists.
const LISTED: usize = 5;

/// The network's tensors.
pub(super) struct Found {
    /// By name, in the file's order.
    pub tensors: Vec<(String, Id)>,
    pub notes: Vec<String>,
}

/// Finds the network in the object; `named` are the tensors that it names only.
///
/// # Errors
/// Where parts name each other so often that following all of them would not end.
pub(super) fn find(pickle: &Pickle<'_>, named: &HashMap<String, View>) -> Outcome<Found> {
    let mut parts = Parts { pickle, named, left: Parts::EFFORT };
    let holders = Holders::of(&mut parts)?;
    let (root, notes) = network(&mut parts, &holders)?;
    let mut walk = Walk { parts, holders: &holders, seen: HashSet::new(), tensors: vec![] };
    walk.visit(root, &mut String::new(), 0)?;
    Ok(Found { tensors: walk.tensors, notes })
}

/// Goes down from the object to the dictionary or module that is the network.
fn network(parts: &mut Parts<'_, '_>, holders: &Holders) -> Outcome<(Id, Vec<String>)> {
    let (mut at, mut path, mut beside) = (parts.pickle.root(), Vec::new(), Vec::new());
    for _ in 0..DEEPEST {
        let members = parts.of(at)?;
        // A network's own tensors and parts are together; what wraps one holds no tensor itself.
        if members.iter().any(|(_, id)| holders.tensors.contains(id)) {
            break;
        }
        let inside: Vec<&(Cow<'_, str>, Id)> = members.iter().filter(|(_, id)| holders.all.contains(id)).collect();
        let usual = USUAL.iter().find_map(|name| inside.iter().find(|(key, _)| key == name));
        let Some((chosen, id)) = usual else { break };
        let others = inside.iter().map(|(key, _)| key).filter(|key| *key != chosen && !is_beside(key));
        beside.extend(others.map(|key| key.to_string()));
        path.push(chosen.to_string());
        at = *id;
    }
    let mut notes = Vec::new();
    if !path.is_empty() {
        notes.push(format!("the weights are those under `{}`", path.join("`, `")));
    }
    if !beside.is_empty() {
        let more = beside.len().saturating_sub(LISTED);
        beside.truncate(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        notes.push(format!("left out: what is under `{}`{more}", beside.join("`, `")));
    }
    Ok((at, notes))
}

/// Names with a dot are those of weights.
fn is_beside(key: &str) -> bool {
    !key.contains('.') && key.split('_').next().is_some_and(|word| BESIDE.contains(&word.to_ascii_lowercase().as_str()))
}

/// Follows what holds what. A dictionary may be a part of any number of others, at two bytes in the file for each: what is
/// looked at in all is bounded.
struct Parts<'p, 'a> {
    pickle: &'p Pickle<'a>,
    named: &'p HashMap<String, View>,
    left: usize,
}

impl<'p> Parts<'p, '_> {
    /// Parts looked at and letters of names kept, each beyond all that networks have.
    const EFFORT: usize = 1 << 22;

    fn spend(&mut self, effort: usize) -> Outcome<()> {
        self.left =
            self.left.checked_sub(effort).ok_or("its parts name each other more often than those of any network")?;
        Ok(())
    }

    /// The named parts of a dictionary, list, module or other object, in order.
    fn of(&mut self, id: Id) -> Outcome<Vec<(Cow<'p, str>, Id)>> {
        let pickle = self.pickle;
        if let Some(entries) = pickle.entries(id) {
            return self.named(entries);
        }
        if let Some(state) = pickle.object(id).and_then(|object| object.state) {
            return self.attributes(state);
        }
        let items = pickle.items(id).unwrap_or_default();
        self.spend(items.len())?;
        Ok(items.iter().enumerate().map(|(nth, item)| (nth.to_string().into(), *item)).collect())
    }

    /// A module has its tensors and parts in three dictionaries, anything else has attributes.
    fn attributes(&mut self, state: Id) -> Outcome<Vec<(Cow<'p, str>, Id)>> {
        let pickle = self.pickle;
        // With slots, the state is a pair of attributes and slots.
        let state = pickle.items(state).and_then(|pair| pair.first().copied()).unwrap_or(state);
        let attributes = self.named(pickle.entries(state).unwrap_or_default())?;
        if !attributes.iter().any(|(key, _)| key == "_modules") {
            return Ok(attributes);
        }
        let mut all = Vec::new();
        for part in ["_parameters", "_buffers", "_modules"] {
            if let Some((_, part)) = attributes.iter().find(|(key, _)| key == part) {
                all.extend(self.named(pickle.entries(*part).unwrap_or_default())?);
            }
        }
        Ok(all)
    }

    /// Those whose key is a name or a number.
    fn named(&mut self, entries: Vec<(Id, Id)>) -> Outcome<Vec<(Cow<'p, str>, Id)>> {
        self.spend(entries.len())?;
        let pickle = self.pickle;
        let mut named = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let name = pickle.text(key).or_else(|| pickle.index(key).map(|number| number.to_string().into()));
            if let Some(Cow::Owned(letters)) = &name {
                // Names that do not lie in the file as they are cost time each time.
                self.spend(letters.len())?;
            }
            named.extend(name.map(|name| (name, value)));
        }
        Ok(named)
    }
}

/// What holds a tensor, however deep.
struct Holders {
    tensors: HashSet<Id>,
    /// With the tensors.
    all: HashSet<Id>,
}

impl Holders {
    /// Looks at every part once on the way down, and goes up from the tensors: parts may be shared and hold themselves.
    fn of(parts: &mut Parts<'_, '_>) -> Outcome<Self> {
        let root = parts.pickle.root();
        let (mut seen, mut down) = (HashSet::from([root]), vec![root]);
        let (mut tensors, mut holders) = (HashSet::new(), HashMap::<Id, Vec<Id>>::new());
        while let Some(id) = down.pop() {
            if tensor(parts.pickle, parts.named, id).is_some() {
                tensors.insert(id);
                continue;
            }
            for (_, part) in parts.of(id)? {
                holders.entry(part).or_default().push(id);
                if seen.insert(part) {
                    down.push(part);
                }
            }
        }
        let (mut all, mut up) = (tensors.clone(), Vec::from_iter(tensors.iter().copied()));
        while let Some(id) = up.pop() {
            let above = holders.remove(&id).unwrap_or_default();
            up.extend(above.into_iter().filter(|holder| all.insert(*holder)));
        }
        Ok(Self { tensors, all })
    }
}

/// Every tensor below a value.
struct Walk<'w, 'p, 'a> {
    parts: Parts<'p, 'a>,
    holders: &'w Holders,
    /// Each part once: parts may be shared, and may hold themselves.
    seen: HashSet<Id>,
    tensors: Vec<(String, Id)>,
}

impl Walk<'_, '_, '_> {
    /// `path` is what leads to `id`.
    fn visit(&mut self, id: Id, path: &mut String, depth: usize) -> Outcome<()> {
        if self.holders.tensors.contains(&id) {
            self.parts.spend(path.len())?;
            self.tensors.push((path.clone(), id));
            return Ok(());
        }
        if depth == DEEPEST || !self.holders.all.contains(&id) || !self.seen.insert(id) {
            return Ok(());
        }
        let len = path.len();
        for (key, part) in self.parts.of(id)? {
            if depth == 0 && is_beside(&key) || len + key.len() > LONGEST {
                continue;
            }
            if len > 0 {
                path.push('.');
            }
            path.push_str(&key);
            self.visit(part, path, depth + 1)?;
            path.truncate(len);
        }
        Ok(())
    }
}

/// A tensor that is not yet copied.
pub(super) enum Tensor<'p> {
    /// Of a storage.
    View(View),
    /// Of numpy: of weights that were converted, or rebuilt on a device by way of it.
    Array(Array<'p>),
}

impl Array<'_> {
    /// With its own bytes.
    pub(super) fn into_tensor(self) -> StoredTensor {
        StoredTensor { dtype: self.dtype, shape: self.shape, bytes: self.bytes.into_owned() }
    }
}

/// The tensor that is made at `id`, if one is.
pub(super) fn tensor<'p>(pickle: &'p Pickle<'_>, named: &HashMap<String, View>, id: Id) -> Option<Tensor<'p>> {
    let mut id = id;
    // A parameter of a wrapped tensor of …: a few at most.
    for _ in 0..8 {
        if let Node::Persistent(name) = pickle.node(id) {
            return Some(Tensor::View(named.get(&*pickle.text(*name)?)?.clone()));
        }
        let object = pickle.object(id)?;
        let of = pickle.global(object.of)?;
        let arguments = pickle.items(object.arguments)?;
        match of.name.as_str() {
            "_rebuild_tensor" | "_rebuild_tensor_v2" => return View::of(pickle, arguments, None).map(Tensor::View),
            // storage, offset, shape, stride, whether it has a gradient, hooks, type
            "_rebuild_tensor_v3" => return View::of(pickle, arguments, Some(*arguments.get(6)?)).map(Tensor::View),
            "_reconstruct" => return pickle::array(pickle, id).map(Tensor::Array),
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
