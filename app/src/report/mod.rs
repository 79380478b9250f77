//! The report of a comparison as files: Markdown, CSV, pictures, and one HTML page that needs nothing else.
//!
//! The numbers come from [`l2t_core::experiment::comparison`]; here is only how they are written. Nothing depends on when
//! the report is made, so the same cells give the same files.

mod date;
mod facts;
mod html;
pub mod markdown;
mod markup;
mod numbers;
mod pictures;
pub mod results;

use std::path::Path;

use l2t_core::experiment::comparison::settings::Choices;
use l2t_core::experiment::comparison::{Report, tables};
use l2t_core::experiment::store::write_whole;
use l2t_core::{Error, Result};

/// Writes `report.html`, `report.md`, `cells.csv`, `summary.csv`, `differences.csv` and the pictures into `folder`.
///
/// # Errors
/// Names the file.
pub fn write(report: &Report, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| Error::file(folder, format!("cannot be made: {e}")))?;
    write_whole(&folder.join("cells.csv"), &tables::cells_csv(report))?;
    write_whole(&folder.join("summary.csv"), &tables::summary_csv(report))?;
    write_whole(&folder.join("differences.csv"), &tables::differences_csv(report))?;
    let pictures = pictures::draw(report);
    pictures.iter().try_for_each(|picture| picture.drawing.write(folder, &picture.stem))?;
    let cells: Vec<_> = report.outcomes.iter().map(|outcome| &outcome.cell).collect();
    let choices = Choices::of(&cells, &report.tasks, &report.methods);
    write_whole(&folder.join("report.md"), markdown::page(report, &choices, &pictures).as_bytes())?;
    write_whole(&folder.join("report.html"), html::page(report, &choices, &pictures).as_bytes())
}
