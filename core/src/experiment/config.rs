//! A complete experiment as one TOML file. Every key has a default with its reason, and can be set on the command line.

use serde::{Deserialize, Serialize};

use super::memory::Recompute;
use crate::bilevel::{HypergradientMethod, InnerBeta, InnerRule, MeasuredOn, MetaSchedule, Scheme};
use crate::data::{Loading, WorldConfig, WorldTask};
use crate::error::{Error, Result};
use crate::matching::{Pair, PairRule};
use crate::meta::{WherePer, WhereStart, WhereTotal};
pub use crate::method::Method;
use crate::method::{SourceUse, at, lwf};
use crate::seed::Seed;

/// Everything that decides a run, besides the device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Root of all randomness but `data.split_seed`'s: initial weights, the choice of images, their order, their augmentation.
    pub seed: u64,
    /// The target task.
    pub data: DataConfig,
    /// Frozen networks to transfer from.
    pub sources: Vec<SourceConfig>,
    /// The network to train.
    pub target: TargetConfig,
    /// What is transferred.
    pub method: MethodConfig,
    /// How θ is trained.
    pub train: TrainConfig,
    /// How φ is trained.
    pub meta: MetaConfig,
}

/// The target task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A folder or zip in any of the known layouts; without it the built-in world is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Which task of the built-in world, where there is no path: `things`, `materials` (to train sources on),
    /// `fine-grained`, `texture`, `shifted`, `unrelated`.
    pub synthetic: WorldTask,
    /// Side in pixels that images are seen at: 32 in the paper's small-image experiments, 224 in its others.
    pub size: usize,
    /// What is seen of a picture: all of it, brought to `size` whatever its shape (`stretched`), or parts of it in its own shape
    /// (`cropped`, as for ImageNet): in training by lot 8 to 100 % of its area, otherwise its middle, its shorter side brought
    /// to 8/7 of `size` before.
    pub view: PictureView,
    /// MiB of decoded pictures that are kept where they are `cropped`; the others are decoded again when their turn comes.
    pub memory: usize,
    /// Images of each class to learn from, chosen by the seed; 0 takes all.
    pub per_class: usize,
    /// Share of those held out to choose the best epoch: the paper's 10 %. The built-in world draws validation images
    /// besides them instead, 20 a class, because 10 % of 20 chooses nothing; 0 still turns them off.
    pub validation: f64,
    /// Which images of a folder without a test part are held out to measure on, a fifth of each class. Apart from the run's
    /// seed, so that runs of several seeds are measured on the same images.
    pub split_seed: u64,
    /// Zeros around the image before a random crop; 0 turns augmentation off. The paper's small images have 4. For pictures that
    /// are `cropped` any number but 0 turns random crops and mirroring on.
    pub augment: usize,
}

/// What is seen of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PictureView {
    /// All of it, whatever its shape.
    Stretched,
    /// A part of it, in its own shape.
    Cropped,
}

/// A frozen network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// A `.safetensors` or PyTorch file, or `embedded` (see `embedded.rs` for the names of others).
    pub weights: String,
    /// Which taps are matched; without it the last block of each group (4, 9, 14 of ResNet-32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<usize>>,
    /// Mean of red, green and blue, on the scale 0-1, of the images that it was trained on, where its file does not say:
    /// without it ImageNet's, 0.485, 0.456, 0.406.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<[f64; 3]>,
    /// Their standard deviation, likewise: without it 0.229, 0.224, 0.225.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<[f64; 3]>,
}

/// The network to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetConfig {
    /// `vgg9`; `resnet8`, `resnet14`, `resnet20`, … (6 n + 2) for small images; `resnet18`, `resnet34` or, by the blocks of
    /// each group, `resnet-2-1-1-1` for large ones.
    pub network: String,
    /// Factor on the channels of VGG-9 and of the ResNets for large images; the paper's is 1.
    pub width: f64,
}

