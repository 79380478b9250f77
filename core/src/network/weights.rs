//! Named weights, read from a file of any kind (`safe_tensors`, `torch`), and a network's among them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
#[cfg(not(target_family = "wasm"))]
use std::path::Path;

use burn_tensor::{DType, Device, Element, Tensor, TensorData};
use half::{bf16, f16};
use l2t_shaders::batch_norm::Moments;

use super::graph::Network;
use super::running::RunningStats;
use super::torch;
use super::{foreign, names, rescale};
use crate::archive;
use crate::error::{Error, Result};

/// One tensor on the host, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct HostTensor {
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// Values; single precision is widened on reading, which is exact.
    pub values: Vec<f64>,
}

/// Named tensors and where they came from.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightMap {
    origin: String,
    tensors: BTreeMap<String, HostTensor>,
    notes: BTreeMap<String, String>,
    /// Names and types of tensors that were left out, because they hold no weights.
    unread: Vec<(String, String)>,
    /// What reading did to the file's names.
    read_as: Vec<String>,
    /// Whose names they are in the file.
    naming: Option<names::Naming>,
}

impl WeightMap {
    /// An empty map that errors call `origin`.
    pub fn new(origin: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            tensors: BTreeMap::new(),
            notes: BTreeMap::new(),
            unread: vec![],
            read_as: vec![],
            naming: None,
        }
    }

    /// Reads a `.safetensors` file or a PyTorch checkpoint (`.pth`, `.pt`, `.pth.tar`; a `state_dict` inside is found).
    ///
    /// # Errors
    /// Names the file when it is missing, truncated or of no known format.
    #[cfg(not(target_family = "wasm"))]
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::file(path, e))?;
        Self::from_bytes(&path.display().to_string(), &bytes)
    }

    /// What [`load`](Self::load) does with a file that is in memory already; its contents decide what it is, not its name.
    ///
    /// # Errors
    /// Names it when it is truncated or of no known format.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        let is_called_so = name.to_ascii_lowercase().ends_with(".safetensors");
        let map = if foreign::is_safetensors(bytes) || (is_called_so && (1..=8).contains(&bytes.len())) {
            Self::from_safetensors(name, bytes)?
        } else if is_called_so && !archive::is_zip(bytes) {
            let reason = foreign::foreign(bytes).unwrap_or_else(|| "is cut off or damaged".into());
            return Err(Error::file(name, format!("is no safetensors file: it {reason}")));
        } else if let Some(what) = foreign::foreign(bytes).filter(|_| !torch::is_tarred(bytes)) {
            return Err(Error::file(name, format!("is no PyTorch checkpoint: it {what}")));
        } else {
            Self::from_torch(name, bytes)?
        };
        Ok(map.with_plain_names())
    }

    fn from_torch(name: &str, bytes: &[u8]) -> Result<Self> {
        let mut map = Self::new(name);
        let checkpoint =
            torch::read(bytes).map_err(|reason| Error::file(name, format!("is no PyTorch checkpoint: {reason}")))?;
        for (key, tensor) in checkpoint.tensors {
            map.take(&key, tensor.dtype, tensor.shape, &tensor.bytes);
        }
        map.read_as = checkpoint.notes;
        Ok(map)
    }

    /// Takes in a tensor, or remembers that it is of a type that holds no weights.
    pub(super) fn take(&mut self, name: &str, dtype: &str, shape: Vec<usize>, bytes: &[u8]) {
        match widen(dtype, bytes) {
            Some(values) => self.insert(name, shape, values),
            None => self.unread.push((name.to_owned(), dtype.to_owned())),
        }
    }

    /// The same weights by the names that our networks have for them, see [`names`].
    fn with_plain_names(mut self) -> Self {
        let all = self.tensors.keys().chain(self.unread.iter().map(|(name, _)| name)).cloned().collect();
        let renamed = names::plain(&all);
        let new = |name: &String| renamed.names.get(name).cloned();
        self.tensors = self.tensors.into_iter().filter_map(|(name, tensor)| Some((new(&name)?, tensor))).collect();
        self.unread = self.unread.into_iter().filter_map(|(name, dtype)| Some((new(&name)?, dtype))).collect();
        self.read_as.extend(renamed.notes);
        self.naming = renamed.naming;
        self
    }

    /// What reading did to the file: where in it the weights were found, what was taken off their names, what was left out.
    pub fn read_as(&self) -> Vec<String> {
        let listed: Vec<String> =
            self.unread.iter().take(3).map(|(name, dtype)| format!("{name} of type {dtype}")).collect();
        let more = if self.unread.len() > 3 { format!(" and {} more", self.unread.len() - 3) } else { String::new() };
        let unread = (!listed.is_empty()).then(|| format!("left out, being no weights: {}{more}", listed.join(", ")));
        self.read_as.iter().cloned().chain(unread).collect()
    }

    /// Whose names the weights have in the file, in words; `None` where it was not read from one, or they are nobody's.
    pub fn naming(&self) -> Option<&'static str> {
        self.naming.map(names::Naming::words)
    }

    /// What the file says about itself, by key: of a source that was trained here the task, its classes, the command, the
    /// seed and the accuracy.
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.notes
    }

    /// Adds a note.
    pub fn note(&mut self, key: &str, text: impl Into<String>) {
        self.notes.insert(key.to_owned(), text.into());
    }

    /// Says which mean and standard deviation (per channel, of values from 0 to 1) the images had that these weights were
    /// trained on; what is not given stays what the file says, or ours.
    #[must_use]
    pub fn trained_with(mut self, mean: Option<[f64; 3]>, std: Option<[f64; 3]>) -> Self {
        for (key, numbers) in [("mean", mean), ("std", std)] {
            if let Some(numbers) = numbers {
                self.note(key, rescale::words(numbers));
            }
        }
        self
    }

    /// Adds a tensor.
    pub fn insert(&mut self, name: &str, shape: Vec<usize>, values: Vec<f64>) {
        self.tensors.insert(name.to_owned(), HostTensor { shape, values });
    }

    /// The tensor called `name`.
    pub fn get(&self, name: &str) -> Option<&HostTensor> {
        self.tensors.get(name)
    }

    /// The shape of the tensor called `name`.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.get(name).map(|tensor| tensor.shape.as_slice())
    }

    /// All names in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The tensors whose names start with `prefix`, which is taken off.
    pub fn below(&self, prefix: &str) -> Self {
        let tensors = self
            .tensors
            .iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone())))
            .collect();
        Self { tensors, notes: self.notes.clone(), ..Self::new(self.origin.clone()) }
    }

    /// An error about these weights.
    pub fn error(&self, reason: impl fmt::Display) -> Error {
        Error::weights(&self.origin, reason)
    }
}

