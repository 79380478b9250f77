use super::super::difference::{Preferred, Reference, preferred};
use super::super::outcome::CellState;
use super::super::{Grid, tables};
use super::*;
use crate::experiment::{EpochRecord, History, RunSummary};

const GRID: &str = "[compare]\npreset = \"demo\"\nseeds = [3, 1, 2]\nper_class = [0, 5]\n\
                    methods = [\"scratch\", \"fm\", { label = \"fm-single\", name = \"fm\", \
                    set = { method.pairs = \"single\" } }, \"l2t-ww\"]\n";

fn record(epoch: usize, validation: f64) -> EpochRecord {
    EpochRecord {
        epoch,
        lr: 0.1,
        task_loss: 1.0,
        matching_loss: None,
        auxiliary_losses: Default::default(),
        train_accuracy: 0.5,
        validation_accuracy: Some(validation),
        pair_weights: vec![],
        elapsed_secs: 1.0,
    }
}

fn done(seed: u64, test: f64, validation: f64, epochs: usize) -> CellState {
    let history = History { epochs: (1..=epochs).map(|epoch| record(epoch, validation)).collect() };
    let summary = RunSummary {
        method: "fm".into(),
        seed,
        device: "CPU".into(),
        test_accuracy: Some(test),
        validation_accuracy: Some(validation),
        best_epoch: 1,
        epochs,
        complete: true,
        wall_secs: 2.0,
        images: (40, 10, 100),
        normalised_together: None,
        folder: ".".into(),
    };
    CellState::Done { summary: Box::new(summary), history }
}

/// Outcomes of the grid with n = 5 filled in by (method, seed), and nothing with all images.
fn report(state: impl Fn(&str, u64) -> CellState) -> Report {
    let cells = Grid::from_toml(GRID, &[]).expect("valid").cells;
    let outcomes = cells.into_iter().map(|cell| {
        let state = if cell.per_class == 5 { state(&cell.method, cell.seed) } else { CellState::Missing };
        CellOutcome { cell, state, provenance: None, folder: String::new() }
    });
    Report::new("Test", outcomes.collect())
}

fn typical(method: &str, seed: u64) -> CellState {
    let shift = seed as f64 / 100.0;
    match (method, seed) {
        ("scratch", _) => done(seed, 0.30 + shift, 0.35, 4),
        // Better on validation, worse on test: it must be the reference all the same.
        ("fm", _) => done(seed, 0.40 + shift, 0.50, 4),
        ("fm-single", 1) => CellState::Failed { reason: "β L_wfm is not finite".into() },
        ("fm-single", _) => done(seed, 0.45 + shift, 0.40, 4),
        ("l2t-ww", 3) => CellState::Unfinished { epochs: 2 },
        ("l2t-ww", 2) => done(2, 0.52, 0.60, 3),
        _ => done(seed, 0.50 + 2.0 * shift, 0.55, 4),
    }
}

#[test]
fn axes_are_in_order_and_every_group_is_there() {
    let report = report(typical);
    assert_eq!((&report.seeds[..], &report.per_class[..]), (&[1, 2, 3][..], &[5, 0][..]));
    assert_eq!(report.methods, ["scratch", "fm", "fm-single", "l2t-ww"]);
    assert_eq!(report.settings.len(), 2);
    assert!(report.settings.iter().all(|setting| setting.groups.len() == 4));
    let counts = report.counts();
    assert_eq!((counts.expected, counts.done, counts.failed, counts.unfinished, counts.missing), (24, 10, 1, 1, 12));
    assert_eq!(counts.gaps().as_deref(), Some("1 failed, 1 unfinished, 12 missing"));
}

#[test]
fn means_leave_out_what_is_not_done_and_say_so() {
    let report = report(typical);
    let group = &report.settings[0].groups[2];
    let test = group.test.expect("two seeds");
    assert_eq!((test.n, group.counts.failed, group.counts.expected), (2, 1, 3));
    // Seeds 2 and 3: 0.47 and 0.48.
    assert!((test.mean - 0.475).abs() < 1e-12 && (test.std.expect("two") - 0.01 / 2.0_f64.sqrt()).abs() < 1e-12);
    let curve = &report.settings[0].groups[3].validation_curve;
    assert_eq!(curve.iter().map(|(epoch, sample)| (*epoch, sample.n)).collect::<Vec<_>>(), [(1, 2), (2, 2), (3, 2)]);
    assert!(report.settings[1].groups.iter().all(|group| group.test.is_none() && group.counts.missing == 3));
}

