//! The page of results: archived comparisons in tables, with what was found in words in front of them.
//!
//! The words are a file `findings.md` beside the archives. No figure of a comparison is written there by hand; a place holder
//! stands for it:
//!
//! | between `{{` and `}}` | becomes |
//! |---|---|
//! | `test ARCHIVE SETTING METHOD` | mean test accuracy ± deviation in percent |
//! | `val ARCHIVE SETTING METHOD` | the same of the validation images |
//! | `time ARCHIVE SETTING METHOD` | mean time of a run |
//! | `less ARCHIVE SETTING METHOD REFERENCE` | mean paired difference in points, with its 95 % interval |
//! | `better ARCHIVE SETTING METHOD REFERENCE` | the same of whichever of both validation prefers at a seed, and at how many seeds it is the method |
//! | `λ ARCHIVE SETTING METHOD EPOCH` | mean of λ over pairs, images and seeds, in one of the epochs that are kept |
//! | `tests ARCHIVE` | the table of test accuracies |
//! | `lambda ARCHIVE SETTING METHOD` | the table of λ in the best epoch |
//! | `csv NAME` | the table of `NAME.csv` |
//!
//! An archive is called by its file name without `.json`, a setting by its task and images, as `texture-n20`. A picture that
//! the words show as `(results/ARCHIVE/NAME.svg)` is drawn.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use l2t_core::experiment::comparison::difference::{Difference, paired, preferred};
use l2t_core::experiment::comparison::group::Group;
use l2t_core::experiment::comparison::report::Setting;
use l2t_core::experiment::comparison::settings::Choices;
use l2t_core::experiment::comparison::statistics::Sample;
use l2t_core::experiment::comparison::{Cell, CellOutcome, Report, archive};
use l2t_core::experiment::store::write_whole;
use l2t_core::text::read_text;
use l2t_core::{Error, Result};

use super::markdown::{accuracy_table, difference_table, pair_weight_table, plain, table, what_was_run};
use super::numbers::{interval, mean_std, points};
use super::pictures;
use crate::words::{duration, percent};

/// What is in front of the tables.
const FINDINGS: &str = "findings.md";

/// Writes the page of the archives in `folder` to `page`, and the pictures that its words show.
///
/// # Errors
/// Names the file; where a place holder stands for nothing, the file and the place holder.
pub fn write(folder: &Path, page: &Path) -> Result<()> {
    let reports = reports(folder)?;
    let findings = folder.join(FINDINGS);
    let words = read_text(&findings)?;
    let mut text = filled(&words, folder, &reports).map_err(|e| Error::file(&findings, e))?;
    for (name, report) in &reports {
        text += &section(name, report);
    }
    for (name, report) in &reports {
        draw(&words, &folder.join(name), name, report)?;
    }
    write_whole(page, text.as_bytes())
}

/// Every archive of a folder, by its name.
fn reports(folder: &Path) -> Result<BTreeMap<String, Report>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(|e| Error::file(folder, e)));
    let paths = paths.collect::<Result<Vec<_>>>()?;
    let archives = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (title, outcomes) = archive::read(&path.display().to_string(), &read_text(path)?)?;
        Ok((name, Report::new(&title, outcomes)))
    };
    let reports = archives.map(read).collect::<Result<BTreeMap<_, _>>>()?;
    if reports.is_empty() {
        return Err(Error::file(folder, "holds no archive: l2t report FOLDER --archive FILE.json makes one"));
    }
    Ok(reports)
}

/// `words` with a value for every place holder.
fn filled(words: &str, folder: &Path, reports: &BTreeMap<String, Report>) -> Result<String> {
    let mut text = String::new();
    let mut rest = words;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (what, behind) = behind.split_once("}}").ok_or_else(|| Error::config("{{", "has no }} behind it"))?;
        text += before;
        text += &value(what, folder, reports)?;
        rest = behind;
    }
    Ok(text + rest)
}

