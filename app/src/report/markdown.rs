//! `report.md`.

use std::fmt::Write;

use l2t_core::experiment::comparison::Report;
use l2t_core::experiment::comparison::group::Group;
use l2t_core::experiment::comparison::settings::Choices;

use super::facts::{READING, facts, gaps};
use super::numbers::{entry, interval, points, seeds};
use super::pictures::{Kind, Picture};
use crate::words::weight_and_std;

/// The whole report.
pub fn page(report: &Report, choices: &Choices, pictures: &[Picture]) -> String {
    let mut text = format!("# {}\n\n", plain(&report.title));
    let missing = gaps(report);
    if !missing.is_empty() {
        let _ =
            writeln!(text, "**Incomplete: {} of {} cells have no result.**\n", missing.len(), report.outcomes.len());
    }
    let _ = writeln!(text, "## Test accuracy in percent\n\n{}", accuracy_table(report));
    show(&mut text, pictures, &[Kind::Accuracy, Kind::Images]);
    if report.settings.iter().any(|setting| !setting.differences.is_empty()) {
        let _ = writeln!(text, "## Paired differences in points\n\n{}", difference_table(report));
        show(&mut text, pictures, &[Kind::Differences]);
    }
    if pictures.iter().any(|picture| picture.kind == Kind::Epochs) {
        text += "## Over the epochs\n\n";
        show(&mut text, pictures, &[Kind::Epochs]);
    }
    pair_weights(&mut text, report);
    text += "## How to read this\n\n";
    READING.iter().for_each(|line| text += &format!("- {line}\n"));
    text.push_str("\n## What was run\n\n");
    what_was_run(&mut text, report, choices);
    if !missing.is_empty() {
        text += "\n## What has no result\n\n";
        missing.iter().for_each(|line| text += &format!("- {}\n", plain(line)));
    }
    text
}

/// Methods down, settings across.
pub fn accuracy_table(report: &Report) -> String {
    let header = report.settings.iter().map(|setting| setting.name());
    let rows = report.methods.iter().enumerate().map(|(nth, method)| {
        let groups = report.settings.iter().map(|setting| &setting.groups[nth]);
        std::iter::once(method.clone()).chain(groups.map(with_seeds)).collect()
    });
    table(std::iter::once("method".into()).chain(header).collect(), rows.collect())
}

fn with_seeds(group: &Group) -> String {
    if group.counts.expected == 0 { entry(group) } else { format!("{} ({})", entry(group), seeds(&group.counts)) }
}

/// Every paired difference, one line each.
pub fn difference_table(report: &Report) -> String {
    let rows = report.settings.iter().flat_map(|setting| {
        setting.differences.iter().map(|difference| {
            let kind = format!("{} ({})", difference.reference, difference.kind.name());
            let numbers = match &difference.sample {
                Some(sample) => [points(sample.mean), interval(sample), sample.n.to_string()],
                None => ["–".into(), "–".into(), "0".into()],
            };
            [setting.name(), difference.method.clone(), kind].into_iter().chain(numbers).collect()
        })
    });
    let header = ["setting", "method", "less", "mean", "95 % interval", "seeds"];
    table(header.map(String::from).to_vec(), rows.collect())
}

fn pair_weights(text: &mut String, report: &Report) {
    let mut first = true;
    for setting in &report.settings {
        for group in setting.groups.iter().filter(|group| !group.pair_weights.is_empty()) {
            if std::mem::take(&mut first) {
                text.push_str("## λ of every pair\n\n");
            }
            let _ = writeln!(text, "{}, {}:\n\n{}", group.method, setting.name(), pair_weight_table(group));
        }
    }
}

/// λ of every pair in the best epoch.
pub fn pair_weight_table(group: &Group) -> String {
    let rows = group.pair_weights.iter().map(|(pair, sample)| {
        let place = [pair.source, pair.source_layer, pair.target_layer].map(|nth| (nth + 1).to_string());
        place.into_iter().chain([weight_and_std(sample.mean, sample.std.unwrap_or(f64::NAN))]).collect()
    });
    let header = ["source", "source layer", "target layer", "λ"].map(String::from).to_vec();
    table(header, rows.collect())
}

/// Facts, configurations and commands.
pub fn what_was_run(text: &mut String, report: &Report, choices: &Choices) {
    for (what, values) in facts(report) {
        let _ = writeln!(text, "- {what}: {}", values.iter().map(|value| plain(value)).collect::<Vec<_>>().join("; "));
    }
    let differing = choices.tasks.iter().chain(&choices.methods).filter(|(_, lines)| !lines.is_empty());
    for (label, lines) in differing {
        let _ = writeln!(text, "- {label}: `{}`", lines.join("`, `"));
    }
    text.push_str("\nAll cells share:\n\n```\n");
    choices.common.iter().for_each(|line| *text += &format!("{line}\n"));
    text.push_str("```\n");
}

fn show(text: &mut String, pictures: &[Picture], kinds: &[Kind]) {
    for picture in pictures.iter().filter(|picture| kinds.contains(&picture.kind)) {
        let _ = writeln!(text, "![{}]({}.svg)\n", plain(&picture.about), picture.stem);
    }
}

/// A table whose columns are as wide as their widest entry, so that it can be read as it is.
pub fn table(header: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let rows: Vec<Vec<String>> =
        std::iter::once(header).chain(rows).map(|row| row.iter().map(|entry| plain(entry)).collect()).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for (nth, row) in rows.iter().enumerate() {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(entry, width)| format!("{entry:<width$}")).collect();
        let _ = writeln!(text, "| {} |", padded.join(" | "));
        if nth == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    text
}

/// Text that means nothing to Markdown.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        if "|*`<[\\".contains(letter) {
            plain.push('\\');
        }
        plain.push(if letter.is_control() { ' ' } else { letter });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_cannot_break_a_table() {
        let text = table(vec!["a|b".into()], vec![vec!["x\ny".into()]]);
        assert_eq!(text, "| a\\|b |\n| ---- |\n| x y  |\n");
    }
}
