//! What a run tells the window: plain values only, so that they pass between threads and between a page and its worker.

use std::sync::Arc;

use l2t_core::Result;
use l2t_core::data::Dataset;
use l2t_core::device::OpenDevice;
use l2t_core::experiment::gradient_check::GradientCheck;
use l2t_core::experiment::look::images;
use l2t_core::experiment::test_part::TestPart;
use l2t_core::experiment::{Config, Event, History, Plan};
use l2t_core::matching::Pair;
use l2t_core::meta::Learned;
use l2t_core::objective::Objective;
use serde::{Deserialize, Serialize};

use crate::charts::target_name;
use crate::plots::Stack;

/// One fact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Fact {
    /// The device is open.
    Device(DeviceFacts),
    /// The device cannot hold the target that was asked for: it is of this width instead, and why.
    Narrowed(f64, String),
    /// Data and networks are there.
    Ready(Arc<Experiment>),
    /// The run said something.
    Run(Event),
    /// Bytes in use on the GPU.
    Memory(u64),
    /// The hypergradient is being checked.
    Checking,
    /// The hypergradient was checked.
    Checked(Result<GradientCheck, String>),
    /// Kernels are being timed: so many products of so many are done.
    Timing(usize, usize),
    /// They were timed.
    Timed(Result<KernelTimes, String>),
    /// Something went well that the user asked for.
    Note(String),
    /// Something failed, and the run goes on.
    Warning(String),
    /// The run cannot go on.
    Failed(String),
}

impl Fact {
    /// A panic ended the run. Drivers that lose a device end it so, too, and draw frames around what they say.
    pub fn panicked(text: &str) -> Self {
        let plain: String = text.chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).collect();
        let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        Self::Failed(format!("the program has a fault, or its graphics device was lost: {line}"))
    }
}

/// How long the kernels of a GPU take, as it is copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelTimes {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: String,
}

/// Where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// For people.
    pub name: String,
    /// Why this one.
    pub reason: String,
    /// Whether it is a GPU.
    pub gpu: bool,
    /// Whether it is one in software, which is slower than the CPU.
    pub software: bool,
}

impl DeviceFacts {
    /// What is told of `device`.
    pub fn of(device: &OpenDevice) -> Self {
        Self {
            name: device.name.clone(),
            reason: device.reason.clone(),
            gpu: device.gpu.is_some(),
            software: device.is_software(),
        }
    }
}

/// What is fixed once a run is prepared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Experiment {
    /// As it was asked for.
    pub config: Config,
    /// Frozen networks; empty where the method has none.
    pub sources: Vec<Stack>,
    /// The network to train.
    pub target: Stack,
    /// Candidate pairs; empty where nothing is matched.
    pub pairs: Vec<Pair>,
    /// Which of w and λ are learned; `None` where nothing is matched.
    pub learned: Option<Learned>,
    /// What the virtual steps minimise, in order; empty where φ is not learned.
    pub virtual_steps: Vec<Objective>,
    /// Images in the training, validation and test part.
    pub images: [usize; 3],
    /// Those that the window shows: the first of those in `look`, by the same indices.
    pub shown: Arc<Dataset>,
    /// How a batch goes through memory, in words.
    pub division: String,
    /// Epochs that were done before this sitting.
    pub history: History,
}

impl Experiment {
    /// That of a plan, gone on with from `history`.
    ///
    /// # Errors
    /// [`Error::Stopped`](l2t_core::Error::Stopped), while the images that it is looked at on are drawn.
    pub fn of(plan: &Plan, history: History) -> Result<Self> {
        let model = &plan.learner.model;
        let sources = plan.heard().iter().map(l2t_core::source::Source::layers);
        let rule = plan.learner.meta_rule.as_ref();
        Ok(Self {
            config: plan.config.clone(),
            sources: sources.map(|source| Stack::new(source.name, &source.taps)).collect(),
            target: Stack::new(target_name(plan), model.network.taps()),
            pairs: model.matching.as_ref().map_or_else(Vec::new, |matching| matching.pairs().pairs().to_vec()),
            learned: plan.learner.meta.as_ref().map(l2t_core::meta::MetaNetworks::learned),
            virtual_steps: rule.map_or_else(Vec::new, |rule| rule.scheme.objectives(rule.matching_steps)),
            images: [
                plan.train.len(),
                plan.validation.as_ref().map_or(0, |part| part.len()),
                plan.test.as_ref().map_or(0, TestPart::images),
            ],
            shown: first(images(plan)?)?,
            division: plan.division.words(),
            history,
        })
    }

    /// `block 2 → conv 4`, with the source's name where there are several.
    pub fn pair_name(&self, pair: &Pair) -> String {
        let source = &self.sources[pair.source];
        let layer = &source.layers[pair.source_layer].label;
        let target = &self.target.layers[pair.target_layer].label;
        if self.sources.len() > 1 {
            format!("{} {layer} → {target}", source.name)
        } else {
            format!("{layer} → {target}")
        }
    }
}

/// Enough to look at; a page copies them from its worker.
const SHOWN: usize = 1_000;

/// Bytes of them: 1,000 of 32 pixels a side, 223 of 224.
const SHOWN_BYTES: usize = 32 << 20;

/// The first images, in memory.
fn first(data: &Arc<Dataset>) -> Result<Arc<Dataset>> {
    let most = SHOWN.min(SHOWN_BYTES / (3 * data.height * data.width));
    if data.stored.is_none() && data.len() <= most {
        return Ok(data.clone());
    }
    let indices: Vec<usize> = (0..data.len().min(most)).collect();
    data.decoded(&indices).map(Arc::new)
}
