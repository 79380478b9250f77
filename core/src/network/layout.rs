//! All parameters of a set of networks in one flat vector.
//!
//! θ and φ are vectors in the paper, and here: a step, an adjoint or a direction is one tensor, so that the algorithm
//! reads as its equations do. A [`ParamLayout`] says which entry belongs to which weight.

use burn_tensor::{DType, Device, Tensor, TensorData};
use l2t_shaders::vector::{assemble, part};
use rand::{Rng, RngExt};

use super::gradient::sum_of_rows;
use crate::seed::Seed;

/// Entries start at multiples of this, so that on a GPU an entry is a view of the vector and not a copy: WebGPU asks for
/// 256-byte alignment of a binding's offset.
const ALIGNMENT: usize = 64;

/// How an entry is drawn before training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Every value the same.
    Constant(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// Uniform between −bound and bound.
    Uniform(f64),
}

impl Init {
    /// He et al. (2015), for a convolution before ReLU, counting outgoing connections: σ = √(2 / (O·K²)).
    pub fn kaiming_fan_out(shape: &[usize]) -> Self {
        let fan_out: usize = shape[0] * shape[2..].iter().product::<usize>();
        Self::Normal((2.0 / fan_out as f64).sqrt())
    }

    /// What PyTorch gives a convolution or linear layer that nobody initialises: uniform within ±1/√fan_in, for the
    /// weight and for the bias.
    pub fn torch_default(fan_in: usize) -> Self {
        Self::Uniform(1.0 / (fan_in as f64).sqrt())
    }

    fn draw(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Constant(value) => value,
            Self::Normal(deviation) => deviation * standard_normal(rng),
            Self::Uniform(bound) => bound * (2.0 * rng.random::<f64>() - 1.0),
        }
    }
}

/// Box–Muller; one value of the pair is enough here.
fn standard_normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// One weight of a [`ParamLayout`].
#[derive(Debug, Clone, PartialEq)]
pub struct ParamEntry {
    /// Key, as in a checkpoint: `features.0.weight`.
    pub name: String,
    /// Shape, as in a checkpoint.
    pub shape: Vec<usize>,
    /// First element in the vector.
    pub offset: usize,
    /// Initial distribution.
    pub init: Init,
}

impl ParamEntry {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the entry has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Index of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParamId(usize);

/// Names, shapes and places of the weights in a flat vector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParamLayout {
    entries: Vec<ParamEntry>,
    len: usize,
}

impl ParamLayout {
    /// Adds an entry at the end.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize], init: Init) -> ParamId {
        let entry = ParamEntry { name: name.into(), shape: shape.to_vec(), offset: self.len, init };
        self.len += entry.len().next_multiple_of(ALIGNMENT);
        self.entries.push(entry);
        ParamId(self.entries.len() - 1)
    }

    /// Length of the vector, padding included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of weights, without padding.
    pub fn count(&self) -> usize {
        self.entries.iter().map(ParamEntry::len).sum()
    }

    /// The entries in their order.
    pub fn entries(&self) -> &[ParamEntry] {
        &self.entries
    }

    /// The entry of `id`.
    pub fn entry(&self, id: ParamId) -> &ParamEntry {
        &self.entries[id.0]
    }

    /// The entry called `name`.
    pub fn find(&self, name: &str) -> Option<&ParamEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The part of `vector` that `id` names, in the given shape.
    pub fn get<const D: usize>(&self, vector: &Tensor<1>, id: ParamId, shape: [usize; D]) -> Tensor<D> {
        let entry = self.entry(id);
        part(vector, entry.offset..entry.offset + entry.len()).reshape(shape)
    }

    /// Initial values, one random stream per entry so that adding a layer does not change the others.
    pub fn init(&self, seed: Seed, stream: &str) -> Vec<f64> {
        let mut values = vec![0.0; self.len];
        for entry in &self.entries {
            let mut rng = seed.stream(&format!("{stream}/{}", entry.name), 0);
            for value in &mut values[entry.offset..entry.offset + entry.len()] {
                *value = entry.init.draw(&mut rng);
            }
        }
        values
    }

    /// A vector on a device from host values.
    pub fn upload(&self, values: Vec<f64>, device: &Device, dtype: DType) -> Tensor<1> {
        assert_eq!(values.len(), self.len, "host values do not fit the layout");
        Tensor::from_data(TensorData::new(values, [self.len]), (device, dtype))
    }

    /// A vector of zeros.
    pub fn zeros(&self, device: &Device, dtype: DType) -> Tensor<1> {
        Tensor::zeros([self.len], (device, dtype))
    }
}

/// Gradients of single entries on their way to one vector; entries that get none are zero. Each is the sum of some rows.
#[derive(Debug, Default)]
pub struct GradientParts(Vec<(usize, Tensor<2>)>);

impl GradientParts {
    /// Sets the part of `id`. Every entry is set at most once: a weight that is used twice adds up its parts first.
    pub fn set<const D: usize>(&mut self, layout: &ParamLayout, id: ParamId, value: Tensor<D>) {
        self.set_rows(layout, id, value.reshape([1, layout.entry(id).len()]));
    }

    /// [`GradientParts::set`] to the sum of rows, `[R, N]`.
    pub fn set_rows(&mut self, layout: &ParamLayout, id: ParamId, rows: Tensor<2>) {
        let entry = layout.entry(id);
        debug_assert!(self.0.iter().all(|(offset, _)| *offset != entry.offset), "{} is set twice", entry.name);
        debug_assert_eq!(rows.dims()[1], entry.len(), "{}", entry.name);
        self.0.push((entry.offset, rows));
    }

    /// Adds up parts of the same entries, such as those of two chunks of a batch; an entry that only one has is that one's.
    pub fn add(&mut self, other: Self) {
        for (offset, rows) in other.0 {
            match self.0.iter_mut().find(|(at, _)| *at == offset) {
                Some((_, sum)) => *sum = sum_of_rows([sum.clone(), rows].into_iter()),
                None => self.0.push((offset, rows)),
            }
        }
    }

    /// All parts times `factor`.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        if factor == 1.0 {
            return self;
        }
        Self(self.0.into_iter().map(|(offset, value)| (offset, value * factor)).collect())
    }

    /// The parts of two networks in one vector.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The whole vector, in which the rows are added up.
    pub fn assemble(self, layout: &ParamLayout, like: &Tensor<1>) -> Tensor<1> {
        assemble(layout.len(), &self.0, like)
    }
}
