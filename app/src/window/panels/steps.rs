//! The iteration as a strip of its steps, with the loss after each, and what just happened in words.

use eframe::egui::{Label, RichText, ScrollArea, Ui};
use l2t_core::bilevel::Step;
use l2t_core::experiment::Config;
use l2t_core::objective::Objective;

use super::button::button;
use crate::window::run::facts::Experiment;
use crate::window::run::view_state::{Stage, TakenStep, ViewState};
use crate::window::shell::intent::{Intent, Intents};
use crate::window::shell::state::State;
use crate::words::minus;

/// All steps of an iteration of `experiment`, in order.
pub fn all_steps(experiment: &Experiment) -> Vec<Step> {
    let objectives = &experiment.virtual_steps;
    let mut steps = vec![Step::Source, Step::Target];
    if experiment.learned.is_none_or(|_| objectives.is_empty()) {
        return steps;
    }
    steps.extend(objectives.iter().enumerate().map(|(t, objective)| Step::Virtual { t, objective: *objective }));
    steps.push(Step::Measure);
    steps.extend((0..objectives.len()).rev().map(|t| Step::Reverse { t }));
    steps.push(Step::Meta);
    steps
}

/// A few characters for a step.
pub fn short(step: Step) -> String {
    match step {
        Step::Source => "source: w, λ".into(),
        Step::Target => "1 · step on L_total".into(),
        Step::Virtual { t, objective: Objective::Matching } => format!("2 · θ{} on L_wfm", t + 1),
        Step::Virtual { t, objective: Objective::Task } => format!("3 · θ{} on L_org", t + 1),
        Step::Virtual { t, objective: Objective::Total } => format!("2 · θ{} on L_total", t + 1),
        Step::Measure => "4 · L_org(θ_T+1)".into(),
        Step::Reverse { t } => format!("5 · back over θ{t}"),
        Step::Meta => "6 · step on φ".into(),
    }
}

/// What a step does, in the paper's words.
pub fn words(step: Step) -> &'static str {
    match step {
        Step::Source => {
            "The frozen source network looked at the batch. From each of its layers' pooled features the meta-networks \
             drew, for every image, the channel weights w (what to transfer, f) and the pair weights λ (where to, g)."
        }
        Step::Target => {
            "An ordinary step: the target's θ followed the gradient of L_total = L_org + β L_wfm. This is the only step of \
             the iteration that stays; those that follow are taken on copies, to find out how good w and λ are."
        }
        Step::Virtual { objective: Objective::Matching, .. } => {
            "A virtual step on the matching loss L_wfm alone: where would θ go if it did nothing but imitate the source, \
             weighted by w and λ?"
        }
        Step::Virtual { objective: Objective::Task, .. } => {
            "A virtual step on the task loss L_org alone: how quickly does θ adapt to the task from where the matching has \
             led?"
        }
        Step::Virtual { objective: Objective::Total, .. } => {
            "A virtual step on L_total, as in the standard two-stage scheme that the paper compares with."
        }
        Step::Measure => {
            "The task loss L_org was measured where the virtual steps have led. This number is what w and λ, and so φ, are \
             judged by."
        }
        Step::Reverse { .. } => {
            "The gradient of that loss was carried back over one virtual step. It passes through the gradient that the \
             step took, so it needs second derivatives: they are exact here."
        }
        Step::Meta => {
            "The reverse pass has reached φ: one step of Adam along the hypergradient ∇φ L_org(θ_T+1) changed the \
             meta-networks, and with them the next batch's w and λ. θ is again what it was after step 1."
        }
    }
}

/// Draws the tab.
pub fn show(ui: &mut Ui, state: &State, experiment: &Experiment) -> Intents {
    strip(ui, &state.run, experiment);
    let mut intents = Intents::new();
    if experiment.virtual_steps.is_empty() {
        return intents;
    }
    ui.separator();
    ui.horizontal_wrapped(|ui| {
        let about =
            "compares the hypergradient along a random direction of φ with central differences, in f64 on the CPU";
        intents.extend(button(ui, "Check this gradient", about, Intent::CheckGradient));
        match &state.run.check {
            None if state.run.checking => ui.weak("checking; three iterations in double precision…"),
            None => ui.weak("is the hypergradient right, here and now?"),
            Some(Err(reason)) => ui.colored_label(ui.visuals().warn_fg_color, reason),
            Some(Ok(check)) => ui.label(minus(format!(
                "reverse pass {:.9e}, central differences {:.9e} (ε = {:.0e}, {} images, {} virtual steps, f64): \
                 relative error {:.1e}",
                check.analytic,
                check.central,
                check.epsilon,
                check.images,
                check.steps,
                check.relative_error()
            ))),
        };
    });
    intents
}

