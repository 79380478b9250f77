//! The controls of an experiment. Every one says in its tooltip what it is, and its symbol.

use std::collections::BTreeSet;

use eframe::egui::{ComboBox, DragValue, Grid, Response, TextEdit, Ui, Widget};
use l2t_core::bilevel::{InnerRule, Scheme};
use l2t_core::data::WorldTask;
use l2t_core::experiment::config::{PRESETS, PairsConfig, SourceConfig};
use l2t_core::experiment::{Config, Method};
use l2t_core::matching::PairRule;
use l2t_core::network::architecture::offered;

use super::hidden::Part;

/// The experiments to begin with: not those that train sources.
fn presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("source"))
}

/// Shows the controls of `draft` that are not `hidden`; `preset` is the one it began with. Where there are `paths`, one
/// can be typed.
pub fn show(ui: &mut Ui, draft: &mut Config, preset: &mut String, hidden: &BTreeSet<Part>, paths: bool) {
    choose(ui, "preset", "an experiment to begin with", preset.clone(), |ui| {
        for name in presets() {
            if ui.selectable_label(*preset == name, name).clicked() {
                *draft = Config::preset(name, &[]).expect("a test reads every preset");
                *preset = name.to_owned();
            }
        }
    });
    ui.separator();
    Grid::new("experiment").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
        let shown = |part| !hidden.contains(&part);
        if shown(Part::Data) {
            data(ui, draft, paths);
        }
        for (part, controls) in [
            (Part::Networks, networks as fn(&mut Ui, &mut Config)),
            (Part::Method, method),
            (Part::Training, training),
            (Part::Meta, meta),
        ] {
            if shown(part) {
                controls(ui, draft);
            }
        }
    });
}

/// A row of the grid: a name, and a control that carries it.
fn row(ui: &mut Ui, name: &str, about: &str, control: impl FnOnce(&mut Ui) -> Response) {
    let label = ui.label(name).on_hover_text(about);
    control(ui).labelled_by(label.id).on_hover_text(about);
    ui.end_row();
}

fn number<T: eframe::egui::emath::Numeric>(
    ui: &mut Ui,
    name: &str,
    about: &str,
    value: &mut T,
    range: std::ops::RangeInclusive<T>,
    speed: f64,
) {
    row(ui, name, about, |ui| {
        let drag = DragValue::new(value).range(range).speed(speed);
        // What is whole stays whole.
        (if T::INTEGRAL { drag } else { drag.max_decimals(6) }).ui(ui)
    });
}

fn choose(ui: &mut Ui, name: &str, about: &str, selected: String, menu: impl FnOnce(&mut Ui)) {
    ComboBox::new(name, name).selected_text(selected).width(120.0).show_ui(ui, menu).response.on_hover_text(about);
}

/// A row of the grid with a list to choose from.
fn list<T: PartialEq>(ui: &mut Ui, name: &str, about: &str, value: &mut T, options: Vec<(T, String)>, other: &str) {
    let selected = options.iter().find(|(option, _)| option == value).map_or(other, |(_, text)| text).to_owned();
    row(ui, name, about, |ui| {
        let menu = |ui: &mut Ui| {
            for (option, text) in options {
                ui.selectable_value(value, option, text);
            }
        };
        ComboBox::from_id_salt(name).selected_text(selected).width(120.0).show_ui(ui, menu).response
    });
}

fn data(ui: &mut Ui, draft: &mut Config, paths: bool) {
    let mut own = draft.data.path.clone().unwrap_or_default();
    if paths {
        let about = "a folder or zip of your own: one folder a class; drop it on the window. Empty: built in";
        row(ui, "pictures", about, |ui| {
            ui.add(TextEdit::singleline(&mut own).desired_width(120.0).hint_text("built in"))
        });
    } else {
        let about = "a zip of your own, one folder a class, or the files of CIFAR: drop it on the page";
        row(ui, "pictures", about, |ui| {
            let name = if own.is_empty() { "built in" } else { own.as_str() };
            ui.add(eframe::egui::Label::new(name).truncate())
        });
        if !own.is_empty() {
            ui.label("");
            if ui.small_button("Built-in pictures").clicked() {
                own.clear();
            }
            ui.end_row();
        }
    }
    draft.data.path = (!own.trim().is_empty()).then_some(own);
    if draft.data.path.is_none() {
        let tasks = WorldTask::ALL.into_iter().map(|task| (task, task.name().to_owned())).collect();
        list(ui, "task", "which task of the built-in world the target learns", &mut draft.data.synthetic, tasks, "");
    }
    number(ui, "N", "images of each class to learn from; 0 takes all", &mut draft.data.per_class, 0..=5_000, 0.2);
}

