//! Rows of a group: what a control is in words, its symbol in the paper, the control, and where it differs from the preset
//! the way back.

use std::ops::RangeInclusive;

use eframe::egui::emath::Numeric;
use eframe::egui::{Button, ComboBox, DragValue, Grid, Response, RichText, Role, Ui, Widget, WidgetInfo};

use crate::window::paint::theme;

/// What a control is.
pub struct Words {
    /// For everybody.
    pub name: &'static str,
    /// In the paper; empty where it has none.
    pub symbol: &'static str,
    /// In a sentence.
    pub about: &'static str,
}

/// `name`, `symbol` and `about`.
pub const fn words(name: &'static str, symbol: &'static str, about: &'static str) -> Words {
    Words { name, symbol, about }
}

/// Width of a list or a field: that of the longest choice.
pub const CONTROL: f32 = 144.0;

/// The rows of a group.
pub struct Rows<'u>(&'u mut Ui);

impl Rows<'_> {
    /// Draws a group's.
    pub fn show(ui: &mut Ui, name: &str, rows: &mut dyn FnMut(&mut Rows<'_>)) {
        let spacing = [2.0 * theme::STEP, 1.5 * theme::STEP];
        Grid::new(name).num_columns(3).spacing(spacing).show(ui, |ui| rows(&mut Rows(ui)));
    }

    /// A control of its own making; `changed` is what it goes back to. Whether it is to do so.
    pub fn row(
        &mut self,
        words: &Words,
        changed: Option<String>,
        control: &mut dyn FnMut(&mut Ui) -> Response,
    ) -> bool {
        let label = self.0.horizontal(|ui| {
            ui.set_min_width(128.0);
            let label = ui.label(words.name).on_hover_text(words.about);
            if !words.symbol.is_empty() {
                ui.label(RichText::new(words.symbol).size(theme::SMALL).weak());
            }
            label
        });
        control(self.0).labelled_by(label.inner.id).on_hover_text(words.about);
        let back = changed.is_some_and(|value| {
            let button = Button::new(RichText::new("↩").size(theme::HEADING).color(theme::accent(self.0.visuals())))
                .frame(false);
            let response = self.0.add(button).on_hover_text(format!("back to {value}"));
            let name = format!("{}: back to {value}", words.name);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            response.clicked()
        });
        self.0.end_row();
        back
    }

    /// A number. What a hand enters is kept within `range`; a file or a link may ask for more, and that stays as it is.
    pub fn number<T: Numeric + std::fmt::Display>(
        &mut self,
        words: &Words,
        (value, base): (&mut T, T),
        range: RangeInclusive<T>,
        speed: f64,
    ) {
        let changed = (*value != base).then(|| base.to_string());
        let back = self.row(words, changed, &mut |ui| {
            let drag = DragValue::new(value).range(range.clone()).clamp_existing_to_range(false).speed(speed);
            // What is whole stays whole.
            (if T::INTEGRAL { drag } else { drag.max_decimals(6) }).ui(ui)
        });
        if back {
            *value = base;
        }
    }

    /// A count of epochs, of which none stands for all.
    pub fn epochs(&mut self, words: &Words, (value, base): (&mut usize, usize)) {
        const ALL: &str = "all";
        let said = |count: usize| if count == 0 { ALL.to_owned() } else { count.to_string() };
        let back = self.row(words, (*value != base).then(|| said(base)), &mut |ui| {
            let drag = DragValue::new(value).range(0..=1000).clamp_existing_to_range(false).speed(0.5);
            let drag = drag.custom_formatter(|count, _| said(count as usize));
            drag.custom_parser(|text| if text.trim() == ALL { Some(0.0) } else { text.trim().parse().ok() }).ui(ui)
        });
        if back {
            *value = base;
        }
    }

    /// One of a list; `other` says what is chosen where it is none of them.
    pub fn list<T: PartialEq + Clone>(
        &mut self,
        words: &Words,
        (value, base): (&mut T, &T),
        options: Vec<(T, String)>,
        other: &str,
    ) {
        let place = |wanted: &T| options.iter().position(|(option, _)| option == wanted);
        let name = |nth: Option<usize>| nth.map_or(other, |nth| options[nth].1.as_str()).to_owned();
        let (chosen, before) = (place(value), place(base));
        let changed = (value != base).then(|| name(before));
        let names: Vec<&str> = options.iter().map(|(_, name)| name.as_str()).collect();
        let (pressed, back) = self.choose(words, chosen, &names, &name(chosen), changed);
        if let Some(nth) = pressed {
            *value = options[nth].0.clone();
        }
        if back {
            *value = base.clone();
        }
    }

    fn choose(
        &mut self,
        words: &Words,
        chosen: Option<usize>,
        names: &[&str],
        selected: &str,
        changed: Option<String>,
    ) -> (Option<usize>, bool) {
        let mut pressed = None;
        let back = self.row(words, changed, &mut |ui| {
            let list = ComboBox::from_id_salt(words.name).selected_text(selected).width(CONTROL).truncate();
            let list = list.show_ui(ui, |ui| {
                for (nth, name) in names.iter().enumerate() {
                    if ui.selectable_label(chosen == Some(nth), *name).clicked() {
                        pressed = Some(nth);
                    }
                }
            });
            list.response
        });
        (pressed, back)
    }

    /// A line of words.
    pub fn note(&mut self, text: &str) {
        self.0.label(RichText::new(text).size(theme::SMALL).weak());
        self.0.end_row();
    }
}