/// What is transferred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodConfig {
    /// Which method.
    pub name: Method,
    /// Candidate pairs: a rule, or a list of `{ source = 0, source_layer = 2, target_layer = 3 }`. Without it the
    /// paper's for the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<PairsConfig>,
    /// β, the factor on L_wfm in L_total. The paper gives no value; 0.5 is the authors' code's. Whether the virtual matching
    /// steps have it too says `meta.inner_beta`.
    pub beta: f64,
    /// Epochs in which the sources are listened to, from the first; behind them L_org alone is minimised, as in early-stopped
    /// distillation (Cho and Hariharan, 2019). 0 stands for all, as in the paper.
    pub epochs: usize,
    /// A run, or a checkpoint, whose φ is used as it stands: what and where to match as another task taught it, for the price of
    /// feature matching. Without it φ is learned, as in the paper. A method that learns no φ has no use for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phi: Option<String>,
    /// λ_o, LwF's factor on the distillation loss: 1, as Li and Hoiem chose.
    pub distillation: f64,
    /// τ, which softens the predictions that LwF compares: 2, as Li and Hoiem chose.
    pub temperature: f64,
    /// β_AT, AT's factor on the mean squared difference of attention maps: 1000, as Zagoruyko and Komodakis chose.
    pub attention: f64,
}

/// A rule or a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "neither single, one-to-one, all-to-all nor a list like [{ source_layer = 0, target_layer = 1 }]"
)]
pub enum PairsConfig {
    /// `single`, `one-to-one` or `all-to-all`.
    Rule(PairRule),
    /// Chosen by hand.
    List(Vec<Pair>),
}

/// How θ is trained: SGD with momentum and weight decay, the rate annealed to zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Images per step; 128 in the paper for small images.
    pub batch_size: usize,
    /// What becomes of the images that are left at the end of an epoch and are fewer than a batch: other ones in every epoch are
    /// left out (`dropped`), or they are a step of their own (`kept`), as in the authors' code, unless it is a single one.
    pub last_batch: LastBatch,
    /// Images of a part of a batch: losses and derivatives of the parts are averaged, and batch normalisation sees one part at
    /// a time. 0 takes the whole batch, or as much of it as the memory holds.
    pub micro_batch: usize,
    /// Images that a kernel sees at once: a part is taken in chunks of so many. The numbers are the same. 0 takes as many as
    /// the device's buffers hold.
    pub chunk: usize,
    /// Whether the reverse pass keeps the values of every virtual step (`never`), or evaluates them again (`always`), which
    /// takes less memory and more time: 34 instead of 29 forward passes an iteration; or every pass evaluates its values
    /// again, a group of nodes at a time (`groups`): least memory, about 44 forward passes. `auto` takes the first of them
    /// that fits into half of the machine's free memory, or of a GPU into twice what it lets a kernel see at once. The
    /// numbers are the same.
    pub recompute: Recompute,
    /// Passes over the data; 200 in the paper.
    pub epochs: usize,
    /// Learning rate of the first epoch, 0.1 in the paper; follows half a cosine to zero over the epochs.
    pub lr: f64,
    /// 0.9 in the paper.
    pub momentum: f64,
    /// 1e-4 in the paper.
    pub weight_decay: f64,
    /// `f32`, or `f64` on the CPU device to tell rounding from error.
    pub precision: Precision,
}

/// What becomes of the images at the end of an epoch that are fewer than a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LastBatch {
    /// They are left out.
    Dropped,
    /// They are a smaller batch.
    Kept,
}

/// Floating-point type of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision: what GPUs do.
    F32,
    /// Double precision, on the CPU device only.
    F64,
}

