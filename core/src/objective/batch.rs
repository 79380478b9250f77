//! Batches and their parts.

use burn_tensor::Tensor;
use l2t_shaders::vector::combine;

use crate::matching::Transfer;
use crate::meta::{MetaCotangents, MetaNetworks, MetaOutputs, rows};

/// Images that a device takes at once, with what the sources say about them.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Normalised images, `[B, 3, H, W]`.
    pub x: Tensor<4>,
    /// One-hot labels, `[B, K]`.
    pub y: Tensor<2>,
    /// Present where something is matched.
    pub transfer: Option<Transfer>,
    /// What the sources say for every auxiliary loss, see [`super::TargetModel::taught`].
    pub auxiliary: Vec<Vec<Tensor<2>>>,
}

impl Chunk {
    fn images(&self) -> usize {
        self.y.dims()[0]
    }

    pub(super) fn transfer(&self) -> &Transfer {
        self.transfer.as_ref().expect("a batch for matching carries the sources' features")
    }
}

/// Images that a normalisation sees: at least one chunk.
#[derive(Debug, Clone)]
pub struct Part {
    chunks: Vec<Chunk>,
}

impl From<Chunk> for Part {
    fn from(whole: Chunk) -> Self {
        Self { chunks: vec![whole] }
    }
}

impl Part {
    /// Of these chunks.
    ///
    /// # Panics
    /// Where there is none.
    pub fn new(chunks: Vec<Chunk>) -> Self {
        assert!(!chunks.is_empty(), "a part has images");
        Self { chunks }
    }

    /// Its chunks.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    pub(super) fn images(&self) -> usize {
        self.chunks.iter().map(Chunk::images).sum()
    }

    /// The images of every chunk.
    pub(super) fn images_of_chunks(&self) -> Vec<&Tensor<4>> {
        self.chunks.iter().map(|chunk| &chunk.x).collect()
    }

    /// The share of the images that each chunk has.
    pub(super) fn shares(&self) -> impl Iterator<Item = f64> {
        let all = self.images() as f64;
        self.chunks.iter().map(move |chunk| chunk.images() as f64 / all)
    }
}

/// One batch: at least one part.
#[derive(Debug, Clone)]
pub struct Batch {
    parts: Vec<Part>,
}

impl<P: Into<Part>> From<P> for Batch {
    fn from(whole: P) -> Self {
        Self { parts: vec![whole.into()] }
    }
}

impl Batch {
    /// A batch of these parts.
    ///
    /// # Panics
    /// Where there is none.
    pub fn new(parts: Vec<Part>) -> Self {
        assert!(!parts.is_empty(), "a batch has images");
        Self { parts }
    }

    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The chunks of all parts.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.parts.iter().flat_map(Part::chunks)
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.parts.iter().map(Part::images).sum()
    }

    /// One-hot labels of all images, `[B, K]`.
    pub fn labels(&self) -> Tensor<2> {
        rows(self.chunks().map(|chunk| chunk.y.clone()).collect())
    }

    /// w and λ of all images, where something is matched.
    pub fn outputs(&self) -> Option<MetaOutputs> {
        let outputs = self.chunks().map(|chunk| Some(chunk.transfer.as_ref()?.outputs().clone()));
        Some(MetaOutputs::of_parts(outputs.collect::<Option<Vec<_>>>()?))
    }

    /// The share of the images that each part has.
    pub(super) fn shares(&self) -> impl Iterator<Item = f64> {
        let all = self.images() as f64;
        self.parts.iter().map(move |part| part.images() as f64 / all)
    }

    /// The mean over all images from the means over each part; `None` of nothing.
    pub(super) fn mean(&self, mut parts: Vec<Tensor<1>>) -> Option<Tensor<1>> {
        if parts.len() < 2 {
            return parts.pop();
        }
        Some(combine(&self.shares().zip(&parts).collect::<Vec<_>>()))
    }

    /// [`Batch::mean`] of what comes one part after another: `sum` with the mean over a part that has this share of the
    /// images. No more than two vectors live at once, however many parts there are.
    pub(super) fn plus(sum: Option<Tensor<1>>, share: f64, part: Tensor<1>) -> Tensor<1> {
        match sum {
            Some(sum) => combine(&[(1.0, &sum), (share, &part)]),
            None if share == 1.0 => part,
            None => combine(&[(share, &part)]),
        }
    }

    /// The cotangents of all images' w and λ from those in the loss of each part; `None` where a part has none.
    pub(super) fn cotangents(&self, parts: impl Iterator<Item = Option<MetaCotangents>>) -> Option<MetaCotangents> {
        let bars = parts.zip(self.shares()).map(|(bars, share)| Some(bars?.times(share)));
        Some(MetaCotangents::of_parts(bars.collect::<Option<Vec<_>>>()?))
    }

    /// Pulls cotangents of all images' w and λ back to φ; `None` where nothing is matched.
    pub fn pull_back(&self, meta: &MetaNetworks, bars: &MetaCotangents) -> Option<Tensor<1>> {
        let mut first = 0;
        let gradients = self.chunks().map(|chunk| {
            let rows = first..first + chunk.images();
            first = rows.end;
            Some(chunk.transfer.as_ref()?.gradient(meta, &bars.rows(rows)))
        });
        gradients.collect::<Option<Vec<_>>>()?.into_iter().reduce(|a, b| a + b)
    }
}
