//! Fixtures: one iteration recorded number by number, and the same iteration run by our code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use burn_tensor::{DType, Device, Tensor, TensorData};
use futures_lite::future::block_on;
use l2t_core::bilevel::{
    Adam, AdamState, HypergradientMethod, InnerBeta, InnerRule, Learner, LearnerState, MetaRule, Moving, Report,
    Scheme, Sgd, Trajectory, hypergradient,
};
use l2t_core::matching::{Matching, Pair, PairRule, PairSet, SourceLayers};
use l2t_core::meta::{Learned, MetaNetworks};
use l2t_core::network::architecture::of_weights;
use l2t_core::network::weights::{WeightMap, read};
use l2t_core::network::{Mode, Network, ParamLayout};
use l2t_core::objective::{Batch, Chunk, Memory, Part, Pass, TargetModel};

use crate::compare::Comparison;

/// Named numbers.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// What failures call it.
    pub name: String,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
    /// Names that were asked for.
    read: Arc<Mutex<BTreeSet<String>>>,
}

impl Fixture {
    /// An empty one.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), tensors: BTreeMap::new(), read: Arc::default() }
    }

    /// Reads a `.safetensors` file of `F64`, `F32` and `I64` tensors.
    ///
    /// # Panics
    /// When the file is no fixture: a test without its data must not pass.
    pub fn load(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self::from_bytes(&path.display().to_string(), &bytes)
    }

    /// The same of a file in memory.
    ///
    /// # Panics
    /// As [`load`](Self::load).
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Self {
        let map = WeightMap::from_safetensors(name, bytes).expect("a fixture is safetensors");
        let mut fixture = Self::new(name);
        for name in map.names() {
            let tensor = map.get(name).expect("listed");
            fixture.insert(name, tensor.shape.clone(), tensor.values.clone());
        }
        fixture
    }

    /// Adds a tensor.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, values: Vec<f64>) {
        self.tensors.insert(name.into(), (shape, values));
    }

    /// The values called `name`.
    ///
    /// # Panics
    /// When there are none.
    pub fn get(&self, name: &str) -> &[f64] {
        self.find(name).unwrap_or_else(|| panic!("{} lacks {name}", self.name))
    }

    fn find(&self, name: &str) -> Option<&[f64]> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        self.tensors.get(name).map(|(_, values)| values.as_slice())
    }

    /// # Panics
    /// When something was recorded that nobody has asked for: it was not compared.
    fn assert_all_read(&self) {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = |name: &str| {
            // The roll-back of the authors' code leaves one update too many; see the specification.
            let after = name.starts_with("after.target.") && name.contains(".running_");
            // Without momentum PyTorch keeps no velocity: it is recorded as zero.
            let velocity = name.starts_with("theta0.velocity.") && self.hyper(1) == 0.0;
            after || velocity || name.ends_with("num_batches_tracked")
        };
        let unread: Vec<&String> = self.tensors.keys().filter(|name| !read.contains(*name)).collect();
        drop(read);
        let unread: Vec<_> = unread.into_iter().filter(|name| !left_out(name)).collect();
        assert!(unread.is_empty(), "{}: recorded and not compared: {unread:?}", self.name);
    }

    /// Names that start with `prefix`, without it.
    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.tensors.keys().filter_map(move |name| name.strip_prefix(prefix))
    }

    fn shape(&self, name: &str) -> &[usize] {
        &self.tensors.get(name).unwrap_or_else(|| panic!("{} lacks {name}", self.name)).0
    }

    fn weights(&self, prefix: &str) -> WeightMap {
        let mut map = WeightMap::new(&self.name);
        for name in self.below(prefix) {
            let whole = format!("{prefix}{name}");
            map.insert(name, self.shape(&whole).to_vec(), self.get(&whole).to_vec());
        }
        map
    }

    /// The candidate pairs, by place among the source's matched layers and the target's that rules take; without them all.
    fn pairs(&self, sources: &[SourceLayers], target: &Network) -> PairSet {
        let Some(listed) = self.find("pairs") else {
            return PairSet::from_rule(PairRule::AllToAll, sources, target.taps()).expect("every layer exists");
        };
        let by_rule: Vec<usize> = (0..target.taps().len()).filter(|nth| target.taps()[*nth].by_rule).collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "layers are counted")]
        let pair = |&[m, n]: &[f64; 2]| Pair { source: 0, source_layer: m as usize, target_layer: by_rule[n as usize] };
        PairSet::new(listed.as_chunks::<2>().0.iter().map(pair).collect(), sources, target.taps()).expect("they exist")
    }

    /// Whether β was on L_wfm in the virtual matching steps, as it is in the authors' code and so in all that was recorded
    /// of it.
    fn inner_beta(&self) -> InnerBeta {
        let left_out = self.find("inner_beta_left_out").is_some_and(|flag| flag[0] == 1.0);
        if left_out { InnerBeta::LeftOut } else { InnerBeta::Kept }
    }

    /// A hyper-parameter by its place: lr, momentum, wd, β, T, meta lr, meta wd.
    fn hyper(&self, at: usize) -> f64 {
        self.get("hyper")[at]
    }
}

