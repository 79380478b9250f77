//! How the window looks: contrast in both themes, pixels of maps.

use eframe::egui::{Color32, Context, Theme};
use l2t_app::window::paint::pixels::feature_map;
use l2t_app::window::paint::theme;
use l2t_core::saliency::colour::ColourMap;

#[test]
fn a_map_spans_the_colours_and_a_flat_one_is_dark() {
    let image = feature_map(&[-1.0, 0.0, 1.0, 3.0], 2, ColourMap::Grey);
    assert_eq!((image.size, image.pixels[0], image.pixels[3]), ([2, 2], Color32::BLACK, Color32::WHITE));
    let flat = feature_map(&[2.0; 4], 2, ColourMap::Grey);
    assert!(flat.pixels.iter().all(|pixel| *pixel == Color32::BLACK));
}

/// As WCAG 2.2 defines it.
fn contrast(a: Color32, b: Color32) -> f64 {
    let linear = |byte: u8| {
        let share = f64::from(byte) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let light = |c: Color32| 0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b()) + 0.05;
    let (a, b) = (light(a), light(b));
    a.max(b) / a.min(b)
}

/// 4.5, what WCAG asks of text (AA).
#[test]
fn text_can_be_read_in_both_themes() {
    assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
    let context = Context::default();
    theme::apply(&context);
    for theme in [Theme::Light, Theme::Dark] {
        let visuals = context.style_of(theme).visuals.clone();
        let (ground, surface, raised) =
            (visuals.panel_fill, visuals.extreme_bg_color, visuals.widgets.inactive.bg_fill);
        let (ink, weak, accent) = (visuals.text_color(), visuals.weak_text_color(), theme::accent(&visuals));
        let inks = [ink, weak, accent, visuals.warn_fg_color, visuals.error_fg_color];
        let on_grounds = inks.into_iter().flat_map(|ink| [(ink, ground), (ink, surface)]);
        let chosen = visuals.selection.bg_fill;
        let others =
            [(ink, raised), (weak, raised), (accent, chosen), (ink, chosen), (theme::on_accent(&visuals), accent)];
        for (ink, ground) in on_grounds.chain(others) {
            assert!(contrast(ink, ground) >= 4.5, "{theme:?}: {ink:?} on {ground:?}: {}", contrast(ink, ground));
        }
    }
}
