//! Where the blocks, lines and values of a matching diagram go; nothing here draws.

use l2t_core::experiment::PairStatistics;
use l2t_core::matching::Pair;

use super::drawing::{Point, Rect};
use super::matching_column::{Block, Column, Heading, LINE_GAP, PADDING};
use super::text::widest;
use super::{Stack, drawable, theme};
use crate::words::weight_and_std;

/// Pairs whose mean λ is smaller get no line, as in the paper.
pub(super) const SHOWN_FROM: f64 = 0.1;
/// Thickness of the strongest line.
const WIDEST_LINE: f64 = 15.0;
/// A thinner line could not be told from a hairline.
const NARROWEST_LINE: f64 = 1.25;
/// Height of a value inside a target block; more than the thickest line.
const VALUE_HEIGHT: f64 = 20.0;
/// Room between the columns relative to their height, because steep lines are hard to follow, and its limits.
const SPREAD: f64 = 0.75;
const SPREADS: (f64, f64) = (330.0, 620.0);

/// A straight line's two ends.
pub(super) type Ends = (Point, Point);

/// A pair drawn as a line, with its value inside the target block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// On the edges of the source block and of the target block.
    pub ends: Ends,
    /// Thickness.
    pub width: f64,
    /// λ relative to the strongest.
    pub strength: f64,
    /// Which pair it is.
    pub pair: Pair,
    /// Mean and standard deviation.
    pub value: String,
    /// The room that the value has.
    pub value_place: Rect,
}

/// All of a diagram between its title and its caption.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// Width of the picture.
    pub width: f64,
    /// Lower edge of the lowest block.
    pub bottom: f64,
    /// One per network.
    pub headings: Vec<Heading>,
    /// All sources' blocks, source after source.
    pub sources: Vec<Block>,
    /// The target's blocks.
    pub targets: Vec<Block>,
    /// Width of the part of a target block that holds the values.
    pub value_width: f64,
    /// Thickest first.
    pub lines: Vec<Line>,
    /// Pairs under [`SHOWN_FROM`].
    pub hairlines: Vec<Ends>,
    /// The mean λ that has the thickest line.
    pub strongest: f64,
}

/// A pair whose source layer is counted over all sources.
#[derive(Debug, Clone)]
struct Arrow {
    pair: Pair,
    source_block: usize,
    mean: f64,
    value: String,
}

impl Layout {
    /// Arranges a diagram whose headings start at `top`. Every pair must name layers that exist.
    pub(super) fn new(top: f64, sources: &[Stack], target: &Stack, pairs: &[PairStatistics]) -> Self {
        let (shown, hidden): (Vec<Arrow>, Vec<Arrow>) =
            arrows(sources, pairs).into_iter().partition(|arrow| arrow.mean >= SHOWN_FROM);
        let strongest = shown.iter().map(|arrow| arrow.mean).fold(1.0, f64::max);
        let values = shown.iter().map(|arrow| arrow.value.as_str());
        let value_width = if shown.is_empty() { 0.0 } else { widest(values, theme::BODY) + 2.0 * PADDING };

        let source_needs = shown.iter().map(|arrow| (arrow.source_block, line_width(arrow.mean, strongest) + LINE_GAP));
        let source_column = Column::new("Source", sources, source_needs, 0.0);
        let target_needs = shown.iter().map(|arrow| (arrow.pair.target_layer, VALUE_HEIGHT));
        let target_column = Column::new("Target", std::slice::from_ref(target), target_needs, value_width);

        let height = source_column.height().max(target_column.height());
        let spread = (SPREAD * height).clamp(SPREADS.0, SPREADS.1);
        let target_x = theme::MARGIN + source_column.width + spread;
        let (mut headings, sources) = source_column.place((theme::MARGIN, top), height);
        let (target_headings, targets) = target_column.place((target_x, top), height);
        headings.extend(target_headings);
        Self {
            width: target_x + target_column.width + theme::MARGIN,
            bottom: top + height,
            headings,
            value_width,
            lines: lines(&shown, (&sources, &targets), strongest, value_width),
            hairlines: hidden.iter().map(|arrow| middle_ends(arrow, &sources, &targets)).collect(),
            sources,
            targets,
            strongest,
        }
    }

