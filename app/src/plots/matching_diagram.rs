//! The learned matching between the layers of the sources and of the target, like Figure 3(d) of the paper.

use std::io;

use plotters::prelude::RGBColor;

use super::canvas::{Area, Drawn, Picture, Rendered, Surface, render};
use super::matching_column::{Block, PADDING};
use super::matching_layout::{Layout, Line, SHOWN_FROM, line_width};
use super::pen::{Paragraph, Rect, fill, framed, line};
use super::text::{Anchor, text_width, write};
use super::{LayerBlock, PairLine, SourceColumn, check_pair, theme};

const KEY_HEIGHT: f64 = 30.0;
const KEY_LINE: f64 = 44.0;
const HAIRLINE_WIDTH: f64 = 0.75;
/// Depth of colour of the weakest line; the strongest has 1.
const LEAST_DEPTH: f64 = 0.4;
/// White rim of a line, which shows which of two crossing lines is above.
const RIM: f64 = 1.5;

/// Draws which source layer is transferred to which target layer, and how strongly.
///
/// A line's width and depth of colour show the mean λ of its pair; the value stands where the line arrives. Pairs
/// below 0.1 are hairlines without a value, as the paper omits them. Pairs whose mean is not finite are left out.
///
/// # Errors
/// When a pair names a layer that does not exist, or a file cannot be written.
pub fn matching_diagram(
    title: &str,
    sources: &[SourceColumn],
    target_name: &str,
    target_layers: &[LayerBlock],
    pairs: &[PairLine],
) -> io::Result<Rendered> {
    for pair in pairs {
        check_pair(sources, target_layers, (pair.source, pair.source_layer, pair.target_layer))?;
    }
    render(&Diagram::new(title, sources, (target_name, target_layers), pairs))
}

struct Diagram {
    title: Paragraph,
    layout: Layout,
    caption: Paragraph,
}

impl Diagram {
    fn new(title: &str, sources: &[SourceColumn], target: (&str, &[LayerBlock]), pairs: &[PairLine]) -> Self {
        // The width depends on the blocks, the room for the title on the width.
        let width = Layout::new(0.0, sources, target, pairs).width;
        let title = Paragraph::title(title, width);
        let layout = Layout::new(theme::MARGIN + title.height() + 10.0, sources, target, pairs);
        let caption = Paragraph::caption(&caption(&layout, pairs.len()), width);
        Self { title, layout, caption }
    }

    fn key_middle(&self) -> f64 {
        self.layout.bottom + 16.0 + KEY_HEIGHT / 2.0
    }
}

impl Picture for Diagram {
    fn size(&self) -> (f64, f64) {
        let bottom = self.key_middle() + KEY_HEIGHT / 2.0 + 6.0 + self.caption.height();
        (self.layout.width, bottom + theme::MARGIN)
    }

    fn draw<DB: Surface>(&self, area: &Area<DB>) -> Drawn<DB> {
        self.title.draw(area, theme::MARGIN)?;
        for ends in &self.layout.hairlines {
            line(area, *ends, (HAIRLINE_WIDTH, theme::HAIRLINE))?;
        }
        for pair in &self.layout.lines {
            draw_line(area, pair)?;
        }
        for heading in &self.layout.headings {
            write(area, &heading.name, heading.at, (theme::HEADING, theme::INK, Anchor::Left))?;
        }
        for block in &self.layout.sources {
            framed(area, block.place, (theme::SOURCE_FILL, theme::OUTLINE, 1.25))?;
            draw_name(area, block, 0.0)?;
        }
        for (target_layer, block) in self.layout.targets.iter().enumerate() {
            draw_target(area, block, target_layer, self.layout.value_width)?;
        }
        for pair in &self.layout.lines {
            let middle = (pair.value_place.x + pair.value_place.w / 2.0, pair.value_place.middle());
            write(area, &pair.value, middle, (theme::BODY, theme::INK, Anchor::Centre))?;
        }
        draw_key(area, &self.layout, self.key_middle())?;
        self.caption.draw(area, self.key_middle() + KEY_HEIGHT / 2.0 + 6.0)
    }
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

fn draw_line<DB: Surface>(area: &Area<DB>, pair: &Line) -> Drawn<DB> {
    let ((x0, y0), (x1, y1)) = pair.ends;
    let slope = (y1 - y0) / (x1 - x0);
    // Square ends of a sloping line would leave a notch at the block: let them reach under it.
    let reach = (pair.width / 2.0 * slope.abs()).min(PADDING);
    let ends = ((x0 - reach, y0 - reach * slope), (x1 + reach, y1 + reach * slope));
    line(area, ends, (pair.width + 2.0 * RIM, theme::BACKGROUND))?;
    line(area, ends, (pair.width, line_colour(pair)))
}

fn line_colour(pair: &Line) -> RGBColor {
    theme::tint(theme::target_colour(pair.target_layer), depth(pair.strength))
}

/// How much of its colour a line keeps.
fn depth(strength: f64) -> f64 {
    LEAST_DEPTH + (1.0 - LEAST_DEPTH) * strength
}

fn draw_target<DB: Surface>(area: &Area<DB>, block: &Block, layer: usize, value_width: f64) -> Drawn<DB> {
    let colour = theme::target_colour(layer);
    framed(area, block.place, (theme::BACKGROUND, colour, 1.5))?;
    let Rect { x, y, h, .. } = block.place;
    if value_width > 0.0 {
        fill(area, Rect { x: x + 1.5, y: y + 1.5, w: value_width - 1.5, h: h - 3.0 }, theme::tint(colour, 0.14))?;
    }
    draw_name(area, block, value_width)
}

fn draw_name<DB: Surface>(area: &Area<DB>, block: &Block, inset: f64) -> Drawn<DB> {
    let at = (block.place.x + inset + PADDING, block.place.middle());
    write(area, &block.name, at, (theme::BODY, theme::INK, Anchor::Left))
}

/// Which width means which λ.
fn draw_key<DB: Surface>(area: &Area<DB>, layout: &Layout, middle: f64) -> Drawn<DB> {
    let look = (theme::SMALL, theme::INK, Anchor::Left);
    let mut x = theme::MARGIN;
    let mut put = |name: &str, width: f64, colour| {
        if width > 0.0 {
            line(area, ((x, middle), (x + KEY_LINE, middle)), (width, colour))?;
            x += KEY_LINE + 7.0;
        }
        write(area, name, (x, middle), look)?;
        x += text_width(name, theme::SMALL) + 20.0;
        Ok(())
    };
    put("mean λ:", 0.0, theme::INK)?;
    for mean in key_values(layout.strongest) {
        let colour = theme::tint(theme::SOFT_INK, depth(mean / layout.strongest));
        put(&mean.to_string(), line_width(mean, layout.strongest), colour)?;
    }
    put(&format!("below {SHOWN_FROM}, no value"), HAIRLINE_WIDTH, theme::HAIRLINE)
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
    use super::super::samples::{DrawnFiles, figure_3d, figure_3d_layers, layers, many_pairs};
    use super::*;

    type Case<'a> = (&'a str, &'a [SourceColumn], &'a [LayerBlock], Vec<PairLine>);