/// How φ is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetaConfig {
    /// T, the virtual matching steps; 2 in the paper.
    pub matching_steps: usize,
    /// α, the rate of the virtual steps. 0 stands for the present rate of the ordinary step, as in the authors' code.
    pub inner_lr: f64,
    /// The virtual steps: plain gradient descent, as in the paper's equations (`paper`), or with momentum and weight decay,
    /// as in the authors' code (`authors`).
    pub rule: InnerRule,
    /// β on L_wfm in the virtual matching steps: `auto` keeps it under `authors`, as their code does, and leaves it out
    /// under `paper`, whose equations have none; `kept` and `left-out` say so for either rule.
    pub inner_beta: InnerBeta,
    /// The paper's three stages, or the standard two.
    pub scheme: Scheme,
    /// How the hypergradient is computed.
    pub hypergradient: HypergradientMethod,
    /// Adam's rate on φ, 1e-4 in the paper.
    pub lr: f64,
    /// That of f (what) alone; 0 stands for `meta.lr`.
    pub what_lr: f64,
    /// That of g (where) alone; 0 stands for `meta.lr`.
    pub where_lr: f64,
    /// Whether those rates stay (`constant`, as in the paper) or follow half a cosine to zero (`cosine`).
    pub schedule: MetaSchedule,
    /// Added to φ's gradient, 1e-4 in the paper.
    pub weight_decay: f64,
    /// Iterations from one step on φ to the next; 1 in the paper.
    pub every: usize,
    /// Epochs in which φ is learned, from the first; it then stays as it is, and an iteration costs what it does without.
    /// 0 stands for all, as in the paper.
    pub epochs: usize,
    /// Epochs, of all `train.epochs`, behind which θ begins anew and φ does not: what φ learned on a θ that is thrown away is
    /// there from the first step of the one that counts, as an architecture is in DARTS (Liu et al., 2019). The rate of θ
    /// stays at `train.lr` during them. 0 in the paper.
    pub warm_up: usize,
    /// The images that L_org is measured on behind the virtual steps: those of the steps, as in the paper (`same-batch`),
    /// another batch of the training images (`other-batch`), or of images that θ is not trained on (`held-out`).
    pub measured_on: MeasuredOn,
    /// The share of the training images of each class that is held out for that, with `held-out` alone.
    pub held_out: f64,
    /// Images of a batch that L_org is measured on where they are not those of the steps; 0 stands for `train.batch_size`.
    /// More of them make the hypergradient less noisy, for 3 forward passes of each.
    pub outer_batch: usize,
    /// How g begins: with weights drawn at random, as in the authors' code (`random`), or with every λ at 1 (`even`).
    pub where_start: WhereStart,
    /// Whether every λ is for itself, as in the paper (`free`), or those of an image add up to the number of pairs
    /// (`constant`).
    pub where_total: WhereTotal,
    /// Whether g gives every image and pair a λ, as in the paper (`image`), or one to each pair (`pair`) or to all of them
    /// (`all`), whatever the image.
    pub where_per: WherePer,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            data: DataConfig::default(),
            sources: vec![SourceConfig { weights: "embedded".into(), layers: None, mean: None, std: None }],
            target: TargetConfig::default(),
            method: MethodConfig::default(),
            train: TrainConfig::default(),
            meta: MetaConfig::default(),
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            path: None,
            synthetic: WorldTask::FineGrained,
            size: 32,
            view: PictureView::Stretched,
            memory: 1024,
            per_class: 0,
            validation: 0.1,
            split_seed: 0,
            augment: 4,
        }
    }
}

impl Default for TargetConfig {
    fn default() -> Self {
        Self { network: "vgg9".into(), width: 1.0 }
    }
}

impl Default for MethodConfig {
    fn default() -> Self {
        Self {
            name: Method::L2tWw,
            pairs: None,
            beta: 0.5,
            epochs: 0,
            phi: None,
            distillation: lwf::WEIGHT,
            temperature: lwf::TEMPERATURE,
            attention: at::WEIGHT,
        }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            batch_size: 128,
            last_batch: LastBatch::Dropped,
            micro_batch: 0,
            chunk: 0,
            recompute: Recompute::Auto,
            epochs: 200,
            lr: 0.1,
            momentum: 0.9,
            weight_decay: 1e-4,
            precision: Precision::F32,
        }
    }
}

impl Default for MetaConfig {
    fn default() -> Self {
        Self {
            matching_steps: 2,
            inner_lr: 0.0,
            rule: InnerRule::Authors,
            inner_beta: InnerBeta::Auto,
            scheme: Scheme::ThreeStage,
            hypergradient: HypergradientMethod::Exact,
            lr: 1e-4,
            what_lr: 0.0,
            where_lr: 0.0,
            schedule: MetaSchedule::Constant,
            weight_decay: 1e-4,
            every: 1,
            epochs: 0,
            warm_up: 0,
            measured_on: MeasuredOn::SameBatch,
            held_out: 0.2,
            outer_batch: 0,
            where_start: WhereStart::Random,
            where_total: WhereTotal::Free,
            where_per: WherePer::Image,
        }
    }
}

