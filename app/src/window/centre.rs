//! The networks with their pairs, and below them what the chosen tab shows.

use eframe::egui::{Align, CentralPanel, Layout, Panel, Ui};
use l2t_core::experiment::config::PairsConfig;
use l2t_core::matching::Pair;

use super::app::{App, Pictures};
use super::conduct::Wanted;
use super::curves;
use super::facts::Experiment;
use super::network_picture::{NetworkPicture, Pressed};
use super::saliency_panel::{self, SaliencyPictures};
use super::seam::Session;
use super::strip;
use super::tab::Tab;
use super::view_state::Stage;

impl App {
    fn notices(&mut self, ui: &mut Ui) {
        if let Stage::Failed(reason) = &self.state.stage {
            ui.colored_label(ui.visuals().error_fg_color, format!("The run cannot go on: {reason}"));
            let kept = self.session.as_ref().is_some_and(Session::has_snapshot);
            let epochs = self.state.history.epochs.len();
            if kept && ui.button(format!("Go on from the end of epoch {epochs}")).clicked() {
                self.recover();
            }
        }
        let mut read = None;
        for (nth, notice) in self.state.notices.iter().enumerate() {
            ui.horizontal_wrapped(|ui| {
                if ui.small_button("OK").on_hover_text("take this line away").clicked() {
                    read = Some(nth);
                }
                let ink = if notice.warning { ui.visuals().warn_fg_color } else { ui.visuals().text_color() };
                ui.colored_label(ink, &notice.text);
            });
        }
        if let Some(nth) = read {
            self.state.notices.remove(nth);
        }
    }

