//! Everything that the next iteration depends on, in one file.
//!
//! A checkpoint is a safetensors file: θ, v, φ, Adam's moments and the running statistics as tensors in the precision of
//! the run, and the rest (configuration, position, sums of the running epoch, history) as TOML in its metadata (not
//! JSON: our JSON reader may be one digit off, and a resumed run would differ). Random streams need no state: they are
//! functions of the seed and the epoch.

use std::collections::HashMap;
use std::sync::Arc;

use burn_tensor::{DType, Device, Tensor, TensorData};
use l2t_shaders::batch_norm::Moments;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::event::LOWER_RATE;
use super::history::History;
use super::plan::Plan;
use crate::bilevel::{AdamState, LearnerState, Moving};
use crate::error::{Error, Result};
use crate::inputs::Inputs;
use crate::network::RunningStats;
use crate::network::weights::read_as;

/// Written into every file; a reader refuses any other.
const FORMAT: u32 = 2;
const KEY: &str = "l2t.checkpoint";

/// Where a run stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Epoch that the run is in, 0-based.
    pub epoch: usize,
    /// Iterations done in it.
    pub iteration: usize,
    /// Sums over those iterations, see `run::EpochSums`.
    pub sums: Vec<f64>,
    /// Complete epochs.
    pub history: History,
    /// Seconds so far.
    pub elapsed_secs: f64,
    /// Steps of Adam so far.
    pub meta_steps: u32,
}

impl Position {
    /// Iterations done since the start, where an epoch has so many.
    pub(super) fn iterations_done(&self, of: usize) -> usize {
        self.epoch * of + self.iteration
    }
}