/// Draws the strip and the words below it.
fn strip(ui: &mut Ui, state: &ViewState, experiment: &Experiment) {
    let last = state.steps.last().map(|taken| taken.step);
    ScrollArea::horizontal().id_salt("steps").show(ui, |ui| {
        ui.horizontal(|ui| {
            for step in all_steps(experiment) {
                let taken = state.steps.iter().find(|taken| taken.step == step);
                cell(ui, step, taken.map(|taken| losses(taken, &experiment.config)), last == Some(step));
            }
        });
    });
    match (last, &state.stage) {
        (Some(step), Stage::Waiting) => ui.label(words(step)),
        (_, Stage::Training) => ui.weak("It runs. Pause, and then Step, to see one step of Algorithm 1 after another."),
        (_, Stage::Waiting) => {
            ui.weak("Step takes one step of Algorithm 1, Step iteration all of them, Train goes on.")
        }
        _ => ui.weak("No iteration is under way."),
    };
}

fn cell(ui: &mut Ui, step: Step, losses: Option<String>, last: bool) {
    let stroke = if last { ui.visuals().selection.stroke } else { ui.visuals().widgets.noninteractive.bg_stroke };
    let frame = eframe::egui::Frame::group(ui.style()).inner_margin(4.0).stroke(stroke);
    let response = frame.show(ui, |ui| {
        ui.vertical(|ui| {
            let title = RichText::new(short(step));
            let title = if losses.is_some() { title.strong() } else { title.weak() };
            let losses = losses.filter(|losses| !losses.is_empty()).unwrap_or_else(|| " ".into());
            // In one line each: a strip that is pushed to and fro has room, and a tall cell would hide what is below.
            ui.add(Label::new(title).extend());
            ui.add(Label::new(RichText::new(losses).small()).extend());
        });
    });
    response.response.on_hover_text(words(step));
}

/// Where the losses stood. The virtual matching steps may leave β out.
fn losses(taken: &TakenStep, config: &Config) -> String {
    let beta = config.method.beta;
    let is_virtual_matching = matches!(taken.step, Step::Virtual { objective: Objective::Matching, .. });
    let has_beta = !is_virtual_matching || config.meta.inner_beta.factor(config.meta.rule, beta) == beta;
    let matching = if has_beta { "β L_wfm" } else { "L_wfm" };
    let part = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {value:.4}"));
    [part("L_org", taken.task), part(matching, taken.matching)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_name_and_words() {
        let objectives = [Objective::Matching, Objective::Task, Objective::Total];
        let virtual_steps = objectives.map(|objective| Step::Virtual { t: 0, objective });
        let others = [Step::Source, Step::Target, Step::Measure, Step::Reverse { t: 2 }, Step::Meta];
        let mut names: Vec<String> = virtual_steps.into_iter().chain(others).map(short).collect();
        assert!(virtual_steps.into_iter().chain(others).all(|step| words(step).len() > 40));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 8, "no two steps share a name");
    }

    #[test]
    fn a_virtual_matching_step_without_beta_says_so() {
        let step = |step| TakenStep { step, task: None, matching: Some(0.25) };
        let of = |rule: &str, at| {
            let config = Config::preset("demo", &[format!("meta.rule={rule}")]).expect("valid");
            losses(&step(at), &config)
        };
        let matching = Step::Virtual { t: 1, objective: Objective::Matching };
        assert_eq!(
            (of("paper", matching), of("paper", Step::Target)),
            ("L_wfm 0.2500".into(), "β L_wfm 0.2500".into())
        );
        assert_eq!(of("authors", matching), "β L_wfm 0.2500");
    }
}
