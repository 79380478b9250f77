//! What a cell costs, relative to others: enough to deal cells to shards and to guess the time left.

use crate::experiment::Config;

/// Stands for the images of a class where all are taken, which only the data could tell.
const ALL_IMAGES: usize = 1000;

/// Passes of an ordinary step on L_org: one forward, two for the gradient.
const PLAIN_STEP: f64 = 3.0;

/// Estimated work of a run in passes of one image through a VGG-9 of width 1, up to the number of classes: images of a
/// class × epochs × passes of an iteration × width².
///
/// An iteration is 3 forward passes F of the target from scratch and about 4.5 F where features are matched or a source
/// is asked; with T virtual steps and their second derivatives it is (11 + 9 T) F, 29 F at T = 2 (ARCHITECTURE.md
/// counts them), in as many iterations as take a step on φ. Sources of other sizes, other networks and the test are left out.
pub fn cost(config: &Config) -> f64 {
    let matched = 1.5 * PLAIN_STEP;
    let passes = match config.method.name.learned() {
        Some(learned) if learned.what || learned.r#where => {
            let learning = 11.0 + 9.0 * config.meta.matching_steps as f64;
            matched + learning_share(config) * (learning - matched)
        }
        None if config.method.name.name() == "scratch" => PLAIN_STEP,
        _ => matched,
    };
    let images = if config.data.per_class == 0 { ALL_IMAGES } else { config.data.per_class };
    images as f64 * config.train.epochs as f64 * passes * config.target.width.powi(2)
}

/// Iterations with a step on φ among all.
fn learning_share(config: &Config) -> f64 {
    let epochs =
        if config.meta.epochs == 0 { config.train.epochs } else { config.meta.epochs.min(config.train.epochs) };
    epochs as f64 / config.train.epochs as f64 / config.meta.every as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_to_transfer_costs_what_its_passes_say() {
        let cost_of = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
            cost(&Config::from_toml("", &changes).expect("valid"))
        };
        let ratio = cost_of(&["method.name=l2t-ww"]) / cost_of(&["method.name=scratch"]);
        assert!((ratio - 29.0 / 3.0).abs() < 1e-12, "{ratio}");
        assert!(cost_of(&["method.name=fm"]) < cost_of(&["method.name=l2t-w"]));
        // A fifth of the epochs at 29 passes, the rest at 4.5.
        let ratio = cost_of(&["train.epochs=40", "meta.epochs=8"]) / cost_of(&["train.epochs=40"]);
        assert!((ratio - (0.2 + 0.8 * 4.5 / 29.0)).abs() < 1e-12, "{ratio}");
        assert_eq!(
            cost_of(&["data.per_class=50", "train.epochs=3"]),
            cost_of(&["data.per_class=150", "train.epochs=1"])
        );
    }
}
