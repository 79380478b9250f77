//! A run on a GPU, or a software driver: what it says while it compiles, and that it neither grows nor strays.
//!
//! Where there is no adapter this says so and checks nothing, unless `L2T_REQUIRE_GPU=1` makes that a failure.

use futures_lite::future::block_on;
use l2t_core::Result;
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::Keeper;
use l2t_core::experiment::{Config, Control, Event, Plan, run};
use l2t_tests::gpu;

#[derive(Default)]
struct Kept(Option<Checkpoint>);

impl Keeper for Kept {
    fn keep_latest(&mut self, _: &Checkpoint) -> Result<()> {
        Ok(())
    }

    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.0 = Some(checkpoint.clone());
        Ok(())
    }

    fn best(&self) -> Result<Checkpoint> {
        Ok(self.0.clone().expect("an epoch was kept"))
    }
}

#[test]
fn the_first_iteration_says_how_far_it_is_and_memory_stays() {
    let Some(device) = gpu() else { return };
    let set = [
        "target.width=0.03125",
        "train.batch_size=4",
        "train.epochs=4",
        "data.per_class=2",
        "data.augment=0",
        "sources.0.weights=untrained-resnet8",
    ];
    let config = Config::preset("demo", &set.map(String::from)).expect("the configuration is valid");
    let mut plan = Plan::new(config, device.device.clone(), device.name).expect("the plan is sound");
    // Measuring is the same forward pass over many more images.
    (plan.validation, plan.test) = (None, None);
    let mut compiling = Vec::new();
    let mut held = Vec::new();
    let outcome = block_on(run(&plan, None, &Control::default(), &mut Kept::default(), &mut |event| match event {
        Event::Compiling { done, of, kernels, .. } => compiling.push((done, of, kernels)),
        Event::Epoch(_) => held.push(device.device.memory_pool_usage().expect("a GPU has pools").bytes_in_use),
        _ => {}
    }))
    .expect("the run ends");
    assert!(outcome.summary.complete);
    let expected: Vec<_> = (1..=10).map(|done| (done, 10)).collect();
    assert_eq!(compiling.iter().map(|&(done, of, _)| (done, of)).collect::<Vec<_>>(), expected);
    assert!(compiling.windows(2).all(|pair| pair[0].2 <= pair[1].2) && compiling[0].2 > 5, "{compiling:?}");
    // State, data and nothing else is alive between epochs, but for the sizes and factors that CubeCL keeps for the next
    // launch of the same: 32 bytes for each new rate and bias correction, and 512 of them at most. One θ (31 KB), φ
    // (34 KB) or feature map (32 KB) that stayed alive would be more.
    let grown = held[held.len() - 1].saturating_sub(held[0]);
    assert!(grown <= 512 * 32, "{held:?}");
}
