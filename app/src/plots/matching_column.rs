//! One column of a matching diagram: networks under each other, each with a heading and a block per layer.

use super::drawing::{Point, Rect};
use super::text::{fit, text_width};
use super::{Layer, Stack, theme};

/// Blank room between two lines that leave the same block.
pub(super) const LINE_GAP: f64 = 4.0;
const LEAST_BLOCK_HEIGHT: f64 = 40.0;
const BLOCK_GAP: f64 = 18.0;
const HEADING_HEIGHT: f64 = 30.0;
const SOURCE_GAP: f64 = 24.0;
/// Blank room beside a text inside a block.
pub(super) const PADDING: f64 = 10.0;
/// Width of the texts in a block.
const TEXT_WIDTHS: (f64, f64) = (120.0, 260.0);

/// A network's layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    /// Where it is.
    pub place: Rect,
    /// Its name and shape, cut to fit.
    pub name: String,
}

/// A network's name above its blocks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heading {
    /// Left end and vertical middle.
    pub at: Point,
    /// The name, cut to fit.
    pub name: String,
}

/// Networks under each other.
pub(super) struct Column<'a> {
    networks: Vec<(String, &'a [Layer])>,
    /// Of all blocks, network after network.
    heights: Vec<f64>,
    /// Of every block.
    pub width: f64,
    /// Width at the left of each block that its name must leave free.
    inset: f64,
}

impl<'a> Column<'a> {
    /// `needs` lists (block, height) for everything that must find room along a block's edge.
    pub(super) fn new(
        role: &str,
        networks: &'a [Stack],
        needs: impl Iterator<Item = (usize, f64)>,
        inset: f64,
    ) -> Self {
        let count = networks.len();
        let number = |index: usize| if count > 1 { format!(" {}", index + 1) } else { String::new() };
        let headed = |(nth, stack): (usize, &'a Stack)| {
            (format!("{role}{}: {}", number(nth), stack.name), stack.layers.as_slice())
        };
        let networks: Vec<_> = networks.iter().enumerate().map(headed).collect();
        let layers = networks.iter().flat_map(|(_, layers)| layers.iter());
        let mut heights = vec![2.0 * LINE_GAP; layers.clone().count()];
        needs.for_each(|(block, need)| heights[block] += need);
        heights.iter_mut().for_each(|height| *height = height.max(LEAST_BLOCK_HEIGHT));
        let names = layers.map(|layer| text_width(&layer.name(), theme::BODY) + inset + 2.0 * PADDING);
        let titles = networks.iter().map(|(title, _)| text_width(title, theme::HEADING));
        let least = TEXT_WIDTHS.0 + inset;
        let width = names.chain(titles).fold(least, f64::max).min(TEXT_WIDTHS.1 + inset + 2.0 * PADDING);
        Self { networks, heights, width, inset }
    }

    /// The least height that its networks fit into.
    pub(super) fn height(&self) -> f64 {
        let gaps = self.networks.iter().map(|(_, layers)| layers.len().saturating_sub(1) as f64 * BLOCK_GAP);
        let headings = self.networks.len() as f64 * (HEADING_HEIGHT + SOURCE_GAP) - SOURCE_GAP;
        headings.max(0.0) + gaps.sum::<f64>() + self.heights.iter().sum::<f64>()
    }

    /// Headings and blocks from (x, top) downwards, with the gaps widened until they fill `height`.
    pub(super) fn place(&self, (x, top): Point, height: f64) -> (Vec<Heading>, Vec<Block>) {
        let spare = (height - self.height()) / self.networks.len().max(1) as f64;
        let (mut headings, mut blocks) = (Vec::new(), Vec::new());
        let mut heights = self.heights.iter();
        let mut y = top;
        for (title, layers) in &self.networks {
            let name = fit(title, self.width + 0.5, theme::HEADING);
            headings.push(Heading { at: (x, y + HEADING_HEIGHT / 2.0 - 3.0), name });
            y += HEADING_HEIGHT;
            let gaps = layers.len().saturating_sub(1);
            let lead = if gaps == 0 { spare / 2.0 } else { 0.0 };
            let gap = BLOCK_GAP + if gaps == 0 { 0.0 } else { spare / gaps as f64 };
            y += lead;
            for (index, (layer, h)) in layers.iter().zip(&mut heights).enumerate() {
                y += if index > 0 { gap } else { 0.0 };
                let name = block_name(layer, self.width - self.inset - 2.0 * PADDING);
                blocks.push(Block { place: Rect { x, y, w: self.width, h: *h }, name });
                y += h;
            }
            y += lead + SOURCE_GAP;
        }
        (headings, blocks)
    }
}

/// Name and shape of a layer; where there is no room for both, the name is cut and the shape stays.
fn block_name(layer: &Layer, width: f64) -> String {
    let whole = layer.name();
    if text_width(&whole, theme::BODY) <= width + 0.5 {
        return whole;
    }
    let shape = format!(" · {}", layer.shape_name());
    let label = fit(&layer.label, width - text_width(&shape, theme::BODY), theme::BODY);
    format!("{label}{shape}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_name_keeps_its_shape() {
        let layer = Layer { label: "a very long name of a layer".to_owned(), shape: [64, 112, 112] };
        let name = block_name(&layer, 170.0);
        assert!(name.ends_with("… · 64×112×112") && text_width(&name, theme::BODY) <= 170.0, "{name}");
    }
}