fn value(what: &str, folder: &Path, reports: &BTreeMap<String, Report>) -> Result<String> {
    let unknown = |reason: &str| Error::config(format!("{{{{{what}}}}}"), reason);
    let words: Vec<&str> = what.split_whitespace().collect();
    if let ["csv", name] = words[..] {
        return csv_table(&folder.join(format!("{name}.csv")));
    }
    let [kind, archive, ref of @ ..] = words[..] else { return Err(unknown("is no place holder")) };
    let report = reports.get(archive).ok_or_else(|| unknown("names no archive of the folder"))?;
    if let ("tests", []) = (kind, of) {
        return Ok(accuracy_table(report));
    }
    let [setting, method, ref reference @ ..] = *of else { return Err(unknown("is no place holder")) };
    let setting = report.settings.iter().find(|known| known.file_name() == setting);
    let setting = setting.ok_or_else(|| unknown("names no setting of the archive"))?;
    let group = setting.groups.iter().find(|group| group.method == method);
    let group = group.ok_or_else(|| unknown("names no method of the archive"))?;
    let found = match (kind, reference) {
        ("test", []) => group.test.as_ref().map(mean_std),
        ("val", []) => group.validation.as_ref().map(mean_std),
        ("time", []) => group.wall_secs.map(|secs| duration(secs.mean)),
        ("lambda", []) => Some(pair_weight_table(group)),
        ("less", [reference]) => less(report, setting, method, reference),
        ("better", [reference]) => better(report, setting, method, reference),
        ("λ", [epoch]) => epoch.parse().ok().and_then(|epoch| mean_lambda(report, setting, method, epoch)),
        _ => return Err(unknown("is no place holder")),
    };
    found.ok_or_else(|| unknown("has no result"))
}

fn less(report: &Report, setting: &Setting, method: &str, reference: &str) -> Option<String> {
    let sample = Sample::of(&paired(method, reference, &outcomes(report, setting)))?;
    Some(format!("{} {}", points(sample.mean), interval(&sample)))
}

/// Of training both and keeping what validation prefers.
fn better(report: &Report, setting: &Setting, method: &str, reference: &str) -> Option<String> {
    let kept = preferred(method, reference, &outcomes(report, setting));
    let sample = Sample::of(&kept.at_seeds)?;
    Some(format!("{} {} ({} of {})", points(sample.mean), interval(&sample), kept.first, sample.n))
}

fn outcomes<'a>(report: &'a Report, setting: &Setting) -> Vec<&'a CellOutcome> {
    let here = |cell: &Cell| (&cell.task, cell.per_class) == (&setting.task, setting.per_class);
    report.outcomes.iter().filter(|outcome| here(&outcome.cell)).collect()
}

fn mean_lambda(report: &Report, setting: &Setting, method: &str, epoch: usize) -> Option<String> {
    let cells = outcomes(report, setting).into_iter().filter(|outcome| outcome.cell.method == method);
    let records = cells.filter_map(|outcome| outcome.history()?.epochs.get(epoch.checked_sub(1)?));
    let values: Vec<f64> = records.flat_map(|record| record.pair_weights.iter().map(|pair| pair.mean)).collect();
    Sample::of(&values).map(|sample| format!("{:.1}", sample.mean))
}

/// A table of numbers; shares in percent, where the first line calls them `mean`, `ci95_low`, `ci95_high` or `chance`.
fn csv_table(path: &Path) -> Result<String> {
    let text = read_text(path)?;
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().ok_or_else(|| Error::file(path, "is empty"))?;
    let is_share = |column: &str| ["mean", "ci95_low", "ci95_high", "chance"].contains(&column);
    let rows = lines.map(|line| {
        if line.len() != header.len() {
            return Err(Error::file(path, format!("a line has {} fields, the first {}", line.len(), header.len())));
        }
        let entry = |(column, field): (&&str, &str)| match field.parse::<f64>() {
            Ok(share) if is_share(column) => percent(share),
            _ => field.replace('_', " "),
        };
        Ok(header.iter().zip(line).map(entry).collect())
    });
    let rows = rows.collect::<Result<Vec<Vec<String>>>>()?;
    Ok(table(header.iter().map(ToString::to_string).collect(), rows))
}

fn section(name: &str, report: &Report) -> String {
    let counts = report.counts();
    let done = format!("*`{name}`: {} of {} cells are done.*", counts.done, counts.expected);
    let mut text = format!("\n## {}\n\n{done}\n\n{}\n", plain(&report.title), everything(report));
    // Of a single seed a difference has no interval, and says no more than the table above.
    let several = |difference: &Difference| difference.sample.is_some_and(|sample| sample.n > 1);
    if report.settings.iter().any(|setting| setting.differences.iter().any(several)) {
        let _ = writeln!(text, "Paired differences in points:\n\n{}", difference_table(report));
    }
    let cells: Vec<_> = report.outcomes.iter().map(|outcome| &outcome.cell).collect();
    let choices = Choices::of(&cells, &report.tasks, &report.methods);
    text += "<details><summary>What was run</summary>\n\n";
    what_was_run(&mut text, report, &choices);
    text + "\n</details>\n"
}

