//! What the baselines add to L_org: losses with a value and a gradient, in the ordinary step alone.

use std::fmt::Debug;

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::matching::SourceLayers;
use crate::network::{Activations, Cotangents, GradientParts, NodeId, ParamLayout};
use crate::source::SourceOutputs;

/// Which auxiliary loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuxiliaryKind {
    /// Of [`super::lwf`].
    Distillation,
    /// Of [`super::at`].
    Attention,
}

impl AuxiliaryKind {
    /// What logs, curves and tables call the loss, its factor included.
    pub fn name(self) -> &'static str {
        match self {
            Self::Distillation => "distillation",
            Self::Attention => "attention",
        }
    }
}

/// A loss that is added to L_org where the target's activations meet what the sources say.
///
/// It has no second derivatives: it is never part of a virtual step.
pub trait Auxiliary: Debug + Send + Sync {
    /// Which one.
    fn kind(&self) -> AuxiliaryKind;

    /// Its parts in a few words: `3 pairs of attention maps`.
    fn describe(&self) -> String;

    /// Elements of the largest tensor that one image leads to, besides those of the networks, where the sources' matched
    /// layers are these.
    fn widest(&self, _sources: &[SourceLayers]) -> usize {
        0
    }

    /// What the sources say about a batch, once for all of it: constants to every derivative.
    fn taught(&self, sources: &[SourceOutputs]) -> Vec<Tensor<2>>;

    /// The target's nodes whose activations it reads.
    fn nodes(&self) -> Vec<NodeId>;

    /// The loss with its factor, `[1]`, and its gradient: in the activations it is added to `bars`, in its own entries of
    /// θ it is returned.
    fn evaluate(
        &self,
        layout: &ParamLayout,
        theta: &Tensor<1>,
        at: &Activations,
        taught: &[Tensor<2>],
        bars: &mut Cotangents,
    ) -> (Tensor<1>, GradientParts);
}