pub(super) fn one_line(error: &dyn fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Little-endian numbers of the named type; `None` for a type that holds no weights.
fn widen(dtype: &str, bytes: &[u8]) -> Option<Vec<f64>> {
    fn each<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks::<N>().0.iter().map(|chunk| value(*chunk)).collect()
    }
    Some(match dtype {
        "F64" => each(bytes, f64::from_le_bytes),
        "F32" => each(bytes, |b| f64::from(f32::from_le_bytes(b))),
        "F16" => each(bytes, |b| f16::from_le_bytes(b).to_f64()),
        "BF16" => each(bytes, |b| bf16::from_le_bytes(b).to_f64()),
        "I64" => each(bytes, |b| i64::from_le_bytes(b) as f64),
        _ => return None,
    })
}

/// Which keys of a checkpoint met a weight of the network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyReport {
    /// Weights that were found.
    pub matched: Vec<String>,
    /// Weights of the network that the checkpoint lacks.
    pub missing: Vec<String>,
    /// Weights that the checkpoint has in another shape.
    pub misshapen: Vec<Misshapen>,
    /// Keys of the checkpoint that the network has no use for.
    pub unexpected: Vec<String>,
}

/// A weight of another shape than the network has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misshapen {
    /// Its key.
    pub name: String,
    /// In the checkpoint.
    pub shape: Vec<usize>,
    /// In the network.
    pub wanted: Vec<usize>,
}

