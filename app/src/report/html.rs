//! `report.html`: one page without scripts that needs neither other files nor a network.

use l2t_core::experiment::comparison::difference::{Difference, Reference};
use l2t_core::experiment::comparison::group::Group;
use l2t_core::experiment::comparison::report::Setting;
use l2t_core::experiment::comparison::settings::Choices;
use l2t_core::experiment::comparison::{CellOutcome, Report};

use super::facts::{READING, facts, gaps};
use super::markup::{Markup, of_text, tag, text};
use super::numbers::{entry, interval, percent, points, seeds};
use super::pictures::{Kind, Picture};
use crate::colours::{ACCENT, BLOCK, GRID, GROUND, Ground, INK, SOFT_INK, hex};
use crate::words::{duration, weight};

const STYLE: &str = include_str!("report.css");

/// The whole page.
pub fn page(report: &Report, choices: &Choices, pictures: &[Picture]) -> String {
    let mut sections = vec![head(report), accuracy(report, pictures)];
    sections.extend(differences(report, pictures));
    sections.extend(epochs(pictures));
    sections.extend(pair_weights(report));
    sections.extend([reading(), what_was_run(report, choices), cells(report)]);
    let body = tag("main", &[], sections).into_string();
    let title = of_text("title", &report.title).into_string();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n{title}\n<style>\n{}{STYLE}</style>\n</head>\n\
         <body>\n{body}\n</body>\n</html>\n",
        colours()
    )
}

/// The colours of the pictures, under their names in the style sheet.
fn colours() -> String {
    let variables =
        [("page", GROUND), ("ink", INK), ("soft", SOFT_INK), ("line", GRID), ("panel", BLOCK), ("accent", ACCENT)];
    let on = |ground| variables.map(|(name, colour)| format!("--{name}: {};", hex(colour.on(ground)))).join(" ");
    let (light, dark) = (on(Ground::Light), on(Ground::Dark));
    format!(":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n")
}

fn section(heading: &str, children: impl IntoIterator<Item = Markup>) -> Markup {
    tag("section", &[], std::iter::once(of_text("h2", heading)).chain(children))
}

fn head(report: &Report) -> Markup {
    let (methods, settings, seeds) = (report.methods.len(), report.settings.len(), report.seeds.len());
    let plural = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let counts = report.counts();
    let summary = format!(
        "{}, {}, {}: {} of {} cells done",
        plural(methods, "method"),
        plural(settings, "setting"),
        plural(seeds, "seed"),
        counts.done,
        counts.expected
    );
    let mut parts = vec![of_text("h1", &report.title), tag("p", &[("class", "summary")], [text(summary)])];
    let missing = gaps(report);
    if let Some(words) = counts.gaps() {
        let lines = missing.iter().map(|line| of_text("li", line));
        let open = if missing.len() <= 12 { &[("open", "")][..] } else { &[] };
        let what = of_text("summary", format!("Incomplete: {words}"));
        parts.push(tag("div", &[("class", "warning")], [tag("details", open, [what, tag("ul", &[], lines)])]));
    }
    tag("header", &[], parts)
}

/// A table that can be scrolled sideways where it is too wide.
fn table(header: impl IntoIterator<Item = Markup>, rows: Vec<Markup>) -> Markup {
    let header = tag("thead", &[], [tag("tr", &[], header)]);
    tag("div", &[("class", "scroll")], [tag("table", &[], [header, tag("tbody", &[], rows)])])
}

fn accuracy(report: &Report, pictures: &[Picture]) -> Markup {
    let header = report.settings.iter().map(|setting| of_text("th", setting.name()));
    let best: Vec<Option<f64>> = report.settings.iter().map(best_mean).collect();
    let rows = report.methods.iter().enumerate().map(|(nth, method)| {
        let entries =
            report.settings.iter().zip(&best).map(|(setting, best)| accuracy_entry(&setting.groups[nth], *best));
        tag("tr", &[], std::iter::once(tag("th", &[("scope", "row")], [text(method)])).chain(entries))
    });
    let note = "Percent of the test images, mean ± one standard deviation over the seeds. Bold: the best mean.";
    let table = table(std::iter::once(of_text("th", "method")).chain(header), rows.collect());
    let figures = [Kind::Images, Kind::Accuracy].into_iter().filter_map(|kind| figures(pictures, kind));
    section("Test accuracy", [tag("p", &[("class", "note")], [text(note)]), table].into_iter().chain(figures))
}

fn best_mean(setting: &Setting) -> Option<f64> {
    setting.groups.iter().filter_map(|group| group.test).map(|test| test.mean).max_by(f64::total_cmp)
}

