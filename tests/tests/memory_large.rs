//! What an iteration of ResNet-34 → ResNet-18 on 224 × 224 pixels takes on the CPU, by every way through memory, beside what is
//! said of it before; and what the ways cost, in forward passes.
//!
//! One test alone: whatever else this process allocated meanwhile would be counted, too.

use burn_tensor::Device;
use futures_lite::future::block_on;
use l2t_core::data::{Augmentation, BatchPlan, Batches};
use l2t_core::experiment::run::prepare;
use l2t_core::experiment::{Config, Plan};
use l2t_core::network::weights::read;
use l2t_core::seed::Seed;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const IMAGES: usize = 8;

fn plan(part: usize, recompute: &str) -> Plan {
    let set = [
        "data.size=224",
        "data.per_class=2",
        "target.network=resnet18",
        "target.width=1",
        "sources=[{weights=\"untrained-resnet34\"}]",
        "train.batch_size=8",
        "meta.matching_steps=2",
        &format!("train.micro_batch={part}"),
        &format!("train.recompute={recompute}"),
    ];
    let config = Config::preset("demo", &set.map(String::from)).expect("valid");
    Plan::new(config, Device::flex(), "CPU".into()).expect("sound")
}

/// One iteration: bytes that were alive at once beyond those before it, forward passes of the target with those of the source,
/// and θ and φ behind it.
struct Measured {
    peak: u64,
    passes: f64,
    theta: Vec<f64>,
    phi: Vec<f64>,
}

fn measure(part: usize, recompute: &str) -> Measured {
    let plan = plan(part, recompute);
    let batches = BatchPlan {
        batch_size: IMAGES,
        shuffle: false,
        drop_last: true,
        augmentation: Augmentation::None,
        seed: Seed(0),
        epoch: 0,
        first_batch: 0,
    };
    let host = Batches::new(plan.train.clone(), batches)
        .expect("sound")
        .next()
        .expect("there are as many images")
        .expect("they are in memory");
    let (state, learner) = (plan.initial_state(), plan.learner_at(0));
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let batch = prepare(&plan, &learner, &state, host);
    let (state, _) = learner.iteration(&state, &plan.sgd(0), &batch, |_| {});
    let peak = (MEMORY.peak_usage() - before) as u64;
    let (network, matching) = (&plan.learner.model.network, plan.learner.model.matching.as_ref().expect("it matches"));
    let source: u64 = plan.heard().iter().map(|source| source.multiply_adds(false)).sum();
    let done = network.multiply_adds_done() + matching.multiply_adds_done() + IMAGES as u64 * source;
    let passes = done as f64 / (IMAGES as u64 * network.forward_multiply_adds(network.output())) as f64;
    println!(
        "parts of {part}, recompute {recompute:6}: {:7.1} MB measured, {:7.1} estimated, {passes:.1} F",
        peak as f64 / 1e6,
        plan.division.bytes as f64 / 1e6
    );
    let error = peak as f64 / plan.division.bytes as f64 - 1.0;
    assert!(error.abs() < 0.1, "parts of {part}, recompute {recompute}: the estimate errs by {error:.2}");
    let host = |vector| block_on(read(vector)).expect("the CPU answers");
    Measured { peak, passes, theta: host(&state.target.theta), phi: host(&state.meta.phi) }
}

#[test]
fn every_way_takes_what_is_said_of_it_and_gives_the_same_numbers() {
    let kept = measure(IMAGES, "never");
    let anew = measure(IMAGES, "always");
    let by_group = measure(IMAGES, "groups");
    for other in [&anew, &by_group] {
        assert!(kept.theta == other.theta && kept.phi == other.phi, "evaluating again changes the numbers");
    }
    assert!(kept.peak > anew.peak && anew.peak > by_group.peak);
    // The authors' code takes 56.7.
    assert!(kept.passes <= 37.0 && anew.passes <= 41.0, "{} and {} F", kept.passes, anew.passes);
    let halves = measure(IMAGES / 2, "always");
    let quarters = measure(IMAGES / 4, "always");
    assert!(anew.peak > halves.peak && halves.peak > quarters.peak, "the peak falls with the parts");
}