/// Every method of every setting with its validation and test accuracy and its cost.
fn everything(report: &Report) -> String {
    let row = |setting: &Setting, group: &Group| {
        let share = |sample: &Option<Sample>| sample.as_ref().map_or("–".into(), mean_std);
        let done = match group.counts.gaps() {
            None => group.counts.done.to_string(),
            Some(gaps) => format!("{} of {}: {gaps}", group.counts.done, group.counts.expected),
        };
        let time = group.wall_secs.map_or("–".into(), |secs| duration(secs.mean));
        vec![setting.name(), group.method.clone(), share(&group.validation), share(&group.test), done, time]
    };
    let rows = report.settings.iter().flat_map(|setting| {
        let groups = setting.groups.iter().filter(|group| group.counts.expected > 0);
        groups.map(move |group| row(setting, group))
    });
    let header = ["setting", "method", "validation", "test", "seeds", "time of a run"];
    table(header.map(String::from).to_vec(), rows.collect())
}

/// Draws what `words` show of the archive `name` into `folder`.
fn draw(words: &str, folder: &Path, name: &str, report: &Report) -> Result<()> {
    let shown = |file: &str| words.contains(&format!("/{name}/{file})"));
    if !words.contains(&format!("/{name}/")) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(|e| Error::file(folder, format!("cannot be made: {e}")))?;
    for picture in pictures::draw(report) {
        for (file, contents) in picture.drawing.files(&picture.stem)? {
            if shown(&file) {
                write_whole(&folder.join(file), &contents)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::html::tests::report;
    use super::*;

    /// A folder of results with these words.
    fn folder(words: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let results = folder.path().join("results");
        std::fs::create_dir(&results).expect("made");
        let report = report();
        std::fs::write(results.join("small.json"), archive::write(&report.title, &report.outcomes)).expect("written");
        std::fs::write(results.join(FINDINGS), words).expect("written");
        std::fs::write(results.join("maps.csv"), "score,images,mean\nlearned_mass,3,0.25\n").expect("written");
        folder
    }

    fn page(words: &str) -> Result<String> {
        let folder = folder(words);
        write(&folder.path().join("results"), &folder.path().join("results.md"))?;
        Ok(std::fs::read_to_string(folder.path().join("results.md")).expect("written"))
    }

    #[test]
    fn place_holders_become_figures() {
        let words = "# R\n{{test small fine-grained-n5 scratch}} | {{val small fine-grained-n5 fm}} | \
                     {{time small fine-grained-n5 fm}} | {{less small fine-grained-n5 fm scratch}} | \
                     {{better small fine-grained-n5 fm scratch}}\n\n{{csv maps}}";
        let text = page(words).expect("good words");
        // Scratch has 0.30 and 0.60, fm 0.40 at the first seed alone.
        assert!(text.starts_with("# R\n45.00 ± 21.21 | 50.00 | 2 min | +10.00 – | +10.00 – (1 of 1)\n"), "{text}");
        assert!(text.contains("| learned mass | 3      | 25.00 % |"), "{text}");
        assert!(text.contains("*`small`: 4 of 6 cells are done.*"), "{text}");
    }

    #[test]
    fn pictures_that_are_shown_are_drawn_and_no_others() {
        let folder = folder("![](results/small/accuracy-fine-grained-n5.svg)");
        write(&folder.path().join("results"), &folder.path().join("results.md")).expect("good words");
        let drawn = std::fs::read_dir(folder.path().join("results/small")).expect("a folder");
        let names: Vec<_> = drawn.map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(names, ["accuracy-fine-grained-n5.svg"]);
    }

    #[test]
    fn a_place_holder_for_nothing_is_named() {
        for (words, reason) in [
            ("{{test none fine-grained-n5 fm}}", "names no archive"),
            ("{{test small texture-n5 fm}}", "names no setting"),
            ("{{test small fine-grained-n5 at}}", "names no method"),
            ("{{less small fine-grained-n5 fm at}}", "has no result"),
            ("{{mean small fine-grained-n5 fm}}", "is no place holder"),
            ("{{}}", "is no place holder"),
            ("{{test", "has no }}"),
            ("{{csv none}}", "none.csv"),
        ] {
            let error = page(words).expect_err(words).to_string();
            assert!(error.contains(FINDINGS) && error.contains(reason), "{words}: {error}");
        }
    }
}
