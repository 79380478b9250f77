//! One iteration of Algorithm 1 on a GPU, in single precision, against the same numbers as on the CPU.
//!
//! Runs on a hardware GPU where there is one and otherwise on a software Vulkan driver. Where there is neither, the test
//! says so and checks nothing, unless `L2T_REQUIRE_GPU=1` makes that a failure, as it is in CI.

use burn_tensor::DType;
use l2t_core::objective::Memory;
use l2t_tests::equations::{made, made_name};
use l2t_tests::fixture::{check, check_by, recorded};
use l2t_tests::gpu;

/// Single precision through some forty layers forth and back; the CPU device reaches a few 1e-4 with the same fixtures.
const TOLERANCE: f64 = 1e-3;

#[test]
fn an_iteration_on_the_gpu() {
    let Some(device) = gpu() else { return };
    let files = recorded().into_iter().map(|fixture| (fixture.name.clone(), fixture));
    // T = 2 and T = 3 of the made ones: a software driver takes seconds for each.
    let equations = made().into_iter().filter(|(setting, _)| setting.hyper[4] >= 2.0);
    let fixtures = files.chain(equations.map(|(setting, fixture)| (made_name(&setting), fixture)));
    for (name, fixture) in fixtures {
        let found = check(&fixture, &device.device, DType::F32);
        let (worst, error) = found.worst();
        println!(
            "{name}: {} tensors, worst {error:.1e} ({worst}), hypergradient {:.1e}",
            found.len(),
            found.worst_of("hypergradient")
        );
        found.assert_below(TOLERANCE);
    }
}

/// The same of batches in chunks, a group of nodes at a time.
#[test]
fn an_iteration_on_the_gpu_in_chunks() {
    let Some(device) = gpu() else { return };
    let fixture = recorded().into_iter().find(|fixture| fixture.name == "resnet_vanilla_T1").expect("recorded");
    for (chunks, memory) in [(&[2, 4][..], Memory::Keep), (&[1, 3, 2], Memory::ByGroup)] {
        let found = check_by(&fixture, &device.device, DType::F32, chunks, memory);
        println!("{chunks:?}, {memory:?}: {:?}", found.worst());
        found.assert_below(TOLERANCE);
    }
}
