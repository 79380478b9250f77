//! The learned matching between the layers of the sources and of the target, like Figure 3(d) of the paper.

use std::io;

use l2t_core::experiment::PairStatistics;

use super::drawing::{Anchor, Drawing, Rect};
use super::matching_column::{Block, PADDING};
use super::matching_layout::{Layout, Line, SHOWN_FROM, line_width};
use super::text::{Paragraph, text_width};
use super::{PairPoint, Stack, check_pairs, drawable, theme};
use crate::colours::{BLOCK, Colour, GROUND, HAIRLINE, INK, OUTLINE, SOFT_INK, target_colour};

const KEY_HEIGHT: f64 = 30.0;
const KEY_LINE: f64 = 44.0;
const HAIRLINE_WIDTH: f64 = 0.75;
/// Depth of colour of the weakest line; the strongest has 1.
const LEAST_DEPTH: f64 = 0.4;
/// Rim of a line in the colour of the ground, which shows which of two crossing lines is above.
const RIM: f64 = 1.5;

/// Draws which source layer is transferred to which target layer, and how strongly.
///
/// A line's width and depth of colour show the mean λ of its pair; the value stands where the line arrives. Pairs
/// below 0.1 are hairlines without a value, as the paper omits them. Pairs whose mean is not finite are left out.
///
/// # Errors
/// When a pair names a layer that does not exist.
pub fn matching_diagram(
    title: &str,
    sources: &[Stack],
    target: &Stack,
    pairs: &[PairStatistics],
) -> io::Result<Drawing> {
    let layout = arranged(title, sources, target, pairs)?;
    Ok(draw(title, &layout, pairs.len()))
}

/// Draws the matching of every epoch, to be shown one after another: all of one size, and every pair at its own place.
///
/// `title` words what stands above the picture of an epoch. The scale is that of the strongest pair of all epochs.
///
/// # Errors
/// When a pair names a layer that does not exist.
pub fn matching_over_epochs(
    title: impl Fn(f64) -> String,
    sources: &[Stack],
    target: &Stack,
    epochs: &[PairPoint],
) -> io::Result<Vec<Drawing>> {
    let Some(last) = epochs.last() else { return Ok(vec![]) };
    let most = last.pairs.iter().map(|known| {
        let all = epochs.iter().flat_map(|epoch| &epoch.pairs).filter(|other| other.pair == known.pair);
        let largest = all.filter(|other| drawable(other.mean)).max_by(|a, b| a.mean.total_cmp(&b.mean));
        *largest.unwrap_or(known)
    });
    let layout = arranged(&title(last.at), sources, target, &most.collect::<Vec<_>>())?;
    let frame = |epoch: &PairPoint| draw(&title(epoch.at), &layout.with_values(&epoch.pairs), last.pairs.len());
    Ok(Drawing::of_one_height(epochs.iter().map(frame).collect()))
}

/// Where everything goes under a title.
fn arranged(title: &str, sources: &[Stack], target: &Stack, pairs: &[PairStatistics]) -> io::Result<Layout> {
    check_pairs(sources, target, pairs)?;
    // The width depends on the blocks, the room for the title on the width.
    let width = Layout::new(0.0, sources, target, pairs).width;
    let under_title = theme::MARGIN + Paragraph::title(title, width).height() + theme::GAP;
    Ok(Layout::new(under_title, sources, target, pairs))
}

fn draw(title: &str, layout: &Layout, pair_count: usize) -> Drawing {
    let mut drawing = Drawing::new(layout.width);
    drawing.paragraph(&Paragraph::title(title, layout.width), theme::MARGIN);
    for (from, to) in &layout.hairlines {
        drawing.line(&[*from, *to], HAIRLINE_WIDTH, HAIRLINE);
    }
    layout.lines.iter().for_each(|line| draw_line(&mut drawing, line));
    for heading in &layout.headings {
        drawing.text(&heading.name, heading.at, (theme::HEADING, INK, Anchor::Left));
    }
    for block in &layout.sources {
        drawing.framed(block.place, (BLOCK, OUTLINE, 1.25));
        draw_name(&mut drawing, block, 0.0);
    }
    for (target_layer, block) in layout.targets.iter().enumerate() {
        draw_target(&mut drawing, block, target_layer, layout.value_width);
    }
    for line in &layout.lines {
        drawing.text(&line.value, line.value_place.middle(), (theme::BODY, INK, Anchor::Centre));
    }
    let key = layout.bottom + 16.0;
    draw_key(&mut drawing, layout, key + KEY_HEIGHT / 2.0);
    let caption = Paragraph::caption(&caption(layout, pair_count), layout.width);
    let bottom = drawing.paragraph(&caption, key + KEY_HEIGHT + 6.0);
    drawing.ending_at(bottom)
}

