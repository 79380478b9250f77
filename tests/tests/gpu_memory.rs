//! What is alive on a GPU between the steps of an iteration, with values kept and evaluated again, for a batch whole and in
//! parts, by the counter that `l2t bench` reads.
//!
//! One test alone: the counter is the device's. Where there is no adapter this says so and checks nothing, unless
//! `L2T_REQUIRE_GPU=1` makes that a failure.

use burn_tensor::Device;
use futures_lite::future::block_on;
use l2t_core::data::{Augmentation, BatchPlan, Batches};
use l2t_core::device::OpenDevice;
use l2t_core::experiment::run::prepare;
use l2t_core::experiment::{Config, Plan};
use l2t_core::network::weights::read;
use l2t_core::seed::Seed;
use l2t_tests::gpu;

const IMAGES: usize = 8;

fn in_use(device: &Device) -> u64 {
    device.memory_pool_usage().expect("a GPU has pools").bytes_in_use
}

/// The most bytes behind a step beyond those before the first, and φ.
fn measure(device: &OpenDevice, at_once: usize, recompute: &str) -> (u64, Vec<f64>) {
    let set = [
        "target.width=0.0625",
        "train.batch_size=8",
        "data.per_class=2",
        "sources.0.weights=untrained-resnet8",
        &format!("train.micro_batch={at_once}"),
        &format!("train.recompute={recompute}"),
    ];
    let config = Config::preset("demo", &set.map(String::from)).expect("valid");
    let plan = Plan::new(config, device.device.clone(), device.name.clone()).expect("sound");
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
    let batch = prepare(&plan, &learner, &state, host);
    let (before, mut most) = (in_use(&plan.device), 0);
    let (state, _) = learner.iteration(&state, &plan.sgd(0), &batch, |_| most = in_use(&plan.device).max(most));
    println!("{at_once} images at once, recompute {recompute}: {:.2} MiB", (most - before) as f64 / 1048576.0);
    (most - before, block_on(read(&state.meta.phi)).expect("the device answers"))
}

#[test]
fn values_that_are_evaluated_again_are_not_kept() {
    let Some(device) = gpu() else { return };
    let (kept, phi) = measure(&device, IMAGES, "never");
    let (anew, again) = measure(&device, IMAGES, "always");
    let (in_parts, _) = measure(&device, 2, "auto");
    let (parts_kept, _) = measure(&device, 2, "never");
    assert!(phi == again, "evaluating again changes the numbers");
    // Two matching steps and the task step, against some vectors of parameters.
    assert!(anew * 3 < kept, "{anew} of {kept} bytes");
    assert!(in_parts * 3 < parts_kept, "{in_parts} of {parts_kept} bytes");
}