impl fmt::Display for Misshapen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has shape {:?} where the network has {:?}", self.name, self.shape, self.wanted)
    }
}

impl fmt::Display for KeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys matched", self.matched.len())?;
        if !self.misshapen.is_empty() {
            let listed: Vec<String> = self.misshapen.iter().map(ToString::to_string).collect();
            write!(f, ", {} of another shape ({})", listed.len(), listed.join(", "))?;
        }
        for (what, keys) in [("missing", &self.missing), ("unexpected", &self.unexpected)] {
            write!(f, ", {} {what}", keys.len())?;
            if !keys.is_empty() {
                write!(f, " ({})", keys.join(", "))?;
            }
        }
        Ok(())
    }
}

/// A network's weights: its parameter vector and its running statistics.
#[derive(Debug, Clone)]
pub struct NetworkState {
    /// Parameter vector in the network's layout.
    pub theta: Tensor<1>,
    /// Running statistics of its normalisations.
    pub running: RunningStats,
}

impl Network {
    fn expected(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        let params = self.layout().entries().iter().map(|entry| (entry.name.clone(), entry.shape.clone()));
        let stats = self.norms().iter().flat_map(|norm| {
            ["running_mean", "running_var"].map(|what| (format!("{}.{what}", norm.prefix), vec![norm.channels]))
        });
        params.chain(stats)
    }

    /// Compares the keys of `weights` with the network's. PyTorch's counters of batches are no weights and are passed over.
    pub fn compare_keys(&self, weights: &WeightMap) -> KeyReport {
        let mut report = KeyReport::default();
        for (name, wanted) in self.expected() {
            match weights.shape(&name) {
                Some(shape) if shape == wanted => report.matched.push(name),
                Some(shape) => report.misshapen.push(Misshapen { name, shape: shape.to_vec(), wanted }),
                None => report.missing.push(name),
            }
        }
        let misshapen = report.misshapen.iter().map(|misshapen| misshapen.name.as_str());
        let known: BTreeSet<_> = report.matched.iter().map(String::as_str).chain(misshapen).collect();
        let unexpected = weights.names().filter(|n| !known.contains(n) && !n.ends_with("num_batches_tracked"));
        report.unexpected = unexpected.map(str::to_owned).collect();
        report
    }

    /// Reads every weight of the network from `weights`.
    ///
    /// # Errors
    /// Names the key that is missing, of another shape, or not finite.
    pub fn import(&self, weights: &WeightMap, device: &Device, dtype: DType) -> Result<(NetworkState, KeyReport)> {
        let report = self.compare_keys(weights);
        if !report.missing.is_empty() {
            let unread = weights.unread.iter().find(|(name, _)| report.missing.contains(name));
            let why = unread.map_or_else(String::new, |(name, dtype)| {
                format!("; {name} is of type {dtype}, and F64, F32, F16 and BF16 are read")
            });
            return Err(weights.error(format!("does not fit the network: {report}{why}")));
        }
        if let [first, others @ ..] = &report.misshapen[..] {
            let more =
                if others.is_empty() { String::new() } else { format!(", and {} more have another", others.len()) };
            return Err(weights.error(format!("does not fit the network: {first}{more}")));
        }
        for (name, _) in self.expected() {
            let tensor = weights.get(&name).expect("no key is missing");
            if let Some(bad) = tensor.values.iter().find(|value| !value.is_finite()) {
                return Err(weights.error(format!("{name} contains {bad}")));
            }
            if let Some(bad) = tensor.values.iter().find(|value| name.ends_with("running_var") && **value < 0.0) {
                return Err(weights.error(format!("{name} contains {bad}, which is no variance")));
            }
        }
        let mut theta = vec![0.0; self.layout().len()];
        for entry in self.layout().entries() {
            let tensor = weights.get(&entry.name).expect("no key is missing");
            theta[entry.offset..entry.offset + entry.len()].copy_from_slice(&tensor.values);
        }
        let vector = |name: String| {
            let values = weights.get(&name).expect("no key is missing").values.clone();
            let shape = [values.len()];
            Tensor::from_data(TensorData::new(values, shape), (device, dtype))
        };
        let moments = self.norms().iter().map(|norm| Moments {
            mean: vector(format!("{}.running_mean", norm.prefix)),
            variance: vector(format!("{}.running_var", norm.prefix)),
        });
        let running = RunningStats::from_moments(moments.collect());
        Ok((NetworkState { theta: self.layout().upload(theta, device, dtype), running }, report))
    }

