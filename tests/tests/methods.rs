//! Every method through the whole loop on the drawn data, tiny: its loss falls, and a run that was stopped and went on
//! from its checkpoint's bytes ends with the same numbers as one that was not.

use burn_tensor::{Device, Tensor};
use futures_lite::future::block_on;
use l2t_core::Result;
use l2t_core::bilevel::{LearnerState, Moving};
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::{Keeper, Outcome};
use l2t_core::experiment::{Config, Control, EpochRecord, Event, Method, Plan, run};
use l2t_core::network::weights::read;

/// Checkpoints as bytes.
#[derive(Default)]
struct Memory {
    latest: Vec<u8>,
    best: Vec<u8>,
}

impl Keeper for Memory {
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.latest = checkpoint.to_bytes();
        Ok(())
    }

    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.best = checkpoint.to_bytes();
        Ok(())
    }

    fn best(&self) -> Result<Checkpoint> {
        Checkpoint::from_bytes("best", &self.best)
    }
}

/// Forty images, four iterations an epoch, three epochs.
fn plan(method: Method, changes: &[&str]) -> Plan {
    try_plan(method, changes).unwrap_or_else(|e| panic!("{method:?}: {e}"))
}

fn try_plan(method: Method, changes: &[&str]) -> Result<Plan> {
    let common = ["train.epochs=3", "target.width=0.0625", "data.per_class=5", "train.batch_size=10"];
    let mut all: Vec<String> = common.iter().chain(changes).map(|change| (*change).to_owned()).collect();
    all.push(format!("method.name={}", method.name()));
    Plan::new(Config::preset("demo", &all)?, Device::flex(), "CPU".into())
}

/// What fine-tuning needs.
const SAME_NETWORK: [&str; 2] = ["target.network=resnet8", "sources.0.weights=untrained-resnet8"];

/// Where somebody asks for an end.
type Asked = fn(&Event) -> bool;

/// Behind the second of four iterations, and behind the last: while the epoch is measured on the validation images.
const IN_AN_EPOCH: Asked = |event| matches!(event, Event::Iteration { epoch: 1, done: 2, .. });
const BEHIND_AN_EPOCH: Asked = |event| matches!(event, Event::Iteration { epoch: 1, done: 4, .. });
const IN_THE_TEST: Asked = |event| matches!(event, Event::Testing { .. });

/// Runs to the end, or to where it is stopped.
fn train(plan: &Plan, from: Option<&Checkpoint>, stop: Option<Asked>, keeper: &mut Memory) -> Outcome {
    let control = Control::default();
    let mut tell = |event: Event| {
        if stop.is_some_and(|asked| asked(&event)) {
            control.stop();
        }
    };
    block_on(run(plan, from, &control, keeper, &mut tell)).expect("the run goes well")
}

/// All that is minimised.
fn total(record: &EpochRecord) -> f64 {
    record.task_loss + record.matching_loss.unwrap_or(0.0) + record.auxiliary_losses.values().sum::<f64>()
}

fn epochs(outcome: &Outcome) -> Vec<EpochRecord> {
    let epochs = outcome.position.history.epochs.iter();
    epochs.map(|record| EpochRecord { elapsed_secs: 0.0, ..record.clone() }).collect()
}

fn check(method: Method, changes: &[&str]) {
    let plan = plan(method, changes);
    let whole = train(&plan, None, None, &mut Memory::default());
    let records = epochs(&whole);
    assert_eq!(records.len(), 3, "{method:?}");
    let (first, last) = (&records[0], &records[2]);
    assert!(total(last) < total(first), "{method:?}: from {} to {}", total(first), total(last));
    let recipe = method.recipe();
    let kinds: Vec<_> = first.auxiliary_losses.keys().copied().collect();
    assert_eq!(kinds, recipe.auxiliary, "{method:?}");
    assert_eq!(first.matching_loss.is_some(), recipe.learned.is_some(), "{method:?}");
    for (kind, loss) in &last.auxiliary_losses {
        let before = first.auxiliary_losses[kind];
        assert!(*loss > 0.0 && *loss < before, "{method:?}: {} from {before} to {loss}", kind.name());
    }

    let mut keeper = Memory::default();
    assert!(!train(&plan, None, Some(IN_AN_EPOCH), &mut keeper).summary.complete, "{method:?}");
    let checkpoint = Checkpoint::from_bytes("latest", &keeper.latest).expect("a checkpoint");
    assert_eq!((checkpoint.position.epoch, checkpoint.position.iteration), (1, 2));
    let resumed = train(&plan, Some(&checkpoint), None, &mut keeper);
    assert_eq!(epochs(&resumed), records, "{method:?}");
    let theta = |outcome: &Outcome| block_on(read(&outcome.target.theta)).expect("the CPU answers");
    assert!(theta(&resumed) == theta(&whole), "{method:?}: the weights differ");
}

#[test]
fn every_method_learns_and_goes_on_where_it_was() {
    for method in Method::ALL {
        let changes: &[&str] = if method == Method::FineTuning { &SAME_NETWORK } else { &[] };
        check(method, changes);
    }
}