/// Embedded experiments by name.
pub const PRESETS: [(&str, &str); 15] = [
    ("bench", include_str!("../../presets/bench.toml")),
    ("demo", include_str!("../../presets/demo.toml")),
    ("demo-early", include_str!("../../presets/demo-early.toml")),
    ("source", include_str!("../../presets/source.toml")),
    ("source-resnet32", include_str!("../../presets/source-resnet32.toml")),
    ("source-textures", include_str!("../../presets/source-textures.toml")),
    ("cifar10-50", include_str!("../../presets/cifar10-50.toml")),
    ("paper-cifar10", include_str!("../../presets/paper-cifar10.toml")),
    ("cub200", include_str!("../../presets/cub200.toml")),
    ("dogs", include_str!("../../presets/dogs.toml")),
    ("mit67", include_str!("../../presets/mit67.toml")),
    ("stanford40", include_str!("../../presets/stanford40.toml")),
    ("demo-large", include_str!("../../presets/demo-large.toml")),
    ("source-resnet10", include_str!("../../presets/source-resnet10.toml")),
    ("bench-photographs", include_str!("../../presets/bench-photographs.toml")),
];

impl Config {
    /// The embedded experiment called `name`.
    ///
    /// # Errors
    /// Lists the names there are.
    pub fn preset(name: &str, changes: &[String]) -> Result<Self> {
        match PRESETS.iter().find(|(preset, _)| *preset == name) {
            Some((_, text)) => Self::from_toml(text, changes),
            None => {
                let names: Vec<_> = PRESETS.iter().map(|(preset, _)| *preset).collect();
                Err(Error::config("--preset", format!("{name} is none of {}", names.join(", "))))
            }
        }
    }

    /// Reads TOML `text` with `changes` of the form `key=value` on top, and checks every value. `key=` takes a key away.
    ///
    /// # Errors
    /// Names the key.
    pub fn from_toml(text: &str, changes: &[String]) -> Result<Self> {
        let mut table = parse(text)?;
        for change in changes {
            set(&mut table, change)?;
        }
        let config = read(table)?;
        config.check()?;
        Ok(config)
    }

