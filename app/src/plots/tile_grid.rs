//! A grid of small pictures with a name for every row and column: Figure 6 of the paper.

use std::io;
use std::ops::Range;

use super::drawing::{Anchor, Drawing, Rect};
use super::raster::SCALE;
use super::text::{Paragraph, wrap};
use super::theme;
use crate::colours::{Colour, GROUND, INK, OUTLINE, SOFT_INK, between};

/// Length of the longer edge of a tile: as many as its own pixels where that is between these; a little more where it is
/// enlarged.
const TILE: [f64; 2] = [156.0, 320.0];
const COLUMN_GAP: f64 = 16.0;
const ROW_GAP: f64 = 16.0;
/// Width of the column of names.
const NAME_WIDTH: f64 = 142.0;
const HEADING_HEIGHT: f64 = 30.0;
const NOTE_HEIGHT: f64 = 22.0;
const BAR_HEIGHT: f64 = 14.0;
const BAR_STEPS: usize = 128;
/// The least width of the texts, where there are few columns.
const LEAST_WIDTH: f64 = 640.0;
/// An object's outline, white with a black rim: it lies on pixels, whatever the ground is.
const EDGES: [(f64, [u8; 3]); 2] = [(3.0, [0; 3]), (1.5, [255; 3])];

/// One small picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Red, green and blue in reading order.
    pub pixels: Vec<[u8; 3]>,
    /// What stands under it.
    pub note: String,
    /// What stands across it, where there is nothing to see: `flat`.
    pub cover: Option<String>,
}

/// One row of small pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRow {
    /// What the row shows, in larger type.
    pub name: String,
    /// More about it, in smaller type below.
    pub note: String,
    /// One a column.
    pub tiles: Vec<Tile>,
    /// Edges between pixels, from corner to corner as (column, row), drawn on every tile of the row.
    pub outline: Vec<[(usize, usize); 2]>,
}

/// What colours mean, under the columns that they are used in.
#[derive(Debug, Clone, PartialEq)]
pub struct ColourBar {
    /// The columns.
    pub columns: Range<usize>,
    /// What is shown.
    pub name: String,
    /// The value at the right end; 0 is at the left.
    pub most: f64,
    /// Colours from left to right, at even steps.
    pub colours: Vec<[u8; 3]>,
}

/// A grid of small pictures of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct TileGrid {
    /// Above everything.
    pub title: String,
    /// Height and width of every tile in its own pixels.
    pub size: [usize; 2],
    /// The columns' names.
    pub headings: Vec<String>,
    /// From above.
    pub rows: Vec<TileRow>,
    /// Under the last row.
    pub bars: Vec<ColourBar>,
    /// Paragraphs at the bottom: the first in dark type, the others lighter.
    pub captions: Vec<String>,
}

/// Draws the grid.
///
/// # Errors
/// When a row has another number of tiles than there are headings, or a tile another number of pixels.
pub fn tile_grid(grid: &TileGrid) -> io::Result<Drawing> {
    let area = grid.size[0] * grid.size[1];
    let fits = |row: &TileRow| {
        row.tiles.len() == grid.headings.len() && row.tiles.iter().all(|tile| tile.pixels.len() == area)
    };
    if !grid.rows.iter().all(fits) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "tiles do not fit the grid"));
    }
    Ok(Layout::new(grid).draw())
}

struct Layout<'a> {
    grid: &'a TileGrid,
    width: f64,
    /// Width and height of a tile.
    tile: (f64, f64),
    /// Height of the notes under the tiles; none where all are empty.
    notes: f64,
    /// Upper edge of the first row.
    top: f64,
}

impl<'a> Layout<'a> {
    fn new(grid: &'a TileGrid) -> Self {
        let [height, width] = grid.size.map(|side| side as f64);
        let scale = magnified(height.max(width));
        let tile = (width * scale, height * scale);
        let columns = grid.headings.len() as f64;
        let wide = 2.0 * theme::MARGIN + NAME_WIDTH + columns * (tile.0 + COLUMN_GAP);
        let noted = grid.rows.iter().flat_map(|row| &row.tiles).any(|tile| !tile.note.is_empty());
        let width = wide.max(LEAST_WIDTH);
        let title = Paragraph::title(&grid.title, width).height();
        let notes = if noted { NOTE_HEIGHT } else { 0.0 };
        Self { grid, width, tile, notes, top: theme::MARGIN + title + theme::GAP + HEADING_HEIGHT }
    }

    fn row_top(&self, row: usize) -> f64 {
        self.top + row as f64 * (self.tile.1 + self.notes + ROW_GAP)
    }