    /// The network's weights as named tensors.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn export(&self, origin: &str, state: &NetworkState) -> Result<WeightMap> {
        let mut map = WeightMap::new(origin);
        let theta = read(&state.theta).await?;
        for entry in self.layout().entries() {
            map.insert(&entry.name, entry.shape.clone(), theta[entry.offset..entry.offset + entry.len()].to_vec());
        }
        for (norm, moments) in self.norms().iter().zip(state.running.moments()) {
            for (what, vector) in [("running_mean", &moments.mean), ("running_var", &moments.variance)] {
                map.insert(&format!("{}.{what}", norm.prefix), vec![norm.channels], read(vector).await?);
            }
        }
        Ok(map)
    }
}

/// The values of a tensor on the host, in row-major order.
///
/// # Errors
/// When the device was lost or the read failed.
pub async fn read<const D: usize>(tensor: &Tensor<D>) -> Result<Vec<f64>> {
    read_as(tensor).await
}

/// [`read`] as numbers of another type.
///
/// # Errors
/// As [`read`].
pub async fn read_as<const D: usize, E: Element>(tensor: &Tensor<D>) -> Result<Vec<E>> {
    let data = tensor.clone().into_data_async().await.map_err(|e| lost(&format!("{e:?}")))?;
    // The data of a GPU may come from it only now.
    data.try_into_vec_as::<E>().map_err(|e| lost(&e))
}

/// Characters of a driver's message that are worth showing.
const LONGEST_REASON: usize = 160;

/// A device that does not answer: the CPU always does.
fn lost(error: &dyn fmt::Display) -> Error {
    // Drivers draw frames around what they say.
    let plain: String = error.to_string().chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).collect();
    let mut reason = one_line(&plain);
    if reason.len() > LONGEST_REASON {
        // Plain ASCII: every place is a boundary.
        reason.truncate(LONGEST_REASON);
        reason.push('…');
    }
    Error::Device(format!("the graphics device was lost: it was reset, removed, or took too long ({reason})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read_as_ieee_754_has_it() {
        // 1, −2, the smallest subnormal, the largest number, and the number next to 1.
        let bits: [u16; 5] = [0x3c00, 0xc000, 0x0001, 0x7bff, 0x3c01];
        let bytes: Vec<u8> = bits.iter().flat_map(|half| half.to_le_bytes()).collect();
        let values = widen("F16", &bytes).unwrap();
        assert_eq!(values, [1.0, -2.0, 2f64.powi(-24), 65504.0, 1.0 + 2f64.powi(-10)]);
        // The upper half of a single: 1, and −2 with its next number.
        let upper: Vec<u8> = [0x3f80u16, 0xc000, 0xc001].iter().flat_map(|half| half.to_le_bytes()).collect();
        assert_eq!(widen("BF16", &upper), Some(vec![1.0, -2.0, -2.0 - 2f64.powi(-6)]));
        assert_eq!(widen("I8", &[1]), None);
    }
}
