//! A validated experiment: its data in memory, its networks built, its state initialised.

use std::sync::Arc;

use burn_tensor::{DType, Device, Tensor};

use super::checkpoint::{Checkpoint, Position};
use super::config::{Config, MetaConfig, PairsConfig, Precision, TargetConfig};
use super::estimate::{Estimate, matched};
use super::memory::{Asked, Division, budget};
use super::micro_batch::{Footprint, images_at_once, too_large};
use super::test_part::TestPart;
use super::{outer, reused};
use crate::bilevel::{Adam, AdamState, InnerRule, Learner, LearnerState, MetaRule, MetaSchedule, Moving, Sgd};
use crate::data::{Dataset, Split, world_per_class, world_until};
use crate::error::{Error, Result};
use crate::inputs::Inputs;
use crate::matching::{Matching, PairRule, PairSet, SourceLayers};
use crate::meta::{MetaNetworks, WhereDesign};
use crate::method::at::AttentionTransfer;
use crate::method::fine_tuning::Start;
use crate::method::lwf::Distillation;
use crate::method::{Auxiliary, AuxiliaryKind, SourceUse};
use crate::network::architecture::{Wanted, named};
use crate::network::{Network, ParamLayout, RunningStats};
use crate::objective::{Memory, TargetModel};
use crate::seed::Seed;
use crate::source::{Source, UNTRAINED};
use crate::stop::Stop;

/// Seed of the drawn tasks: they are the same for every run.
pub const TASK_SEED: Seed = Seed(0x5eed);

/// Everything that a run needs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What was asked for.
    pub config: Config,
    /// Its files that are in memory.
    pub inputs: Inputs,
    /// Where it runs.
    pub device: Device,
    /// Name of the device for people.
    pub device_name: String,
    /// Floating-point type of all tensors.
    pub dtype: DType,
    /// Images to learn from.
    pub train: Arc<Dataset>,
    /// Images to choose the best epoch on.
    pub validation: Option<Arc<Dataset>>,
    /// Images to report on.
    pub test: Option<TestPart>,
    /// Images that the meta-objective alone is measured on, where some are held out for it.
    pub outer: Option<Arc<Dataset>>,
    /// Frozen networks; empty where the method has no use for them.
    pub sources: Vec<Source>,
    /// What the target starts with of the first source; only where it is fine-tuned.
    pub start: Option<Start>,
    /// The run that φ is taken from, where it is not learned.
    reused: Option<Checkpoint>,
    /// Networks and rules.
    pub learner: Learner,
    /// How a batch goes through memory.
    pub division: Division,
    /// Bytes of a tensor that a kernel of the device sees; `None` on the CPU, where there is no such limit.
    pub largest_buffer: Option<u64>,
}

impl Plan {
    /// Reads data and weights and builds the networks.
    ///
    /// # Errors
    /// Names the file, key or layer at fault; nothing is written.
    pub fn new(config: Config, device: Device, device_name: String) -> Result<Self> {
        Self::watched(config, device, device_name, |_, _| {})
    }