    /// The whole experiment as TOML, defaults included.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a configuration is plain data")
    }

    /// Checks what can be checked without data or networks.
    ///
    /// # Errors
    /// Names the key.
    pub fn check(&self) -> Result<()> {
        let positive = |key: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(Error::config(key, format!("{value} is not positive")))
            }
        };
        let not_negative = |key: &str, value: f64| {
            if value >= 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(Error::config(key, format!("{value} is negative or no number")))
            }
        };
        positive("train.lr", self.train.lr)?;
        positive("target.width", self.target.width)?;
        if self.target.width > 16.0 {
            return Err(Error::config("target.width", format!("{} is more than 16", self.target.width)));
        }
        positive("meta.lr", self.meta.lr)?;
        positive("method.temperature", self.method.temperature)?;
        for (key, value) in [
            ("method.beta", self.method.beta),
            ("method.distillation", self.method.distillation),
            ("method.attention", self.method.attention),
            ("train.momentum", self.train.momentum),
            ("train.weight_decay", self.train.weight_decay),
            ("meta.inner_lr", self.meta.inner_lr),
            ("meta.what_lr", self.meta.what_lr),
            ("meta.where_lr", self.meta.where_lr),
            ("meta.weight_decay", self.meta.weight_decay),
        ] {
            not_negative(key, value)?;
        }
        self.check_names()?;
        if !(0.0..1.0).contains(&self.data.validation) {
            return Err(Error::config("data.validation", format!("{} is not in 0 to 1", self.data.validation)));
        }
        if !(1..=1024).contains(&self.data.size) {
            return Err(Error::config("data.size", format!("{} is not in 1 to 1024", self.data.size)));
        }
        if self.data.memory > MOST_MEMORY {
            return Err(Error::config("data.memory", format!("{} MiB is more than {MOST_MEMORY}", self.data.memory)));
        }
        if self.data.augment >= self.data.size {
            let reason = format!("a border of {} does not suit images of {} pixels", self.data.augment, self.data.size);
            return Err(Error::config("data.augment", reason));
        }
        if self.train.batch_size == 0 {
            return Err(Error::config("train.batch_size", "0 images make no step"));
        }
        if self.train.epochs == 0 {
            return Err(Error::config("train.epochs", "0 epochs train nothing"));
        }
        if self.meta.every == 0 {
            return Err(Error::config(
                "meta.every",
                "0 iterations do not come between two steps; 1 is every iteration",
            ));
        }
        if !(self.meta.held_out > 0.0 && self.meta.held_out < 1.0) {
            return Err(Error::config("meta.held_out", format!("{} is not between 0 and 1", self.meta.held_out)));
        }
        if self.meta.warm_up >= self.train.epochs && self.meta.warm_up > 0 {
            let reason = format!("{} of {} epochs leave none to train in", self.meta.warm_up, self.train.epochs);
            return Err(Error::config("meta.warm_up", reason));
        }
        if self.meta.matching_steps > 64 {
            return Err(Error::config("meta.matching_steps", "more than 64 virtual steps do not fit in memory"));
        }
        self.check_method()
    }

    /// Checks that every path has a name.
    fn check_names(&self) -> Result<()> {
        if self.data.path.as_ref().is_some_and(|path| path.trim().is_empty()) {
            return Err(Error::config(
                "data.path",
                "is empty; leave it out for the built-in images (--set data.path=)",
            ));
        }
        if self.method.phi.as_ref().is_some_and(|path| path.trim().is_empty()) {
            return Err(Error::config("method.phi", "is empty; leave it out to learn φ (--set method.phi=)"));
        }
        match self.sources.iter().position(|source| source.weights.trim().is_empty()) {
            Some(nth) => Err(Error::config(format!("sources[{nth}].weights"), "is empty; name a file, or embedded")),
            None => Ok(()),
        }
    }

    /// Checks that what is given suits the method.
    fn check_method(&self) -> Result<()> {
        let recipe = self.method.name.recipe();
        let count = self.sources.len();
        if recipe.sources != SourceUse::Nothing && count == 0 {
            return Err(Error::config("sources", format!("{} needs at least one source", recipe.name)));
        }
        if recipe.sources == SourceUse::Start && count > 1 {
            let reason = format!("{} starts from one source; there are {count}", recipe.name);
            return Err(Error::config("sources", reason));
        }
        if recipe.pairs.is_none() && self.method.pairs.is_some() {
            return Err(Error::config("method.pairs", format!("{} has no pairs of layers; leave it out", recipe.name)));
        }
        Ok(())
    }

    /// Whether steps on φ are taken.
    pub fn learns_phi(&self) -> bool {
        self.method.name.recipe().learns_phi() && self.method.phi.is_none()
    }

    /// Uses φ of the run at `path`, which was learned as `taught` says, in the settings that give it its meaning.
    pub fn use_phi_of(&mut self, taught: &Self, path: &str) {
        self.method.phi = Some(path.into());
        (self.method.name, self.method.pairs) = (taught.method.name, taught.method.pairs.clone());
        (self.meta.where_per, self.meta.where_total) = (taught.meta.where_per, taught.meta.where_total);
    }

    /// What the drawn task is called in a configuration.
    pub(super) fn synthetic_name(&self) -> String {
        name_of(self.data.synthetic)
    }

    /// How the images of a path are loaded.
    pub fn loading(&self) -> Loading {
        let mebibytes = if cfg!(target_family = "wasm") { self.data.memory.min(512) } else { self.data.memory };
        Loading {
            size: self.data.size,
            cropped: self.data.view == PictureView::Cropped,
            memory: (mebibytes as u64) << 20,
            split_seed: Seed(self.data.split_seed),
            authors_validation: self.data.validation > 0.0,
        }
    }

    /// The task of the built-in world that this experiment learns, where it has no path. Its seed is apart from the
    /// run's: the task is the same for every run, and the run's seed chooses among at least 100 images of each class.
    pub fn world(&self) -> WorldConfig {
        let (task, size) = (self.data.synthetic, self.data.size);
        let pool = if task.is_source() { SOURCE_PER_CLASS } else { TARGET_PER_CLASS };
        let train_per_class = if self.data.per_class == 0 { pool } else { self.data.per_class.max(TARGET_PER_CLASS) };
        let test_per_class = if task.is_source() { 50 } else { WorldConfig::default().test_per_class };
        WorldConfig { task, size, train_per_class, test_per_class, ..WorldConfig::default() }
    }
}