    fn column_left(&self, column: usize) -> f64 {
        theme::MARGIN + NAME_WIDTH + COLUMN_GAP + column as f64 * (self.tile.0 + COLUMN_GAP)
    }

    fn draw(&self) -> Drawing {
        let mut drawing = Drawing::new(self.width);
        drawing.paragraph(&Paragraph::title(&self.grid.title, self.width), theme::MARGIN);
        for (column, heading) in self.grid.headings.iter().enumerate() {
            let at = (self.column_left(column) + self.tile.0 / 2.0, self.top - HEADING_HEIGHT / 2.0);
            drawing.text(heading, at, (theme::HEADING, INK, Anchor::Centre));
        }
        for (number, row) in self.grid.rows.iter().enumerate() {
            draw_names(&mut drawing, row, self.row_top(number));
            for (column, tile) in row.tiles.iter().enumerate() {
                let (w, h) = self.tile;
                let place = Rect { x: self.column_left(column), y: self.row_top(number), w, h };
                self.draw_tile(&mut drawing, tile, &row.outline, place);
            }
        }
        let bars = self.row_top(self.grid.rows.len());
        self.grid.bars.iter().for_each(|bar| self.draw_bar(&mut drawing, bar, bars));
        let mut top = bars + if self.grid.bars.is_empty() { 0.0 } else { BAR_HEIGHT + 2.0 * NOTE_HEIGHT + 14.0 };
        for (nth, text) in self.grid.captions.iter().enumerate() {
            let kind = if nth == 0 { Paragraph::remark } else { Paragraph::caption };
            top = drawing.paragraph(&kind(text, self.width), top) + 8.0;
        }
        drawing.ending_at(top)
    }

    fn draw_tile(&self, drawing: &mut Drawing, tile: &Tile, outline: &[[(usize, usize); 2]], place: Rect) {
        let [height, width] = self.grid.size;
        drawing.pixels(place, width, tile.pixels.clone());
        let at = |(column, row): (usize, usize)| {
            (place.x + place.w * column as f64 / width as f64, place.y + place.h * row as f64 / height as f64)
        };
        for (thickness, rgb) in EDGES {
            for [from, to] in outline {
                // A little longer at both ends, so that corners close.
                let reach = thickness / 2.0;
                let (x, y) = if from.0 == to.0 { (0.0, reach) } else { (reach, 0.0) };
                let ((x0, y0), (x1, y1)) = (at(*from), at(*to));
                let colour = Colour { light: rgb, dark: rgb };
                drawing.line(&[(x0 - x, y0 - y), (x1 + x, y1 + y)], thickness, colour);
            }
        }
        let (middle, height) = place.middle();
        if let Some(cover) = &tile.cover {
            drawing.framed(Rect { x: middle - 42.0, y: height - 15.0, w: 84.0, h: 30.0 }, (GROUND, OUTLINE, 1.25));
            drawing.text(cover, (middle, height), (theme::BODY, INK, Anchor::Centre));
        }
        let note_at = (middle, place.bottom() + NOTE_HEIGHT / 2.0 + 1.0);
        drawing.text(&tile.note, note_at, (theme::SMALL, INK, Anchor::Centre));
    }

    fn draw_bar(&self, drawing: &mut Drawing, bar: &ColourBar, top: f64) {
        let left = self.column_left(bar.columns.start);
        let right = self.column_left(bar.columns.end) - COLUMN_GAP;
        let place = Rect { x: left, y: top + NOTE_HEIGHT, w: right - left, h: BAR_HEIGHT };
        let name_at = (place.middle().0, top + NOTE_HEIGHT / 2.0 - 2.0);
        drawing.text(&bar.name, name_at, (theme::SMALL, INK, Anchor::Centre));
        let steps = (0..BAR_STEPS).map(|nth| between(&bar.colours, nth as f64 / (BAR_STEPS - 1) as f64));
        drawing.pixels(place, BAR_STEPS, steps.collect());
        let decimals = if bar.most < 0.1 { 3 } else { 2 };
        for (share, anchor) in [(0.0, Anchor::Left), (0.5, Anchor::Centre), (1.0, Anchor::Right)] {
            let value = share * bar.most;
            let text = if value == value.round() { format!("{value:.0}") } else { format!("{value:.decimals$}") };
            let at = (place.x + share * place.w, place.bottom() + NOTE_HEIGHT / 2.0);
            drawing.text(text, at, (theme::SMALL, INK, anchor));
        }
    }
}

/// CSS pixels to one of a tile whose longer edge has so many. Enlarged, each is a square of whole pixels of the PNG: squares of
/// uneven sizes look like a pattern in the picture.
fn magnified(longer: f64) -> f64 {
    let scale = longer.clamp(TILE[0], TILE[1]) / longer;
    let whole = f64::from(SCALE);
    if scale > 1.0 { (scale * whole).ceil() / whole } else { scale }
}