    /// [`Plan::new`] whose files may be in memory.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn with_inputs(config: Config, inputs: Inputs, device: Device, device_name: String) -> Result<Self> {
        Self::prepare(config, inputs, device, device_name, |_, _| {})
    }

    /// [`Plan::new`] with somebody to hear of progress: images of a part of the data read so far, and all of it.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn watched(
        config: Config,
        device: Device,
        device_name: String,
        watch: impl Fn(usize, usize) + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::prepare(config, Inputs::default(), device, device_name, watch)
    }

    /// [`Plan::watched`] whose files may be in memory, or lie where an earlier run was begun.
    ///
    /// # Errors
    /// As [`Plan::new`], and [`Error::Stopped`] where the inputs are told to end.
    pub fn prepare(
        config: Config,
        inputs: Inputs,
        device: Device,
        device_name: String,
        watch: impl Fn(usize, usize) + Send + Sync + 'static,
    ) -> Result<Self> {
        config.check()?;
        let dtype = dtype(config.train.precision, &device)?;
        let Parts { train, validation, test } = load(&config, &inputs, watch)?;
        inputs.stop().check()?;
        let classes = train.class_names.len();
        let (train, validation) = hold_out(&config, train, validation);
        let (train, outer) = outer::hold_out(&config, train)?;
        if config.train.batch_size > train.len() {
            let reason = format!("{} is more than the {} training images", config.train.batch_size, train.len());
            return Err(Error::config("train.batch_size", reason));
        }
        let uses = config.method.name.recipe().sources;
        let sources = if uses == SourceUse::Nothing { vec![] } else { sources(&config, &inputs, &device, dtype)? };
        refuse_without_logits(&config, &sources)?;
        let network = target(&config, classes)?;
        let start = match uses {
            SourceUse::Start => Some(Start::new(&config.target.network, &network, &sources[0])?),
            SourceUse::Nothing | SourceUse::EveryBatch => None,
        };
        let mut learner = learner(&config, network, &sources)?;
        let reused = reused::run(&config, &learner, &inputs)?;
        let heard = if uses == SourceUse::EveryBatch { &sources[..] } else { &[] };
        let batch = config.train.batch_size;
        let footprint = Footprint::of_training(&learner, heard);
        let one = Tensor::<1>::zeros([1], (&device, dtype));
        let largest_buffer = l2t_shaders::largest_buffer(&one);
        let chunk = images_at_once(batch, config.train.chunk, footprint, largest_buffer).ok_or_else(|| {
            too_large(config.target.width, footprint, largest_buffer, |width| {
                footprint_at(width, &config, classes, &sources, heard).ok()
            })
        })?;
        let budget = budget(largest_buffer.filter(|_| !l2t_shaders::is_in_software(&one)));
        let matched = matched(&learner, heard, largest_buffer.is_none());
        let division = division(&config, &learner, matched, chunk, dtype, budget);
        learner.model.memory = division.memory;
        Ok(Self {
            config,
            inputs,
            device,
            device_name,
            dtype,
            train: Arc::new(train),
            validation: validation.map(Arc::new),
            test,
            outer: outer.map(Arc::new),
            sources,
            start,
            reused,
            learner,
            division,
            largest_buffer,
        })
    }

    /// θ, φ and statistics before the first iteration.
    pub fn initial_state(&self) -> LearnerState {
        let seed = Seed(self.config.seed);
        let model = &self.learner.model;
        let theta = model.layout.upload(model.layout.init(seed, "theta"), &self.device, self.dtype);
        let phi = match (&self.reused, &self.learner.meta) {
            (Some(run), _) => run.phi(&self.device, self.dtype).expect("its length was compared"),
            (None, Some(meta)) => meta.layout().upload(meta.layout().init(seed, "phi"), &self.device, self.dtype),
            // A run that matches nothing has no φ; one unused entry stands for it.
            (None, None) => Tensor::zeros([1], (&self.device, self.dtype)),
        };
        let (theta, running) = match &self.start {
            Some(start) => (start.theta(theta, &self.sources[0]), self.sources[0].state.running.clone()),
            None => (theta, RunningStats::new(&model.network, &self.device, self.dtype)),
        };
        LearnerState { target: Moving::at_rest(theta), running, meta: AdamState::new(phi) }
    }

    /// The sources that are evaluated at every batch.
    pub fn heard(&self) -> &[Source] {
        if self.config.method.name.recipe().sources == SourceUse::EveryBatch { &self.sources } else { &[] }
    }

    /// Whether those are asked for their logits.
    pub fn needs_logits(&self) -> bool {
        self.config.method.name.recipe().auxiliary.contains(&AuxiliaryKind::Distillation)
    }

    /// Epochs of a θ that is thrown away; none where no φ is learned.
    fn warm_up(&self) -> usize {
        if self.learner.meta_rule.is_some() { self.config.meta.warm_up } else { 0 }
    }

    /// What the epoch at `position` starts from: `state`, but for θ, which begins anew behind the warm-up of φ.
    pub(super) fn begun(&self, state: LearnerState, position: &Position) -> LearnerState {
        let warm_up = self.warm_up();
        if warm_up == 0 || (position.epoch, position.iteration) != (warm_up, 0) {
            return state;
        }
        LearnerState { meta: state.meta, ..self.initial_state() }
    }

    /// The rule of the ordinary step in `epoch` (0-based): the rate follows half a cosine from `train.lr` to zero, behind the
    /// warm-up of φ.
    pub fn sgd(&self, epoch: usize) -> Sgd {
        let (train, warm_up) = (&self.config.train, self.warm_up());
        let done = epoch.saturating_sub(warm_up) as f64 / (train.epochs - warm_up) as f64;
        let phase = std::f64::consts::PI * done;
        Sgd { lr: train.lr * 0.5 * (1.0 + phase.cos()), momentum: train.momentum, weight_decay: train.weight_decay }
    }

    /// The learner with the rules of `epoch`: the virtual steps follow the ordinary step's rate unless told otherwise.
    pub fn learner_at(&self, epoch: usize) -> Learner {
        let mut learner = self.learner.clone();
        if let Some(rule) = &mut learner.meta_rule {
            let outer = self.sgd(epoch);
            let lr = if self.config.meta.inner_lr > 0.0 { self.config.meta.inner_lr } else { outer.lr };
            rule.inner = self.config.meta.rule.sgd(lr, &outer);
            if self.config.meta.schedule == MetaSchedule::Cosine {
                rule.adam.lr *= outer.lr / self.config.train.lr;
            }
        }
        if self.transfers_in(epoch) {
            return learner;
        }
        // θ keeps its layout; what only matching reads of it rests.
        let model = TargetModel { matching: None, auxiliary: vec![], ..learner.model };
        Learner { model, meta: None, meta_rule: None }
    }

    /// Whether the sources are listened to in `epoch` (0-based), if they are at all.
    fn transfers_in(&self, epoch: usize) -> bool {
        is_among(epoch, self.config.method.epochs)
    }

    /// Whether the iteration at `position`, of `iterations` in an epoch, takes a step on φ, if φ is learned at all.
    pub(super) fn learns_at(&self, iterations: usize, position: &Position) -> bool {
        let meta = &self.config.meta;
        let goes_on = is_among(position.epoch, meta.epochs);
        goes_on && self.transfers_in(position.epoch) && position.iterations_done(iterations).is_multiple_of(meta.every)
    }

    /// What ends all that is done with it.
    pub fn stop(&self) -> &Stop {
        self.inputs.stop()
    }

    /// What is worth knowing of the images: what was left out, guessed and converted, each once.
    pub fn data_notes(&self) -> Vec<String> {
        let mut notes = self.train.notes.clone();
        let validation = self.validation.iter().flat_map(|part| &part.notes).map(|note| ("validation", note));
        let test = self.test.iter().flat_map(TestPart::notes).map(|note| ("test", note));
        // Parts that were held out of the training part have its notes.
        let others = validation.chain(test).filter(|(_, note)| !self.train.notes.contains(note));
        notes.extend(others.map(|(part, note)| format!("{part}: {note}")));
        notes
    }

    /// The folder that the relative paths of the configuration are meant from; `None` where it has none.
    pub fn begun_in(&self) -> Option<String> {
        let is_relative = |path: &str| !path.starts_with('~') && std::path::Path::new(path).is_relative();
        let on_disk =
            |weights: &str| matches!(crate::embedded::file(weights), Ok(None)) && !weights.starts_with(UNTRAINED);
        let data = self.config.data.path.iter().map(String::as_str);
        let weights = self.config.sources.iter().map(|source| &source.weights[..]).filter(|weights| on_disk(weights));
        let phi = self.config.method.phi.iter().map(String::as_str);
        if !data.chain(weights).chain(phi).any(|path| is_relative(path) && !self.inputs.has(path)) {
            return None;
        }
        self.inputs.folder().map(String::from).or_else(working_folder)
    }

    /// The matched layers of every source.
    pub fn source_layers(&self) -> Vec<SourceLayers> {
        self.sources.iter().map(Source::layers).collect()
    }
}

