//! `l2t report` and `l2t results`.

use std::path::{Path, PathBuf};

use l2t_core::Result;
use l2t_core::experiment::comparison::{Report, archive, folder};
use l2t_core::experiment::store::write_whole;

use super::Ending;

pub fn run(folders: &[PathBuf], out: Option<&Path>, kept: Option<&Path>) -> Result<Ending> {
    if let Some(kept) = kept {
        let (title, outcomes) = folder::collect(folders)?;
        write_whole(kept, archive::write(&title, &outcomes).as_bytes())?;
        say!("{} cells are in {}", outcomes.len(), kept.display());
        return Ok(Ending::Done);
    }
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

/// Writes the page of the archives in `folder`, beside it unless told otherwise.
pub fn results(folder: &Path, out: Option<&Path>) -> Result<Ending> {
    let page = out.map_or_else(|| folder.with_extension("md"), Path::to_owned);
    crate::report::results::write(folder, &page)?;
    say!("the results are in {}", page.display());
    Ok(Ending::Done)
}