fn accuracy_entry(group: &Group, best: Option<f64>) -> Markup {
    let is_best = group.test.is_some() && group.test.map(|test| test.mean) == best;
    let number = tag("span", &[("class", if is_best { "number best" } else { "number" })], [text(entry(group))]);
    let kind = if group.counts.gaps().is_some() { "seeds gap" } else { "seeds" };
    let below = (group.counts.expected > 0).then(|| tag("span", &[("class", kind)], [text(seeds(&group.counts))]));
    tag("td", &[], std::iter::once(number).chain(below))
}

fn differences(report: &Report, pictures: &[Picture]) -> Option<Markup> {
    let kinds = kinds(report);
    let rows: Vec<Markup> = report.settings.iter().flat_map(|setting| difference_rows(setting, &kinds)).collect();
    if rows.is_empty() {
        return None;
    }
    let header = ["setting".into(), "method".into()].into_iter().chain(kinds.iter().map(|kind| match kind {
        Reference::Scratch | Reference::AllPairs => format!("less {}", kind.name()),
        Reference::FixedPairs => format!("less the {}", kind.name()),
    }));
    let note = "Points of test accuracy at equal seeds: mean, its 95 % interval by Student's t, number of seeds. Bold: \
                the interval leaves out zero.";
    let table = table(header.map(|name: String| of_text("th", name)), rows);
    let parts = [tag("p", &[("class", "note")], [text(note)]), table];
    Some(section("Paired differences", parts.into_iter().chain(figures(pictures, Kind::Differences))))
}

/// The kinds of reference that there are.
fn kinds(report: &Report) -> Vec<Reference> {
    let has = |kind: &Reference| report.settings.iter().any(|s| s.differences.iter().any(|d| d.kind == *kind));
    Reference::ALL.into_iter().filter(has).collect()
}

fn difference_rows(setting: &Setting, kinds: &[Reference]) -> Vec<Markup> {
    let find = |method: &str, kind: Reference| {
        setting.differences.iter().find(|difference| difference.method == method && difference.kind == kind)
    };
    let compared = |group: &&Group| setting.differences.iter().any(|difference| difference.method == group.method);
    let groups: Vec<&Group> = setting.groups.iter().filter(compared).collect();
    let height = groups.len().to_string();
    let row = |(nth, group): (usize, &&Group)| {
        // The setting's name stands once, beside all of its rows.
        let name = (nth == 0).then(|| tag("td", &[("rowspan", &height), ("class", "setting")], [text(setting.name())]));
        let method = tag("th", &[("scope", "row")], [text(&group.method)]);
        let entries = kinds.iter().map(|kind| difference_entry(find(&group.method, *kind)));
        tag("tr", &[], name.into_iter().chain([method]).chain(entries))
    };
    groups.iter().enumerate().map(row).collect()
}

fn difference_entry(difference: Option<&Difference>) -> Markup {
    let Some(difference) = difference else {
        return tag("td", &[("class", "empty")], [text("–")]);
    };
    let Some(sample) = difference.sample else {
        return tag("td", &[("class", "gap")], [text(format!("no seed in common with {}", difference.reference))]);
    };
    let clear = sample.interval(0.95).is_some_and(|(low, high)| low > 0.0 || high < 0.0);
    let number = format!("{} {}", points(sample.mean), interval(&sample));
    let unit = if sample.n == 1 { "seed" } else { "seeds" };
    let below = format!("{}, {} {unit}", difference.reference, sample.n);
    let class = if clear { "number best" } else { "number" };
    tag(
        "td",
        &[],
        [tag("span", &[("class", class)], [text(number)]), tag("span", &[("class", "seeds")], [text(below)])],
    )
}

fn epochs(pictures: &[Picture]) -> Option<Markup> {
    figures(pictures, Kind::Epochs).map(|figures| section("Over the epochs", [figures]))
}

/// The pictures of a kind, side by side where there is room.
fn figures(pictures: &[Picture], kind: Kind) -> Option<Markup> {
    let of_kind = pictures.iter().filter(|picture| picture.kind == kind);
    let figure = |picture: &Picture| tag("figure", &[], [Markup::picture(&picture.drawing.svg(), &picture.about)]);
    let all: Vec<Markup> = of_kind.map(figure).collect();
    (!all.is_empty()).then(|| tag("div", &[("class", "figures")], all))
}

/// For every group that learned where to transfer, source layers down and target layers across.
fn pair_weights(report: &Report) -> Option<Markup> {
    let groups = report.settings.iter().flat_map(|setting| {
        setting.groups.iter().filter(|group| !group.pair_weights.is_empty()).map(move |group| (setting, group))
    });
    let parts: Vec<Markup> = groups
        .flat_map(|(setting, group)| {
            [of_text("h3", format!("{}: {}", group.method, setting.name())), pair_weight_table(group)]
        })
        .collect();
    let note = "Mean of λ over the images of the best epoch, and its standard deviation over the seeds.";
    let note = tag("p", &[("class", "note")], [text(note)]);
    (!parts.is_empty()).then(|| section("λ of every pair", std::iter::once(note).chain(parts)))
}