/// The authors' numbers that are in the repository, see `tests/fixtures/README.md`. Compiled in, so that no test can miss
/// them.
const RECORDED: [(&str, &[u8]); 3] = [
    ("momentum_T2", include_bytes!("../fixtures/momentum_T2.safetensors")),
    ("vanilla_T2", include_bytes!("../fixtures/vanilla_T2.safetensors")),
    ("resnet_vanilla_T1", include_bytes!("../fixtures/resnet_vanilla_T1.safetensors")),
];

/// The recorded fixtures: those of the repository, and those of the folder that `L2T_FIXTURES` names, if it is set.
///
/// # Panics
/// When the named folder holds none.
pub fn recorded() -> Vec<Fixture> {
    let own = RECORDED.iter().map(|(name, bytes)| Fixture::from_bytes(name, bytes));
    own.chain(std::env::var_os("L2T_FIXTURES").into_iter().flat_map(|folder| further(Path::new(&folder)))).collect()
}

/// The fixtures of a folder, and of `resnet` in it, that are not in the repository.
///
/// # Panics
/// When it holds no fixture at all: a test that was told where its data is must not pass without.
pub fn further(folder: &Path) -> Vec<Fixture> {
    let listed = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("L2T_FIXTURES: {}: {e}", folder.display()));
        let paths = entries.map(|entry| entry.expect("a folder's entries are readable").path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "safetensors")).collect()
    };
    let mut files = listed(folder);
    let large = folder.join("resnet");
    if large.is_dir() {
        files.extend(listed(&large));
    }
    assert!(!files.is_empty(), "L2T_FIXTURES: {} holds no .safetensors file", folder.display());
    files.sort();
    let bytes = |path: &PathBuf| std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let new = |path: &PathBuf| RECORDED.iter().all(|(_, own)| *own != bytes(path));
    files.iter().filter(|path| new(path)).map(|path| Fixture::load(path)).collect()
}

/// The networks and the state that a fixture starts from.
pub struct Setup {
    source: Network,
    source_state: l2t_core::network::weights::NetworkState,
    source_taps: Vec<usize>,
    /// The algorithm.
    pub learner: Learner,
    /// θ, φ and statistics before the iteration.
    pub state: LearnerState,
    /// The ordinary step.
    pub rule: Sgd,
    /// The images.
    pub x: Tensor<4>,
    /// One-hot labels.
    pub y: Tensor<2>,
}

