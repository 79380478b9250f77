//! A grid of small pictures with a name for every row and column: Figure 6 of the paper.

use std::io;
use std::ops::Range;
use std::path::Path;

use plotters::prelude::RGBColor;

use super::canvas::{Area, Drawn, Picture, Surface, save_png};
use super::pen::{Paragraph, Rect, fill, framed, line};
use super::text::{Anchor, wrap, write};
use super::theme;

/// Side of the longer edge of a tile.
const TILE: f64 = 156.0;
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
const RIM: RGBColor = RGBColor(0, 0, 0);
const RIM_WIDTH: f64 = 3.0;
const OUTLINE: RGBColor = RGBColor(255, 255, 255);
const OUTLINE_WIDTH: f64 = 1.5;

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

/// Writes `<path_stem>.png`.
///
/// # Errors
/// When a row has another number of tiles than there are headings, a tile another number of pixels, or the file cannot
/// be written.
pub fn tile_grid(path_stem: &Path, grid: &TileGrid) -> io::Result<()> {
    let area = grid.size[0] * grid.size[1];
    let fits = |row: &TileRow| {
        row.tiles.len() == grid.headings.len() && row.tiles.iter().all(|tile| tile.pixels.len() == area)
    };
    if !grid.rows.iter().all(fits) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "tiles do not fit the grid"));
    }
    save_png(path_stem, &Layout::new(grid))
}

struct Layout<'a> {
    grid: &'a TileGrid,
    title: Paragraph,
    captions: Vec<Paragraph>,
    width: f64,
    /// Width and height of a tile.
    tile: (f64, f64),
    /// Height of the notes under the tiles; none where all are empty.
    notes: f64,
}

impl<'a> Layout<'a> {
    fn new(grid: &'a TileGrid) -> Self {
        let [height, width] = grid.size.map(|side| side as f64);
        let scale = TILE / height.max(width);
        let tile = (width * scale, height * scale);
        let columns = grid.headings.len() as f64;
        let wide = 2.0 * theme::MARGIN + NAME_WIDTH + columns * (tile.0 + COLUMN_GAP);
        let total = wide.max(LEAST_WIDTH);
        let noted = grid.rows.iter().flat_map(|row| &row.tiles).any(|tile| !tile.note.is_empty());
        let captions = grid.captions.iter().enumerate().map(|(nth, text)| match nth {
            0 => Paragraph::remark(text, total),
            _ => Paragraph::caption(text, total),
        });
        Self {
            grid,
            title: Paragraph::title(&grid.title, total),
            captions: captions.collect(),
            width: total,
            tile,
            notes: if noted { NOTE_HEIGHT } else { 0.0 },
        }
    }

    fn heading_middle(&self) -> f64 {
        theme::MARGIN + self.title.height() + 10.0 + HEADING_HEIGHT / 2.0
    }

    fn row_top(&self, row: usize) -> f64 {
        let height = self.tile.1 + self.notes + ROW_GAP;
        self.heading_middle() + HEADING_HEIGHT / 2.0 + row as f64 * height
    }

    fn column_left(&self, column: usize) -> f64 {
        theme::MARGIN + NAME_WIDTH + COLUMN_GAP + column as f64 * (self.tile.0 + COLUMN_GAP)
    }

    fn bars_top(&self) -> f64 {
        self.row_top(self.grid.rows.len())
    }

    fn captions_top(&self) -> f64 {
        let bars = if self.grid.bars.is_empty() { 0.0 } else { BAR_HEIGHT + 2.0 * NOTE_HEIGHT + 14.0 };
        self.bars_top() + bars
    }

    fn draw_names<DB: Surface>(&self, area: &Area<DB>, row: &TileRow, top: f64) -> Drawn<DB> {
        let names = wrap(&row.name, NAME_WIDTH, theme::HEADING);
        let notes = wrap(&row.note, NAME_WIDTH, theme::SMALL);
        let heights = [theme::HEADING * 1.25, theme::SMALL * 1.3];
        let mut middle = top + heights[0] / 2.0;
        for name in &names {
            write(area, name, (theme::MARGIN, middle), (theme::HEADING, theme::INK, Anchor::Left))?;
            middle += heights[0];
        }
        for note in &notes {
            write(area, note, (theme::MARGIN, middle), (theme::SMALL, theme::SOFT_INK, Anchor::Left))?;
            middle += heights[1];
        }
        Ok(())
    }

    fn draw_tile<DB: Surface>(&self, area: &Area<DB>, (row, column): (usize, usize)) -> Drawn<DB> {
        let (TileRow { tiles, outline, .. }, [height, width]) = (&self.grid.rows[row], self.grid.size);
        let place = Rect { x: self.column_left(column), y: self.row_top(row), w: self.tile.0, h: self.tile.1 };
        let at = |column: usize, row: usize| {
            (place.x + place.w * column as f64 / width as f64, place.y + place.h * row as f64 / height as f64)
        };
        for (index, [red, green, blue]) in tiles[column].pixels.iter().enumerate() {
            let (row, column) = (index / width, index % width);
            let ((x, y), (right, bottom)) = (at(column, row), at(column + 1, row + 1));
            fill(area, Rect { x, y, w: right - x, h: bottom - y }, RGBColor(*red, *green, *blue))?;
        }
        for (thickness, colour) in [(RIM_WIDTH, RIM), (OUTLINE_WIDTH, OUTLINE)] {
            for [from, to] in outline {
                draw_edge(area, (at(from.0, from.1), at(to.0, to.1)), (thickness, colour))?;
            }
        }
        let middle = place.x + place.w / 2.0;
        if let Some(cover) = &tiles[column].cover {
            let plate = Rect { x: middle - 42.0, y: place.middle() - 15.0, w: 84.0, h: 30.0 };
            framed(area, plate, (theme::BACKGROUND, theme::OUTLINE, 1.25))?;
            write(area, cover, (middle, place.middle()), (theme::BODY, theme::INK, Anchor::Centre))?;
        }
        let note_at = (middle, place.bottom() + NOTE_HEIGHT / 2.0 + 1.0);
        write(area, &tiles[column].note, note_at, (theme::SMALL, theme::INK, Anchor::Centre))
    }

