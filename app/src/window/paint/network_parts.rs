//! What the picture of the networks is made of: blocks of layers, and lines as wide as λ.

use eframe::egui::epaint::CubicBezierShape;
use eframe::egui::{
    Align2, Color32, CornerRadius, FontId, Image, Pos2, Rect, Stroke, StrokeKind, TextureHandle, Ui, vec2,
};
use l2t_core::experiment::PairStatistics;
use l2t_core::matching::Pair;

use super::theme;
use crate::plots::Layer;

/// Points of line width at λ = 1.
const WIDTH_AT_ONE: f32 = 3.0;

/// The widest a line gets.
const WIDEST: f32 = 13.0;

/// Seconds that a line takes to its new width.
const MOVES_FOR: f32 = 0.2;

/// A layer: its name, its shape, what it sees.
pub fn draw_block(ui: &Ui, at: Rect, layer: &Layer, colour: Option<Color32>, seen: Option<&TextureHandle>) {
    let (visuals, painter) = (ui.visuals(), ui.painter());
    painter.rect(at, CornerRadius::same(6), visuals.widgets.inactive.bg_fill, Stroke::NONE, StrokeKind::Inside);
    if let Some(colour) = colour {
        let mark = Rect::from_min_size(at.right_top() - vec2(6.0, 0.0), vec2(6.0, at.height()));
        painter.rect_filled(mark, CornerRadius { nw: 0, sw: 0, ne: 6, se: 6 }, colour);
    }
    let side = (at.height() - 8.0).max(0.0);
    let mut text = at.left_center() + vec2(8.0, 0.0);
    if let Some(seen) = seen {
        let place = Rect::from_min_size(at.min + vec2(4.0, 4.0), vec2(side, side));
        Image::new((seen.id(), place.size())).corner_radius(4).paint_at(ui, place);
        text.x = place.right() + 8.0;
    }
    let (font, ink) = (FontId::proportional(theme::BODY), visuals.text_color());
    if at.width() < 100.0 {
        let (painter, font) = (painter.with_clip_rect(at), FontId::proportional(theme::SMALL));
        let (first, second) = layer.label.split_once(' ').unwrap_or((&layer.label, ""));
        let text = text - vec2(4.0, 0.0);
        if at.height() < 32.0 {
            painter.text(text, Align2::LEFT_CENTER, if second.is_empty() { first } else { second }, font, ink);
        } else {
            painter.text(text, Align2::LEFT_BOTTOM, first, font.clone(), ink);
            painter.text(text, Align2::LEFT_TOP, second, font, ink);
        }
        return;
    }
    painter.text(text, Align2::LEFT_BOTTOM, &layer.label, font, ink);
    painter.text(
        text,
        Align2::LEFT_TOP,
        layer.shape_name(),
        FontId::proportional(theme::SMALL),
        visuals.weak_text_color(),
    );
}

/// On the way from the λ before to this one.
pub fn moving(ui: &Ui, pair: Pair, known: PairStatistics) -> PairStatistics {
    let towards = |what: &str, value: f64| {
        let id = ui.scope_id().with((what, pair));
        f64::from(ui.ctx().animate_value_with_time(id, value as f32, MOVES_FOR))
    };
    PairStatistics { mean: towards("mean", known.mean), std: towards("std", known.std), ..known }
}

/// A pair's line.
pub fn draw_lambda(ui: &Ui, from: Pos2, to: Rect, colour: Color32, statistics: Option<PairStatistics>) {
    let Some(PairStatistics { mean, std, .. }) = statistics else {
        return line(ui, from, to, 1.0, colour.gamma_multiply(0.4));
    };
    let width = |lambda: f64| (lambda as f32 * WIDTH_AT_ONE).clamp(0.6, WIDEST);
    if std > 0.0 {
        line(ui, from, to, width(mean + std), colour.gamma_multiply(0.16));
    }
    let strength = (0.25 + 0.5 * mean as f32).clamp(0.15, 1.0);
    line(ui, from, to, width(mean), colour.gamma_multiply(strength));
}

/// A curve that leaves and arrives level.
pub fn line(ui: &Ui, from: Pos2, to: Rect, width: f32, colour: Color32) {
    let end = to.left_center();
    let pull = vec2((end.x - from.x) * 0.45, 0.0);
    let points = [from, from + pull, end - pull, end];
    let stroke = Stroke::new(width, colour);
    let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
    ui.painter().add(curve);
}