fn pair_weight_table(group: &Group) -> Markup {
    let several = group.pair_weights.iter().any(|(pair, _)| pair.source > 0);
    let mut from: Vec<(usize, usize)> = group.pair_weights.iter().map(|(p, _)| (p.source, p.source_layer)).collect();
    from.dedup();
    let mut to: Vec<usize> = group.pair_weights.iter().map(|(pair, _)| pair.target_layer).collect();
    to.sort_unstable();
    to.dedup();
    let largest = group.pair_weights.iter().map(|(_, sample)| sample.mean).fold(1e-9, f64::max);
    let rows = from.into_iter().map(|(source, layer)| {
        let name = if several {
            format!("source {}, layer {}", source + 1, layer + 1)
        } else {
            format!("source layer {}", layer + 1)
        };
        let entries = to.iter().map(|target| {
            let is_here = |(pair, _): &&(l2t_core::matching::Pair, _)| {
                (pair.source, pair.source_layer, pair.target_layer) == (source, layer, *target)
            };
            let Some((_, sample)) = group.pair_weights.iter().find(is_here) else { return of_text("td", "") };
            let depth = format!("--depth: {:.0}%", 70.0 * (sample.mean / largest).clamp(0.0, 1.0));
            let below = sample.std.map(|std| tag("span", &[("class", "seeds")], [text(format!("± {}", weight(std)))]));
            let number = of_text("span", weight(sample.mean));
            tag("td", &[("class", "weight"), ("style", &depth)], std::iter::once(number).chain(below))
        });
        tag("tr", &[], std::iter::once(tag("th", &[("scope", "row")], [text(name)])).chain(entries.collect::<Vec<_>>()))
    });
    let header = to.iter().map(|target| of_text("th", format!("to target layer {}", target + 1)));
    table(std::iter::once(of_text("th", "")).chain(header.collect::<Vec<_>>()), rows.collect())
}

fn reading() -> Markup {
    section("How to read this", [tag("ul", &[], READING.map(|line| of_text("li", line)))])
}

fn what_was_run(report: &Report, choices: &Choices) -> Markup {
    let facts = facts(report).into_iter().map(|(what, values)| {
        let code = what == "commands";
        let lines =
            values.into_iter().map(|value| tag("div", &[], [of_text(if code { "code" } else { "span" }, value)]));
        (what.to_owned(), lines.collect::<Vec<_>>())
    });
    let codes =
        |lines: &[String]| lines.iter().map(|line| tag("div", &[], [of_text("code", line)])).collect::<Vec<_>>();
    let differing = choices.tasks.iter().map(|choice| ("task", choice));
    let differing = differing.chain(choices.methods.iter().map(|choice| ("method", choice)));
    let differing = differing.filter(|(_, (_, lines))| !lines.is_empty());
    let differing = differing.map(|(kind, (label, lines))| (format!("{kind} {label}"), codes(lines)));
    let rows = facts
        .chain(differing)
        .map(|(what, value)| tag("tr", &[], [tag("th", &[("scope", "row")], [text(what)]), tag("td", &[], value)]));
    let rows: Vec<Markup> = rows.collect();
    let common = of_text("pre", choices.common.join("\n"));
    let common = tag("details", &[], [of_text("summary", "Configuration that all cells share"), common]);
    let table = tag("table", &[("class", "facts")], [tag("tbody", &[], rows)]);
    section("What was run", [tag("div", &[("class", "scroll")], [table]), common])
}

fn cells(report: &Report) -> Markup {
    let header = ["cell", "state", "test %", "validation %", "best epoch", "time"].map(|name| of_text("th", name));
    let rows = report.outcomes.iter().map(cell_row).collect();
    let all =
        tag("details", &[], [of_text("summary", format!("All {} cells", report.outcomes.len())), table(header, rows)]);
    section("Cells", [all])
}

fn cell_row(outcome: &CellOutcome) -> Markup {
    let share = |share: Option<f64>| share.map_or("–".into(), percent);
    let summary = outcome.summary();
    let numbers = [
        share(outcome.test_accuracy()),
        share(outcome.validation_accuracy()),
        summary.map_or("–".into(), |summary| format!("{} of {}", summary.best_epoch, summary.epochs)),
        summary.map_or("–".into(), |summary| duration(summary.wall_secs)),
    ];
    let state = if summary.is_some() { &[][..] } else { &[("class", "gap")] };
    let first = [of_text("td", outcome.cell.name()), tag("td", state, [text(outcome.state.word())])];
    tag("tr", &[], first.into_iter().chain(numbers.map(|number| of_text("td", number))))
}

#[cfg(test)]
#[path = "html_tests.rs"]
pub mod tests;