    fn draw_bar<DB: Surface>(&self, area: &Area<DB>, bar: &ColourBar) -> Drawn<DB> {
        let left = self.column_left(bar.columns.start);
        let right = self.column_left(bar.columns.end) - COLUMN_GAP;
        let place = Rect { x: left, y: self.bars_top() + NOTE_HEIGHT, w: right - left, h: BAR_HEIGHT };
        let name_at = ((left + right) / 2.0, self.bars_top() + NOTE_HEIGHT / 2.0 - 2.0);
        write(area, &bar.name, name_at, (theme::SMALL, theme::INK, Anchor::Centre))?;
        let step = place.w / BAR_STEPS as f64;
        for nth in 0..BAR_STEPS {
            let slice = Rect { x: place.x + nth as f64 * step, w: step, ..place };
            fill(area, slice, between(&bar.colours, nth as f64 / (BAR_STEPS - 1) as f64))?;
        }
        let decimals = if bar.most < 0.1 { 3 } else { 2 };
        for (share, anchor) in [(0.0, Anchor::Left), (0.5, Anchor::Centre), (1.0, Anchor::Right)] {
            let value = share * bar.most;
            let text = if value == value.round() { format!("{value:.0}") } else { format!("{value:.decimals$}") };
            let at = (place.x + share * place.w, place.bottom() + NOTE_HEIGHT / 2.0);
            write(area, &text, at, (theme::SMALL, theme::INK, anchor))?;
        }
        Ok(())
    }
}

/// An edge of an outline, a little longer at both ends so that corners close.
fn draw_edge<DB: Surface>(
    area: &Area<DB>,
    ((x0, y0), (x1, y1)): ((f64, f64), (f64, f64)),
    (thickness, colour): (f64, RGBColor),
) -> Drawn<DB> {
    let reach = thickness / 2.0;
    let (x, y) = if x0 == x1 { (0.0, reach) } else { (reach, 0.0) };
    line(area, ((x0 - x, y0 - y), (x1 + x, y1 + y)), (thickness, colour))
}

/// The colour at `share` of the way through `colours`.
fn between(colours: &[[u8; 3]], share: f64) -> RGBColor {
    let Some(last) = colours.len().checked_sub(1) else { return theme::BACKGROUND };
    let at = share * last as f64;
    let low = at.floor() as usize;
    let (from, to) = (colours[low], colours[(low + 1).min(last)]);
    let mix = |channel: usize| {
        let (from, to) = (f64::from(from[channel]), f64::from(to[channel]));
        (from + (to - from) * (at - low as f64)).round() as u8
    };
    RGBColor(mix(0), mix(1), mix(2))
}

impl Picture for Layout<'_> {
    fn size(&self) -> (f64, f64) {
        let captions: f64 = self.captions.iter().map(|caption| caption.height() + 8.0).sum();
        (self.width, self.captions_top() + captions + theme::MARGIN)
    }

    fn draw<DB: Surface>(&self, area: &Area<DB>) -> Drawn<DB> {
        self.title.draw(area, theme::MARGIN)?;
        for (column, heading) in self.grid.headings.iter().enumerate() {
            let at = (self.column_left(column) + self.tile.0 / 2.0, self.heading_middle());
            write(area, heading, at, (theme::HEADING, theme::INK, Anchor::Centre))?;
        }
        for (number, row) in self.grid.rows.iter().enumerate() {
            self.draw_names(area, row, self.row_top(number))?;
            for column in 0..row.tiles.len() {
                self.draw_tile(area, (number, column))?;
            }
        }
        for bar in &self.grid.bars {
            self.draw_bar(area, bar)?;
        }
        let mut top = self.captions_top();
        for caption in &self.captions {
            caption.draw(area, top)?;
            top += caption.height() + 8.0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let folder = tempfile::tempdir().unwrap();
        tile_grid(&folder.path().join("grid"), grid).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        image::open(folder.path().join("grid.png")).unwrap().to_rgb8()
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
            let (layout, picture) = (Layout::new(&grid), png(&grid));
            let (width, height) = layout.size();
            assert_eq!(picture.dimensions(), (2 * width.ceil() as u32, 2 * height.ceil() as u32));
        }
    }

    #[test]
    fn tiles_that_do_not_fit_are_refused() {
        let mut short = grid(2, 2, [3, 3]);
        short.rows[1].tiles[0].pixels.pop();
        let mut few = grid(2, 2, [3, 3]);
        few.rows[0].tiles.pop();
        for grid in [short, few] {
            let error = tile_grid(Path::new("unused"), &grid).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn colours_between_are_mixed() {
        let colours = [[0, 0, 0], [100, 200, 50], [200, 0, 50]];
        assert_eq!(between(&colours, 0.25), RGBColor(50, 100, 25));
        assert_eq!((between(&colours, 0.0), between(&colours, 1.0)), (RGBColor(0, 0, 0), RGBColor(200, 0, 50)));
    }
}