    /// The same places with the values of another epoch.
    pub(super) fn with_values(&self, pairs: &[PairStatistics]) -> Self {
        let mut now = Self { lines: Vec::new(), ..self.clone() };
        for line in &self.lines {
            match pairs.iter().find(|known| known.pair == line.pair) {
                Some(PairStatistics { mean: mean @ SHOWN_FROM.., std, .. }) if drawable(*mean) => {
                    let (width, strength) = (line_width(*mean, self.strongest), mean / self.strongest);
                    now.lines.push(Line { width, strength, value: value_name(*mean, *std), ..line.clone() });
                }
                _ => now.hairlines.push(line.ends),
            }
        }
        now
    }
}

/// Thickness of the line of a pair.
pub(super) fn line_width(mean: f64, strongest: f64) -> f64 {
    (mean / strongest * WIDEST_LINE).max(NARROWEST_LINE)
}

/// The pairs that can be drawn, with their values in words.
fn arrows(sources: &[Stack], pairs: &[PairStatistics]) -> Vec<Arrow> {
    let before = |source: usize| sources[..source].iter().map(|column| column.layers.len()).sum::<usize>();
    let arrow = |PairStatistics { pair, mean, std }: &PairStatistics| Arrow {
        pair: *pair,
        source_block: before(pair.source) + pair.source_layer,
        mean: *mean,
        value: value_name(*mean, *std),
    };
    pairs.iter().filter(|known| drawable(known.mean)).map(arrow).collect()
}

/// `2.88 ± 0.91`
fn value_name(mean: f64, std: f64) -> String {
    weight_and_std(mean, if drawable(std) { std } else { f64::NAN })
}

fn middle_ends(arrow: &Arrow, sources: &[Block], targets: &[Block]) -> Ends {
    let (source, target) = (sources[arrow.source_block].place, targets[arrow.pair.target_layer].place);
    ((source.right(), source.middle().1), (target.x, target.middle().1))
}

/// Lines with their own places along the edges of the blocks, so that those of one block do not lie on each other.
fn lines(arrows: &[Arrow], (sources, targets): (&[Block], &[Block]), strongest: f64, value_width: f64) -> Vec<Line> {
    let thickness = |arrow: &Arrow| line_width(arrow.mean, strongest) + LINE_GAP;
    let leave = edge_places(arrows, |arrow| (arrow.source_block, arrow.pair.target_layer), thickness);
    let arrive = edge_places(arrows, |arrow| (arrow.pair.target_layer, arrow.source_block), |_| VALUE_HEIGHT);
    let placed = arrows.iter().zip(leave.into_iter().zip(arrive));
    let mut lines: Vec<Line> = placed
        .map(|(arrow, (leave, arrive))| {
            let (from, to) = middle_ends(arrow, sources, targets);
            let to = (to.0, to.1 + arrive);
            Line {
                ends: ((from.0, from.1 + leave), to),
                width: line_width(arrow.mean, strongest),
                strength: arrow.mean / strongest,
                pair: arrow.pair,
                value: arrow.value.clone(),
                value_place: Rect { x: to.0, y: to.1 - VALUE_HEIGHT / 2.0, w: value_width, h: VALUE_HEIGHT },
            }
        })
        .collect();
    lines.sort_by(|a, b| b.width.total_cmp(&a.width));
    lines
}

