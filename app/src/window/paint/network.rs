//! The picture at the centre: source layers left, target layers right, every candidate pair a line between them.
//!
//! The width and the strength of a line's colour are the mean λ of its pair, on the scale of 0 to 6 that g can reach; the
//! pale band around it is one standard deviation. Each line ends in a handle that says λ and can be pressed. Beside its name
//! every layer shows what it sees of the image at the top: where its features are large.

use eframe::egui::{
    Align, Align2, CornerRadius, FontId, Image, Label, Layout, Pos2, Rect, Response, RichText, Role, Sense, StrokeKind,
    Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use l2t_core::experiment::PairStatistics;
use l2t_core::matching::Pair;

use super::layers::LayerPictures;
use super::network_parts::{draw_block, draw_lambda, line, moving};
use super::{palette, theme};
use crate::plots::{Layer, Stack};
use crate::window::run::facts::Experiment;
use crate::window::shell::intent::{Intent, Intents};
use crate::words::weight;

/// Height of the row with the networks' names and the image.
const HEAD: f32 = 48.0;

/// The size of a block and of a pair's handle, in a picture this wide.
fn sizes(width: f32, touched: bool) -> (Vec2, Vec2) {
    let handle = if touched { FINGERTIP } else { 22.0 };
    if width < NARROW { (vec2(86.0, 44.0), vec2(40.0, handle)) } else { (vec2(152.0, 52.0), vec2(46.0, handle)) }
}

/// Least height of a handle that fingers press among others: a little more than the least target of WCAG 2.2 (AA), 24.
const FINGERTIP: f32 = 24.5;

/// Below this, blocks have no room for the shapes of layers.
const NARROW: f32 = 520.0;

/// What is drawn.
pub struct NetworkPicture<'a> {
    /// Networks and pairs.
    pub experiment: &'a Experiment,
    /// λ, where it is known.
    pub pair_weights: Option<&'a [PairStatistics]>,
    /// The pair whose details are shown: index into the pairs.
    pub chosen: Option<usize>,
    /// Pairs that a new run would have, while they are being edited.
    pub editing: Option<&'a [Pair]>,
    /// What the layers see.
    pub seen: Option<&'a LayerPictures>,
}

impl NetworkPicture<'_> {
    /// The height that fingers need to tell handles apart.
    pub fn touched_height(&self) -> f32 {
        let rows = layers(&self.experiment.sources).count() as f32;
        HEAD + self.experiment.target.layers.len() as f32 * (rows * (FINGERTIP + 1.0) + 4.0)
    }

    /// Draws into the width that is left; `touched` by fingers, handles are as high as they need.
    pub fn show(&self, ui: &mut Ui, height: f32, touched: bool) -> Intents {
        let Experiment { sources, target, .. } = self.experiment;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "networks"));
        let (block, handle) = sizes(rect.width(), touched);
        let left: Vec<(usize, usize, &Layer)> = layers(sources).collect();
        let sources_at = places(rect, rect.left(), left.len(), block);
        let targets_at = places(rect, rect.right() - block.x, target.layers.len(), block);
        self.head(ui, rect);
        for (nth, layer) in target.layers.iter().enumerate() {
            let seen = self.seen.and_then(|seen| seen.target.get(nth));
            draw_block(ui, targets_at[nth], layer, Some(palette::target(nth, ui.visuals())), seen);
        }
        for (nth, (at, (.., layer))) in sources_at.iter().zip(&left).enumerate() {
            draw_block(ui, *at, layer, None, self.seen.and_then(|seen| seen.sources.get(nth)));
        }
        if left.is_empty() {
            self.nothing_matched(ui, rect);
        }
        let mut pressed = Intents::new();
        let each = (rect.height() - HEAD) / target.layers.len().max(1) as f32;
        // All candidates of a target layer, so that a handle keeps its place while pairs come and go.
        for (target_layer, block) in targets_at.iter().enumerate() {
            for (row, (source, source_layer, _)) in left.iter().enumerate() {
                let pair = Pair { source: *source, source_layer: *source_layer, target_layer };
                let from = pos2(sources_at[row].right(), sources_at[row].center().y);
                let to = handle_at(*block, row, left.len(), handle, each);
                pressed.extend(self.pair(ui, pair, from, to));
            }
        }
        pressed
    }

    /// The networks' names, the image that both see, and what the target takes it for.
    fn head(&self, ui: &mut Ui, rect: Rect) {
        let Experiment { sources, target, .. } = self.experiment;
        let frozen: Vec<&str> = sources.iter().map(|stack| stack.name.as_str()).collect();
        let (side, middle) = (HEAD - 8.0, rect.center().x);
        let narrow = rect.width() < NARROW;
        let size = if narrow { theme::BODY } else { theme::HEADING };
        let [class, taken] = self.seen.map_or_else(Default::default, |seen| seen.classes.clone());
        let images = [rect.left(), rect.right() - side]
            .map(|left| Rect::from_min_size(pos2(left, rect.top()), vec2(side, side)));
        let mut words = |image: Rect, on_left: bool, name: String, below: String| {
            if let Some(seen) = self.seen {
                Image::new((seen.image.id(), image.size())).corner_radius(4).paint_at(ui, image);
            }
            let beside = if self.seen.is_some() { side + 8.0 } else { 0.0 };
            let (from, to) =
                if on_left { (image.left() + beside, middle - 8.0) } else { (middle + 8.0, image.right() - beside) };
            let place = Rect::from_x_y_ranges(from..=to, image.y_range());
            let align = if on_left { Align::Min } else { Align::Max };
            ui.scope_builder(UiBuilder::new().max_rect(place).layout(Layout::top_down(align)), |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.add(Label::new(RichText::new(name).size(size)).truncate());
                // Two lines where half of the picture is too narrow for it.
                let below = Label::new(RichText::new(below).small().weak());
                ui.add(if narrow { below.wrap() } else { below.truncate() });
            });
        };
        if !frozen.is_empty() {
            let kind = if narrow { "" } else { ", frozen" };
            words(images[0], true, format!("Source {}{kind}", frozen.join(", ")), class.clone());
        }
        let verdict = match taken == class {
            _ if taken.is_empty() => String::new(),
            true => format!("takes it for {taken}: right"),
            false => format!("takes it for {taken}"),
        };
        // Its width stands in the settings.
        let name = target.name.split(", ").next().unwrap_or_default();
        words(images[1], false, format!("Target {name}"), verdict);
    }

    fn nothing_matched(&self, ui: &Ui, rect: Rect) {
        let text = format!("{} matches no layers", self.experiment.config.method.name.name());
        let ink = ui.visuals().weak_text_color();
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(15.0), ink);
    }

    /// One candidate pair: its line where it is matched, its handle where it can be pressed.
    fn pair(&self, ui: &mut Ui, pair: Pair, from: Pos2, to: Rect) -> Option<Intent> {
        let index = self.experiment.pairs.iter().position(|known| *known == pair);
        let name = if self.experiment.sources.is_empty() { return None } else { self.experiment.pair_name(&pair) };
        if let Some(editing) = self.editing {
            let chosen = editing.contains(&pair);
            if chosen {
                line(ui, from, to, 2.0, palette::target(pair.target_layer, ui.visuals()));
            }
            let text = if chosen { "on" } else { "off" };
            let response = press(ui, to, pair, text, chosen, &format!("pair {name}, {text}"));
            return response.clicked().then_some(Intent::TogglePair(pair));
        }
        let index = index?;
        let statistics = self.pair_weights.and_then(|all| all.get(index)).copied();
        let colour = palette::target(pair.target_layer, ui.visuals());
        draw_lambda(ui, from, to, colour, statistics.map(|known| moving(ui, pair, known)));
        let chosen = self.chosen == Some(index);
        let text = statistics.map_or_else(|| "λ".into(), |statistics| weight(statistics.mean));
        let response = press(ui, to, pair, &text, chosen, &format!("pair {name}"));
        let response = response.on_hover_ui(|ui| {
            ui.strong(&name);
            match statistics {
                Some(PairStatistics { mean, std, .. }) => ui.label(format!("λ = {mean:.3} ± {std:.3} over the images")),
                None => ui.label("λ is not known before the first iteration"),
            };
            ui.label("press to see what is transferred over it");
        });
        response.clicked().then_some(Intent::Pair(index))
    }
}