fn networks(ui: &mut Ui, draft: &mut Config) {
    let embedded = l2t_core::embedded::sources();
    if draft.sources.is_empty() {
        draft.sources.push(SourceConfig { weights: "embedded".into(), layers: None, mean: None, std: None });
    }
    let weights = &mut draft.sources[0].weights;
    let mut options: Vec<(String, String)> =
        embedded.map(|(name, _)| (name.clone(), name.trim_start_matches("embedded:").to_owned())).collect();
    // The first goes by the plain name, too.
    options[0].0 = "embedded".into();
    if options.iter().all(|(name, _)| name != weights) {
        let name = std::path::Path::new(weights.as_str()).file_name().map_or("", |name| name.to_str().unwrap_or(""));
        options.push((weights.clone(), name.to_owned()));
    }
    let about = "the frozen network to transfer from; drop a .safetensors or .pth file on the window for your own";
    list(ui, "source", about, weights, options, "");
    let targets = offered().map(|name| (name.to_owned(), name.to_owned())).collect();
    let other = draft.target.network.clone();
    list(ui, "target", "the network T_θ to train", &mut draft.target.network, targets, &other);
    let about = "factor on the channels of a VGG-9, ResNet-18 or ResNet-34; 1 is the paper's";
    number(ui, "width", about, &mut draft.target.width, 0.03125..=2.0, 0.01);
}

fn method(ui: &mut Ui, draft: &mut Config) {
    let methods = Method::ALL.into_iter().map(|method| (method, method.name().to_owned())).collect();
    list(ui, "method", "what is transferred: a row of the paper's Table 1", &mut draft.method.name, methods, "");
    if draft.method.name.default_pairs().is_none() {
        draft.method.pairs = None;
    } else {
        let rule = |rule| Some(PairsConfig::Rule(rule));
        let options = vec![
            (None, "the method's own".to_owned()),
            (rule(PairRule::Single), "single".to_owned()),
            (rule(PairRule::OneToOne), "one-to-one".to_owned()),
            (rule(PairRule::AllToAll), "all-to-all".to_owned()),
        ];
        let about = "C: which layers may be matched; 'Edit pairs' above the picture chooses them one by one";
        list(ui, "pairs", about, &mut draft.method.pairs, options, "chosen by hand");
    }
    number(
        ui,
        "β",
        "factor on the matching loss: L_total = L_org + β L_wfm",
        &mut draft.method.beta,
        0.0..=100.0,
        0.05,
    );
}

fn training(ui: &mut Ui, draft: &mut Config) {
    let train = &mut draft.train;
    number(ui, "batch", "B: images of a step", &mut train.batch_size, 1..=1024, 0.5);
    number(ui, "epochs", "passes over the training images", &mut train.epochs, 1..=1000, 0.5);
    number(
        ui,
        "rate",
        "learning rate of θ at the start; half a cosine takes it to zero",
        &mut train.lr,
        1e-5..=10.0,
        0.001,
    );
    number(ui, "seed", "root of all randomness: the same seed gives the same run", &mut draft.seed, 0..=u64::MAX, 0.1);
}

fn meta(ui: &mut Ui, draft: &mut Config) {
    if !draft.method.name.learned().is_some_and(|learned| learned.what || learned.r#where) {
        return;
    }
    let meta = &mut draft.meta;
    number(ui, "T", "virtual steps on L_wfm alone in every iteration", &mut meta.matching_steps, 0..=16, 0.05);
    number(ui, "meta rate", "Adam's rate on φ; 0.0001 in the paper", &mut meta.lr, 1e-6..=1.0, 0.0001);
    let schemes = vec![(Scheme::ThreeStage, "three-stage".to_owned()), (Scheme::TwoStage, "two-stage".to_owned())];
    let about = "three-stage, the paper's: matching, task, measure. Two-stage, the standard one: L_total, measure";
    list(ui, "scheme", about, &mut meta.scheme, schemes, "");
    let rules = vec![(InnerRule::Authors, "with momentum".to_owned()), (InnerRule::Paper, "plain".to_owned())];
    let about = "the virtual steps: with momentum as in the authors' code, or plain gradient descent as in the paper";
    list(ui, "virtual steps", about, &mut meta.rule, rules, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_offered_can_be_read() {
        assert!(presets().count() >= 3);
        for name in presets() {
            assert!(Config::preset(name, &[]).is_ok(), "{name}");
        }
    }
}