/// Where each arrow meets its block, from the middle of the block's edge: one under the other in the order of their
/// far ends, each with the room that `need` asks for. `block_and_order` gives an arrow's block and its far end.
fn edge_places(
    arrows: &[Arrow],
    block_and_order: impl Fn(&Arrow) -> (usize, usize),
    need: impl Fn(&Arrow) -> f64,
) -> Vec<f64> {
    let place = |(index, arrow): (usize, &Arrow)| {
        let (block, order) = block_and_order(arrow);
        let (mut above, mut all) = (0.0, 0.0);
        for (other_index, other) in arrows.iter().enumerate() {
            let (other_block, other_order) = block_and_order(other);
            if other_block == block {
                all += need(other);
                above += if (other_order, other_index) < (order, index) { need(other) } else { 0.0 };
            }
        }
        above + need(arrow) / 2.0 - all / 2.0
    };
    arrows.iter().enumerate().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{figure_3d, figure_3d_layers, many_pairs};
    use super::super::text::text_width;
    use super::*;

    fn overlap(a: &Rect, b: &Rect) -> bool {
        let inside = |low: f64, high: f64| high - low > 1e-6;
        inside(a.x.max(b.x), a.right().min(b.right())) && inside(a.y.max(b.y), a.bottom().min(b.bottom()))
    }

    fn assert_tidy(layout: &Layout) {
        let blocks: Vec<Rect> = layout.sources.iter().chain(&layout.targets).map(|block| block.place).collect();
        let values: Vec<Rect> = layout.lines.iter().map(|line| line.value_place).collect();
        for rects in [&blocks, &values] {
            for (index, rect) in rects.iter().enumerate() {
                assert!(rects[..index].iter().all(|other| !overlap(rect, other)), "{rect:?} lies on another");
                assert!(rect.right() < layout.width && rect.bottom() <= layout.bottom + 1e-6, "{rect:?} is outside");
            }
        }
        for line in &layout.lines {
            let (block, value) = (layout.targets[line.pair.target_layer].place, line.value_place);
            assert!(value.y >= block.y && value.bottom() <= block.bottom(), "{value:?} is not in {block:?}");
            assert!(text_width(&line.value, theme::BODY) <= value.w && line.width <= value.h);
        }
        for heading in &layout.headings {
            let text = Rect {
                x: heading.at.0,
                y: heading.at.1 - theme::HEADING / 2.0,
                w: text_width(&heading.name, theme::HEADING),
                h: theme::HEADING,
            };
            assert!(blocks.iter().all(|block| !overlap(&text, block)), "{heading:?} lies on a block");
        }
    }

    #[test]
    fn nothing_overlaps() {
        let (sources, target) = figure_3d_layers();
        let (two_sources, pairs_30) = many_pairs();
        let equal: Vec<_> = figure_3d().into_iter().map(|known| PairStatistics { mean: 6.0, ..known }).collect();
        let cases: [(&[Stack], &[PairStatistics]); 5] = [
            (&sources, &figure_3d()),
            (&sources, &equal),
            (&two_sources, &pairs_30),
            (&two_sources, &pairs_30[..1]),
            (&sources, &[]),
        ];
        for (sources, pairs) in cases {
            assert_tidy(&Layout::new(60.0, sources, &target, pairs));
        }
    }

    #[test]
    fn width_follows_the_mean() {
        let (sources, target) = figure_3d_layers();
        let layout = Layout::new(0.0, &sources, &target, &figure_3d());
        let values: Vec<&str> = layout.lines.iter().map(|line| &line.value[..4]).collect();
        assert_eq!(values, ["2.88", "2.62", "1.40", "0.74", "0.21"]);
        let ratio = layout.lines[2].width / layout.lines[0].width;
        assert!((ratio - 1.40 / 2.88).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn lines_of_one_block_keep_apart() {
        let (sources, pairs) = many_pairs();
        let (_, target) = figure_3d_layers();
        let layout = Layout::new(0.0, &sources, &target, &pairs);
        for (index, line) in layout.lines.iter().enumerate() {
            for other in &layout.lines[..index] {
                let apart = (line.ends.0.1 - other.ends.0.1).abs();
                assert!(line.ends.0 != other.ends.0 && apart >= (line.width + other.width) / 2.0, "{line:?} {other:?}");
            }
        }
    }

    #[test]
    fn other_values_take_the_same_places() {
        let (sources, target) = figure_3d_layers();
        let layout = Layout::new(0.0, &sources, &target, &figure_3d());
        assert_eq!(layout.with_values(&figure_3d()), layout);
        let weaker = |known: PairStatistics| PairStatistics { mean: known.mean / 4.0, ..known };
        let weaker: Vec<_> = figure_3d().into_iter().map(weaker).collect();
        let later = layout.with_values(&weaker);
        assert_eq!((later.lines.len(), later.hairlines.len()), (4, 11));
        assert!(
            later.lines.iter().zip(&layout.lines).all(|(now, then)| now.ends == then.ends && now.width < then.width)
        );
        assert!(later.lines[0].value.starts_with("0.72 ±"), "{}", later.lines[0].value);
    }
}