/// What a choice is called in a configuration.
pub(super) fn name_of(choice: impl Serialize) -> String {
    let value = toml::Value::try_from(choice).expect("a name");
    value.as_str().unwrap_or_default().to_owned()
}

/// MiB that no machine has.
const MOST_MEMORY: usize = 1 << 24;

/// Images of each class of a built-in source task: plenty for a small network.
const SOURCE_PER_CLASS: usize = 500;

/// Images of each class of a built-in target task, from which `data.per_class` are chosen.
const TARGET_PER_CLASS: usize = 100;

/// Reads TOML; an error names its line.
pub(super) fn parse(text: &str) -> Result<toml::Table> {
    // What an editor puts in front of UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.parse().map_err(|e: toml::de::Error| {
        let line = line_of(text, &e);
        let place = line.map_or("configuration".into(), |(number, _)| format!("line {number}"));
        let hint =
            if line.is_some_and(|(_, line)| line.contains('"') && line.contains('\\')) { BACKSLASHES } else { "" };
        Error::config(place, format!("{}{hint}", e.message().replace('\n', ", ")))
    })
}

/// What to know about paths of Windows.
const BACKSLASHES: &str = "; a \\ in double quotes begins an escape: single quotes keep it";

/// Number and text of the line where the error is.
fn line_of<'a>(text: &'a str, error: &toml::de::Error) -> Option<(usize, &'a str)> {
    let start = error.span()?.start;
    let number = text.get(..start)?.matches('\n').count();
    Some((number + 1, text.lines().nth(number).unwrap_or_default()))
}

/// Reads what [`parse`] gave; an error names its key.
fn read(table: toml::Table) -> Result<Config> {
    serde_path_to_error::deserialize(toml::Value::Table(table))
        .map_err(|e| Error::config(e.path().to_string(), e.inner().message()))
}

/// More parts than any key has.
const DEEPEST: usize = 16;

/// Applies `a.b.c=value`; a number as a part indexes a list. Value is TOML or, failing that, a string. Without a value
/// the key is taken away, so that its default counts.
fn set(table: &mut toml::Table, change: &str) -> Result<()> {
    let Some((key, text)) = change.split_once('=') else {
        return Err(Error::config("--set", format!("{change} is not of the form key=value")));
    };
    if key.split('.').any(str::is_empty) {
        return Err(Error::config("--set", format!("{change} names no key")));
    }
    // Tables in tables are read and dropped by recursion.
    if key.split('.').count() > DEEPEST {
        let start: Vec<&str> = key.split('.').take(DEEPEST).collect();
        return Err(Error::config(format!("{}…", start.join(".")), "is nested deeper than any key"));
    }
    if text.is_empty() {
        // A key that nobody knows must not pass because it is not there.
        let mut probe = table.clone();
        if put(&mut probe, key, toml::Value::Boolean(true)).is_ok()
            && let Err(Error::Config { key, reason }) = read(probe)
            && reason.starts_with("unknown field")
        {
            return Err(Error::Config { key, reason });
        }
        return take(table, key);
    }
    put(table, key, value(key, text))
}

/// The value that stands behind `key=`.
fn value(key: &str, text: &str) -> toml::Value {
    let parsed = format!("v = {text}").parse::<toml::Table>().ok().filter(|parsed| parsed.len() == 1);
    match parsed.and_then(|mut parsed| parsed.remove("v")) {
        Some(value) if value.is_str() || !is_text(key) => value,
        // A folder may be called 2024, [1] or true.
        _ if is_text(key) => toml::Value::String(unquoted(text).into()),
        _ => toml::Value::String(text.into()),
    }
}