#[test]
fn differences_are_paired_by_seed_and_the_reference_is_chosen_on_validation() {
    let report = report(typical);
    let differences = &report.settings[0].differences;
    let find = |method: &str, kind: Reference| {
        differences.iter().find(|d| d.method == method && d.kind == kind).unwrap_or_else(|| panic!("{method}"))
    };
    let fm = find("fm", Reference::Scratch).sample.expect("three seeds");
    assert!(fm.n == 3 && (fm.mean - 0.1).abs() < 1e-12 && fm.std.expect("three") < 1e-12);
    // Seeds 1 and 2: 0.52 - 0.31 and 0.52 - 0.32.
    let ww = find("l2t-ww", Reference::Scratch).sample.expect("two seeds");
    assert!(ww.n == 2 && (ww.mean - 0.205).abs() < 1e-12, "{ww:?}");
    let ww = find("l2t-ww", Reference::FixedPairs);
    assert_eq!((ww.reference.as_str(), ww.sample.map(|sample| sample.n)), ("fm", Some(2)));
    assert!(differences.iter().all(|d| d.method != d.reference));
    assert!(report.settings[1].differences.is_empty(), "nothing to compare with");
}

#[test]
fn what_validation_prefers_is_kept_whatever_the_test_says() {
    let of = |one: f64, other: f64| {
        let report = report(|method, seed| match method {
            "scratch" => done(seed, 0.5, 0.25 * seed as f64, 1),
            "fm" => done(seed, one, other, 1),
            _ => CellState::Missing,
        });
        let few = report.outcomes.iter().filter(|outcome| outcome.cell.per_class == 5);
        preferred("fm", "scratch", &few.collect::<Vec<_>>())
    };
    // Scratch has 0.25, 0.5 and 0.75 on validation at seeds 1, 2 and 3, which stand in the grid as 3, 1, 2; of equals the first.
    assert_eq!(of(0.75, 0.5), Preferred { at_seeds: vec![0.0, 0.25, 0.25], first: 2 });
    assert_eq!(of(0.25, 1.0), Preferred { at_seeds: vec![-0.25; 3], first: 3 });
    let nothing = report(|_, _| CellState::Missing);
    let nothing = preferred("fm", "scratch", &nothing.outcomes.iter().collect::<Vec<_>>());
    assert_eq!(nothing, Preferred { at_seeds: vec![], first: 0 });
}

/// The best of them is chosen among the methods with fixed pairs; what is called so without more is the first of the grid.
#[test]
fn all_pairs_at_equal_weight_are_a_reference_of_their_own() {
    let text = "[compare]\npreset = \"demo\"\nseeds = [1, 2]\nper_class = [5]\nmethods = [\"l2t-ww\", \"fm\", \
                { label = \"even\", name = \"fm\", set = { method.pairs = \"all-to-all\" } }, \
                { label = \"even-2\", name = \"fm\", set = { method.pairs = \"all-to-all\", method.beta = 2.0 } }]\n";
    let outcomes = Grid::from_toml(text, &[]).expect("valid").cells.into_iter().map(|cell| {
        let (test, validation) = match &cell.method[..] {
            "l2t-ww" => (0.75, 0.75),
            "even" => (0.5, 0.5),
            "even-2" => (0.625, 0.625),
            _ => (0.25, 0.25),
        };
        let state = done(cell.seed, test, validation, 1);
        CellOutcome { cell, state, provenance: None, folder: String::new() }
    });
    let report = Report::new("Test", outcomes.collect());
    let of = |kind: Reference| {
        let found = report.settings[0].differences.iter().find(|d| d.method == "l2t-ww" && d.kind == kind);
        found.map(|d| (d.reference.as_str(), d.sample.expect("two seeds").mean))
    };
    assert_eq!(of(Reference::AllPairs), Some(("even", 0.25)));
    assert_eq!(of(Reference::FixedPairs), Some(("even-2", 0.125)));
    assert_eq!(of(Reference::Scratch), None);
}

#[test]
fn tables_have_a_row_for_everything_that_was_asked_for() {
    let report = report(typical);
    let lines =
        |bytes: Vec<u8>| -> Vec<String> { String::from_utf8(bytes).expect("text").lines().map(String::from).collect() };
    let (cells, summary) = (lines(tables::cells_csv(&report)), lines(tables::summary_csv(&report)));
    assert_eq!((cells.len(), summary.len()), (1 + 24, 1 + 8));
    assert!(cells.iter().any(|line| line.starts_with("fine-grained,5,fm-single,1,failed,,") && line.contains("L_wfm")));
    assert!(summary.iter().any(|line| line.starts_with("fine-grained,0,l2t-ww,0,3,0,0,3,,")), "{summary:?}");
    assert_eq!(lines(tables::differences_csv(&report)).len(), 1 + 3 + 3);
}
