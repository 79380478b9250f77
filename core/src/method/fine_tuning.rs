//! Fine-tuning: the target starts from the source's weights and is trained on its own images.
//!
//! ```text
//! L = L_org      θ starts as the source's weights, the running statistics as the source's
//! ```
//!
//! Only where source and target have the same architecture, which is why the paper's ResNet-to-VGG experiments have no
//! such row; it is what a practitioner would try first where it can be done (Yosinski et al., 2014). All layers are
//! trained. The classifier is drawn anew where the number of classes differs or the source has none, and kept where it does not.
//!
//! The learning rate is the run's own (`train.lr`), for an equal comparison; fine-tuning is often done at a tenth of it
//! or less (Li and Hoiem do so), so look at `train.lr=0.01` too before calling a result fine-tuning's best.

use burn_tensor::Tensor;

use super::{Recipe, SourceUse};
use crate::error::{Error, Result};
use crate::network::{Network, ParamEntry};
use crate::source::Source;

/// Nothing but L_org, from another start.
pub const RECIPE: Recipe =
    Recipe { name: "fine-tuning", sources: SourceUse::Start, pairs: None, learned: None, auxiliary: &[] };

/// What is taken from the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Length of the part of θ, from its beginning, that is the source's.
    kept: usize,
    /// Whether the classifier is drawn anew.
    pub new_classifier: bool,
}

impl Start {
    /// Compares the two architectures.
    ///
    /// # Errors
    /// Says where `target`, which the configuration calls `name`, differs from the source.
    pub fn new(name: &str, target: &Network, source: &Source) -> Result<Self> {
        let (ours, theirs) = (below_classifier(target), below_classifier(&source.network));
        let different = |what: String| {
            let reason = format!("{name} is not the architecture of the source, {}: {what}", source.name);
            Error::config("target.network", format!("fine-tuning needs the source's own architecture; {reason}"))
        };
        if let Some((ours, theirs)) = ours.iter().zip(theirs).find(|(ours, theirs)| ours.shape != theirs.shape) {
            return Err(different(format!("{} is {:?} and not {:?}", ours.name, ours.shape, theirs.shape)));
        }
        if ours.len() != theirs.len() || target.features() != source.network.features() {
            return Err(different(format!("it has {} weights and not {}", ours.len(), theirs.len())));
        }
        let new_classifier = !source.network.has_classifier() || target.classes() != source.network.classes();
        let kept = if new_classifier { target.layout().entries()[ours.len()].offset } else { target.layout().len() };
        Ok(Self { kept, new_classifier })
    }

    /// The initial θ, from what was drawn for it.
    pub fn theta(&self, drawn: Tensor<1>, source: &Source) -> Tensor<1> {
        let len = drawn.dims()[0];
        let kept = source.state.theta.clone().slice([0..self.kept]);
        if self.kept == len { kept } else { Tensor::cat(vec![kept, drawn.slice([self.kept..len])], 0) }
    }
}

/// The entries of all layers but the classifier, which is the last, where there is one, and has a weight and a bias.
fn below_classifier(network: &Network) -> &[ParamEntry] {
    let entries = network.layout().entries();
    &entries[..entries.len() - if network.has_classifier() { 2 } else { 0 }]
}