fn caption(layout: &Layout, pair_count: usize) -> String {
    let (shown, hidden) = (layout.lines.len(), layout.hairlines.len());
    let broken = pair_count - shown - hidden;
    let mut caption = "Width and depth of colour of a line show λ, the weight of transfer of that pair of layers; its \
                       value, mean ± standard deviation over the samples, stands where the line arrives. Each target \
                       layer has its own colour. Layers run from input (top) to output (bottom)."
        .to_owned();
    caption += &format!(" Pairs below {SHOWN_FROM}: {hidden} of {pair_count}.");
    if broken > 0 {
        caption += &format!(" Pairs left out because their λ is not finite: {broken}.");
    }
    caption
}

fn draw_line(drawing: &mut Drawing, line: &Line) {
    let ((x0, y0), (x1, y1)) = line.ends;
    let slope = (y1 - y0) / (x1 - x0);
    // Square ends of a sloping line would leave a notch at the block: let them reach under it.
    let reach = (line.width / 2.0 * slope.abs()).min(PADDING);
    let ends = [(x0 - reach, y0 - reach * slope), (x1 + reach, y1 + reach * slope)];
    drawing.line(&ends, line.width + 2.0 * RIM, GROUND);
    drawing.line(&ends, line.width, line_colour(line));
}

fn line_colour(line: &Line) -> Colour {
    target_colour(line.pair.target_layer).tint(depth(line.strength))
}

/// How much of its colour a line keeps.
fn depth(strength: f64) -> f64 {
    LEAST_DEPTH + (1.0 - LEAST_DEPTH) * strength
}

fn draw_target(drawing: &mut Drawing, block: &Block, layer: usize, value_width: f64) {
    let colour = target_colour(layer);
    drawing.framed(block.place, (GROUND, colour, 1.5));
    let Rect { x, y, h, .. } = block.place;
    if value_width > 0.0 {
        drawing.rect(Rect { x: x + 1.5, y: y + 1.5, w: value_width - 1.5, h: h - 3.0 }, colour.tint(0.14));
    }
    draw_name(drawing, block, value_width);
}

fn draw_name(drawing: &mut Drawing, block: &Block, inset: f64) {
    let at = (block.place.x + inset + PADDING, block.place.middle().1);
    drawing.text(&block.name, at, (theme::BODY, INK, Anchor::Left));
}

/// Which width means which λ.
fn draw_key(drawing: &mut Drawing, layout: &Layout, middle: f64) {
    let mut x = theme::MARGIN;
    let mut put = |name: &str, width: f64, colour: Colour| {
        if width > 0.0 {
            drawing.line(&[(x, middle), (x + KEY_LINE, middle)], width, colour);
            x += KEY_LINE + 7.0;
        }
        drawing.text(name, (x, middle), (theme::SMALL, INK, Anchor::Left));
        x += text_width(name, theme::SMALL) + 20.0;
    };
    put("mean λ:", 0.0, INK);
    for mean in key_values(layout.strongest) {
        let colour = SOFT_INK.tint(depth(mean / layout.strongest));
        put(&mean.to_string(), line_width(mean, layout.strongest), colour);
    }
    put(&format!("below {SHOWN_FROM}, no value"), HAIRLINE_WIDTH, HAIRLINE);
}

/// Three round values; the largest is near the strongest, but not above it.
fn key_values(strongest: f64) -> [f64; 3] {
    match strongest {
        ..1.5 => [0.25, 0.5, 1.0],
        ..2.0 => [0.5, 1.0, 1.5],
        ..2.5 => [0.5, 1.0, 2.0],
        ..4.0 => [0.5, 1.0, 2.5],
        ..6.0 => [1.0, 2.0, 4.0],
        _ => [1.0, 3.0, 6.0],
    }
}

