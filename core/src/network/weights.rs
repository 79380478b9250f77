//! Weights in and out: safetensors, and PyTorch checkpoints including the authors' legacy one.

use std::collections::BTreeMap;
use std::fmt;
#[cfg(not(target_family = "wasm"))]
use std::path::Path;

use burn::tensor::{DType, Device, Tensor, TensorData};
use l2t_shaders::batch_norm::Moments;
use safetensors::{Dtype, SafeTensors};

use super::graph::Network;
use super::running::RunningStats;
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
}

impl WeightMap {
    /// An empty map that errors call `origin`.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), tensors: BTreeMap::new() }
    }

    /// Reads a `.safetensors` file or a PyTorch checkpoint (`.pth`, `.pt`, `.pth.tar`; a `state_dict` inside is found).
    ///
    /// # Errors
    /// Names the file when it is missing, truncated or of no known format.
    #[cfg(not(target_family = "wasm"))]
    pub fn load(path: &Path) -> Result<Self> {
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            let bytes = std::fs::read(path).map_err(|e| Error::file(path, e))?;
            return Self::from_safetensors(path.display().to_string(), &bytes);
        }
        Self::from_torch(path)
    }

    #[cfg(not(target_family = "wasm"))]
    fn from_torch(path: &Path) -> Result<Self> {
        use pytorch_reader::PytorchReader;
        std::fs::metadata(path).map_err(|e| Error::file(path, e))?;
        let reader = PytorchReader::with_top_level_key(path, "state_dict")
            .or_else(|_| PytorchReader::new(path))
            .map_err(|e| Error::file(path, format!("is no PyTorch checkpoint: {}", one_line(&e))))?;
        let mut map = Self::new(path.display().to_string());
        for (name, tensor) in reader.tensors() {
            let bytes = tensor.read().map_err(|e| Error::file(path, one_line(&e)))?;
            // Checkpoints of a network trained on several GPUs carry this prefix.
            let name = name.strip_prefix("module.").unwrap_or(name);
            let Some(values) = widen(&map, name, &format!("{:?}", tensor.dtype()), &bytes)? else { continue };
            map.insert(name, tensor.shape().to_vec(), values);
        }
        if map.tensors.is_empty() {
            return Err(Error::file(path, "holds no tensors"));
        }
        Ok(map)
    }

    /// Reads the contents of a safetensors file; errors call it `origin`.
    ///
    /// # Errors
    /// When it is truncated or none, or names the tensor of a type that is not read.
    pub fn from_safetensors(origin: impl Into<String>, bytes: &[u8]) -> Result<Self> {
        let mut map = Self::new(origin);
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| Error::file(&map.origin, format!("is no safetensors file: {}", one_line(&e))))?;
        for (name, view) in file.tensors() {
            if let Some(values) = widen(&map, &name, &format!("{:?}", view.dtype()), view.data())? {
                map.insert(&name, view.shape().to_vec(), values);
            }
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
        Self { origin: self.origin.clone(), tensors }
    }

    /// An error about these weights.
    pub fn error(&self, reason: impl fmt::Display) -> Error {
        Error::weights(&self.origin, reason)
    }
}

fn one_line(error: &dyn fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Little-endian numbers of the named type; `None` for a type that holds no weights. A floating-point type that is not
/// read is an error: its weights would seem to be missing.
fn widen(map: &WeightMap, name: &str, dtype: &str, bytes: &[u8]) -> Result<Option<Vec<f64>>> {
    fn each<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks::<N>().0.iter().map(|chunk| value(*chunk)).collect()
    }
    Ok(match dtype {
        "F64" => Some(each(bytes, f64::from_le_bytes)),
        "F32" => Some(each(bytes, |b| f64::from(f32::from_le_bytes(b)))),
        "I64" => Some(each(bytes, |b| i64::from_le_bytes(b) as f64)),
        _ if dtype.contains('F') => return Err(map.error(format!("{name} is of type {dtype}; F32 and F64 are read"))),
        _ => None,
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
            return Err(weights.error(format!("does not fit the network: {report}")));
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
    let data = tensor.clone().into_data_async().await.map_err(|e| Error::Device(one_line(&format!("{e:?}"))))?;
    Ok(data.iter::<f64>().collect())
}
