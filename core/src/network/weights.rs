//! Weights in and out: safetensors, and PyTorch checkpoints including the authors' legacy one.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
#[cfg(not(target_family = "wasm"))]
use std::path::Path;

use burn_tensor::{DType, Device, Element, Tensor, TensorData};
use half::{bf16, f16};
use l2t_shaders::batch_norm::Moments;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use super::graph::Network;
use super::running::RunningStats;
use super::torch;
use super::{foreign, names, rescale};
use crate::archive;
use crate::error::{Error, Result};

/// Key of the notes in a file's metadata; one key with all of them as TOML, because the library writes keys in no order.
const NOTES: &str = "l2t.source";

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
        let map = if foreign::is_safetensors(bytes) {
            Self::from_safetensors(name, bytes)?
        } else if name.to_ascii_lowercase().ends_with(".safetensors") && !archive::is_zip(bytes) {
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
    fn take(&mut self, name: &str, dtype: &str, shape: Vec<usize>, bytes: &[u8]) {
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

    /// Reads the contents of a safetensors file; errors call it `origin`.
    ///
    /// # Errors
    /// When it is truncated or none, or names the tensor of a type that is not read.
    pub fn from_safetensors(origin: impl Into<String>, bytes: &[u8]) -> Result<Self> {
        let mut map = Self::new(origin);
        let broken = |e: SafeTensorError| match e {
            SafeTensorError::MetadataIncompleteBuffer => "it is cut off or damaged: download or copy it again".into(),
            other => one_line(&other),
        };
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| Error::file(&map.origin, format!("is no safetensors file: {}", broken(e))))?;
        let (_, header) = SafeTensors::read_metadata(bytes).expect("it was read as a whole");
        if let Some(notes) = header.metadata().as_ref().and_then(|metadata| metadata.get(NOTES)) {
            let broken = |e: toml::de::Error| Error::file(&map.origin, format!("has broken notes: {}", e.message()));
            map.notes = toml::from_str(notes).map_err(broken)?;
        }
        for (name, view) in file.tensors() {
            map.take(&name, &format!("{:?}", view.dtype()), view.shape().to_vec(), view.data());
        }
        Ok(map)
    }

    /// The contents of a safetensors file, in single precision (what PyTorch and our own reader expect of weights).
    pub fn to_safetensors(&self) -> Vec<u8> {
        #[expect(clippy::cast_possible_truncation, reason = "weights are trained in single precision")]
        let bytes: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, tensor)| {
                let bytes = tensor.values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect();
                (name.as_str(), (tensor.shape.clone(), bytes))
            })
            .collect();
        let views = bytes.iter().map(|(name, (shape, bytes))| {
            let view = safetensors::tensor::TensorView::new(Dtype::F32, shape.clone(), bytes);
            (*name, view.expect("shape and bytes come from one tensor"))
        });
        safetensors::serialize(views, None).expect("names and views are valid")
    }

    /// The contents of a safetensors file that is half as large, with the [notes](Self::notes): matrices and kernels in
    /// half precision (relative error 2⁻¹¹, or absolute 3e-8 below 6e-5), vectors, which hold the variances, in single.
    ///
    /// # Panics
    /// If a weight is beyond 65504, the largest number of half precision.
    pub fn to_safetensors_half(&self) -> Vec<u8> {
        #[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
        let bytes: BTreeMap<&str, (Dtype, &HostTensor, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, tensor)| {
                let half = tensor.shape.len() > 1;
                let bytes = if half {
                    let rounded = |v: &f64| {
                        let half = f16::from_f64(*v);
                        assert!(half.is_finite(), "{name} holds {v}, too large for half precision");
                        half.to_le_bytes()
                    };
                    tensor.values.iter().flat_map(rounded).collect()
                } else {
                    tensor.values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect()
                };
                (name.as_str(), (if half { Dtype::F16 } else { Dtype::F32 }, tensor, bytes))
            })
            .collect();
        let views = bytes.iter().map(|(name, (dtype, tensor, bytes))| {
            let view = safetensors::tensor::TensorView::new(*dtype, tensor.shape.clone(), bytes);
            (*name, view.expect("shape and bytes come from one tensor"))
        });
        let notes = toml::to_string(&self.notes).expect("notes are plain text");
        safetensors::serialize(views, Some(HashMap::from([(NOTES.to_owned(), notes)])))
            .expect("names and views are valid")
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

fn one_line(error: &dyn fmt::Display) -> String {
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
    /// Keys of the checkpoint that the network has no use for.
    pub unexpected: Vec<String>,
}

impl fmt::Display for KeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys matched", self.matched.len())?;
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
        for (name, _) in self.expected() {
            if weights.get(&name).is_some() { report.matched.push(name) } else { report.missing.push(name) }
        }
        let known: std::collections::BTreeSet<_> = report.matched.iter().map(String::as_str).collect();
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
        for (name, shape) in self.expected() {
            let tensor = weights.get(&name).expect("no key is missing");
            if tensor.shape != shape {
                let reason = format!("{name} has shape {:?} where the network has {shape:?}", tensor.shape);
                return Err(weights.error(reason));
            }
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
    fn half_precision_rounds_kernels_only_and_keeps_the_notes() {
        let mut map = WeightMap::new("memory");
        let values: Vec<f64> = (1..=15).map(|n| (f64::from(n) * 0.37).sin() / f64::from(n)).collect();
        map.insert("kernel", vec![5, 3], values.clone());
        map.insert("variance", vec![3], vec![1e-7, 70_000.0, 3.25]);
        map.note("task", "things");
        map.note("classes", "\"quoted\", and\nbroken");
        let bytes = map.to_safetensors_half();
        let read = WeightMap::from_safetensors("memory", &bytes).unwrap();
        assert_eq!(read.notes(), map.notes());
        assert_eq!(read.shape("kernel"), Some(&[5, 3][..]));
        for (rounded, value) in read.get("kernel").unwrap().values.iter().zip(&values) {
            // Half of a unit in the last of 11 binary digits.
            assert!((rounded - value).abs() <= value.abs() / 2048.0 && rounded != value, "{rounded} for {value}");
        }
        let vector = &read.get("variance").unwrap().values;
        assert_eq!(vector, &[1e-7f32, 70_000.0, 3.25].map(f64::from));
        assert_eq!(bytes, map.to_safetensors_half());
    }

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
