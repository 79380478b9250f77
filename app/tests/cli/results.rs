//! `docs/results.md` is what its files say.

use std::path::Path;

use crate::support::Sandbox;

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// The pictures are left out: they are drawn anew where the drawing changes.
#[test]
fn the_page_of_results_is_written_from_the_files_beside_it() {
    let sandbox = Sandbox::new();
    let folder = root().join("docs/results");
    for entry in std::fs::read_dir(&folder).expect("the results") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            sandbox.write(&format!("results/{name}"), std::fs::read(&path).expect("readable"));
        }
    }
    sandbox.run("results results").succeeds("results");
    let page = std::fs::read_to_string(root().join("docs/results.md")).expect("the page");
    assert!(sandbox.text("results.md") == page, "docs/results.md is old: l2t results docs/results");
}
