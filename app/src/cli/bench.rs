//! `l2t bench`: where the time of an iteration goes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn_tensor::{Device, Distribution, Tensor};
use l2t_core::bilevel::{Learner, LearnerState, Phase, Step};
use l2t_core::data::{Augmentation, BatchPlan, Batches, HostBatch};
use l2t_core::experiment::run::prepare;
use l2t_core::experiment::{Config, Plan};
use l2t_core::inputs::Inputs;
use l2t_core::seed::Seed;
use l2t_core::{Error, Result};
use l2t_shaders::{LaunchCounter, Launches};

use super::args::BenchArguments;
use super::bench_loader;
use super::progress::loading;
use super::{Ending, open_device};
use crate::allocator::in_use;

/// One timed iteration.
#[derive(Debug, Default)]
struct Timing {
    phases: BTreeMap<Phase, f64>,
    total: f64,
    multiply_adds: u64,
}

pub fn run(arguments: &BenchArguments) -> Result<Ending> {
    if arguments.repeats == 0 {
        return Err(Error::config("--repeats", "0 iterations cannot be timed"));
    }
    let device = open_device(arguments.device.device)?;
    if arguments.kernels {
        return super::kernels::run(&device, &arguments.out);
    }
    let mut config = Config::preset(&arguments.preset, &arguments.set)?;
    let inputs = match arguments.photographs {
        Some(count) => bench_loader::hand_over(&mut config, count)?,
        None => Inputs::default(),
    };
    let plan = Plan::prepare(config, inputs, device.device, device.name, loading())?;
    super::train::describe(&plan);
    let learner = plan.learner_at(0);
    let mut state = plan.initial_state();
    let host = first_batch(&plan)?;
    let (first, peak) = with_peak(|| iteration(&plan, &learner, &mut state, &host));
    let mut held = vec![(1, memory_in_use(&plan.device))];
    let timed = (1..=arguments.repeats).map(|nth| {
        let timing = iteration(&plan, &learner, &mut state, &host);
        if nth.is_multiple_of(arguments.repeats.div_ceil(10)) {
            held.push((nth + 1, memory_in_use(&plan.device)));
        }
        timing
    });
    let timings: Vec<Timing> = timed.collect();
    report(&plan, &learner, &first, &timings);
    say!("estimated        {:.0} MiB for an iteration", plan.division.bytes as f64 / 1048576.0);
    if let Some(peak) = peak.filter(|_| plan.largest_buffer.is_none()) {
        say!("measured         {:.0} MiB allocated at most in the first, beyond what was before it", peak / 1048576.0);
    }
    bench_loader::report(&plan, arguments.repeats, |host| drop(iteration(&plan, &learner, &mut state, host)))?;
    for (nth, bytes) in held {
        say!("memory in use after iteration {nth:4}: {:.3} MiB", bytes / 1048576.0);
    }
    if let Some(profile) = Profile::take(&plan, &learner, &mut state, &host) {
        profile.report();
    }
    Ok(Ending::Done)
}

fn first_batch(plan: &Plan) -> Result<HostBatch> {
    let batches = BatchPlan {
        batch_size: plan.config.train.batch_size,
        shuffle: true,
        drop_last: true,
        augmentation: Augmentation::None,
        seed: Seed(0),
        epoch: 0,
        first_batch: 0,
    };
    Batches::new(plan.train.clone(), batches)?
        .next()
        .ok_or_else(|| Error::config("train.batch_size", "no batch fits"))?
}

fn multiply_adds(learner: &Learner) -> u64 {
    let model = &learner.model;
    let regressors = model.matching.as_ref().map_or(0, |matching| matching.multiply_adds_done());
    model.network.multiply_adds_done() + regressors
}

/// What an iteration asks of a GPU, phase by phase.
struct Profile {
    /// Kernel launches in each phase, and the most bytes that live tensors take behind one of its steps.
    phases: BTreeMap<Phase, (usize, u64)>,
    all: Launches,
}

impl Profile {
    /// Runs one more iteration and counts; `None` on a device that launches no kernels.
    fn take(plan: &Plan, learner: &Learner, state: &mut LearnerState, host: &HostBatch) -> Option<Self> {
        let counter = LaunchCounter::start();
        let (mut phases, mut before) = (BTreeMap::<Phase, (usize, u64)>::new(), 0);
        let mut reached = |step: Step| {
            let total = counter.launches().total();
            let memory = plan.device.memory_pool_usage().map_or(0, |usage| usage.bytes_in_use);
            let phase = phases.entry(step.phase()).or_default();
            *phase = (phase.0 + total - before, phase.1.max(memory));
            before = total;
        };
        let batch = prepare(plan, learner, state, host.clone());
        reached(Step::Source);
        (*state, _) = learner.iteration(state, &plan.sgd(0), &batch, &mut reached);
        let all = counter.launches();
        (all.total() > 0).then_some(Self { phases, all })
    }

    fn report(&self) {
        say!("");
        say!("phase            launches   device memory MiB");
        for (phase, (launches, bytes)) in &self.phases {
            say!("{:<16} {launches:9}   {:9.1}", phase.name(), *bytes as f64 / 1048576.0);
        }
        say!("{:<16} {:9}", "iteration", self.all.total());
        let mut kernels: Vec<_> = self.all.by_kernel.iter().collect();
        kernels.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), **name));
        for (name, count) in kernels {
            say!("{count:6} × {}", name.rsplit("::").next().unwrap_or(name));
        }
    }
}