/// Keys whose values are texts, whatever they look like.
fn is_text(key: &str) -> bool {
    matches!(key, "data.path" | "target.network") || (key.starts_with("sources.") && key.ends_with(".weights"))
}

/// A path of Windows in double quotes is no TOML; what is meant is clear.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// Puts `value` at `key`, and makes the tables above it.
fn put(table: &mut toml::Table, key: &str, value: toml::Value) -> Result<()> {
    let mut parts = key.split('.');
    let first = parts.next().unwrap_or_default();
    let mut at = table.entry(first).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    for part in parts {
        at = match at {
            toml::Value::Table(inner) => inner.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new())),
            toml::Value::Array(list) => {
                let count = list.len();
                let nth = index(part, count);
                nth.and_then(|nth| list.get_mut(nth)).ok_or_else(|| no_index(key, part, count))?
            }
            _ => return Err(Error::config(key, format!("a value has no key {part}"))),
        };
    }
    *at = value;
    Ok(())
}

/// Takes `key` away where it is.
fn take(table: &mut toml::Table, key: &str) -> Result<()> {
    let (above, last) = key.rsplit_once('.').map_or((None, key), |(above, last)| (Some(above), last));
    let Some(above) = above else {
        table.remove(last);
        return Ok(());
    };
    let mut parts = above.split('.');
    let Some(mut at) = table.get_mut(parts.next().unwrap_or_default()) else { return Ok(()) };
    for part in parts {
        let next = match at {
            toml::Value::Table(inner) => inner.get_mut(part),
            toml::Value::Array(list) => {
                let count = list.len();
                let nth = index(part, count);
                Some(nth.and_then(|nth| list.get_mut(nth)).ok_or_else(|| no_index(key, part, count))?)
            }
            _ => return Err(Error::config(key, format!("a value has no key {part}"))),
        };
        let Some(next) = next else { return Ok(()) };
        at = next;
    }
    match at {
        toml::Value::Table(inner) => drop(inner.remove(last)),
        toml::Value::Array(list) => {
            let nth = index(last, list.len()).ok_or_else(|| no_index(key, last, list.len()))?;
            list.remove(nth);
        }
        _ => return Err(Error::config(key, format!("a value has no key {last}"))),
    }
    Ok(())
}

fn index(part: &str, count: usize) -> Option<usize> {
    part.parse().ok().filter(|nth| *nth < count)
}