/// Measuring takes long where there are many images.
#[test]
fn a_run_that_is_stopped_while_it_is_measured_goes_on_there() {
    let plan = plan(Method::L2tWw, &[]);
    let whole = train(&plan, None, None, &mut Memory::default());
    for (asked, at) in [(BEHIND_AN_EPOCH, (1, 4)), (IN_THE_TEST, (3, 0))] {
        let mut keeper = Memory::default();
        assert!(!train(&plan, None, Some(asked), &mut keeper).summary.complete);
        let checkpoint = Checkpoint::from_bytes("latest", &keeper.latest).expect("a checkpoint");
        assert_eq!((checkpoint.position.epoch, checkpoint.position.iteration), at);
        let resumed = train(&plan, Some(&checkpoint), None, &mut keeper);
        assert_eq!(epochs(&resumed), epochs(&whole));
        assert_eq!(resumed.summary.test_accuracy, whole.summary.test_accuracy);
    }
}

/// Behind an epoch that is kept, before the next.
const BETWEEN_EPOCHS: Asked = |event| matches!(event, Event::Epoch(record) if record.epoch == 1);

/// λ learned in the first epoch is there from the first step of the θ that counts, which begins anew, also where the run was
/// stopped just before.
#[test]
fn what_phi_learned_outlives_the_first_theta() {
    let where_rates = ["meta.warm_up=1", "meta.epochs=1", "meta.where_per=pair", "meta.where_start=even"];
    let changes =
        [&where_rates[..], &["meta.where_lr=0.1", "meta.measured_on=other-batch", "meta.outer_batch=20"]].concat();
    let plan = plan(Method::L2tWhere, &changes);
    let mut keeper = Memory::default();
    let whole = train(&plan, None, None, &mut keeper);
    let records = epochs(&whole);
    let weights = |epoch: usize| records[epoch].pair_weights.iter().map(|pair| pair.mean).collect::<Vec<_>>();
    assert!(weights(0).iter().any(|mean| (mean - 1.0).abs() > 0.05), "{:?}", weights(0));
    assert!(weights(0) != weights(1) && weights(1) == weights(2), "λ is learned in the first epoch alone");
    assert_eq!(
        records.iter().map(|record| record.lr).collect::<Vec<_>>(),
        [0.05, 0.05, 0.025],
        "the rate starts twice"
    );
    // A network that begins anew knows about as little as at first.
    let (first, fresh) = (records[0].task_loss, records[1].task_loss);
    assert!((fresh / first - 1.0).abs() < 0.2 && records[2].task_loss < fresh, "{first}, {fresh}");

    let mut keeper = Memory::default();
    assert!(!train(&plan, None, Some(BETWEEN_EPOCHS), &mut keeper).summary.complete);
    let checkpoint = Checkpoint::from_bytes("latest", &keeper.latest).expect("a checkpoint");
    assert_eq!((checkpoint.position.epoch, checkpoint.position.iteration), (1, 0));
    assert_eq!(epochs(&train(&plan, Some(&checkpoint), None, &mut keeper)), records);
}

/// What one task taught is there from the first step on another, and stays; resumed runs have it too.
#[test]
fn phi_of_another_run_is_used_as_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("taught.safetensors");
    let design = ["meta.where_per=pair", "meta.where_start=even", "meta.where_lr=0.1", "meta.epochs=1"];
    let mut keeper = Memory::default();
    let taught = train(&plan(Method::L2tWhere, &design), None, None, &mut keeper);
    std::fs::write(&path, &keeper.latest).expect("written");
    // Those behind the epoch in which they are learned.
    let weights = |record: &EpochRecord| record.pair_weights.iter().map(|pair| pair.mean).collect::<Vec<_>>();
    let learned = weights(epochs(&taught).last().expect("three epochs"));
    assert!(learned.iter().any(|mean| (mean - 1.0).abs() > 0.05), "{learned:?}");

    let reuse = format!("method.phi='{}'", path.display());
    let elsewhere = [&design[..], &["data.synthetic=texture", &reuse]].concat();
    let plan = plan(Method::L2tWhere, &elsewhere);
    assert!(plan.learner.meta_rule.is_none(), "no step on φ is taken");
    let records = epochs(&train(&plan, None, None, &mut Memory::default()));
    assert!(records.iter().all(|record| weights(record) == learned), "{records:?}");
    let mut keeper = Memory::default();
    assert!(!train(&plan, None, Some(BETWEEN_EPOCHS), &mut keeper).summary.complete);
    let checkpoint = Checkpoint::from_bytes("latest", &keeper.latest).expect("a checkpoint");
    // A run that is gone on with has it in itself.
    std::fs::remove_file(&path).expect("removed");
    let again = Plan::with_inputs(checkpoint.config.clone(), checkpoint.inputs(), Device::flex(), "CPU".into());
    let again = again.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(epochs(&train(&again, Some(&checkpoint), None, &mut keeper)), records);
}

