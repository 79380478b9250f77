//! The results of this sitting side by side: sorted, compared, hidden, copied.

use eframe::egui::{Button, Checkbox, Grid, Label, RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::button::button;
use super::charts;
use crate::window::paint::theme;
use crate::window::run::facts::Experiment;
use crate::window::run::results::{Column, Run, Table};
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;
use crate::window::shell::tab::Tab;

/// Draws the tab.
pub fn show(ui: &mut Ui, state: &State, _: &Experiment) -> Intents {
    let runs = state.runs();
    if runs.is_empty() {
        ui.add_space(2.0 * theme::STEP);
        ui.label(
            "Every run becomes a row here when its first epoch is complete: method, seed, images, accuracy, time.",
        );
        ui.weak("Press Train. Then change the method or the seed, start a new run, and compare.");
        return vec![];
    }
    let mut intents = copies(ui, &state.table, &runs);
    let mut table = state.table.clone();
    ScrollArea::both().id_salt("results").show(ui, |ui| {
        Grid::new("results").striped(true).spacing([4.0 * theme::STEP, 2.0 * theme::STEP]).show(ui, |ui| {
            heads(ui, &mut table);
            let against = state.table.compared(&runs);
            for run in state.table.sorted(&runs) {
                row(ui, run, against, &mut table, state);
            }
        });
    });
    if table != state.table {
        intents.push(Intent::Table(table));
    }
    intents
}

fn copies(ui: &mut Ui, table: &Table, runs: &[Run<'_>]) -> Intents {
    let mut intents = Intents::new();
    ui.horizontal_wrapped(|ui| {
        if ui.button("Copy as Markdown").on_hover_text("the rows that are shown, for a text").clicked() {
            intents.push(Intent::Copy(table.markdown(runs)));
        }
        if ui.button("Copy as CSV").on_hover_text("the rows that are shown, for a spreadsheet").clicked() {
            intents.push(Intent::Copy(table.csv(runs)));
        }
        let about = "the accuracies of the runs that are shown";
        intents.extend(button(ui, "On the chart", about, Intent::Tab(Tab::Chart(charts::Chart::Accuracy))));
        ui.weak("press a column to sort");
    });
    intents
}

fn heads(ui: &mut Ui, table: &mut Table) {
    ui.label("");
    for (column, name) in Column::ALL {
        let arrow = if table.by != column {
            ""
        } else if table.descending {
            " ▼"
        } else {
            " ▲"
        };
        let text = RichText::new(format!("{name}{arrow}")).strong();
        let response = ui.add(Button::new(text).frame(false)).on_hover_text("sort by this");
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("sort by {name}")));
        if response.clicked() {
            *table = table.by(column);
        }
    }
    ui.end_row();
}

fn row(ui: &mut Ui, run: Run<'_>, against: Option<Run<'_>>, table: &mut Table, state: &State) {
    let name = format!("run {}", run.nth + 1);
    let mut shown = !table.hidden.contains(&run.nth);
    let response = ui.add(Checkbox::without_text(&mut shown)).on_hover_text("on the chart, and copied");
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, shown, format!("show {name}")));
    if response.changed() {
        if shown {
            table.hidden.remove(&run.nth)
        } else {
            table.hidden.insert(run.nth)
        };
    }
    for (column, _) in Column::ALL {
        let text = RichText::new(run.cell(column, against));
        match column {
            Column::Run => {
                let (label, colour) = charts::look_of(state, run.nth, ui.visuals());
                ui.horizontal(|ui| {
                    ui.label(RichText::new("●").color(colour)).on_hover_text(label);
                    ui.label(text);
                });
            }
            Column::Difference if against.is_some_and(|other| other.nth == run.nth) => {
                if ui.small_button("compared with").on_hover_text("compare with none").clicked() {
                    table.against = None;
                }
            }
            Column::Difference if against.is_none() => {
                let response = ui.small_button("compare").on_hover_text("measure the other runs against this one");
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("compare with {name}")));
                if response.clicked() {
                    table.against = Some(run.nth);
                }
            }
            _ => drop(ui.add(Label::new(text).extend())),
        }
    }
    ui.end_row();
}
