use burn_tensor::Device;
use futures_lite::future::block_on;

use super::*;
use crate::experiment::store::RunFolder;

fn theta(outcome: &Outcome) -> Vec<f64> {
    block_on(read(&outcome.target.theta)).unwrap()
}

/// An end is asked for within passes, at many places of an iteration and while an epoch is measured: the run ends at the next
/// node, keeps the last whole iteration and nothing of the half one, and goes on to the same numbers.
fn check(way: &str) {
    let changes = [
        "train.epochs=1",
        "target.width=0.0625",
        "data.per_class=3",
        "train.batch_size=8",
        "meta.matching_steps=2",
        way,
    ];
    let config = Config::preset("demo", &changes.map(String::from)).unwrap();
    let plan = Plan::new(config, Device::flex(), "CPU".into()).unwrap();
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str| RunFolder::create(&place.path().join(name), &plan.config).unwrap();
    let whole = block_on(run(&plan, None, &Control::default(), &mut folder("whole"), &mut |_| {})).unwrap();
    assert_eq!(iterations(&plan), 3);
    let mut ends = Vec::new();
    for looks in [1, 2, 30, 77, 150, 333, 500, 650] {
        let (control, mut keeper) = (Control::default(), folder(&looks.to_string()));
        control.token().ask_after(looks);
        let mut told = 0;
        let mut tell = |event: Event| told += usize::from(matches!(event, Event::Iteration { .. }));
        let outcome = block_on(run(&plan, None, &control, &mut keeper, &mut tell)).unwrap();
        assert!(!outcome.summary.complete && control.stopped(), "{way}: {looks} looks are less than there are");
        let checkpoint = RunFolder::open(keeper.path()).unwrap().1;
        assert_eq!((checkpoint.position.epoch, checkpoint.position.iteration), (0, told), "{way}: {looks}");
        if told == 0 {
            let start = network_state(&plan, &plan.initial_state()).theta;
            assert!(theta(&outcome) == block_on(read(&start)).unwrap(), "{way}: {looks}: half an iteration is kept");
        }
        ends.push(told);
        let control = Control::default();
        let resumed = block_on(run(&plan, Some(&checkpoint), &control, &mut keeper, &mut |_| {})).unwrap();
        assert!(theta(&resumed) == theta(&whole), "{way}: {looks}: other numbers");
        assert_eq!(resumed.summary.test_accuracy, whole.summary.test_accuracy);
    }
    assert!(ends.is_sorted() && ends[0] == 0 && ends.last() > Some(&0), "{way}: {ends:?}");
}

#[test]
fn a_run_ends_within_a_pass_and_keeps_the_last_whole_iteration() {
    for way in ["train.recompute=never", "train.recompute=always", "train.recompute=groups"] {
        check(way);
    }
}