#[cfg(not(target_family = "wasm"))]
fn working_folder() -> Option<String> {
    std::env::current_dir().ok()?.into_os_string().into_string().ok()
}

/// A page has none.
#[cfg(target_family = "wasm")]
fn working_folder() -> Option<String> {
    None
}

fn dtype(precision: Precision, device: &Device) -> Result<DType> {
    let dtype = match precision {
        Precision::F32 => DType::F32,
        Precision::F64 => DType::F64,
    };
    if dtype == DType::F64 && *device != Device::flex() {
        return Err(Error::config("train.precision", "f64 needs --device cpu"));
    }
    Ok(dtype)
}

/// The data of an experiment; of the training part the chosen images per class.
struct Parts {
    train: Dataset,
    validation: Option<Dataset>,
    test: Option<TestPart>,
}

fn load(config: &Config, inputs: &Inputs, watch: impl Fn(usize, usize) + Send + Sync + 'static) -> Result<Parts> {
    let (seed, stop) = (Seed(config.seed), inputs.stop());
    let Some(path) = &config.data.path else {
        let task = config.world();
        task.check().map_err(|e| renamed(e, "", "data."))?;
        return Ok(Parts {
            // Of a large pool only those that are chosen are drawn.
            train: match config.data.per_class {
                0 => world_until(&task, Split::Train, TASK_SEED, stop)?,
                n => world_per_class(&task, Split::Train, TASK_SEED, n, seed, stop)?,
            },
            validation: match config.data.validation > 0.0 {
                true => Some(world_until(&task, Split::Validation, TASK_SEED, stop)?),
                false => None,
            },
            test: Some(TestPart::of_world(task, TASK_SEED)),
        });
    };
    let mut splits = inputs.data(path)?.watched(watch).load_parts(&config.loading())?;
    if config.data.per_class > 0 {
        splits.train = splits.train_per_class(config.data.per_class, seed)?;
    }
    Ok(Parts { train: splits.train, validation: splits.validation, test: splits.test.map(TestPart::read) })
}

