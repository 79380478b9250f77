//! `l2t report`.

use std::path::{Path, PathBuf};

use l2t_core::Result;
use l2t_core::experiment::comparison::{Report, folder};

use super::Ending;

pub fn run(folders: &[PathBuf], out: Option<&Path>) -> Result<Ending> {
    let out = out.map_or_else(|| folders[0].join("report"), Path::to_owned);
    write(folders, &out)?;
    Ok(Ending::Done)
}

/// Writes the report of `folders` into `out` and says what it holds.
pub fn write(folders: &[PathBuf], out: &Path) -> Result<()> {
    let (title, outcomes) = folder::collect(folders)?;
    let report = Report::new(&title, outcomes);
    crate::report::write(&report, out)?;
    say!();
    say!("{}", crate::report::markdown::accuracy_table(&report));
    let counts = report.counts();
    match counts.gaps() {
        None => say!("all {} cells are done", counts.expected),
        Some(gaps) => say!("{} of {} cells are done: {gaps}", counts.done, counts.expected),
    }
    say!("the report is in {}; start with report.html", out.display());
    Ok(())
}