#[test]
fn phi_that_means_something_else_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("taught.safetensors");
    let mut keeper = Memory::default();
    train(&plan(Method::L2tWhere, &["train.epochs=1"]), None, None, &mut keeper);
    std::fs::write(&path, &keeper.latest).expect("written");
    let refused = |method: Method, changes: &[&str]| {
        let reuse = format!("method.phi='{}'", path.display());
        let error = try_plan(method, &[&[&reuse[..]], changes].concat()).map(drop).expect_err("refused");
        error.to_string().replace(&path.display().to_string(), "RUN")
    };
    for (method, changes, reason) in [
        (Method::L2tWw, &[][..], "method.phi: RUN was learned with method.name = l2t-where, and here it is l2t-ww"),
        (Method::L2tWhere, &["meta.where_per=pair"], "with meta.where_per = image, and here it is pair"),
        (Method::L2tWhere, &["meta.where_total=constant"], "with meta.where_total = free, and here it is constant"),
        (Method::L2tWhere, &["method.pairs=single"], "numbers for its pairs of layers, and those of this source and"),
        (Method::L2tWhere, &["method.phi=nowhere"], "nowhere"),
        (Method::L2tWhere, &["method.phi=' '"], "method.phi: is empty"),
    ] {
        let error = refused(method, changes);
        assert!(error.contains(reason), "{error}");
    }
    // Those that have no φ have no use for it.
    let reuse = format!("method.phi='{}'", path.display());
    assert!(try_plan(Method::Fm, &[&reuse]).is_ok() && try_plan(Method::Scratch, &[&reuse]).is_ok());
}

/// Behind `method.epochs` θ is trained as from scratch: the same numbers as a run without a source that takes up θ there, and a run
/// that is stopped in between goes on alike.
#[test]
fn a_source_is_listened_to_in_its_epochs_alone() {
    let scratch = plan(Method::Scratch, &[]);
    let len = scratch.learner.model.network.layout().len();
    let own = |vector: &Tensor<1>| vector.clone().slice([0..len]);
    for method in [Method::L2tWw, Method::Fm, Method::LwfAt] {
        let plan = plan(method, &["method.epochs=1"]);
        let whole = train(&plan, None, None, &mut Memory::default());
        let said: Vec<bool> = epochs(&whole)
            .iter()
            .map(|record| record.matching_loss.is_some() || !record.auxiliary_losses.is_empty())
            .collect();
        assert_eq!(said, [true, false, false], "{method:?}");

        let mut keeper = Memory::default();
        assert!(!train(&plan, None, Some(BETWEEN_EPOCHS), &mut keeper).summary.complete);
        let checkpoint = Checkpoint::from_bytes("latest", &keeper.latest).expect("a checkpoint");
        assert_eq!(epochs(&train(&plan, Some(&checkpoint), None, &mut keeper)), epochs(&whole), "{method:?}");

        let state = checkpoint.restore(&plan).expect("its own state");
        let target = Moving { theta: own(&state.target.theta), velocity: own(&state.target.velocity) };
        let state = LearnerState { target, running: state.running, meta: scratch.initial_state().meta };
        let taken_up = Checkpoint::take(&scratch, &state, checkpoint.position.clone());
        let taken_up = block_on(taken_up).expect("the CPU answers");
        // The best epoch may be the first, which this keeper has not seen.
        let mut keeper = Memory { best: taken_up.to_bytes(), ..Memory::default() };
        let alone = train(&scratch, Some(&taken_up), None, &mut keeper);
        for (one, other) in epochs(&whole).iter().zip(epochs(&alone)).skip(1) {
            assert_eq!(
                (one.task_loss, one.validation_accuracy),
                (other.task_loss, other.validation_accuracy),
                "{method:?}"
            );
        }
    }
}

#[test]
fn the_baselines_learn_from_two_sources_and_over_single_pairs() {
    let two = r#"sources=[{weights="embedded"},{weights="untrained-resnet14"}]"#;
    for method in [Method::LwfAt, Method::Fm] {
        check(method, &[two]);
        check(method, &["method.pairs=single"]);
    }
}

#[test]
fn fine_tuning_starts_from_the_source() {
    let plan = plan(Method::FineTuning, &SAME_NETWORK);
    let start = plan.start.expect("fine-tuning has a start");
    assert!(start.new_classifier, "two hundred classes become ten");
    let (ours, theirs) = (plan.initial_state(), &plan.sources[0]);
    let values = |vector: &Tensor<1>| block_on(read(vector)).expect("the CPU answers");
    let (theta, source) = (values(&ours.target.theta), values(&theirs.state.theta));
    let classifier = plan.learner.model.network.layout().find("fc.weight").expect("a ResNet's classifier");
    assert!(theta[..classifier.offset] == source[..classifier.offset], "all below the classifier is the source's");
    let own = &theta[classifier.offset..classifier.offset + classifier.len()];
    assert!(own != &source[classifier.offset..classifier.offset + classifier.len()], "the classifier is new");
    let means = |running: &l2t_core::network::RunningStats| {
        running.moments().iter().map(|moments| values(&moments.mean)).collect::<Vec<_>>()
    };
    assert!(means(&ours.running) == means(&theirs.state.running), "and so are the running statistics");
    assert!(plan.heard().is_empty(), "no source is evaluated at a batch");
}
