use l2t_core::experiment::comparison::{CellState, Grid};
use l2t_core::experiment::{EpochRecord, History, RunSummary};

use super::*;

/// A grid with a title and a reason that would break a page, half of whose cells are done.
pub fn report() -> Report {
    let text = "[compare]\ntitle = \"<b>A & B</b>\"\npreset = \"demo\"\nseeds = [0, 1]\nper_class = [5]\n\
                methods = [\"scratch\", \"fm\", \"l2t-ww\"]\n";
    let grid = Grid::from_toml(text, &[]).expect("valid");
    let outcomes = grid.cells.into_iter().enumerate().map(|(nth, cell)| {
        let state = match (cell.method.as_str(), cell.seed) {
            ("fm", 1) => CellState::Failed { reason: "loss < \"nothing\"".into() },
            ("l2t-ww", 1) => CellState::Missing,
            _ => done(0.3 + nth as f64 / 10.0),
        };
        CellOutcome { cell, state, provenance: None, folder: String::new() }
    });
    Report::new(&grid.title, outcomes.collect())
}

fn done(test: f64) -> CellState {
    let record = EpochRecord {
        epoch: 1,
        lr: 0.1,
        task_loss: 1.0,
        matching_loss: None,
        auxiliary_losses: Default::default(),
        train_accuracy: 0.5,
        validation_accuracy: Some(0.5),
        pair_weights: vec![],
        elapsed_secs: 1.0,
    };
    let summary = RunSummary {
        method: String::new(),
        seed: 0,
        device: "CPU".into(),
        test_accuracy: Some(test),
        validation_accuracy: Some(0.5),
        best_epoch: 1,
        epochs: 1,
        complete: true,
        wall_secs: 90.0,
        images: (40, 10, 100),
        normalised_together: None,
        folder: ".".into(),
    };
    CellState::Done { summary: Box::new(summary), history: History { epochs: vec![record] } }
}

#[test]
fn the_page_stands_alone_and_is_well_formed() {
    let folder = tempfile::tempdir().unwrap();
    super::super::write(&report(), folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    for outside in ["<script", "http://", "https://", "<link", "@import", "url(", "<img"] {
        let without_namespace = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!without_namespace.contains(outside), "{outside}");
    }
    assert!(page.contains("&lt;b&gt;A &amp; B&lt;/b&gt;") && !page.contains("<b>"));
    balanced(&page);
    // Seeds 0 and 1 of scratch, and what is lacking, by name.
    for part in
        ["45.00 ± 21.21", "1 of 2 seeds: 1 failed", "fine-grained/n5/l2t-ww/seed1: missing", "loss &lt; &quot;nothing"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<svg class=\"picture\"").count(), 4, "accuracy, two references, epochs");
}

/// Every tag is closed by its own end.
fn balanced(page: &str) {
    let body = &page[page.find("<body>").expect("a body")..];
    let mut open = Vec::new();
    for piece in body.split('<').skip(1) {
        let inside = &piece[..piece.find('>').expect("a tag ends")];
        let name: String = inside.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric()).collect();
        if inside.starts_with('/') {
            match open.pop() {
                Some(last) => assert_eq!(last, name),
                None => assert_eq!(name, "html"),
            }
        } else if !inside.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