/// The training part, less what is held out for validation where the data set brings none.
fn hold_out(config: &Config, train: Dataset, validation: Option<Dataset>) -> (Dataset, Option<Dataset>) {
    if validation.is_some() || config.data.validation == 0.0 {
        return (train, validation);
    }
    let (rest, held_out) = train.stratified_split(config.data.validation, Seed(config.seed));
    (rest, (!held_out.is_empty()).then_some(held_out))
}

fn sources(config: &Config, inputs: &Inputs, device: &Device, dtype: DType) -> Result<Vec<Source>> {
    config
        .sources
        .iter()
        .enumerate()
        .map(|(nth, source)| {
            let weights = inputs.weights(&source.weights)?.trained_with(source.mean, source.std);
            let source = Source::new(&weights, source.layers.as_deref(), config.data.size, device, dtype);
            source.map_err(|e| renamed(e, "layers", &format!("sources[{nth}].layers")))
        })
        .collect()
}

/// A method that learns from logits needs sources that have some.
fn refuse_without_logits(config: &Config, sources: &[Source]) -> Result<()> {
    let method = config.method.name;
    let headless = sources.iter().position(|source| !source.network.has_classifier());
    let Some(nth) = headless.filter(|_| method.recipe().auxiliary.contains(&AuxiliaryKind::Distillation)) else {
        return Ok(());
    };
    let (weights, name) = (&config.sources[nth].weights, method.name());
    let reason = format!(
        "{weights} has no classifier, and {name} learns from the logits of one: take weights with their last layer, or a method that matches layers"
    );
    Err(Error::config(format!("sources[{nth}].weights"), reason))
}

/// The same error with `from` at the start of its key replaced: what read a part does not know where the part stands.
fn renamed(error: Error, from: &str, to: &str) -> Error {
    match error {
        Error::Config { key, reason } => match key.strip_prefix(from) {
            Some(rest) => Error::config(format!("{to}{rest}"), reason),
            None => Error::Config { key, reason },
        },
        other => other,
    }
}

fn target(config: &Config, classes: usize) -> Result<Network> {
    let TargetConfig { network, width } = &config.target;
    named(&Wanted { name: network, width: *width, classes, size: config.data.size })?.build()
}

/// Whether `epoch` (0-based) is among the first `epochs`, where 0 stands for all.
fn is_among(epoch: usize, epochs: usize) -> bool {
    epochs == 0 || epoch < epochs
}

/// How a batch goes through memory, of which an iteration may take `budget` bytes.
fn division(config: &Config, learner: &Learner, matched: usize, chunk: usize, dtype: DType, budget: u64) -> Division {
    let train = &config.train;
    let estimate = Estimate {
        model: &learner.model,
        rule: learner.meta_rule.as_ref(),
        matched,
        phi: learner.meta.as_ref().map_or(0, |meta| meta.layout().len()),
        batch: train.batch_size,
        dtype,
    };
    let asked = Asked {
        batch: train.batch_size,
        part: train.micro_batch,
        chunk,
        recompute: train.recompute,
        budget,
        fixed: estimate.fixed(),
    };
    asked.divide(|part, memory| estimate.bytes(part, memory))
}

