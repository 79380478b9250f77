//! How the window looks: four sizes of text, distances in steps of four points, one accent colour. Colours stand here alone,
//! but for those of layers and methods ([`palette`](super::palette)).

use eframe::egui::style::{WidgetVisuals, Widgets};
use eframe::egui::{Color32, Context, CornerRadius, FontId, Margin, Stroke, Style, TextStyle, Theme, Visuals, vec2};

/// Notes, shapes, handles.
pub const SMALL: f32 = 12.0;
/// Everything else.
pub const BODY: f32 = 14.0;
/// What a part is called.
pub const HEADING: f32 = 17.0;
/// The numbers of a run.
pub const FIGURE: f32 = 22.0;

/// The step of all distances.
pub const STEP: f32 = 4.0;

/// Least height of what fingers press.
pub const FINGER: f32 = 40.0;

struct Shades {
    /// Behind everything.
    ground: Color32,
    /// Fields, charts, windows.
    surface: Color32,
    /// Buttons and blocks.
    raised: Color32,
    edge: Color32,
    ink: Color32,
    weak: Color32,
    accent: Color32,
    /// Behind what is chosen.
    chosen: Color32,
    warning: Color32,
    error: Color32,
}

const fn grey(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const LIGHT: Shades = Shades {
    ground: grey(0xf6_f7_f9),
    surface: grey(0xff_ff_ff),
    raised: grey(0xe5_e8_ed),
    edge: grey(0xcd_d3_da),
    ink: grey(0x1c_21_27),
    weak: grey(0x52_5b_66),
    accent: grey(0x0b_57_a4),
    chosen: grey(0xd3_e4_f6),
    warning: grey(0x8a_45_00),
    error: grey(0xb0_20_1a),
};

const DARK: Shades = Shades {
    ground: grey(0x15_18_1c),
    surface: grey(0x1d_21_26),
    raised: grey(0x2a_2f_36),
    edge: grey(0x3b_42_4b),
    ink: grey(0xe7_ea_ee),
    weak: grey(0xa3_ad_b8),
    accent: grey(0x8a_b8_ec),
    chosen: grey(0x24_3e_58),
    warning: grey(0xf0_a3_5e),
    error: grey(0xf3_93_8b),
};

/// Makes both themes of `context` look so.
pub fn apply(context: &Context) {
    for (theme, shades) in [(Theme::Light, &LIGHT), (Theme::Dark, &DARK)] {
        context.style_mut_of(theme, |style| dress(style, shades));
    }
}

fn dress(style: &mut Style, shades: &Shades) {
    for (text, size) in [
        (TextStyle::Small, SMALL),
        (TextStyle::Body, BODY),
        (TextStyle::Button, BODY),
        (TextStyle::Monospace, BODY),
        (TextStyle::Heading, HEADING),
    ] {
        style.text_styles.insert(text, FontId::proportional(size));
    }
    style.spacing.item_spacing = vec2(2.0 * STEP, 1.5 * STEP);
    style.spacing.button_padding = vec2(2.0 * STEP, STEP);
    style.spacing.interact_size.y = 6.0 * STEP;
    style.spacing.window_margin = Margin::symmetric(12, 6);
    let visuals = &mut style.visuals;
    visuals.widgets = widgets(shades);
    visuals.weak_text_color = Some(shades.weak);
    visuals.hyperlink_color = shades.accent;
    visuals.selection.bg_fill = shades.chosen;
    visuals.selection.stroke = Stroke::new(1.5, shades.accent);
    visuals.text_cursor.stroke = Stroke::new(2.0, shades.accent);
    visuals.warn_fg_color = shades.warning;
    visuals.error_fg_color = shades.error;
    (visuals.panel_fill, visuals.window_fill, visuals.extreme_bg_color) =
        (shades.ground, shades.surface, shades.surface);
    visuals.faint_bg_color = shades.raised.gamma_multiply(0.5);
    visuals.window_stroke = Stroke::new(1.0, shades.edge);
    visuals.indent_has_left_vline = false;
}

fn widgets(shades: &Shades) -> Widgets {
    let one = |fill: Color32, edge: Color32, ink: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, edge),
        corner_radius: CornerRadius::same(4),
        fg_stroke: Stroke::new(1.0, ink),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: one(shades.ground, shades.edge, shades.ink),
        inactive: one(shades.raised, Color32::TRANSPARENT, shades.ink),
        hovered: one(shades.raised, shades.accent, shades.ink),
        active: one(shades.chosen, shades.accent, shades.ink),
        open: one(shades.raised, shades.edge, shades.ink),
    }
}

/// The accent.
pub fn accent(visuals: &Visuals) -> Color32 {
    visuals.selection.stroke.color
}

/// What stands on the accent.
pub fn on_accent(visuals: &Visuals) -> Color32 {
    if visuals.dark_mode { DARK.ground } else { LIGHT.surface }
}
