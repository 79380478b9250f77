//! Weighted feature matching, L_wfm, with its regressors r_θ.
//!
//! For a pair (m, n), `r = R T^n + b` (a 1 × 1 convolution) and `s = resize(S^m)`:
//!
//! ```text
//! L_wfm^{m,n}(x) = Σ_c w_c · 1/(HW) Σ_ij (r − s)²_cij        L_wfm = 1/B Σ_x Σ_{(m,n)} λ^{m,n} L_wfm^{m,n}(x)
//! ```
//!
//! All pairs of one target layer form a [`Group`]: their regressors are one convolution whose output channels are those
//! of the pairs one after another. What is one number an image and channel (`w`, the mean square of the mismatch) is one matrix for all
//! groups, `[B, N]` with `N = Σ C_m` over all pairs: the columns of one group behind those of another ([`Matching::segments`]).

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub mod loss;
mod pairs;
mod transfer;

pub use loss::{AlongMatching, MatchingPass, Mismatches};
pub use pairs::{Pair, PairRule, PairSet, SourceLayers};
pub use transfer::{SourceFeatures, Transfer};

use l2t_shaders::segments::Segments;

use crate::network::{Init, Network, NodeId, ParamId, ParamLayout};

/// One pair inside a [`Group`]: its rows of the regressor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Index into the pair set.
    pub pair: usize,
    /// First channel.
    pub start: usize,
    /// C_m.
    pub channels: usize,
}

/// All pairs that match one target layer.
#[derive(Debug, Clone)]
pub struct Group {
    /// Node of the target's tap.
    pub(crate) node: NodeId,
    /// `[C_n, H, W]` of the tap.
    pub(crate) shape: [usize; 3],
    /// The pairs, in the order of their channels.
    pub(crate) members: Vec<Member>,
    /// First of the columns that it has of `[B, N]`.
    pub(crate) first: usize,
    /// R, `[Σ C_m, C_n, 1, 1]`, and b, `[Σ C_m]`.
    pub(crate) weight: ParamId,
    pub(crate) bias: ParamId,
}

impl Group {
    /// Σ C_m.
    pub fn channels(&self) -> usize {
        self.members.iter().map(|member| member.channels).sum()
    }

    /// The pairs, in the order of their channels.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Elements of what the regressors give for one image.
    fn elements(&self) -> usize {
        self.channels() * self.shape[1] * self.shape[2]
    }

    fn multiply_adds(&self) -> u64 {
        (self.channels() * self.shape.iter().product::<usize>()) as u64
    }
}

/// Weighted feature matching over a set of pairs.
#[derive(Debug, Clone)]
pub struct Matching {
    pairs: PairSet,
    source_channels: Vec<usize>,
    groups: Vec<Group>,
    /// The columns of `[B, N]` that belong to every pair.
    segments: Segments,
    /// Elements of the sources' matched features of one image, each feature once.
    features: usize,
    beta: f64,
    inner_beta: f64,
    multiply_adds: Arc<AtomicU64>,
}

impl Matching {
    /// Adds the regressors of `pairs` to the layout of θ. `beta` is the factor on L_wfm wherever it is minimised; see
    /// [`Matching::with_inner_beta`] for another one in the inner matching steps.
    pub fn new(
        pairs: PairSet,
        sources: &[SourceLayers],
        target: &Network,
        beta: f64,
        layout: &mut ParamLayout,
    ) -> Self {
        let source_channels: Vec<usize> =
            pairs.pairs().iter().map(|pair| sources[pair.source].taps[pair.source_layer].shape[0]).collect();
        let (mut groups, mut first) = (Vec::new(), 0);
        for (layer, tap) in target.taps().iter().enumerate() {
            let mut members = Vec::new();
            let mut start = 0;
            for (nth, _) in pairs.pairs().iter().enumerate().filter(|(_, pair)| pair.target_layer == layer) {
                members.push(Member { pair: nth, start, channels: source_channels[nth] });
                start += source_channels[nth];
            }
            if members.is_empty() {
                continue;
            }
            let inputs = tap.shape[0];
            let init = Init::torch_default(inputs);
            let weight = layout.push(format!("regressor.{layer}.weight"), &[start, inputs, 1, 1], init);
            let bias = layout.push(format!("regressor.{layer}.bias"), &[start], init);
            groups.push(Group { node: tap.node, shape: tap.shape, members, first, weight, bias });
            first += start;
        }
        let features = features(&pairs, sources);
        let segments = segments(&groups, pairs.len());
        let multiply_adds = Arc::default();
        Self { pairs, source_channels, groups, segments, features, beta, inner_beta: beta, multiply_adds }
    }

    /// The same with `inner_beta` as the factor on L_wfm where it is minimised alone: in the inner matching steps.
    #[must_use]
    pub fn with_inner_beta(self, inner_beta: f64) -> Self {
        Self { inner_beta, ..self }
    }