/// What kernels are given, were the target of another `width`.
fn footprint_at(
    width: f64,
    config: &Config,
    classes: usize,
    sources: &[Source],
    heard: &[Source],
) -> Result<Footprint> {
    let mut config = config.clone();
    config.target.width = width;
    let learner = learner(&config, target(&config, classes)?, sources)?;
    Ok(Footprint::of_training(&learner, heard))
}

fn learner(config: &Config, network: Network, sources: &[Source]) -> Result<Learner> {
    // What a device holds decides, see `Plan::prepare`.
    let memory = Memory::default();
    let mut layout: ParamLayout = network.layout().clone();
    let recipe = config.method.name.recipe();
    let layers: Vec<SourceLayers> = sources.iter().map(Source::layers).collect();
    let pairs = recipe.pairs.map(|rule| pairs(config, rule, &layers, &network)).transpose()?;
    let auxiliary =
        recipe.auxiliary.iter().map(|kind| auxiliary(*kind, config, &network, sources, pairs.as_ref(), &mut layout));
    let auxiliary = auxiliary.collect();
    let (Some(learned), Some(pairs)) = (recipe.learned, pairs) else {
        let model = TargetModel { network, matching: None, auxiliary, layout, memory };
        return Ok(Learner { model, meta: None, meta_rule: None });
    };
    let inner_beta = config.meta.inner_beta.factor(config.meta.rule, config.method.beta);
    let matching = Matching::new(pairs, &layers, &network, config.method.beta, &mut layout).with_inner_beta(inner_beta);
    let MetaConfig { where_start: start, where_total: total, where_per: per, .. } = config.meta;
    let meta = MetaNetworks::designed(matching.source_channels(), learned, WhereDesign { start, total, per })
        .reading(&matching.pooled_columns(), matching.segments().clone());
    let rate = |own: f64| if own > 0.0 { own / config.meta.lr } else { 1.0 };
    let meta_rule = config.learns_phi().then(|| MetaRule {
        scheme: config.meta.scheme,
        matching_steps: config.meta.matching_steps,
        // The rate of an epoch is set by `Plan::learner_at`.
        inner: InnerRule::Paper.sgd(config.train.lr, &Sgd { lr: 0.0, momentum: 0.0, weight_decay: 0.0 }),
        adam: Adam::new(config.meta.lr, config.meta.weight_decay),
        rates: [rate(config.meta.what_lr), rate(config.meta.where_lr)],
        method: config.meta.hypergradient,
    });
    let model = TargetModel { network, matching: Some(matching), auxiliary, layout, memory };
    Ok(Learner { model, meta: Some(meta), meta_rule })
}

/// The pairs that were asked for, or those of `default`.
fn pairs(config: &Config, default: PairRule, layers: &[SourceLayers], network: &Network) -> Result<PairSet> {
    let pairs = match &config.method.pairs {
        None => PairSet::from_rule(default, layers, network.taps())?,
        Some(PairsConfig::Rule(rule)) => PairSet::from_rule(*rule, layers, network.taps())?,
        Some(PairsConfig::List(pairs)) => {
            PairSet::new(pairs.clone(), layers, network.taps()).map_err(|e| renamed(e, "pairs", "method.pairs"))?
        }
    };
    if pairs.is_empty() {
        return Err(Error::config("method.pairs", "no pair is left to match"));
    }
    Ok(pairs)
}

fn auxiliary(
    kind: AuxiliaryKind,
    config: &Config,
    network: &Network,
    sources: &[Source],
    pairs: Option<&PairSet>,
    layout: &mut ParamLayout,
) -> Arc<dyn Auxiliary> {
    let method = &config.method;
    match kind {
        AuxiliaryKind::Distillation => {
            let classes = sources.iter().map(|source| source.network.classes());
            Arc::new(Distillation::new(classes, network, method.distillation, method.temperature, layout))
        }
        AuxiliaryKind::Attention => {
            let pairs = pairs.expect("a method with attention maps has pairs").clone();
            Arc::new(AttentionTransfer::new(pairs, network, method.attention))
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