/// Builds networks from a fixture's shapes and fills them with its numbers.
pub fn setup(fixture: &Fixture, device: &Device, dtype: DType) -> Setup {
    let tensor =
        |name: &str| -> TensorData { TensorData::new(fixture.get(name).to_vec(), fixture.shape(name).to_vec()) };
    let size = fixture.shape("x")[2];
    let source_weights = fixture.weights("source.");
    let architecture = of_weights(&source_weights, Some(size)).expect("the source is known");
    let source = architecture.build().expect("it fits");
    let (source_state, report) = source.import(&source_weights, device, dtype).expect("the source fits");
    assert!(report.unexpected.is_empty(), "{report}");
    let source_taps = architecture.matched();

    let target_weights = fixture.weights("init.target.");
    let architecture = of_weights(&target_weights, Some(size)).expect("the target is known");
    let network = architecture.build().expect("it fits");
    let (target_state, report) = network.import(&target_weights, device, dtype).expect("the target fits");
    assert!(report.unexpected.is_empty(), "{report}");
    let mut layout = network.layout().clone();
    let layers =
        SourceLayers { name: "source".into(), taps: source_taps.iter().map(|t| source.taps()[*t].clone()).collect() };
    let sources = [layers];
    let pairs = fixture.pairs(&sources, &network);
    // Without momentum and weight decay the rule is the paper's, and what it does about β is asked for explicitly.
    let inner_rule = if fixture.hyper(1) == 0.0 { InnerRule::Paper } else { InnerRule::Authors };
    let beta = fixture.hyper(3);
    let inner_beta = fixture.inner_beta().factor(inner_rule, beta);
    let matching = Matching::new(pairs, &sources, &network, beta, &mut layout).with_inner_beta(inner_beta);
    let meta = MetaNetworks::new(matching.source_channels(), Learned { what: true, r#where: true })
        .reading(&matching.pooled_columns(), matching.segments().clone());
    let phi = pack(meta.layout(), |name| fixture.get(&format!("init.{name}")).to_vec());
    let phi = meta.layout().upload(phi, device, dtype);
    let model = TargetModel { network, matching: Some(matching), auxiliary: vec![], layout, memory: Memory::default() };
    let theta = theta_of(&model, fixture, "init.");
    let theta = model.layout.upload(theta, device, dtype);
    let rule = Sgd { lr: fixture.hyper(0), momentum: fixture.hyper(1), weight_decay: fixture.hyper(2) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "T is a small count")]
    let matching_steps = fixture.hyper(4) as usize;
    let meta_rule = MetaRule {
        scheme: Scheme::ThreeStage,
        matching_steps,
        inner: rule,
        adam: Adam::new(fixture.hyper(5), fixture.hyper(6)),
        rates: [1.0; 2],
        method: HypergradientMethod::Exact,
    };
    let classes = model.network.classes();
    let labels = fixture.get("y");
    let one_hot: Vec<f64> =
        labels.iter().flat_map(|y| (0..classes).map(move |k| f64::from(u8::from(k as f64 == *y)))).collect();
    Setup {
        source,
        source_state,
        source_taps,
        state: LearnerState {
            target: Moving::at_rest(theta),
            running: target_state.running,
            meta: AdamState::new(phi),
        },
        learner: Learner { model, meta: Some(meta), meta_rule: Some(meta_rule) },
        rule,
        x: Tensor::from_data(tensor("x"), (device, dtype)),
        y: Tensor::from_data(TensorData::new(one_hot, [labels.len(), classes]), (device, dtype)),
    }
}

fn pack(layout: &ParamLayout, values: impl Fn(&str) -> Vec<f64>) -> Vec<f64> {
    let mut vector = vec![0.0; layout.len()];
    for entry in layout.entries() {
        vector[entry.offset..entry.offset + entry.len()].copy_from_slice(&values(&entry.name));
    }
    vector
}

/// θ from the per-pair names of a fixture: the regressors of one target layer lie one after another.
fn theta_of(model: &TargetModel, fixture: &Fixture, prefix: &str) -> Vec<f64> {
    let target = model.network.layout().entries().len();
    let mut vector = vec![0.0; model.layout.len()];
    for (nth, entry) in model.layout.entries().iter().enumerate() {
        let values = if nth < target {
            fixture.get(&format!("{prefix}target.{}", entry.name)).to_vec()
        } else {
            let matching = model.matching.as_ref().expect("fixtures match");
            let group = &matching.groups()[(nth - target) / 2];
            let what = if (nth - target).is_multiple_of(2) { "weight" } else { "bias" };
            let parts = group
                .members()
                .iter()
                .flat_map(|member| fixture.get(&format!("{prefix}regressor.{}.{what}", member.pair)).iter().copied());
            parts.collect()
        };
        vector[entry.offset..entry.offset + entry.len()].copy_from_slice(&values);
    }
    vector
}

async fn host<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    read(tensor).await.expect("the device answers")
}

impl Setup {
    /// The source's matched features of the batch.
    pub fn features(&self) -> Vec<Tensor<4>> {
        self.features_of(&self.x)
    }

