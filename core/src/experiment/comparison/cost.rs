//! What a cell costs, relative to others: enough to deal cells to shards and to guess the time left.

use crate::experiment::Config;
use crate::experiment::work::{Passes, learning_epochs, transfer_epochs};
use crate::method::SourceUse;
use crate::network::architecture::{Wanted, named};
use crate::objective::Memory;

/// Stands for the images of a class where all are taken, which only the data could tell.
const ALL_IMAGES: usize = 1000;

/// Stands for the sources and regressors of an ordinary step, which only files of weights could tell: half of its own work.
const MATCHED: f64 = 1.5;

/// Estimated work of a run in multiply-adds, up to the number of classes: images of a class × epochs × passes of an iteration ×
/// those of a forward pass of the target.
///
/// An iteration is 3 forward passes F of the target from scratch and about 4.5 F where features are matched or a source
/// is asked; with T virtual steps and their second derivatives it is (11 + 9 T) F, 29 F at T = 2 (ARCHITECTURE.md
/// counts them), in as many iterations as take a step on φ. How large the sources are and the test are left out.
pub fn cost(config: &Config) -> f64 {
    let plain = Passes::plain(Memory::Keep).target;
    let matched = MATCHED * plain;
    // An iteration without a step on φ, over all epochs.
    let listening = plain + transfer_share(config) * (matched - plain);
    let passes = match config.method.name.recipe().sources {
        SourceUse::Nothing | SourceUse::Start => plain,
        _ if config.learns_phi() => {
            listening + learning_share(config) * (Passes::learning(&config.meta, Memory::Keep).target - matched)
        }
        _ => listening,
    };
    let images = if config.data.per_class == 0 { ALL_IMAGES } else { config.data.per_class };
    images as f64 * config.train.epochs as f64 * passes * forward(config)
}

/// Epochs that listen to a source among all.
fn transfer_share(config: &Config) -> f64 {
    transfer_epochs(config) as f64 / config.train.epochs as f64
}

/// Iterations with a step on φ among all.
fn learning_share(config: &Config) -> f64 {
    learning_epochs(config) as f64 / config.train.epochs as f64 / config.meta.every as f64
}

/// Multiply-adds of a forward pass of the target for one image. A network that cannot be built costs nothing: its cell ends in
/// words at once. It has one class: what classifies is small beside the rest.
fn forward(config: &Config) -> f64 {
    let wanted =
        Wanted { name: &config.target.network, width: config.target.width, classes: 1, size: config.data.size };
    let network = named(&wanted).and_then(|architecture| architecture.build());
    network.map_or(0.0, |network| network.forward_multiply_adds(network.output()) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost_of(changes: &[&str]) -> f64 {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        cost(&Config::from_toml("", &changes).expect("valid"))
    }

    #[test]
    fn learning_to_transfer_costs_what_its_passes_say() {
        let ratio = cost_of(&["method.name=l2t-ww"]) / cost_of(&["method.name=scratch"]);
        assert!((ratio - 29.0 / 3.0).abs() < 1e-12, "{ratio}");
        assert!(cost_of(&["method.name=fm"]) < cost_of(&["method.name=l2t-w"]));
        // Half of the epochs at 4.5 passes, the rest at 3.
        let half = ["method.name=fm", "train.epochs=40", "method.epochs=20"];
        assert!((cost_of(&half) / cost_of(&["method.name=scratch", "train.epochs=40"]) - 1.25).abs() < 1e-12);
        // φ that is not learned costs nothing beside feature matching.
        assert_eq!(cost_of(&["method.phi=runs/other"]), cost_of(&["method.name=fm"]));
        // A fifth of the epochs at 29 passes, the rest at 4.5.
        let ratio = cost_of(&["train.epochs=40", "meta.epochs=8"]) / cost_of(&["train.epochs=40"]);
        assert!((ratio - (0.2 + 0.8 * 4.5 / 29.0)).abs() < 1e-12, "{ratio}");
        assert_eq!(
            cost_of(&["data.per_class=50", "train.epochs=3"]),
            cost_of(&["data.per_class=150", "train.epochs=1"])
        );
    }

    /// Channels in, channels out, kernel and side of the output of every convolution, added up by hand.
    #[test]
    fn a_network_costs_what_its_own_convolutions_do() {
        let convolution = |from: u64, to: u64, kernel: u64, side: u64| from * to * kernel * kernel * side * side;
        let group = |blocks: u64, (from, to, side): (u64, u64, u64)| {
            let shortcut = if from == to { 0 } else { convolution(from, to, 1, side) };
            convolution(from, to, 3, side) + (2 * blocks - 1) * convolution(to, to, 3, side) + shortcut
        };
        let groups = [(64, 64, 56), (64, 128, 28), (128, 256, 14), (256, 512, 7)];
        let large = |blocks: [u64; 4]| {
            convolution(3, 64, 7, 112) + blocks.into_iter().zip(groups).map(|(n, of)| group(n, of)).sum::<u64>()
        };
        let (eighteen, thirty_four) = (large([2, 2, 2, 2]), large([3, 4, 6, 3]));
        // As published, without the layer that classifies.
        assert_eq!((eighteen, thirty_four), (1_813_561_344, 3_663_249_408));
        let small = |blocks: u64| {
            let groups = [(16, 16, 32), (16, 32, 16), (32, 64, 8)];
            convolution(3, 16, 3, 32) + groups.into_iter().map(|of| group(blocks, of)).sum::<u64>()
        };
        // With the layer that tells one class by the features.
        for (expected, changes) in [
            (eighteen + 512, &["target.network=resnet18", "data.size=224"][..]),
            (thirty_four + 512, &["target.network=resnet34", "data.size=224"]),
            (small(3) + 64, &["target.network=resnet20"]),
            (small(9) + 64, &["target.network=resnet56", "target.width=0.25"]),
        ] {
            let scratch = ["method.name=scratch", "data.per_class=1", "train.epochs=1"];
            assert_eq!(cost_of(&[changes, &scratch].concat()), 3.0 * expected as f64, "{changes:?}");
        }
    }
}