fn no_index(key: &str, part: &str, count: usize) -> Error {
    Error::config(key, format!("{part} is no index into a list of {count}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_survives_its_own_toml() {
        for (name, _) in PRESETS {
            let config = Config::preset(name, &[]).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(Config::from_toml(&config.to_toml(), &[]), Ok(config));
        }
    }

    #[test]
    fn changes_reach_every_kind_of_key() {
        let changes = [
            "train.lr=0.05",
            "method.name=l2t-w",
            "meta.matching_steps=3",
            "seed=7",
            "sources=[]",
            "method.name=scratch",
        ];
        let config = Config::from_toml("", &changes.map(String::from)).expect("valid changes");
        assert_eq!(
            (config.train.lr, config.method.name, config.meta.matching_steps, config.seed),
            (0.05, Method::Scratch, 3, 7)
        );
        assert!(config.sources.is_empty());
    }

    #[test]
    fn malformed_toml_names_its_line() {
        let error = Config::from_toml("seed = 0\n[train]\nlr = = 3\n", &[]).expect_err("malformed").to_string();
        assert!(error.starts_with("line 3: "), "{error}");
    }

    #[test]
    fn bad_values_name_their_key() {
        for (change, start) in [
            ("train.lr=0", "train.lr: 0 is not positive"),
            ("train.lr=fast", "train.lr: invalid type: string \"fast\""),
            ("train.rate=1", "train.rate: unknown field"),
            ("method.name=l3t", "method.name: unknown variant `l3t`"),
            ("data.validation=1.5", "data.validation: 1.5 is not in 0 to 1"),
            ("seed.x=1", "seed"),
            ("sources=[1]", "sources[0]"),
            ("meta", "--set: meta is not of the form key=value"),
            ("=1", "--set: =1 names no key"),
            ("target.width=1e9", "target.width: 1000000000 is more than 16"),
            ("meta.warm_up=200", "meta.warm_up: 200 of 200 epochs leave none"),
            ("data.size=0", "data.size: 0 is not in 1 to 1024"),
            ("data.augment=32", "data.augment: a border of 32 does not suit images of 32 pixels"),
            ("method.temperature=0", "method.temperature: 0 is not positive"),
            ("method.pairs=some", "method.pairs: neither single, one-to-one, all-to-all nor a list"),
        ] {
            let error = Config::from_toml("", &[String::from(change)]).expect_err(change).to_string();
            assert!(error.starts_with(start), "{change}: {error}");
            assert!(!error.contains('\n'), "one line: {error}");
        }
    }

    #[test]
    fn a_text_is_a_text_whatever_it_looks_like() {
        for (given, read) in [
            ("2024", "2024"),
            ("007", "007"),
            ("1e5", "1e5"),
            ("true", "true"),
            ("[1]", "[1]"),
            ("1979-05-27", "1979-05-27"),
            ("nan", "nan"),
            ("\"2024\"", "2024"),
            ("'C:\\temp\\new'", "C:\\temp\\new"),
            ("C:\\temp\\new", "C:\\temp\\new"),
            ("\"C:\\Users\\me\"", "C:\\Users\\me"),
            ("a=b", "a=b"),
            ("1\nseed=3", "1\nseed=3"),
        ] {
            let config = Config::from_toml("", &[format!("data.path={given}")]).unwrap();
            assert_eq!((config.data.path.as_deref(), config.seed), (Some(read), 0));
            let config =
                Config::from_toml("[[sources]]\nweights='a'", &[format!("sources.0.weights={given}")]).unwrap();
            assert_eq!(config.sources[0].weights, read);
        }
    }

    #[test]
    fn a_key_without_a_value_is_taken_away() {
        let text = "[data]\npath = 'pets'\n[train]\nlr = 0.5\n[[sources]]\nweights = 'a'\nlayers = [1]\n[[sources]]\nweights = 'b'";
        let changes = ["data.path=", "train.lr=", "sources.0.layers=", "sources.1=", "method.pairs=", "data.path="];
        let config = Config::from_toml(text, &changes.map(String::from)).unwrap();
        assert_eq!((config.data.path, config.train.lr), (None, 0.1));
        assert_eq!(config.sources, [SourceConfig { weights: "a".into(), layers: None, mean: None, std: None }]);
        for (change, start) in [
            ("train.rate=", "train.rate: unknown field"),
            ("nothing=", "nothing: unknown field"),
            ("data.path.x=", "data.path.x: a value has no key x"),
            ("sources.7=", "sources.7: 7 is no index into a list of 2"),
            ("sources.7.layers=", "sources.7.layers: 7 is no index into a list of 2"),
            ("=", "--set: = names no key"),
            (&format!("{}=1", ["a"; 5000].join(".")), "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a…: is nested deeper"),
            (&format!("{}=", ["a"; 5000].join(".")), "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a…: is nested deeper"),
            ("data.path=\"\"", "data.path: is empty"),
            ("sources.0.weights=\" \"", "sources[0].weights: is empty"),
        ] {
            let error = Config::from_toml(text, &[change.into()]).expect_err(change).to_string();
            assert!(error.starts_with(start), "{change}: {error}");
        }
    }

    #[test]
    fn windows_paths_in_double_quotes_are_explained() {
        let error = Config::from_toml("[data]\npath = \"C:\\Users\\me\"", &[]).unwrap_err().to_string();
        assert!(error.starts_with("line 2: ") && error.ends_with("single quotes keep it"), "{error}");
        assert_eq!(
            Config::from_toml("\u{feff}[data]\npath = 'C:\\Users'", &[]).unwrap().data.path.unwrap(),
            "C:\\Users"
        );
    }
}