    fn features_of(&self, x: &Tensor<4>) -> Vec<Tensor<4>> {
        let last = self.source_taps.iter().map(|tap| self.source.taps()[*tap].node).max().expect("taps");
        let mode = Mode::Eval(&self.source_state.running);
        let at = self.source.forward(&self.source_state.theta, x, mode, last);
        self.source_taps.iter().map(|tap| at.get(self.source.taps()[*tap].node).clone()).collect()
    }

    /// The batch with what the source says about it.
    pub fn batch(&self) -> Batch {
        self.batch_in_parts(&self.state.meta.phi, &[self.y.dims()[0]])
    }

    /// The batch at `phi`, in parts of these sizes.
    pub fn batch_in_parts(&self, phi: &Tensor<1>, sizes: &[usize]) -> Batch {
        Batch::new(self.chunks(phi, sizes).into_iter().map(Part::from).collect())
    }

    /// The batch as one part, in chunks of these sizes.
    pub fn batch_in_chunks(&self, sizes: &[usize]) -> Batch {
        Part::new(self.chunks(&self.state.meta.phi, sizes)).into()
    }

    fn chunks(&self, phi: &Tensor<1>, sizes: &[usize]) -> Vec<Chunk> {
        let mut first = 0;
        let chunks = sizes.iter().map(|&images| {
            let x = self.x.clone().narrow(0, first, images);
            let y = self.y.clone().narrow(0, first, images);
            first += images;
            let transfer = self.learner.transfer(phi, &vec![self.features_of(&x)]);
            Chunk { x, y, transfer, auxiliary: vec![] }
        });
        let chunks = chunks.collect();
        assert_eq!(first, self.y.dims()[0], "every image is in a chunk");
        chunks
    }

    fn meta_rule(&self) -> MetaRule {
        self.learner.meta_rule.expect("fixtures learn φ")
    }

    /// Steps 1 to 4 by hand, as [`Learner::iteration`] does them.
    pub fn unrolled(&self, batch: &Batch) -> (LearnerState, (Pass, Tensor<1>), Trajectory) {
        let (state, first) = self.learner.target_step(&self.state, &self.rule, batch);
        let trajectory = self.learner.unroll(&state.target, &self.meta_rule(), batch, batch);
        (state, first, trajectory)
    }
}

/// Below this norm a tensor counts as zero; see [`Comparison::add`]. The gradient of a convolution's bias in front of a
/// normalisation is zero by construction and comes out as some 1e-16 on both sides; everything else is above 1e-5.
const ZERO: f64 = 1e-6;

/// Runs one iteration from the fixture's start and compares everything that it recorded.
pub fn check(fixture: &Fixture, device: &Device, dtype: DType) -> Comparison {
    block_on(check_async(fixture, device, dtype))
}

/// [`check`] of the batch in chunks of these sizes, by another way through memory.
pub fn check_by(fixture: &Fixture, device: &Device, dtype: DType, chunks: &[usize], memory: Memory) -> Comparison {
    let mut setup = setup(fixture, device, dtype);
    setup.learner.model.memory = memory;
    let batch = setup.batch_in_chunks(chunks);
    block_on(check_batch(fixture, &setup, &batch, dtype))
}

/// [`check`] where nothing can be waited for.
pub async fn check_async(fixture: &Fixture, device: &Device, dtype: DType) -> Comparison {
    let setup = setup(fixture, device, dtype);
    let batch = setup.batch();
    check_batch(fixture, &setup, &batch, dtype).await
}

async fn check_batch(fixture: &Fixture, setup: &Setup, batch: &Batch, dtype: DType) -> Comparison {
    let mut out = Comparison::default();
    // In single precision a gradient that is zero by construction is rounding noise of the gradients around it.
    let floor = if dtype == DType::F64 { ZERO } else { 1e-3 };
    check_features(&mut out, fixture, setup, floor).await;
    let outputs = batch.outputs().expect("fixtures match");
    let segments = setup.learner.meta.as_ref().expect("fixtures match").segments();
    for pair in 0..segments.ranges().len() {
        let w = segments.part(&outputs.channel_weights, pair);
        for (what, got) in [("channel_weights", w), ("pair_weights", outputs.pair_weights.clone().narrow(1, pair, 1))] {
            let name = format!("first.{what}.{pair}");
            out.add(&name, &host(&got).await, fixture.get(&name), floor);
        }
    }
    let (state, first, trajectory) = setup.unrolled(batch);
    check_first(&mut out, fixture, setup, &first, &state, floor).await;
    check_inner(&mut out, fixture, setup, batch, &state, &trajectory, floor).await;
    check_meta(&mut out, fixture, setup, batch, &state, &trajectory, floor).await;
    fixture.assert_all_read();
    out
}