    #[test]
    fn both_files_show_the_learned_matching() {
        let (sources, targets) = figure_3d_layers();
        let files = DrawnFiles::of(|stem| {
            matching_diagram("TinyImageNet to STL-10", &sources, "VGG-9", &targets, &figure_3d())?.write(stem)
        });
        files.assert_texts(["TinyImageNet to STL-10", "Source: ResNet-32", "Target: VGG-9", "2.88 ± 0.91"]);
        files.assert_texts(["group 2 · 32×16×16", "conv 5 · 512×2×2", "mean λ:"]);
        let diagram = Diagram::new("TinyImageNet to STL-10", &sources, ("VGG-9", &targets), &figure_3d());
        files.assert_size(diagram.size());
        files.assert_colours(diagram.layout.lines.iter().map(line_colour));
        assert_eq!((diagram.layout.lines.len(), diagram.layout.hairlines.len()), (5, 10));
    }

    #[test]
    fn odd_data_is_drawn_too() {
        let (sources, targets) = figure_3d_layers();
        let (two_sources, pairs_30) = many_pairs();
        let with = |mean: f64, std: f64| figure_3d().into_iter().map(|pair| PairLine { mean, std, ..pair }).collect();
        let mut broken = figure_3d();
        broken[0].mean = f64::NAN;
        broken[1].mean = f64::INFINITY;
        broken[9].std = f64::NAN;
        let long_layers = layers(&[(&"long ".repeat(30), [16, 32, 32]), ("", [1, 1, 1])]);
        let long = vec![SourceColumn { name: "a long name ".repeat(20), layers: long_layers.clone() }];
        let one = PairLine { source: 0, source_layer: 1, target_layer: 1, mean: 6.0, std: 0.0 };
        let cases: [Case<'_>; 9] = [
            ("one pair", &sources[..1], &targets, vec![one]),
            ("no pair", &sources, &targets, Vec::new()),
            ("all zero", &sources, &targets, with(0.0, 0.0)),
            ("all equal", &sources, &targets, with(1.0, 0.0)),
            ("huge", &sources, &targets, with(1e29, 1e299)),
            ("broken values", &sources, &targets, broken),
            ("thirty pairs", &two_sources, &targets, pairs_30),
            ("long names", &long, &long_layers, vec![one]),
            ("no layers", &[], &[], Vec::new()),
        ];
        for (case, sources, targets, pairs) in cases {
            let files = DrawnFiles::of(|stem| matching_diagram(case, sources, "VGG-9", targets, &pairs)?.write(stem));
            files.assert_texts([case, "mean λ:"]);
        }
    }

    #[test]
    fn a_pair_of_unknown_layers_is_refused() {
        let (sources, targets) = figure_3d_layers();
        let pair = PairLine { source: 0, source_layer: 3, target_layer: 0, mean: 1.0, std: 0.0 };
        let error = matching_diagram("", &sources, "VGG-9", &targets, &[pair]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn the_key_stays_within_the_scale() {
        for strongest in [1.0, 1.49, 1.5, 2.0, 2.5, 2.88, 4.0, 5.9, 6.0] {
            let values = key_values(strongest);
            assert!(values.iter().all(|value| *value <= strongest), "{strongest}: {values:?}");
        }
    }
}
