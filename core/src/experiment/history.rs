//! What a run measured: one record an epoch, and a summary at the end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::matching::Pair;
use crate::method::AuxiliaryKind;

/// Losses that baselines add to L_org, with their factors.
pub type AuxiliaryLosses = BTreeMap<AuxiliaryKind, f64>;

/// λ of one pair over the images of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairStatistics {
    /// Which pair.
    #[serde(flatten)]
    pub pair: Pair,
    /// Mean of λ.
    pub mean: f64,
    /// Standard deviation of λ.
    pub std: f64,
}

/// One epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// 1-based.
    pub epoch: usize,
    /// Learning rate of θ during it.
    pub lr: f64,
    /// Mean L_org of its steps.
    pub task_loss: f64,
    /// Mean β L_wfm of its steps; absent where nothing is matched.
    pub matching_loss: Option<f64>,
    /// Means of the auxiliary losses of its steps; absent where there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub auxiliary_losses: AuxiliaryLosses,
    /// Share of its images classified correctly, in training mode while it went on, 0 to 1.
    pub train_accuracy: f64,
    /// Share of the validation images classified correctly behind it, 0 to 1; absent where none were held out.
    pub validation_accuracy: Option<f64>,
    /// λ over the images of the epoch.
    pub pair_weights: Vec<PairStatistics>,
    /// Seconds since the run began, stops not counted.
    pub elapsed_secs: f64,
}

/// All epochs so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// In order.
    pub epochs: Vec<EpochRecord>,
}

impl History {
    /// The epoch with the best validation accuracy, the first of equals; without a validation part the last epoch.
    pub fn best(&self) -> Option<&EpochRecord> {
        let measured = self.epochs.iter().rev().filter(|record| record.validation_accuracy.is_some());
        measured
            .max_by(|a, b| a.validation_accuracy.unwrap_or(0.0).total_cmp(&b.validation_accuracy.unwrap_or(0.0)))
            .or(self.epochs.last())
    }

    /// The last epoch in which layers were matched: behind it λ is what it was then.
    pub fn last_matched(&self) -> Option<&EpochRecord> {
        self.matched_until(usize::MAX)
    }

    /// The last such epoch up to the best one: λ of the weights that are kept.
    pub fn best_matched(&self) -> Option<&EpochRecord> {
        self.matched_until(self.best()?.epoch)
    }

    fn matched_until(&self, epoch: usize) -> Option<&EpochRecord> {
        self.epochs.iter().rev().find(|record| record.epoch <= epoch && !record.pair_weights.is_empty())
    }

    /// Whether the last epoch is the best so far.
    pub fn last_is_best(&self) -> bool {
        self.best().map(|record| record.epoch) == self.epochs.last().map(|record| record.epoch)
    }
}

/// A finished (or stopped) run in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The method's name.
    pub method: String,
    /// Root of the run's randomness.
    pub seed: u64,
    /// Name of the device.
    pub device: String,
    /// Test accuracy of the best validation epoch, 0 to 1.
    pub test_accuracy: Option<f64>,
    /// Validation accuracy of that epoch, 0 to 1.
    pub validation_accuracy: Option<f64>,
    /// That epoch, 1-based.
    pub best_epoch: usize,
    /// Epochs done.
    pub epochs: usize,
    /// Whether all epochs were done.
    pub complete: bool,
    /// Seconds of training and measuring, stops not counted.
    pub wall_secs: f64,
    /// Images in the (training, validation, test) parts.
    pub images: (usize, usize, usize),
    /// Images that a normalisation saw at once, where they were less than a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalised_together: Option<usize>,
    /// Folder of the run, relative to the summary's.
    pub folder: String,
}

/// All runs in an output folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// In order.
    pub runs: Vec<RunSummary>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: usize, validation: Option<f64>) -> EpochRecord {
        EpochRecord {
            epoch,
            lr: 0.1,
            task_loss: 1.0,
            matching_loss: None,
            auxiliary_losses: AuxiliaryLosses::new(),
            train_accuracy: 0.5,
            validation_accuracy: validation,
            pair_weights: vec![],
            elapsed_secs: 1.0,
        }
    }

    #[test]
    fn the_best_epoch_is_chosen_on_validation_and_the_first_of_equals() {
        let history = |values: &[Option<f64>]| History {
            epochs: values.iter().enumerate().map(|(nth, value)| record(nth + 1, *value)).collect(),
        };
        assert_eq!(history(&[Some(0.2), Some(0.5), Some(0.5), Some(0.4)]).best().map(|r| r.epoch), Some(2));
        assert!(history(&[Some(0.2), Some(0.5)]).last_is_best());
        assert_eq!(history(&[None, None]).best().map(|r| r.epoch), Some(2), "without validation the last epoch");
        assert_eq!(History::default().best(), None);
    }
}