/// The feature maps of both networks at the start, and the logits, as far as they were recorded.
async fn check_features(out: &mut Comparison, fixture: &Fixture, setup: &Setup, floor: f64) {
    for (nth, feature) in setup.features().iter().enumerate() {
        let name = format!("first.source_features.{nth}");
        out.add(&name, &host(feature).await, fixture.get(&name), floor);
    }
    let (network, source) = (&setup.learner.model.network, &setup.source);
    let at = network.forward(&setup.state.target.theta, &setup.x, Mode::Train, network.output());
    let frozen = Mode::Eval(&setup.source_state.running);
    let of_source = source.forward(&setup.source_state.theta, &setup.x, frozen, source.output());
    let mut recorded = vec![("first.logits".to_owned(), at.get(network.output()))];
    let mut layers = 0;
    for tap in network.taps() {
        if tap.by_rule {
            recorded.push((format!("first.target_features.{layers}"), at.get(tap.node)));
            layers += 1;
        } else {
            recorded.push((format!("first.target_{}", tap.label), at.get(tap.node)));
        }
    }
    let others = source.taps().iter().filter(|tap| !tap.by_rule);
    recorded.extend(others.map(|tap| (format!("first.source_{}", tap.label), of_source.get(tap.node))));
    for (name, feature) in recorded {
        if let Some(expected) = fixture.find(&name) {
            out.add(&name, &host(feature).await, expected, floor);
        }
    }
}

async fn check_first(
    out: &mut Comparison,
    fixture: &Fixture,
    setup: &Setup,
    (first, gradient): &(Pass, Tensor<1>),
    state: &LearnerState,
    floor: f64,
) {
    let (task, matching) = (first.task_loss.as_ref().expect("L_total"), first.matching_loss.as_ref().expect("L_total"));
    out.add("first.task_loss", &host(task).await, fixture.get("first.task_loss"), floor);
    out.add("first.beta_matching_loss", &host(matching).await, fixture.get("first.beta_matching_loss"), floor);
    let total = task.clone() + matching.clone();
    out.add("first.total_loss", &host(&total).await, fixture.get("first.total_loss"), floor);
    check_theta(out, fixture, setup, "first.grad.", gradient, floor).await;
    check_theta(out, fixture, setup, "theta0.", &state.target.theta, floor).await;
    check_velocity(out, fixture, setup, state, floor).await;
    check_running(out, fixture, setup, "theta0.target.", &state.running, floor).await;
}

/// Without momentum nothing depends on the velocity, and PyTorch keeps none: it is recorded as zero.
async fn check_velocity(out: &mut Comparison, fixture: &Fixture, setup: &Setup, state: &LearnerState, floor: f64) {
    if setup.rule.momentum != 0.0 {
        check_theta(out, fixture, setup, "theta0.velocity.", &state.target.velocity, floor).await;
    }
}

async fn check_inner(
    out: &mut Comparison,
    fixture: &Fixture,
    setup: &Setup,
    batch: &Batch,
    state: &LearnerState,
    trajectory: &Trajectory,
    floor: f64,
) {
    let mut losses = Vec::new();
    for loss in trajectory.steps.iter().filter_map(|step| step.pass.matching_loss.as_ref()) {
        losses.extend(host(loss).await);
    }
    out.add("inner.beta_matching_loss", &losses, fixture.get("inner.beta_matching_loss"), floor);
    let last = trajectory.steps.last().and_then(|step| step.pass.task_loss.as_ref());
    if let Some((loss, expected)) = last.zip(fixture.find("inner.task_loss")) {
        out.add("inner.task_loss", &host(loss).await, expected, floor);
    }
    check_theta(out, fixture, setup, "adapted.", &trajectory.adapted, floor).await;
    let measured = trajectory.measured.task_loss.as_ref().expect("L_org");
    out.add("adapted.task_loss", &host(measured).await, fixture.get("adapted.task_loss"), floor);
    // The statistics that the virtual passes would leave, were they not rolled back.
    let model = &setup.learner.model;
    let running = trajectory
        .steps
        .iter()
        .fold(state.running.clone(), |running, step| model.running_after(&step.pass, &step.theta, batch, &running));
    check_running(out, fixture, setup, "adapted.target.", &running, floor).await;
}

