//! An iteration on a device that has WebGPU's least limits but one: a kernel sees less of a tensor than a batch has.
//!
//! WebGPU's least is 128 MiB, which 42 maps of a ResNet's stem exceed at 224 × 224 pixels, hours of work for a software driver.
//! The same question is asked here with a limit of 256 KiB and pictures and networks that are as much smaller. wgpu refuses
//! every binding beyond the device's limit, so that an iteration that ends at all has kept to it.
//!
//! Where there is no adapter this says so and checks nothing, unless `L2T_REQUIRE_GPU=1` makes that a failure.

use burn_tensor::wgpu::{WgpuSetup, wgpu};
use burn_tensor::{Device, Tensor};
use futures_lite::future::block_on;
use l2t_core::data::{Augmentation, BatchPlan, Batches};
use l2t_core::experiment::run::prepare;
use l2t_core::experiment::{Config, Plan};
use l2t_core::network::architecture::{Wanted, named};
use l2t_core::network::weights::{WeightMap, read};
use l2t_core::seed::Seed;
use l2t_shaders::LaunchCounter;

const LIMIT: u64 = 256 << 10;
const IMAGES: usize = 12;

fn limited() -> Option<Device> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    let adapters = block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let adapter = adapters.into_iter().next()?;
    // Tensors share buffers that are larger than what a kernel may see of them.
    let required_limits = wgpu::Limits { max_storage_buffer_binding_size: LIMIT, ..wgpu::Limits::default() };
    // All that the adapter can do besides, as for every other device: CubeCL asks the adapter what it may use.
    let required_features = adapter.features().difference(wgpu::Features::all_experimental_mask());
    let request = wgpu::DeviceDescriptor { required_features, required_limits, ..wgpu::DeviceDescriptor::default() };
    let (device, queue) = block_on(adapter.request_device(&request)).expect("no more than every adapter has");
    let backend = adapter.get_info().backend;
    let setup = WgpuSetup { instance, adapter, device, queue, backend };
    Some(Device::wgpu_options().setup(setup).init().expect("it is a device"))
}

/// Weights of a source that is as narrow as the target, before training.
fn narrow_source() -> Vec<u8> {
    let wanted = Wanted { name: "resnet-1-1-1-1", width: 0.0625, classes: 7, size: 64 };
    let network = named(&wanted).and_then(|architecture| architecture.build()).expect("known");
    let values = network.layout().init(Seed(1), "source");
    let mut map = WeightMap::new("source");
    for entry in network.layout().entries() {
        map.insert(&entry.name, entry.shape.clone(), values[entry.offset..entry.offset + entry.len()].to_vec());
    }
    for norm in network.norms() {
        map.insert(&format!("{}.running_mean", norm.prefix), vec![norm.channels], vec![0.0; norm.channels]);
        map.insert(&format!("{}.running_var", norm.prefix), vec![norm.channels], vec![1.0; norm.channels]);
    }
    map.to_safetensors()
}

/// θ after one iteration and the hypergradient of it, and how many images a kernel saw at once.
fn iterate(device: Device, source: &str, recompute: &str) -> (Vec<f64>, Vec<f64>, usize) {
    let set = [
        "data.size=64",
        "data.per_class=2",
        "target.network=resnet-1-1-1-1",
        "target.width=0.0625",
        &format!("sources=[{{weights='{source}'}}]"),
        "train.batch_size=12",
        "train.micro_batch=12",
        "meta.matching_steps=2",
        &format!("train.recompute={recompute}"),
    ];
    let config = Config::preset("demo", &set.map(String::from)).expect("valid");
    let plan = Plan::new(config, device, "limited".into()).expect("sound");
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
        .expect("drawn pictures are sound");
    let (state, learner) = (plan.initial_state(), plan.learner_at(0));
    let batch = prepare(&plan, &learner, &state, host);
    let counter = LaunchCounter::start();
    let (state, report) = learner.iteration(&state, &plan.sgd(0), &batch, |_| {});
    let host = |vector: &Tensor<1>| block_on(read(vector)).expect("the device answers");
    let hypergradient = report.hypergradient.expect("φ is learned");
    let found = (host(&state.target.theta), host(&hypergradient), plan.division.chunk);
    println!("{}: {} launches", plan.division.words(), counter.launches().total());
    found
}

#[test]
fn a_batch_that_no_kernel_may_see_goes_in_chunks_and_has_the_same_numbers() {
    let Some(device) = limited() else {
        assert!(std::env::var_os("L2T_REQUIRE_GPU").is_none_or(|value| value != "1"), "no adapter was found");
        println!("no adapter was found: nothing is checked");
        return;
    };
    assert_eq!(l2t_shaders::largest_buffer(&Tensor::<1>::zeros([1], &device)), Some(LIMIT));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("narrow.safetensors");
    std::fs::write(&path, narrow_source()).expect("written");
    let source = path.to_str().expect("plain");
    let (theta, hypergradient, whole) = iterate(Device::flex(), source, "never");
    assert_eq!(whole, IMAGES);
    for recompute in ["always", "groups"] {
        let (theta_found, hypergradient_found, chunk) = iterate(device.clone(), source, recompute);
        // 4 + 8 + 16 + 32 channels of regressors at 16 × 16 pixels of four bytes: four images, at most.
        assert_eq!(chunk, 4, "the regressors of the first group decide");
        for (found, expected) in [(theta_found, &theta), (hypergradient_found, &hypergradient)] {
            let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
            let error = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
            // Single precision on both sides, through some forty layers forth and back.
            assert!(error < 1e-3 * norm(&mut expected.iter().copied()), "{recompute}: {error:e}");
        }
    }
}