/// Numbers as the run computes with them.
#[derive(Debug, Clone, PartialEq)]
enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Numbers {
    async fn read(tensor: &Tensor<1>, dtype: DType) -> Result<Self> {
        Ok(match dtype {
            DType::F64 => Self::F64(read_as(tensor).await?),
            _ => Self::F32(read_as(tensor).await?),
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    fn are_finite(&self) -> bool {
        match self {
            Self::F32(values) => values.iter().all(|value| value.is_finite()),
            Self::F64(values) => values.iter().all(|value| value.is_finite()),
        }
    }

    fn data(&self) -> TensorData {
        match self {
            Self::F32(values) => TensorData::new(values.clone(), [values.len()]),
            Self::F64(values) => TensorData::new(values.clone(), [values.len()]),
        }
    }

    /// As a file has them.
    fn stored(&self) -> (Dtype, Vec<u8>) {
        match self {
            Self::F32(values) => (Dtype::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
            Self::F64(values) => (Dtype::F64, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        }
    }

    fn of_stored(view: &TensorView<'_>) -> Option<Self> {
        match view.dtype() {
            Dtype::F32 => {
                Some(Self::F32(view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()))
            }
            Dtype::F64 => {
                Some(Self::F64(view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()))
            }
            _ => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begun_in: Option<String>,
    config: Config,
    position: Position,
}

/// A run at rest, on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// What was asked for.
    pub config: Config,
    /// Where it stands.
    pub position: Position,
    /// The folder that the relative paths of its configuration were meant from, where it has any.
    pub begun_in: Option<String>,
    /// Named vectors: `theta`, `velocity`, `phi`, `adam.first`, `adam.second`, `running.<n>.mean`, `running.<n>.variance`.
    /// Clones share them.
    vectors: Arc<Vec<(String, Numbers)>>,
}

impl Checkpoint {
    #[cfg(test)]
    pub(super) fn of_vectors(config: Config, position: Position, vectors: Vec<(String, Vec<f64>)>) -> Self {
        let vectors = vectors.into_iter().map(|(name, values)| (name, Numbers::F64(values))).collect();
        Self { config, position, begun_in: None, vectors: Arc::new(vectors) }
    }

    /// The files that its run reads from disk, wherever it goes on. φ of another run is none of them: it is here, too.
    pub fn inputs(&self) -> Inputs {
        let mut inputs = Inputs::begun_in(self.begun_in.clone());
        if let Some(path) = &self.config.method.phi {
            inputs.insert(path, self.to_bytes());
        }
        inputs
    }

    /// Whether `bytes` are those of a checkpoint, of whatever format.
    pub fn is_in(bytes: &[u8]) -> bool {
        let metadata = SafeTensors::read_metadata(bytes).ok().and_then(|(_, metadata)| metadata.metadata().clone());
        metadata.is_some_and(|map| map.contains_key(KEY))
    }

    /// Copies the state of a run from its device.
    ///
    /// # Errors
    /// When the device cannot be read, or a number is not finite: nothing good can follow from it.
    pub async fn take(plan: &Plan, state: &LearnerState, position: Position) -> Result<Self> {
        let mut vectors = Vec::new();
        for (name, vector) in [
            ("theta", &state.target.theta),
            ("velocity", &state.target.velocity),
            ("phi", &state.meta.phi),
            ("adam.first", &state.meta.first),
            ("adam.second", &state.meta.second),
        ] {
            vectors.push((name.to_owned(), Numbers::read(vector, plan.dtype).await?));
        }
        for (nth, moments) in state.running.moments().iter().enumerate() {
            vectors.push((format!("running.{nth}.mean"), Numbers::read(&moments.mean, plan.dtype).await?));
            vectors.push((format!("running.{nth}.variance"), Numbers::read(&moments.variance, plan.dtype).await?));
        }
        if let Some((name, _)) = vectors.iter().find(|(_, values)| !values.are_finite()) {
            let Position { epoch, iteration, .. } = position;
            let reason = format!("{name} is not finite after {epoch} epochs and {iteration} iterations; {LOWER_RATE}");
            return Err(Error::Diverged(reason));
        }
        Ok(Self {
            config: plan.config.clone(),
            position: Position { meta_steps: state.meta.steps, ..position },
            begun_in: plan.begun_in(),
            vectors: Arc::new(vectors),
        })
    }

    /// Puts the state back on a device.
    ///
    /// # Errors
    /// When the vectors do not fit the networks of `plan`.
    pub fn restore(&self, plan: &Plan) -> Result<LearnerState> {
        let fresh = plan.initial_state();
        let vector = |name: &str, like: &Tensor<1>| self.vector(name, like.dims()[0], &plan.device, plan.dtype);
        let moments = fresh.running.moments().iter().enumerate().map(|(nth, moments)| {
            Ok(Moments {
                mean: vector(&format!("running.{nth}.mean"), &moments.mean)?,
                variance: vector(&format!("running.{nth}.variance"), &moments.variance)?,
            })
        });
        Ok(LearnerState {
            running: RunningStats::from_moments(moments.collect::<Result<_>>()?),
            target: Moving {
                theta: vector("theta", &fresh.target.theta)?,
                velocity: vector("velocity", &fresh.target.velocity)?,
            },
            meta: AdamState {
                phi: vector("phi", &fresh.meta.phi)?,
                first: vector("adam.first", &fresh.meta.phi)?,
                second: vector("adam.second", &fresh.meta.phi)?,
                steps: self.position.meta_steps,
            },
        })
    }

    /// Numbers of its φ.
    pub(super) fn phi_len(&self) -> Option<usize> {
        self.vectors.iter().find(|(name, _)| name == "phi").map(|(_, values)| values.len())
    }

    /// Its φ, on `device`.
    pub(super) fn phi(&self, device: &Device, dtype: DType) -> Result<Tensor<1>> {
        self.vector("phi", self.phi_len().unwrap_or_default(), device, dtype)
    }

    fn vector(&self, name: &str, len: usize, device: &Device, dtype: DType) -> Result<Tensor<1>> {
        let found = self.vectors.iter().find(|(key, _)| key == name).map(|(_, values)| values);
        match found {
            Some(values) if values.len() == len => Ok(Tensor::from_data(values.data(), (device, dtype))),
            Some(values) => {
                let reason = format!("{name} has {} numbers where the networks have {len}", values.len());
                Err(Error::weights("checkpoint", reason))
            }
            None => Err(Error::weights("checkpoint", format!("{name} is missing"))),
        }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (config, position, begun_in) = (self.config.clone(), self.position.clone(), self.begun_in.clone());
        let header = Header { format: FORMAT, begun_in, config, position };
        let header = toml::to_string(&header).expect("a header is plain data");
        let parts: Vec<_> = self.vectors.iter().map(|(name, values)| (name, values.len(), values.stored())).collect();
        let views = parts.iter().map(|(name, len, (dtype, bytes))| {
            (name.as_str(), TensorView::new(*dtype, vec![*len], bytes).expect("length and bytes agree"))
        });
        safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), header)])))
            .expect("names and views are valid")
    }

    /// Reads a file's bytes; errors call it `origin`.
    ///
    /// # Errors
    /// Names `origin` when it is truncated, no checkpoint, or of another format.
    pub fn from_bytes(origin: &str, bytes: &[u8]) -> Result<Self> {
        let broken = |reason: String| Error::file(origin, reason);
        let (_, metadata) =
            SafeTensors::read_metadata(bytes).map_err(|_| broken("is no checkpoint, or is truncated".into()))?;
        let header = metadata.metadata().as_ref().and_then(|map| map.get(KEY));
        let header = header.ok_or_else(|| broken("is a safetensors file, but no checkpoint".into()))?;
        let table = header.parse::<toml::Table>().unwrap_or_default();
        let format = table.get("format").and_then(toml::Value::as_integer);
        if format != Some(i64::from(FORMAT)) {
            let found = format.map_or("an unknown format".into(), |format| format!("format {format}"));
            return Err(broken(format!("is a checkpoint of {found}; this program reads format {FORMAT}")));
        }
        let has_split_seed = || table.get("config")?.get("data")?.get("split_seed");
        let mut header: Header = toml::from_str(header)
            .map_err(|e: toml::de::Error| broken(format!("has a broken header: {}", e.message())))?;
        if header.config.data.path.is_some() && has_split_seed().is_none() {
            // Written when the run's own seed decided what is held out: another division would test what was trained on.
            header.config.data.split_seed = header.config.seed;
        }
        let file = SafeTensors::deserialize(bytes).map_err(|_| broken("is truncated".into()))?;
        let vectors = file.tensors().into_iter().map(|(name, view)| match Numbers::of_stored(&view) {
            Some(values) => Ok((name, values)),
            None => Err(broken(format!("{name} is of {:?}; a checkpoint has F32 or F64", view.dtype()))),
        });
        let vectors = Arc::new(vectors.collect::<Result<_>>()?);
        Ok(Self { config: header.config, position: header.position, begun_in: header.begun_in, vectors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::config::Precision;

    #[test]
    fn every_number_survives_the_file_to_the_last_bit() {
        let awkward: Vec<f64> = (1..500).map(|n| f64::from(n).sqrt() * 1e-7).collect();
        let single: Vec<f32> = (1..500_u16).map(|n| f32::from(n).sqrt() * 1e-7).collect();
        let position = Position { epoch: 3, iteration: 2, sums: awkward.clone(), ..Position::default() };
        for (precision, values) in
            [(Precision::F64, Numbers::F64(awkward.clone())), (Precision::F32, Numbers::F32(single))]
        {
            let mut config = Config::default();
            config.train.lr = awkward[1];
            config.train.precision = precision;
            let vectors = Arc::new(vec![("theta".into(), values)]);
            let begun_in = Some("/home/me/größe".into());
            let checkpoint = Checkpoint { config, position: position.clone(), begun_in, vectors };
            assert_eq!(Checkpoint::from_bytes("memory", &checkpoint.to_bytes()), Ok(checkpoint));
        }
    }

    #[test]
    fn single_precision_takes_four_bytes_a_number() {
        let bytes = |values| {
            let vectors = Arc::new(vec![("theta".into(), values)]);
            let position = Position::default();
            Checkpoint { config: Config::default(), position, begun_in: None, vectors }.to_bytes().len()
        };
        let more = |of: fn(usize) -> Numbers| bytes(of(11_000)) - bytes(of(10_000));
        assert_eq!(more(|len| Numbers::F32(vec![0.5; len])), 4_000);
        assert_eq!(more(|len| Numbers::F64(vec![0.5; len])), 8_000);
    }

    #[test]
    fn a_checkpoint_of_other_numbers_is_refused() {
        let whole =
            Checkpoint::of_vectors(Config::default(), Position::default(), vec![("theta".into(), vec![0.5; 4])]);
        let mut other = whole.to_bytes();
        let kind = other.windows(5).position(|window| window == b"\"F64\"").expect("its numbers have a type");
        other[kind + 1] = b'I';
        let error = Checkpoint::from_bytes("latest", &other).unwrap_err().to_string();
        assert!(error.starts_with("latest: theta is of I64"), "{error}");
    }

    #[test]
    fn a_run_from_before_the_split_had_a_seed_keeps_its_division() {
        let mut config = Config { seed: 7, ..Config::default() };
        for (path, expected) in [(Some("pets".into()), 7), (None, 0)] {
            config.data.path = path;
            let whole =
                Checkpoint::of_vectors(config.clone(), Position::default(), vec![("theta".into(), vec![0.5; 4])]);
            let mut old = whole.to_bytes();
            let split =
                |file: &[u8]| Checkpoint::from_bytes("latest", file).expect("a checkpoint").config.data.split_seed;
            assert_eq!(split(&old), 0);
            let key = old.windows(10).position(|window| window == b"split_seed").expect("it is written");
            old[key] = b'#';
            assert_eq!(split(&old), expected);
        }
    }
}
