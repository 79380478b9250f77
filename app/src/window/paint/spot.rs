//! Places that the tour points at: panels say where they are, the tour draws a frame around one.

use eframe::egui::{Context, CornerRadius, Id, LayerId, Order, Rect, Stroke, StrokeKind, Ui};

use super::theme;

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spot {
    /// *Train*.
    Train,
    /// *Step* and *Step iteration*.
    Steps,
    /// The networks and their pairs.
    Networks,
    /// The controls of the experiment.
    Experiment,
}

/// Says that `spot` is at `rect`.
pub fn mark(ui: &Ui, spot: Spot, rect: Rect) {
    ui.data_mut(|data| data.insert_temp(Id::unique(spot), rect));
}

/// Frames `spot`, where it is on screen.
pub fn frame(context: &Context, spot: Spot) {
    let Some(rect) = context.data(|data| data.get_temp::<Rect>(Id::unique(spot))) else { return };
    let painter = context.layer_painter(LayerId::new(Order::Foreground, Id::unique("spot")));
    let stroke = Stroke::new(3.0, theme::accent(&context.global_style().visuals));
    painter.rect_stroke(rect.expand(theme::STEP), CornerRadius::same(8), stroke, StrokeKind::Outside);
}
