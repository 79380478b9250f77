//! What an iteration takes in memory, by every way through it: counted from the networks before anything is computed.

use burn_tensor::DType;

use crate::bilevel::{Learner, MetaRule};
use crate::objective::{Memory, Objective, TargetModel};
use crate::source::Source;

/// What an iteration takes in memory beyond what there is between two of them.
///
/// It is the most that is alive at one of a few moments. Values are at their most where a pass has gone back to
/// the first layers, whose maps are the largest; vectors like θ are at theirs behind a pass, whose values are gone by then.
#[derive(Debug, Clone, Copy)]
pub struct Estimate<'a> {
    /// The target.
    pub model: &'a TargetModel,
    /// How φ is learned, if it is.
    pub rule: Option<&'a MetaRule>,
    /// Elements of what one image is matched with, as its device lays it out.
    pub matched: usize,
    /// Numbers of φ.
    pub phi: usize,
    /// Images of a batch.
    pub batch: usize,
    /// Of all tensors.
    pub dtype: DType,
}

/// What is alive at once.
#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    /// Vectors like θ.
    theta: usize,
    /// Vectors like φ.
    phi: usize,
    /// Elements of every image of the batch.
    of_batch: usize,
    /// Elements of every image of a part.
    of_part: usize,
}

impl Estimate<'_> {
    /// Bytes, where `part` images are normalised together.
    pub fn bytes(&self, part: usize, memory: Memory) -> u64 {
        let moments = self.with_values(memory).into_iter().chain(self.without_values(memory));
        let elements = moments.map(|moment| {
            moment.theta * self.model.layout.len()
                + moment.phi * self.phi
                + self.batch * moment.of_batch
                + part * moment.of_part
        });
        // The images and what they are matched with are there from the beginning to the end.
        let [channels, height, width] = self.model.network.input_shape();
        let images = self.batch * (channels * height * width + self.matched);
        ((images + elements.max().unwrap_or(0)) * self.dtype.size()) as u64
    }

    /// Bytes of them that are there whatever is kept: of vectors like θ and φ.
    pub fn fixed(&self) -> u64 {
        let vectors = |moment: Moment| moment.theta * self.model.layout.len() + moment.phi * self.phi;
        let most = self.without_values(Memory::Recompute).into_iter().map(vectors).max().unwrap_or(0);
        (most * self.dtype.size()) as u64
    }

    fn objectives(&self) -> Vec<Objective> {
        self.rule.map_or_else(Vec::new, |rule| rule.scheme.objectives(rule.matching_steps))
    }

    /// Elements of one image that are kept of the first `steps` virtual steps.
    fn kept(&self, steps: usize, memory: Memory) -> usize {
        let kept = |objective: &Objective| if memory == Memory::Keep { self.model.kept(*objective) } else { 0 };
        self.objectives()[..steps].iter().map(kept).sum()
    }

    /// In the ordinary step, and in the reverse pass over each virtual one, when values are at their most.
    fn with_values(&self, memory: Memory) -> Vec<Moment> {
        let objectives = self.objectives();
        let steps = objectives.len();
        // The pieces of the gradient, and the gradient that is put together of them.
        let ordinary = Moment { theta: 2, of_part: self.first(self.model.total(), memory), ..Moment::default() };
        let reverse = objectives.iter().enumerate().map(|(t, objective)| Moment {
            // The velocity behind the ordinary step, θ_0 … θ_{T+1} less what was gone back over, the measured gradient, the
            // adjoints that take its place, u, and the pieces of H u.
            theta: steps + 6,
            of_batch: self.kept(t + 1, memory),
            of_part: self.second(*objective, memory),
            ..Moment::default()
        });
        std::iter::once(ordinary).chain(reverse).collect()
    }

    /// Behind the ordinary step; behind the first product H u, which the adjoints that follow from it are beside; and in the
    /// step on φ.
    fn without_values(&self, memory: Memory) -> Vec<Moment> {
        let ordinary = Moment { theta: 4, ..Moment::default() };
        let steps = self.objectives().len();
        if steps == 0 {
            return vec![ordinary];
        }
        let behind = Moment { theta: steps + 7, of_batch: self.kept(steps, memory), ..Moment::default() };
        let on_phi = Moment { theta: 6, phi: 6, ..Moment::default() };
        vec![ordinary, behind, on_phi]
    }

    /// Elements of one image that an ordinary step has at once.
    fn first(&self, objective: Objective, memory: Memory) -> usize {
        let (network, last) = (&self.model.network, self.model.last_node(objective));
        let (maps, of_a_layer) = self.regressed(objective);
        // A node's value, its cotangent, and that of what it reads.
        let passing = 3 * network.widest();
        match memory {
            Memory::ByGroup => {
                let (ends, inside) = self.stretches(objective);
                // d and r̄ of one target layer are gone before the way back begins.
                ends + (2 * of_a_layer).max(inside + passing)
            }
            Memory::Keep | Memory::Recompute => network.values(last) + (2 * maps).max(passing),
        }
    }

    /// Elements of one image that second derivatives have at once, besides what was kept.
    fn second(&self, objective: Objective, memory: Memory) -> usize {
        let (network, last) = (&self.model.network, self.model.last_node(objective));
        let (maps, of_a_layer) = self.regressed(objective);
        let (values, passing) = (network.values(last), 3 * network.widest());
        match memory {
            // Tangents, and ṙ.
            Memory::Keep => values + maps + passing,
            // With values and cotangents, d and r̄.
            Memory::Recompute => 3 * (values + maps) + passing,
            Memory::ByGroup => {
                let (ends, inside) = self.stretches(objective);
                // d, r̄, ṙ and r̄̇ of one target layer, or values, cotangents and tangents of one stretch.
                2 * ends + (4 * of_a_layer).max(3 * inside + passing)
            }
        }
    }

    /// Elements of what the regressors give for one image: of all target layers, and of the one that has the most.
    fn regressed(&self, objective: Objective) -> (usize, usize) {
        let matching = self.model.matching.as_ref().filter(|_| self.model.has_matching(objective));
        matching.map_or((0, 0), |matching| (matching.regressed(), matching.regressed_of_a_layer()))
    }

    fn stretches(&self, objective: Objective) -> (usize, usize) {
        self.model.stretches(objective).elements(&self.model.network)
    }
}

/// Elements of what one image is matched with: a GPU keeps the sources' features as they are, the CPU in the sizes of the target
/// layers that they meet.
pub(super) fn matched(learner: &Learner, heard: &[Source], on_cpu: bool) -> usize {
    let Some(matching) = &learner.model.matching else { return 0 };
    if on_cpu {
        return matching.regressed();
    }
    let layers = heard.iter().flat_map(|source| source.layers().taps);
    layers.map(|tap| tap.shape.iter().product::<usize>()).sum()
}