/// Runs one iteration and waits for the device behind every phase, so that the phases add up.
fn iteration(plan: &Plan, learner: &Learner, state: &mut LearnerState, host: &HostBatch) -> Timing {
    let mut timing = Timing::default();
    let before = multiply_adds(learner);
    let start = Instant::now();
    let mut last = start;
    let mut reached = |step: Step| {
        wait(&plan.device);
        let now = Instant::now();
        *timing.phases.entry(step.phase()).or_default() += (now - last).as_secs_f64();
        last = now;
    };
    let batch = prepare(plan, learner, state, host.clone());
    reached(Step::Source);
    (*state, _) = learner.iteration(state, &plan.sgd(0), &batch, &mut reached);
    wait(&plan.device);
    timing.total = start.elapsed().as_secs_f64();
    timing.multiply_adds = multiply_adds(learner) - before;
    timing
}

fn wait(device: &Device) {
    // A device that is lost says so at the next read.
    if let Err(error) = device.sync() {
        log::warn!("{error:?}");
    }
}

fn report(plan: &Plan, learner: &Learner, first: &Timing, timings: &[Timing]) {
    let median = |value: &dyn Fn(&Timing) -> f64| {
        let mut values: Vec<f64> = timings.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let total = median(&|t| t.total);
    say!("phase            median ms   share");
    for phase in Phase::ALL {
        let secs = median(&|t| t.phases.get(&phase).copied().unwrap_or(0.0));
        say!("{:<16} {:9.1}   {:4.0} %", phase.name(), 1e3 * secs, 100.0 * secs / total);
    }
    let (least, most) = timings.iter().fold((f64::MAX, 0.0), |(l, m): (f64, f64), t| (l.min(t.total), m.max(t.total)));
    say!(
        "{:<16} {:9.1}   ({:.1} to {:.1} in {} repeats; the first took {:.1})",
        "iteration",
        1e3 * total,
        1e3 * least,
        1e3 * most,
        timings.len(),
        1e3 * first.total
    );

    let model = &learner.model;
    let batch = plan.config.train.batch_size as u64;
    let forward = batch
        * (model.network.forward_multiply_adds(model.network.output())
            + model.matching.as_ref().map_or(0, |matching| matching.forward_multiply_adds()));
    let source: u64 = batch * plan.heard().iter().map(|source| source.multiply_adds(plan.needs_logits())).sum::<u64>();
    say!(
        "work             {:.1} target forward-equivalents ({:.2} GFLOP each, regressors included) and {} source forward ({:.2} GFLOP)",
        timings[0].multiply_adds as f64 / forward as f64,
        2e-9 * forward as f64,
        plan.heard().len(),
        2e-9 * source as f64,
    );
    let alone = batch * model.network.forward_multiply_adds(model.network.output());
    say!(
        "                 {:.1} F in all, F being a forward pass of the target alone ({:.2} GFLOP)",
        (timings[0].multiply_adds + source) as f64 / alone as f64,
        2e-9 * alone as f64,
    );
    let product = matrix_product(plan);
    let achieved = 2e-9 * (timings[0].multiply_adds + source) as f64 / total;
    say!(
        "rate             {achieved:.1} GFLOP/s; this device's own 1024³ matrix product {product:.1} GFLOP/s ({:.0} %)",
        100.0 * achieved / product
    );
    match peak_memory() {
        Some(bytes) => say!("peak memory      {:.0} MiB of this process", bytes / 1048576.0),
        None => say!("peak memory      unknown on this system"),
    }
    if let Some(usage) = plan.device.memory_pool_usage() {
        say!("device memory    {usage:?}");
    }
}

/// GFLOP/s of a large matrix product on the same device: the median of five, after one.
fn matrix_product(plan: &Plan) -> f64 {
    const N: usize = 1024;
    let random = || Tensor::<2>::random([N, N], Distribution::Default, (&plan.device, plan.dtype));
    let (a, b) = (random(), random());
    let mut secs: Vec<f64> = (0..6)
        .map(|_| {
            let start = Instant::now();
            // Eight in a row, so that a GPU's launch and wait do not count.
            for _ in 0..8 {
                std::hint::black_box(a.clone().matmul(b.clone()));
            }
            wait(&plan.device);
            start.elapsed().as_secs_f64() / 8.0
        })
        .skip(1)
        .collect();
    secs.sort_by(f64::total_cmp);
    2e-9 * (N as f64).powi(3) / secs[2]
}

/// What `work` gives, and the most bytes that were allocated meanwhile beyond those before it, looked at every millisecond;
/// `None` where the allocator does not say.
fn with_peak<T>(work: impl FnOnce() -> T) -> (T, Option<f64>) {
    let done = AtomicBool::new(false);
    let most = || {
        let mut most = in_use()?;
        while !done.load(Ordering::Relaxed) {
            most = most.max(in_use()?);
            std::thread::sleep(Duration::from_millis(1));
        }
        Some(most)
    };
    let before = in_use();
    std::thread::scope(|scope| {
        let watch = scope.spawn(most);
        let given = work();
        done.store(true, Ordering::Relaxed);
        let most = watch.join().expect("it only looks");
        (given, most.zip(before).map(|(most, before)| most.saturating_sub(before) as f64))
    })
}

/// Bytes of live tensors on a GPU, or what the process has where the device is the CPU.
fn memory_in_use(device: &Device) -> f64 {
    match device.memory_pool_usage() {
        Some(usage) => usage.bytes_in_use as f64,
        None => process_memory("VmRSS:").unwrap_or(f64::NAN),
    }
}

/// The most memory that this process has used, in bytes.
fn peak_memory() -> Option<f64> {
    process_memory("VmHWM:")
}

fn process_memory(field: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}