    pub(super) fn centre(&mut self, ui: &mut Ui) {
        self.notices(ui);
        let Some(experiment) = self.state.experiment.clone() else {
            if !matches!(self.state.stage, Stage::Failed(_)) {
                ui.centered_and_justified(|ui| ui.label("Preparing data and networks…"));
            }
            return;
        };
        let whole = ui.max_rect();
        let height = (ui.available_height() * 0.52).max(220.0);
        Panel::top("networks").resizable(true).default_size(height).min_size(160.0).show(ui, |ui| {
            self.edit_pairs(ui, &experiment);
            let picture = NetworkPicture {
                experiment: &experiment,
                pair_weights: self.state.latest_pairs(),
                chosen: matches!(self.selection.tab, Tab::Pair | Tab::Saliency).then_some(self.selection.pair),
                editing: self.selection.editing.as_deref(),
            };
            match picture.show(ui) {
                Some(Pressed::Pair(pair)) => self.look_at(pair),
                Some(Pressed::Toggle(pair)) => self.toggle_pair(pair),
                None => {}
            }
        });
        CentralPanel::default().show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (tab, _, name, part) in Tab::ALL {
                    if self.shows(part) {
                        ui.selectable_value(&mut self.selection.tab, tab, name);
                    }
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let about = "the networks and what is shown below them, as a PNG file";
                    if ui.button("Save picture").on_hover_text(about).clicked() {
                        self.screen_picture.take(ui.ctx(), whole);
                    }
                });
            });
            self.tab_content(ui, &experiment);
        });
    }

    fn look_at(&mut self, pair: usize) {
        self.selection.pair = pair;
        if self.selection.tab != Tab::Saliency {
            self.selection.tab = Tab::Pair;
        }
    }

    fn edit_pairs(&mut self, ui: &mut Ui, experiment: &Experiment) {
        if experiment.sources.is_empty() || self.draft.method.name.default_pairs().is_none() {
            return;
        }
        ui.horizontal(|ui| {
            let mut editing = self.selection.editing.is_some();
            let about = "choose the candidate pairs of the next run by pressing them";
            if ui.toggle_value(&mut editing, "Edit pairs").on_hover_text(about).changed() {
                self.selection.editing = editing.then(|| experiment.pairs.clone());
            }
            if let Some(chosen) = &self.selection.editing {
                ui.label(format!("{} pairs; press a handle to take a pair in or leave it out", chosen.len()));
            } else if self.state.latest_pairs().is_some() {
                ui.weak("width and strength of a line: mean λ of the last images read; pale: its deviation");
            }
        });
    }

    fn toggle_pair(&mut self, pair: Pair) {
        let Some(chosen) = &mut self.selection.editing else { return };
        match chosen.iter().position(|known| *known == pair) {
            Some(at) => drop(chosen.remove(at)),
            None => chosen.push(pair),
        }
        chosen.sort();
        self.draft.method.pairs = Some(PairsConfig::List(chosen.clone()));
    }

    fn tab_content(&mut self, ui: &mut Ui, experiment: &Experiment) {
        match self.selection.tab {
            Tab::Chart(chart) => curves::show(ui, chart, &self.state, experiment, &self.earlier),
            Tab::Steps => self.steps(ui, experiment),
            Tab::Pair | Tab::Saliency if experiment.pairs.is_empty() => {
                let method = experiment.config.method.name.name();
                ui.label(format!(
                    "{method} matches no layers: choose fm, l2t-w, l2t-where or l2t-ww to see a matching."
                ));
            }
            Tab::Pair => self.pair_tab(ui, experiment),
            Tab::Saliency => self.saliency_tab(ui, experiment),
        }
    }

    fn steps(&mut self, ui: &mut Ui, experiment: &Experiment) {
        strip::show(ui, &self.state, experiment);
        if experiment.virtual_steps.is_empty() {
            return;
        }
        ui.separator();
        ui.horizontal_wrapped(|ui| {
            let about =
                "compares the hypergradient along a random direction of φ with central differences, in f64 on the CPU";
            if ui.button("Check this gradient").on_hover_text(about).clicked()
                && let Some(session) = &self.session
            {
                let seed = self.began.elapsed().subsec_nanos().into();
                session.want(Wanted { check: Some(seed), ..Wanted::default() });
            }
            match &self.state.check {
                None if self.state.checking => ui.weak("checking; three iterations in double precision…"),
                None => ui.weak("is the hypergradient right, here and now?"),
                Some(Err(reason)) => ui.colored_label(ui.visuals().warn_fg_color, reason),
                Some(Ok(check)) => ui.label(format!(
                    "reverse pass {:.9e}, central differences {:.9e} (ε = {:.0e}, {} images, {} virtual steps, f64): \
                     relative error {:.1e}",
                    check.analytic,
                    check.central,
                    check.epsilon,
                    check.images,
                    check.steps,
                    check.relative_error()
                )),
            };
        });
    }

    fn other_images(&mut self, ui: &mut Ui, experiment: &Experiment) {
        let count = experiment.shown.len();
        if ui.button("Other images").on_hover_text("the next images of the same part of the data").clicked() {
            for image in &mut self.selection.images {
                *image = (*image + 1) % count;
            }
        }
    }

    fn pair_tab(&mut self, ui: &mut Ui, experiment: &Experiment) {
        ui.horizontal(|ui| {
            self.other_images(ui, experiment);
            ui.weak("press a handle in the picture above for another pair");
        });
        let Pictures { shown: Some(shown), pair: Some(pictures), .. } = &self.pictures else {
            ui.weak("waiting for the run to come to the end of a step");
            return;
        };
        if let Some(pair) = &shown.look.pair {
            pictures.show(ui, experiment, &shown.look, pair);
        }
    }

    fn saliency_tab(&mut self, ui: &mut Ui, experiment: &Experiment) {
        ui.horizontal_wrapped(|ui| {
            self.other_images(ui, experiment);
            ui.strong(experiment.pair_name(&experiment.pairs[self.selection.pair]));
        });
        let changed = saliency_panel::controls(ui, &mut self.selection.style);
        if changed {
            self.asked = None;
        }
        let shown = self.pictures.shown.clone();
        let Some((shown, pair)) = shown.as_ref().and_then(|shown| Some((shown, shown.look.pair.as_ref()?))) else {
            ui.weak("waiting for the run to come to the end of a step");
            return;
        };
        let style = self.selection.style;
        if self.pictures.saliency.as_ref().is_none_or(|(drawn, _)| *drawn != style) {
            let painter = self.map_painter.as_ref();
            match SaliencyPictures::new(ui.ctx(), experiment, pair, (&shown.maps, painter), style) {
                Ok(pictures) => self.pictures.saliency = Some((style, pictures)),
                Err(error) => return drop(ui.colored_label(ui.visuals().warn_fg_color, error.to_string())),
            }
        }
        let Some((_, pictures)) = &self.pictures.saliency else { return };
        if let Some(image) = pictures.show(ui, experiment, &shown.look, pair) {
            // It comes first: the feature maps are those of the first.
            self.selection.images.retain(|known| *known != image);
            self.selection.images.insert(0, image);
            self.selection.tab = Tab::Pair;
        }
    }
}