async fn check_meta(
    out: &mut Comparison,
    fixture: &Fixture,
    setup: &Setup,
    batch: &Batch,
    state: &LearnerState,
    trajectory: &Trajectory,
    floor: f64,
) {
    let meta = setup.learner.meta.as_ref().expect("fixtures learn φ");
    let rule = setup.meta_rule();
    let gradient = hypergradient::hypergradient(
        &setup.learner.model,
        meta,
        &state.meta.phi,
        &rule.inner,
        trajectory,
        batch,
        rule.method,
    );
    check_phi(out, fixture, meta, "hypergradient.", &gradient, floor).await;
    let whole: Vec<f64> = meta
        .layout()
        .entries()
        .iter()
        .flat_map(|e| fixture.get(&format!("hypergradient.{}", e.name)).to_vec())
        .collect();
    let got = host(&gradient).await;
    let flat: Vec<f64> =
        meta.layout().entries().iter().flat_map(|e| got[e.offset..e.offset + e.len()].to_vec()).collect();
    out.add("hypergradient", &flat, &whole, floor);

    // The whole iteration in one call, from the start: φ after Adam, and θ, velocity and statistics rolled back.
    let (after, report): (LearnerState, Report) = setup.learner.iteration(&setup.state, &setup.rule, batch, |_| {});
    let reported = report.hypergradient.expect("φ was learned");
    out.add("iteration.hypergradient", &host(&reported).await, &got, floor);
    check_phi(out, fixture, meta, "after.", &after.meta.phi, floor).await;
    check_theta(out, fixture, setup, "theta0.", &after.target.theta, floor).await;
    check_velocity(out, fixture, setup, &after, floor).await;
    check_running(out, fixture, setup, "theta0.target.", &after.running, floor).await;
    let after_theta = host(&after.target.theta).await;
    for entry in setup.learner.model.network.layout().entries() {
        let name = format!("after.target.{}", entry.name);
        out.add(&name, &after_theta[entry.offset..entry.offset + entry.len()], fixture.get(&name), floor);
    }
}

async fn check_theta(
    out: &mut Comparison,
    fixture: &Fixture,
    setup: &Setup,
    prefix: &str,
    got: &Tensor<1>,
    floor: f64,
) {
    let (got, expected) = (host(got).await, theta_of(&setup.learner.model, fixture, prefix));
    for entry in setup.learner.model.layout.entries() {
        let range = entry.offset..entry.offset + entry.len();
        out.add(format!("{prefix}{}", entry.name), &got[range.clone()], &expected[range], floor);
    }
}

async fn check_phi(
    out: &mut Comparison,
    fixture: &Fixture,
    meta: &MetaNetworks,
    prefix: &str,
    got: &Tensor<1>,
    floor: f64,
) {
    let got = host(got).await;
    for entry in meta.layout().entries() {
        let name = format!("{prefix}{}", entry.name);
        out.add(&name, &got[entry.offset..entry.offset + entry.len()], fixture.get(&name), floor);
    }
}

async fn check_running(
    out: &mut Comparison,
    fixture: &Fixture,
    setup: &Setup,
    prefix: &str,
    running: &l2t_core::network::RunningStats,
    floor: f64,
) {
    for (norm, moments) in setup.learner.model.network.norms().iter().zip(running.moments()) {
        for (what, got) in [("running_mean", &moments.mean), ("running_var", &moments.variance)] {
            let name = format!("{prefix}{}.{what}", norm.prefix);
            // Made fixtures record the statistics of step 1 only.
            if let Some(expected) = fixture.find(&name) {
                out.add(&name, &host(got).await, expected, floor);
            }
        }
    }
}
