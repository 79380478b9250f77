//! Everything that the next iteration depends on, in one file.
//!
//! A checkpoint is a safetensors file: θ, v, φ, Adam's moments and the running statistics as tensors in the precision of
//! the run, and the rest (configuration, position, sums of the running epoch, history) as TOML in its metadata (not
//! JSON: our JSON reader may be one digit off, and a resumed run would differ). Random streams need no state: they are
//! functions of the seed and the epoch.

use std::collections::HashMap;

use burn::tensor::{DType, Device, Tensor, TensorData};
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
use crate::network::RunningStats;
use crate::network::weights::read;

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

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
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
    /// Named vectors: `theta`, `velocity`, `phi`, `adam.first`, `adam.second`, `running.<n>.mean`, `running.<n>.variance`.
    vectors: Vec<(String, Vec<f64>)>,
}

impl Checkpoint {
    #[cfg(test)]
    pub(super) fn of_vectors(config: Config, position: Position, vectors: Vec<(String, Vec<f64>)>) -> Self {
        Self { config, position, vectors }
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
            vectors.push((name.to_owned(), read(vector).await?));
        }
        for (nth, moments) in state.running.moments().iter().enumerate() {
            vectors.push((format!("running.{nth}.mean"), read(&moments.mean).await?));
            vectors.push((format!("running.{nth}.variance"), read(&moments.variance).await?));
        }
        if let Some((name, _)) = vectors.iter().find(|(_, values)| values.iter().any(|value| !value.is_finite())) {
            let Position { epoch, iteration, .. } = position;
            let reason = format!("{name} is not finite after {epoch} epochs and {iteration} iterations; {LOWER_RATE}");
            return Err(Error::Diverged(reason));
        }
        Ok(Self {
            config: plan.config.clone(),
            position: Position { meta_steps: state.meta.steps, ..position },
            vectors,
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

    fn vector(&self, name: &str, len: usize, device: &Device, dtype: DType) -> Result<Tensor<1>> {
        let found = self.vectors.iter().find(|(key, _)| key == name).map(|(_, values)| values);
        match found {
            Some(values) if values.len() == len => {
                Ok(Tensor::from_data(TensorData::new(values.clone(), [len]), (device, dtype)))
            }
            Some(values) => {
                let reason = format!("{name} has {} numbers where the networks have {len}", values.len());
                Err(Error::weights("checkpoint", reason))
            }
            None => Err(Error::weights("checkpoint", format!("{name} is missing"))),
        }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let double = self.config.train.precision == super::config::Precision::F64;
        let dtype = if double { Dtype::F64 } else { Dtype::F32 };
        #[expect(clippy::cast_possible_truncation, reason = "the numbers came from a device of this precision")]
        let bytes = |values: &[f64]| -> Vec<u8> {
            if double {
                values.iter().flat_map(|v| v.to_le_bytes()).collect()
            } else {
                values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect()
            }
        };
        let header = Header { format: FORMAT, config: self.config.clone(), position: self.position.clone() };
        let header = toml::to_string(&header).expect("a header is plain data");
        let parts: Vec<_> = self.vectors.iter().map(|(name, v)| (name, v.len(), bytes(v))).collect();
        let views = parts.iter().map(|(name, len, bytes)| {
            (name.as_str(), TensorView::new(dtype, vec![*len], bytes).expect("length and bytes agree"))
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
        let format = header.parse::<toml::Table>().ok().and_then(|header| header.get("format")?.as_integer());
        if format != Some(i64::from(FORMAT)) {
            let found = format.map_or("an unknown format".into(), |format| format!("format {format}"));
            return Err(broken(format!("is a checkpoint of {found}; this program reads format {FORMAT}")));
        }
        let header: Header = toml::from_str(header)
            .map_err(|e: toml::de::Error| broken(format!("has a broken header: {}", e.message())))?;
        let file = SafeTensors::deserialize(bytes).map_err(|_| broken("is truncated".into()))?;
        let vectors = file.tensors().into_iter().map(|(name, view)| {
            let values = match view.dtype() {
                Dtype::F64 => view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
                _ => view.data().as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect(),
            };
            (name, values)
        });
        Ok(Self { config: header.config, position: header.position, vectors: vectors.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_the_file_to_the_last_bit() {
        let awkward: Vec<f64> = (1..500).map(|n| f64::from(n).sqrt() * 1e-7).collect();
        let position = Position { epoch: 3, iteration: 2, sums: awkward.clone(), ..Position::default() };
        let mut config = Config::default();
        config.train.lr = awkward[1];
        config.train.precision = super::super::config::Precision::F64;
        let checkpoint = Checkpoint { config, position, vectors: vec![("theta".into(), awkward)] };
        assert_eq!(Checkpoint::from_bytes("memory", &checkpoint.to_bytes()), Ok(checkpoint));
    }
}