/// The name of a row and more about it, from `top` downwards.
fn draw_names(drawing: &mut Drawing, row: &TileRow, top: f64) {
    let mut y = top;
    for (text, size, colour) in [(&row.name, theme::HEADING, INK), (&row.note, theme::SMALL, SOFT_INK)] {
        for line in wrap(text, NAME_WIDTH, size) {
            y += size * 1.25;
            drawing.text(line, (theme::MARGIN, y - size * 0.625), (size, colour, Anchor::Left));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colours::Ground;

    fn grid(rows: usize, columns: usize, size: [usize; 2]) -> TileGrid {
        let tile = |nth: usize| Tile {
            pixels: (0..size[0] * size[1]).map(|i| [(40 * nth) as u8, (9 * i) as u8, 200]).collect(),
            note: format!("{nth} % on the object"),
            cover: (nth == 1).then(|| "flat".into()),
        };
        let row = |nth: usize| TileRow {
            name: format!("a class with the rather long name number {nth}"),
            note: "object: 34 % of the image".into(),
            tiles: (0..columns).map(tile).collect(),
            outline: vec![[(1, 1), (2, 1)], [(2, 1), (2, 2)]],
        };
        TileGrid {
            title: "saliency".into(),
            size,
            headings: (0..columns).map(|nth| format!("column {nth}")).collect(),
            rows: (0..rows).map(row).collect(),
            bars: vec![ColourBar {
                columns: 0..columns,
                name: "map".into(),
                most: 0.3,
                colours: vec![[0; 3], [255; 3]],
            }],
            captions: vec!["first".into(), "second ".repeat(60)],
        }
    }

    fn png(grid: &TileGrid) -> image::RgbImage {
        image::load_from_memory(&tile_grid(grid).unwrap().png(Ground::Light).unwrap()).unwrap().to_rgb8()
    }

    #[test]
    fn every_pixel_of_a_tile_has_its_place_and_colour() {
        let plain = TileGrid {
            rows: vec![TileRow { outline: vec![], ..grid(1, 3, [3, 5]).rows[0].clone() }],
            ..grid(1, 3, [3, 5])
        };
        let (layout, picture) = (Layout::new(&plain), png(&plain));
        for (index, colour) in plain.rows[0].tiles[2].pixels.iter().enumerate() {
            let x = layout.column_left(2) + layout.tile.0 * (index % 5) as f64 / 5.0 + 10.0;
            let y = layout.row_top(0) + layout.tile.1 * (index / 5) as f64 / 3.0 + 10.0;
            assert_eq!(picture.get_pixel(2 * x as u32, 2 * y as u32).0, *colour, "pixel {index}");
        }
    }

    #[test]
    fn grids_of_all_kinds_are_drawn() {
        for (rows, columns, size) in [(1, 2, [1, 1]), (3, 5, [7, 5]), (2, 1, [64, 3]), (0, 5, [4, 4])] {
            let grid = grid(rows, columns, size);
            let (width, height) = tile_grid(&grid).unwrap().size();
            assert_eq!(png(&grid).dimensions(), (2 * width as u32, 2 * height as u32));
        }
    }

    #[test]
    fn an_enlarged_pixel_is_a_square_of_whole_pixels() {
        for (longer, expected) in [(1.0, 156.0), (32.0, 5.0), (96.0, 2.0), (155.0, 1.5), (224.0, 1.0), (640.0, 0.5)] {
            assert_eq!(magnified(longer), expected, "{longer}");
        }
        let square = TileGrid {
            rows: vec![TileRow { outline: vec![], ..grid(1, 3, [96, 96]).rows[0].clone() }],
            ..grid(1, 3, [96, 96])
        };
        let (layout, picture) = (Layout::new(&square), png(&square));
        let [left, top] = [layout.column_left(2), layout.row_top(0)].map(|edge| (edge * f64::from(SCALE)) as u32);
        for (index, colour) in square.rows[0].tiles[2].pixels.iter().enumerate() {
            let (x, y) = (left + 4 * (index as u32 % 96), top + 4 * (index as u32 / 96));
            assert!((0..16).all(|nth| picture.get_pixel(x + nth % 4, y + nth / 4).0 == *colour), "pixel {index}");
        }
    }

    #[test]
    fn tiles_that_do_not_fit_are_refused() {
        let mut short = grid(2, 2, [3, 3]);
        short.rows[1].tiles[0].pixels.pop();
        let mut few = grid(2, 2, [3, 3]);
        few.rows[0].tiles.pop();
        for grid in [short, few] {
            let error = tile_grid(&grid).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
