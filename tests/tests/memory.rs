//! What an iteration has alive at once on the CPU, counted by the allocator, with values kept and evaluated again, for a
//! batch whole and in parts; and what evaluating again costs.
//!
//! One test alone: whatever else this process allocated meanwhile would be counted, too.

use burn_tensor::Device;
use futures_lite::future::block_on;
use l2t_core::data::{Augmentation, BatchPlan, Batches, HostBatch};
use l2t_core::experiment::run::prepare;
use l2t_core::experiment::{Config, Plan};
use l2t_core::network::weights::read;
use l2t_core::seed::Seed;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const IMAGES: usize = 32;

fn plan(at_once: usize, recompute: &str) -> Plan {
    let common = ["target.width=0.25", "data.per_class=5", "train.batch_size=32", "meta.matching_steps=2"];
    let chosen = [format!("train.micro_batch={at_once}"), format!("train.recompute={recompute}")];
    let set: Vec<String> = common.map(String::from).into_iter().chain(chosen).collect();
    Plan::new(Config::preset("demo", &set).expect("valid"), Device::flex(), "CPU".into()).expect("sound")
}

fn first_batch(plan: &Plan) -> HostBatch {
    let batches = BatchPlan {
        batch_size: IMAGES,
        shuffle: false,
        drop_last: true,
        augmentation: Augmentation::None,
        seed: Seed(0),
        epoch: 0,
        first_batch: 0,
    };
    Batches::new(plan.train.clone(), batches)
        .expect("sound")
        .next()
        .expect("there are as many images")
        .expect("they are in memory")
}

/// One iteration: bytes that were alive at once beyond those before it, multiply-adds, θ and φ.
struct Measured {
    peak: usize,
    multiply_adds: u64,
    theta: Vec<f64>,
    phi: Vec<f64>,
}

fn multiply_adds(plan: &Plan) -> u64 {
    let model = &plan.learner.model;
    model.network.multiply_adds_done() + model.matching.as_ref().expect("it matches").multiply_adds_done()
}

fn measure(at_once: usize, recompute: &str) -> Measured {
    let plan = plan(at_once, recompute);
    let state = plan.initial_state();
    let learner = plan.learner_at(0);
    let batch = prepare(&plan, &learner, &state, first_batch(&plan));
    let (before, done) = (MEMORY.current_usage(), multiply_adds(&plan));
    MEMORY.reset_peak_usage();
    let (state, _) = learner.iteration(&state, &plan.sgd(0), &batch, |_| {});
    let (peak, multiply_adds) = (MEMORY.peak_usage() - before, multiply_adds(&plan) - done);
    println!(
        "{at_once:2} images at once, recompute {recompute:6}: {:7.1} MiB, {multiply_adds}",
        peak as f64 / 1048576.0
    );
    let host = |vector| block_on(read(vector)).expect("the CPU answers");
    Measured { peak, multiply_adds, theta: host(&state.target.theta), phi: host(&state.meta.phi) }
}

/// Multiply-adds of the second evaluations at T = 2: for the task step and the second matching step the way forward and the
/// cotangents of all nodes but the images, for the first one, of which only the mixed product is wanted, the way forward.
fn of_second_evaluations(plan: &Plan) -> u64 {
    let (network, matching) = (&plan.learner.model.network, plan.learner.model.matching.as_ref().expect("it matches"));
    // Node 0 is the image and node 1 the first convolution.
    let forward = |last| network.forward_multiply_adds(last);
    let (stem, regressors) = (forward(1), matching.forward_multiply_adds());
    let task = 2 * forward(network.output()) - stem;
    let values = forward(matching.last_node()) + regressors;
    IMAGES as u64 * (task + (2 * values - stem) + values)
}

#[test]
fn memory_falls_with_the_parts_and_the_numbers_stay() {
    let extra = of_second_evaluations(&plan(IMAGES, "never"));
    let kept = [32, 16, 8, 4].map(|at_once| measure(at_once, "never"));
    let anew = [32, 16, 8, 4].map(|at_once| measure(at_once, "always"));
    for (kept, anew) in kept.iter().zip(&anew) {
        assert!(kept.theta == anew.theta && kept.phi == anew.phi, "evaluating again changes the numbers");
        assert_eq!(anew.multiply_adds, kept.multiply_adds + extra);
        assert!(anew.peak < kept.peak, "{} is not less than {}", anew.peak, kept.peak);
    }
    // Values that are evaluated again are those of one part: every image less at once takes as much less, down to what no
    // image makes larger, some vectors of parameters and what a product is packed into.
    let saved = |nth: usize, images: f64| (anew[nth].peak as f64 - anew[nth + 1].peak as f64) / images;
    let (first, second, third) = (saved(0, 16.0), saved(1, 8.0), saved(2, 4.0));
    assert!((second / first - 1.0).abs() < 0.25 && third > 0.5 * first, "an image: {first}, {second}, {third} bytes");
    assert!((anew[3].peak as f64) < 0.45 * anew[0].peak as f64, "{} of {}", anew[3].peak, anew[0].peak);
    assert!(anew[3].peak * 3 < kept[3].peak, "{} of {}", anew[3].peak, kept[3].peak);

    // A batch that is in parts did not fit as it was, so that nothing is kept unless that is asked for.
    let auto = measure(4, "auto");
    assert!(auto.peak.abs_diff(anew[3].peak) < anew[3].peak / 10 && auto.theta == anew[3].theta);
}
