//! How many kernels an iteration launches and how many have to be compiled for it: the same on every device, since both follow from what
//! is computed. So these are bounds and no measurements: whoever goes beyond one has added a launch, or a variant of a kernel.
//!
//! One test alone: the counters are those of the process. Where there is no adapter this says so and checks nothing, unless
//! `L2T_REQUIRE_GPU=1` makes that a failure.

use l2t_core::bilevel::{Iteration, LearnerState, MeasuredOn};
use l2t_core::data::{Augmentation, BatchPlan, Batches, HostBatch};
use l2t_core::device::OpenDevice;
use l2t_core::experiment::run::prepare;
use l2t_core::experiment::{Config, Plan};
use l2t_core::objective::{Batch, Chunk, Part};
use l2t_core::seed::Seed;
use l2t_shaders::{KernelCounter, LaunchCounter};
use l2t_tests::gpu;

const IMAGES: usize = 8;

/// What is trained, how, and at most how many launches and kernels it takes.
struct Bound {
    name: &'static str,
    set: &'static [&'static str],
    launches: usize,
    kernels: usize,
}

/// ResNet-32 → VGG-9, fifteen pairs, T = 2.
const BOUNDS: [Bound; 8] = [
    Bound { name: "an iteration", set: &[], launches: 635, kernels: 36 },
    Bound { name: "λ of pairs", set: &["meta.where_per=pair"], launches: 635, kernels: 36 },
    Bound { name: "one λ", set: &["meta.where_per=all"], launches: 639, kernels: 38 },
    Bound { name: "λ of a constant total", set: &["meta.where_total=constant"], launches: 645, kernels: 44 },
    Bound { name: "measured elsewhere", set: &["meta.measured_on=other-batch"], launches: 635, kernels: 36 },
    Bound { name: "values evaluated again", set: &["train.recompute=always"], launches: 772, kernels: 36 },
    // Every normalisation is three launches a chunk for its value and two for each derivative, and sums go over the chunks.
    Bound { name: "in two chunks", set: &["train.chunk=4"], launches: 1711, kernels: 48 },
    Bound { name: "a plain step", set: &["method.name=scratch"], launches: 61, kernels: 13 },
];

fn plan(device: &OpenDevice, set: &[&str]) -> Plan {
    let common = ["target.width=0.25", "train.batch_size=8", "data.per_class=3"];
    let set: Vec<String> = common.iter().chain(set).map(|change| (*change).to_owned()).collect();
    let config = Config::preset("bench", &set).expect("valid");
    Plan::new(config, device.device.clone(), device.name.clone()).expect("sound")
}

fn batches(plan: &Plan) -> impl Iterator<Item = HostBatch> {
    let order = BatchPlan {
        batch_size: IMAGES,
        shuffle: false,
        drop_last: true,
        augmentation: Augmentation::None,
        seed: Seed(0),
        epoch: 0,
        first_batch: 0,
    };
    Batches::new(plan.train.clone(), order).expect("sound").map(|batch| batch.expect("they are in memory"))
}

/// The images of `batch` alone, as those that the meta-objective is measured on.
fn images_of(batch: &Batch) -> Batch {
    let alone = |chunk: &Chunk| Chunk { transfer: None, auxiliary: vec![], ..chunk.clone() };
    let parts = batch.parts().iter().map(|part| Part::new(part.chunks().iter().map(alone).collect()));
    Batch::new(parts.collect())
}

/// An iteration from the pictures on.
fn iterate(plan: &Plan, state: &LearnerState, host: HostBatch, outer: Option<&Batch>) -> LearnerState {
    let (learner, rule) = (plan.learner_at(0), plan.sgd(0));
    let batch = prepare(plan, &learner, state, host);
    let mut iteration = Iteration::begin(&learner, state, &rule, &batch);
    if let Some(outer) = outer {
        iteration = iteration.measured_on(outer);
    }
    while iteration.advance().is_some() {}
    iteration.finish().0
}

#[test]
fn an_iteration_takes_no_more_launches_and_kernels_than_it_did() {
    let Some(device) = gpu() else { return };
    let mut beyond = vec![];
    for bound in BOUNDS {
        let plan = plan(&device, bound.set);
        let mut hosts = batches(&plan);
        let mut host = || hosts.next().expect("there are as many images");
        // The first one finds the running statistics as they were made, each in memory of its own.
        let state = iterate(&plan, &plan.initial_state(), host(), None);
        let elsewhere = plan.config.meta.measured_on == MeasuredOn::OtherBatch;
        let outer = elsewhere.then(|| images_of(&prepare(&plan, &plan.learner_at(0), &state, host())));
        let (launches, kernels) = (LaunchCounter::start(), KernelCounter::start());
        iterate(&plan, &state, host(), outer.as_ref());
        let (launches, kernels) = (launches.launches(), kernels.finish());
        println!("{}: {} launches, {kernels} kernels {:?}", bound.name, launches.total(), launches.by_kernel);
        if launches.total() > bound.launches || kernels > bound.kernels {
            beyond.push(format!("{}: {} launches, {kernels} kernels", bound.name, launches.total()));
        }
    }
    assert!(beyond.is_empty(), "{beyond:?}");
}