    /// The candidate pairs.
    pub fn pairs(&self) -> &PairSet {
        &self.pairs
    }

    /// C_m of every pair.
    pub fn source_channels(&self) -> &[usize] {
        &self.source_channels
    }

    /// For every pair, which of the sources' matched features it reads, counted by source, then by layer.
    pub(crate) fn features_of_pairs(&self) -> Vec<usize> {
        let places = self.places();
        let of = |pair: &Pair| places.binary_search(&(pair.source, pair.source_layer));
        self.pairs.pairs().iter().map(|pair| of(pair).expect("every pair's feature is among them")).collect()
    }

    /// For every pair, the columns of its source feature where the pooled features stand one behind another, `[B, M]`.
    pub fn pooled_columns(&self) -> Vec<Range<usize>> {
        let of_pairs = self.features_of_pairs();
        let mut channels = vec![0; of_pairs.iter().max().map_or(0, |last| last + 1)];
        of_pairs.iter().zip(&self.source_channels).for_each(|(&feature, &count)| channels[feature] = count);
        let of = |&feature: &usize| {
            let first: usize = channels[..feature].iter().sum();
            first..first + channels[feature]
        };
        of_pairs.iter().map(of).collect()
    }

    /// The columns of `[B, N]` that belong to every pair.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// The matched features as (source, m), every one once, however many pairs it is in.
    pub(crate) fn places(&self) -> Vec<(usize, usize)> {
        places(&self.pairs)
    }

    /// The pairs by target layer.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The same matching a target layer at a time: what the regressors of one layer give need not live beside what those of
    /// another do. The matched features and mismatches of a layer are [`Transfer::of_layer`] and [`Mismatches::of_layers`].
    pub fn layers(&self) -> impl Iterator<Item = Self> {
        self.groups.iter().map(|group| Self { groups: vec![group.clone()], ..self.clone() })
    }

    /// β of L_total.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The factor on L_wfm in the inner matching steps: β in the authors' code, 1 in the paper's equations.
    pub fn inner_beta(&self) -> f64 {
        self.inner_beta
    }

    /// The last node that matching looks at: nothing above it is evaluated in a matching step.
    pub fn last_node(&self) -> NodeId {
        self.groups.iter().map(|group| group.node).max().unwrap_or(0)
    }

    /// Elements of the largest tensor that one image leads to: what the regressors of a target layer give, or the features
    /// that all layers are matched with, which a GPU keeps one after another in one tensor.
    pub fn widest(&self) -> usize {
        self.groups.iter().map(Group::elements).fold(self.features, usize::max)
    }

    /// Elements of what all regressors give for one image: of d, of r̄, of ṙ.
    pub fn regressed(&self) -> usize {
        self.groups.iter().map(Group::elements).sum()
    }

    /// The same of the target layer that has the most.
    pub fn regressed_of_a_layer(&self) -> usize {
        self.groups.iter().map(Group::elements).max().unwrap_or(0)
    }

    /// Elements that [`MatchingPass`] holds of one image: d and r̄ of every target layer.
    pub fn kept(&self) -> usize {
        2 * self.regressed()
    }

    /// Multiply-adds of all regressors for one image.
    pub fn forward_multiply_adds(&self) -> u64 {
        self.groups.iter().map(Group::multiply_adds).sum()
    }

    /// Multiply-adds that the regressors have carried out so far, derivatives included.
    pub fn multiply_adds_done(&self) -> u64 {
        self.multiply_adds.load(Ordering::Relaxed)
    }

    /// Notes `products` convolutions of the size of this group's regressor on `batch` images.
    fn count(&self, group: &Group, batch: usize, products: usize) {
        self.multiply_adds.fetch_add(group.multiply_adds() * (batch * products) as u64, Ordering::Relaxed);
    }
}

/// The columns of every pair, those of one group behind those of another.
fn segments(groups: &[Group], pairs: usize) -> Segments {
    let mut ranges = vec![0..0; pairs];
    for (group, member) in groups.iter().flat_map(|group| group.members.iter().map(move |member| (group, member))) {
        let first = group.first + member.start;
        ranges[member.pair] = first..first + member.channels;
    }
    Segments::new(ranges)
}

/// Elements of the features that `pairs` match, of one image; every feature once, however many pairs it is in.
fn features(pairs: &PairSet, sources: &[SourceLayers]) -> usize {
    places(pairs).iter().map(|&(source, layer)| sources[source].taps[layer].shape.iter().product::<usize>()).sum()
}

fn places(pairs: &PairSet) -> Vec<(usize, usize)> {
    let mut places: Vec<_> = pairs.pairs().iter().map(|pair| (pair.source, pair.source_layer)).collect();
    places.sort_unstable();
    places.dedup();
    places
}