/// Every layer of every source: (source, layer, what).
fn layers(sources: &[Stack]) -> impl Iterator<Item = (usize, usize, &Layer)> {
    sources
        .iter()
        .enumerate()
        .flat_map(|(source, stack)| stack.layers.iter().enumerate().map(move |(layer, what)| (source, layer, what)))
}

/// Blocks one below the other, evenly; the image is at the top.
fn places(rect: Rect, left: f32, count: usize, size: Vec2) -> Vec<Rect> {
    let top = rect.top() + HEAD;
    let each = (rect.bottom() - top) / count.max(1) as f32;
    let height = size.y.min(each - 6.0);
    let place = |nth: usize| {
        let centre = top + (nth as f32 + 0.5) * each;
        Rect::from_min_size(pos2(left, centre - height / 2.0), vec2(size.x, height))
    };
    (0..count).map(place).collect()
}

/// The place of the `row`-th of `rows` handles left of a target block, which has `each` points of height.
fn handle_at(block: Rect, row: usize, rows: usize, size: Vec2, each: f32) -> Rect {
    let height = size.y.min((each - 4.0) / rows.max(1) as f32 - 1.0);
    let middle = row as f32 - (rows as f32 - 1.0) / 2.0;
    let centre = pos2(block.left() - 8.0 - size.x / 2.0, block.center().y + middle * (height + 1.0));
    Rect::from_center_size(centre, vec2(size.x, height))
}

/// A small button at a fixed place, with a name for those who cannot see where it is.
fn press(ui: &mut Ui, at: Rect, pair: Pair, text: &str, chosen: bool, name: &str) -> Response {
    let response = ui.interact(at, ui.scope_id().with(("pair", pair)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, name));
    let style = ui.style().interact_selectable(&response, chosen);
    let (round, ink) = (CornerRadius::same(3), style.text_color());
    let fill = if chosen { style.bg_fill } else { ui.visuals().extreme_bg_color };
    let edge = if response.has_focus() { ui.visuals().selection.stroke } else { style.bg_stroke };
    ui.painter().rect(at, round, fill, edge, StrokeKind::Inside);
    let font = FontId::proportional((at.height() - 2.0).clamp(7.0, theme::SMALL));
    ui.painter().text(at.center(), Align2::CENTER_CENTER, text, font, ink);
    response
}