#[cfg(test)]
mod tests {
    use l2t_core::matching::Pair;

    use super::super::samples::{DrawnFiles, figure_3d, figure_3d_layers, figure_4, layers, many_pairs};
    use super::*;

    type Case<'a> = (&'a str, &'a [Stack], &'a Stack, Vec<PairStatistics>);

    #[test]
    fn both_files_show_the_learned_matching() {
        let (sources, target) = figure_3d_layers();
        let title = "TinyImageNet to STL-10";
        let files = DrawnFiles::of(&matching_diagram(title, &sources, &target, &figure_3d()).unwrap());
        files.assert_texts(["TinyImageNet to STL-10", "Source: ResNet-32", "Target: VGG-9", "2.88 ± 0.91"]);
        files.assert_texts(["group 2 · 32×16×16", "conv 5 · 512×2×2", "mean λ:"]);
        let layout = arranged(title, &sources, &target, &figure_3d()).unwrap();
        files.assert_colours(layout.lines.iter().map(line_colour));
        assert_eq!((layout.lines.len(), layout.hairlines.len()), (5, 10));
    }

    #[test]
    fn epochs_are_pictures_of_one_size_whose_lines_stay_in_place() {
        let (sources, target) = figure_3d_layers();
        let title = |epoch: f64| format!("epoch {epoch}");
        let frames = matching_over_epochs(title, &sources, &target, &figure_4(12)).unwrap();
        assert_eq!(frames.len(), 12);
        assert!(frames.iter().all(|frame| frame.size() == frames[0].size()));
        for (nth, frame) in frames.iter().enumerate().step_by(11) {
            DrawnFiles::of(frame).assert_texts([format!("epoch {}<", nth + 1).as_str(), "mean λ:"]);
        }
        assert!(matching_over_epochs(title, &sources, &target, &[]).unwrap().is_empty());
    }

    #[test]
    fn odd_data_is_drawn_too() {
        let (sources, target) = figure_3d_layers();
        let (two_sources, pairs_30) = many_pairs();
        let with =
            |mean: f64, std: f64| figure_3d().into_iter().map(|known| PairStatistics { mean, std, ..known }).collect();
        let mut broken = figure_3d();
        broken[0].mean = f64::NAN;
        broken[1].mean = f64::INFINITY;
        broken[9].std = f64::NAN;
        let long_layers = layers(&[(&"long ".repeat(30), [16, 32, 32]), ("", [1, 1, 1])]);
        let long = Stack { name: "a long name ".repeat(20), layers: long_layers };
        let none = Stack { name: "VGG-9".to_owned(), layers: vec![] };
        let one = PairStatistics { mean: 6.0, std: 0.0, ..figure_3d()[6] };
        let cases: [Case<'_>; 9] = [
            ("one pair", &sources, &target, vec![one]),
            ("no pair", &sources, &target, Vec::new()),
            ("all zero", &sources, &target, with(0.0, 0.0)),
            ("all equal", &sources, &target, with(1.0, 0.0)),
            ("huge", &sources, &target, with(1e29, 1e299)),
            ("broken values", &sources, &target, broken),
            ("thirty pairs", &two_sources, &target, pairs_30),
            ("long names", std::slice::from_ref(&long), &long, vec![one]),
            ("no layers", &[], &none, Vec::new()),
        ];
        for (case, sources, target, pairs) in cases {
            let files = DrawnFiles::of(&matching_diagram(case, sources, target, &pairs).unwrap());
            files.assert_texts([case, "mean λ:"]);
        }
    }

    #[test]
    fn a_pair_of_unknown_layers_is_refused() {
        let (sources, target) = figure_3d_layers();
        for (source, source_layer, target_layer) in [(0, 3, 0), (1, 0, 0), (0, 0, 5)] {
            let pair = Pair { source, source_layer, target_layer };
            let unknown = PairStatistics { pair, mean: 1.0, std: 0.0 };
            let error = matching_diagram("", &sources, &target, &[unknown]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn the_key_stays_within_the_scale() {
        for strongest in [1.0, 1.49, 1.5, 2.0, 2.5, 2.88, 4.0, 5.9, 6.0] {
            let values = key_values(strongest);
            assert!(values.iter().all(|value| *value <= strongest), "{strongest}: {values:?}");
        }
    }
}
