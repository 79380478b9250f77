//! The picture at the centre: source layers left, target layers right, every candidate pair a line between them.
//!
//! The width and the strength of a line's colour are the mean λ of its pair, on the scale of 0 to 6 that g can reach; the
//! pale band around it is one standard deviation. Each line ends in a handle that says λ and can be pressed.

use eframe::egui::{
    Align2, Color32, CornerRadius, FontId, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
    pos2, vec2,
};
use l2t_core::experiment::PairStatistics;
use l2t_core::matching::Pair;

use super::facts::{Experiment, Layer, Stack};
use super::palette;
use crate::words::weight;

/// Points of line width at λ = 1.
const WIDTH_AT_ONE: f32 = 3.0;

/// The widest a line gets.
const WIDEST: f32 = 13.0;

/// Size of a layer's block.
const BLOCK: Vec2 = vec2(128.0, 34.0);

/// Size of a pair's handle.
const HANDLE: Vec2 = vec2(42.0, 15.0);

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
}

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// A pair of the run.
    Pair(usize),
    /// A pair to be taken in or left out.
    Toggle(Pair),
}

impl NetworkPicture<'_> {
    /// Draws into the space that is left.
    pub fn show(&self, ui: &mut Ui) -> Option<Pressed> {
        let Experiment { sources, target, .. } = self.experiment;
        let space = ui.available_size();
        let (rect, _) = ui.allocate_exact_size(space, Sense::hover());
        let left: Vec<(usize, usize, &Layer)> = layers(sources).collect();
        let sources_at = places(rect, rect.left(), left.len());
        let targets_at = places(rect, rect.right() - BLOCK.x, target.layers.len());
        self.headings(ui, rect);
        let mut pressed = None;
        for (nth, layer) in target.layers.iter().enumerate() {
            block(ui, targets_at[nth], layer, Some(palette::target(nth, ui.visuals())));
        }
        for (at, (.., layer)) in sources_at.iter().zip(&left) {
            block(ui, *at, layer, None);
        }
        if left.is_empty() {
            self.nothing_matched(ui, rect);
        }
        // All candidates of a target layer, so that a handle keeps its place while pairs come and go.
        for (target_layer, block) in targets_at.iter().enumerate() {
            for (row, (source, source_layer, _)) in left.iter().enumerate() {
                let pair = Pair { source: *source, source_layer: *source_layer, target_layer };
                let from = pos2(sources_at[row].right(), sources_at[row].center().y);
                let to = handle(*block, row, left.len());
                pressed = pressed.or(self.pair(ui, pair, from, to));
            }
        }
        pressed
    }

    fn headings(&self, ui: &Ui, rect: Rect) {
        let Experiment { sources, target, .. } = self.experiment;
        let (font, ink) = (FontId::proportional(14.0), ui.visuals().strong_text_color());
        let frozen: Vec<&str> = sources.iter().map(|stack| stack.name.as_str()).collect();
        if !frozen.is_empty() {
            let text = format!("source {} (frozen)", frozen.join(", "));
            ui.painter().text(rect.left_top(), Align2::LEFT_TOP, text, font.clone(), ink);
        }
        let text = format!("target {}", target.name);
        ui.painter().text(rect.right_top(), Align2::RIGHT_TOP, text, font, ink);
    }

    fn nothing_matched(&self, ui: &Ui, rect: Rect) {
        let text = format!("{} matches no layers", self.experiment.config.method.name.name());
        let ink = ui.visuals().weak_text_color();
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(15.0), ink);
    }

    /// One candidate pair: its line where it is matched, its handle where it can be pressed.
    fn pair(&self, ui: &mut Ui, pair: Pair, from: Pos2, to: Rect) -> Option<Pressed> {
        let index = self.experiment.pairs.iter().position(|known| *known == pair);
        let name = if self.experiment.sources.is_empty() { return None } else { self.experiment.pair_name(&pair) };
        if let Some(editing) = self.editing {
            let chosen = editing.contains(&pair);
            if chosen {
                line(ui, from, to, 2.0, palette::target(pair.target_layer, ui.visuals()));
            }
            let text = if chosen { "on" } else { "off" };
            let response = press(ui, to, pair, text, chosen, &format!("pair {name}, {text}"));
            return response.clicked().then_some(Pressed::Toggle(pair));
        }
        let index = index?;
        let statistics = self.pair_weights.and_then(|all| all.get(index)).copied();
        let colour = palette::target(pair.target_layer, ui.visuals());
        draw_lambda(ui, from, to, colour, statistics);
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
        response.clicked().then_some(Pressed::Pair(index))
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
fn places(rect: Rect, left: f32, count: usize) -> Vec<Rect> {
    let top = rect.top() + 24.0;
    let each = (rect.bottom() - top) / count.max(1) as f32;
    let height = BLOCK.y.min(each - 6.0);
    let place = |nth: usize| {
        let centre = top + (nth as f32 + 0.5) * each;
        Rect::from_min_size(pos2(left, centre - height / 2.0), vec2(BLOCK.x, height))
    };
    (0..count).map(place).collect()
}

/// The place of the `row`-th of `rows` handles left of a target block.
fn handle(block: Rect, row: usize, rows: usize) -> Rect {
    let height = HANDLE.y.min((block.height() + 14.0) / rows.max(1) as f32);
    let middle = row as f32 - (rows as f32 - 1.0) / 2.0;
    let centre = pos2(block.left() - 10.0 - HANDLE.x / 2.0, block.center().y + middle * (height + 1.0));
    Rect::from_center_size(centre, vec2(HANDLE.x, height))
}

fn block(ui: &Ui, at: Rect, layer: &Layer, colour: Option<Color32>) {
    let visuals = ui.visuals();
    let painter = ui.painter();
    painter.rect(at, CornerRadius::same(5), visuals.widgets.inactive.bg_fill, Stroke::NONE, StrokeKind::Inside);
    if let Some(colour) = colour {
        let mark = Rect::from_min_size(at.right_top() - vec2(6.0, 0.0), vec2(6.0, at.height()));
        painter.rect_filled(mark, CornerRadius::same(3), colour);
    }
    let [channels, height, width] = layer.shape;
    let at = at.left_center() + vec2(9.0, 0.0);
    painter.text(at, Align2::LEFT_BOTTOM, &layer.label, FontId::proportional(13.0), visuals.strong_text_color());
    let shape = format!("{channels} × {height} × {width}");
    painter.text(at, Align2::LEFT_TOP, shape, FontId::proportional(11.5), visuals.text_color());
}

fn draw_lambda(ui: &Ui, from: Pos2, to: Rect, colour: Color32, statistics: Option<PairStatistics>) {
    let Some(PairStatistics { mean, std, .. }) = statistics else {
        return line(ui, from, to, 1.0, colour.gamma_multiply(0.25));
    };
    let width = |lambda: f64| (lambda as f32 * WIDTH_AT_ONE).clamp(0.6, WIDEST);
    if std > 0.0 {
        line(ui, from, to, width(mean + std), colour.gamma_multiply(0.16));
    }
    let strength = (0.25 + 0.5 * mean as f32).clamp(0.15, 1.0);
    line(ui, from, to, width(mean), colour.gamma_multiply(strength));
}

/// A curve that leaves and arrives level.
fn line(ui: &Ui, from: Pos2, to: Rect, width: f32, colour: Color32) {
    let end = to.left_center();
    let pull = vec2((end.x - from.x) * 0.45, 0.0);
    let points = [from, from + pull, end - pull, end];
    let stroke = Stroke::new(width, colour);
    let curve = eframe::egui::epaint::CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
    ui.painter().add(curve);
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
    let font = FontId::proportional((at.height() - 2.0).clamp(7.0, 11.5));
    ui.painter().text(at.center(), Align2::CENTER_CENTER, text, font, ink);
    response
}
