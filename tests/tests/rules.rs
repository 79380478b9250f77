//! The rules of the virtual steps, from a configuration to the numbers: with and without β in the matching steps.

use burn_tensor::{Device, Tensor};
use l2t_core::bilevel::{LearnerState, Report};
use l2t_core::data::{Augmentation, BatchPlan, Batches};
use l2t_core::experiment::config::PRESETS;
use l2t_core::experiment::run::prepare;
use l2t_core::experiment::{Config, Plan};
use l2t_core::seed::Seed;

const BETA: f64 = 0.5;

fn plan(changes: &[&str]) -> Plan {
    let common = ["target.width=0.0625", "data.per_class=2", "train.batch_size=6", "train.precision=f64"];
    let changes: Vec<String> = common.iter().chain(changes).map(|change| (*change).to_owned()).collect();
    let config = Config::preset("demo", &changes).expect("valid");
    assert_eq!(config.method.beta, BETA, "the authors'");
    Plan::new(config, Device::flex(), "CPU".into()).expect("sound")
}

fn iteration(plan: &Plan) -> (LearnerState, Report) {
    let batches = BatchPlan {
        batch_size: plan.config.train.batch_size,
        shuffle: false,
        drop_last: true,
        augmentation: Augmentation::None,
        seed: Seed(0),
        epoch: 0,
        first_batch: 0,
    };
    let host =
        Batches::new(plan.train.clone(), batches).expect("sound").next().expect("a batch").expect("it is in memory");
    let (state, learner) = (plan.initial_state(), plan.learner_at(0));
    let batch = prepare(plan, &learner, &state, host);
    learner.iteration(&state, &plan.sgd(0), &batch, |_| {})
}

fn values(vector: &Tensor<1>) -> Vec<f64> {
    vector.to_data().iter::<f64>().collect()
}

/// What the first virtual step minimised, L_org behind them all, and the hypergradient.
fn numbers(changes: &[&str]) -> (f64, f64, Vec<f64>) {
    let (_, report) = iteration(&plan(changes));
    let first = values(&report.inner_matching_losses[0])[0];
    let adapted = values(&report.adapted_task_loss.expect("φ is learned"))[0];
    (first, adapted, values(&report.hypergradient.expect("φ is learned")))
}

#[test]
fn the_papers_rule_has_no_beta_in_the_matching_steps_and_the_authors_has() {
    let inner_beta = |changes: &[&str]| plan(changes).learner.model.matching.expect("it matches").inner_beta();
    assert_eq!(inner_beta(&[]), BETA, "the default is the authors' rule");
    assert_eq!(inner_beta(&["meta.rule=authors"]), BETA);
    assert_eq!(inner_beta(&["meta.rule=paper"]), 1.0);
    assert_eq!(inner_beta(&["meta.rule=paper", "meta.inner_beta=kept"]), BETA);
    assert_eq!(inner_beta(&["meta.rule=authors", "meta.inner_beta=left-out"]), 1.0);

    let (paper, adapted, gradient) = numbers(&["meta.rule=paper"]);
    let (kept, otherwise, _) = numbers(&["meta.rule=paper", "meta.inner_beta=kept"]);
    // Both start from the same θ_0.
    assert!((kept - BETA * paper).abs() < 1e-12 * kept, "{kept} is not half of {paper}");
    assert!((adapted - otherwise).abs() > 1e-9 * adapted, "β changes where the steps lead");
    assert!(gradient.iter().any(|g| g.abs() > 1e-9), "the hypergradient is not near zero");
}

/// The two-stage scheme has no matching steps: L_total keeps its β under any rule.
#[test]
fn the_total_loss_keeps_its_beta() {
    let set = ["meta.rule=paper", "meta.scheme=two-stage"];
    let (left_out, adapted, gradient) = numbers(&set);
    let (kept, otherwise, same) = numbers(&[&set[..], &["meta.inner_beta=kept"]].concat());
    assert_eq!((left_out, adapted, gradient), (kept, otherwise, same));
}

/// Every embedded experiment that learns φ does as the authors' code does, which made the paper's numbers.
#[test]
fn presets_follow_the_authors_code() {
    for (name, _) in PRESETS {
        let config = Config::preset(name, &[]).expect("valid");
        let factor = config.meta.inner_beta.factor(config.meta.rule, config.method.beta);
        assert_eq!(factor, config.method.beta, "{name}");
    }
}
