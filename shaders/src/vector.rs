//! Operations over a whole parameter vector: the inner steps and the reverse pass are a few of these.

use std::ops::Range;

use burn_tensor::Tensor;
use burn_wgpu::CubeTensor;
use rayon::prelude::*;

use crate::cpu::{Cpu, Real, by_dtype, vectorised, zeros};
use crate::gpu::{
    Arguments, Gpu, MOST_GROUPS, WORKGROUP, Wgsl, allocate, launch_elementwise, launch_into, row_pitch, tensor, view,
};

const COMBINE: Wgsl = Wgsl::new("vector_combine", include_str!("../wgsl/vector_combine.wgsl"));
const ASSEMBLE: Wgsl = Wgsl::new("assemble", include_str!("../wgsl/assemble.wgsl"));

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![COMBINE, ASSEMBLE]
}

/// Elements that one thread takes at a time.
const CHUNK: usize = 1 << 15;

/// `Σ k x` over the terms `(k, x)`, all `[N]`.
///
/// # Panics
/// When there is no term.
pub fn combine(terms: &[(f64, &Tensor<1>)]) -> Tensor<1> {
    assert!(!terms.is_empty(), "a linear combination has at least one term");
    if let Some(sum) = combine_on_gpu(terms) {
        return sum;
    }
    let Some(vectors) = terms.iter().map(|&(k, x)| Some((k, Cpu::of(x)?))).collect::<Option<Vec<_>>>() else {
        let scaled = terms.iter().map(|&(k, x)| if k == 1.0 { x.clone() } else { x.clone() * k });
        return scaled.reduce(|a, b| a + b).expect("at least one term");
    };
    by_dtype!(vectors[0].1.dtype(), T => {
        let vectors: Vec<(T, &[T])> = vectors.iter().map(|(k, x)| (T::narrow(*k), x.slice::<T>())).collect();
        let mut out = zeros::<T>(vectors[0].1.len());
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
            vectorised!(|| {
                for &(k, x) in &vectors {
                    let x = &x[chunk * CHUNK..][..out.len()];
                    for (out, &x) in out.iter_mut().zip(x) {
                        *out += k * x;
                    }
                }
            });
        });
        let shape = [out.len()];
        Cpu::tensor(out, shape)
    })
}

/// The combination of at most three vectors in one launch.
fn combine_on_gpu(terms: &[(f64, &Tensor<1>)]) -> Option<Tensor<1>> {
    const TERMS: usize = 3;
    if terms.len() > TERMS {
        return None;
    }
    let vectors = terms.iter().map(|(_, x)| Gpu::of(x)).collect::<Option<Vec<_>>>()?;
    let mut factors: Vec<f64> = terms.iter().map(|(k, _)| *k).collect();
    factors.resize(TERMS, 0.0);
    let vector = |nth: usize| &vectors[nth.min(vectors.len() - 1)];
    let inputs = [vector(0), vector(1), vector(2)];
    let [out] = launch_elementwise(COMBINE, &inputs, [&terms[0].1.dims()], &[], &factors);
    Some(tensor(out))
}

/// [`combine`] of several sets of terms, each of a length of its own. A GPU takes a few launches for all of them.
///
/// # Panics
/// Where a set has no term.
pub fn combine_each(sets: &[Vec<(f64, &Tensor<1>)>]) -> Vec<Tensor<1>> {
    combine_each_on_gpu(sets).unwrap_or_else(|| sets.iter().map(|terms| combine(terms)).collect())
}

/// `None` elsewhere, and where a set has more terms than the kernel adds up.
fn combine_each_on_gpu(sets: &[Vec<(f64, &Tensor<1>)>]) -> Option<Vec<Tensor<1>>> {
    let mut end = 0;
    let pieces = sets.iter().map(|terms| {
        assert!(!terms.is_empty(), "a linear combination has at least one term");
        let begin = end;
        let length = terms[0].1.dims()[0];
        end = row_pitch(begin + length);
        let terms = terms.iter().map(|&(factor, x)| Some(Term { rows: Gpu::of(x)?, count: 1, factor }));
        Some(Piece { begin, length, end, terms: terms.collect::<Option<Vec<_>>>()? })
    });
    let pieces = pieces.collect::<Option<Vec<_>>>()?;
    if pieces.iter().any(|piece| piece.terms.len() > MOST_TERMS) {
        return None;
    }
    let out = allocate(&pieces.first()?.terms[0].rows, &[end]);
    write(&pieces, &out);
    let out: Tensor<1> = tensor(out);
    Some(pieces.iter().map(|piece| part(&out, piece.begin..piece.begin + piece.length)).collect())
}

/// The entries `range` of a vector. On a GPU they are not copied where they begin at a multiple of 64, wherever they end.
pub fn part(vector: &Tensor<1>, range: Range<usize>) -> Tensor<1> {
    let view = Gpu::of(vector).and_then(|vector| view(&vector, range.clone()));
    view.map_or_else(|| vector.clone().slice([range]), tensor)
}

/// A vector of `len` elements with the sum of the rows of each piece, `[R, N]`, at its offset and zeros elsewhere.
///
/// # Panics
/// When a piece does not fit.
pub fn assemble(len: usize, pieces: &[(usize, Tensor<2>)], like: &Tensor<1>) -> Tensor<1> {
    if let Some(vector) = assemble_on_gpu(len, pieces) {
        return vector;
    }
    let Some(template) = Cpu::of(like) else {
        let zeros = Tensor::zeros([len], (&like.device(), like.dtype()));
        return pieces.iter().fold(zeros, |vector, (offset, piece)| {
            let length = piece.dims()[1];
            vector.slice_assign([*offset..offset + length], piece.clone().sum_dim(0).reshape([length]))
        });
    };
    by_dtype!(template.dtype(), T => {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(offset, piece)| (*offset, piece.dims()[1], Cpu::of(piece).expect("pieces of one vector are on one device")))
            .collect();
        let mut out = zeros::<T>(len);
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(nth, out)| {
            let chunk = nth * CHUNK..nth * CHUNK + out.len();
            for (offset, length, piece) in &pieces {
                let shared = chunk.start.max(*offset)..chunk.end.min(offset + length);
                if shared.is_empty() {
                    continue;
                }
                let out = &mut out[shared.start - chunk.start..shared.end - chunk.start];
                for row in piece.slice::<T>().chunks_exact(*length) {
                    out.iter_mut().zip(&row[shared.start - offset..]).for_each(|(out, &value)| *out += value);
                }
            }
        });
        Cpu::tensor(out, [len])
    })
}

/// The vectors one after another.
pub fn concatenate(vectors: &[&Tensor<1>]) -> Tensor<1> {
    let mut len = 0;
    let pieces: Vec<_> = vectors
        .iter()
        .map(|vector| {
            let count = vector.dims()[0];
            len += count;
            (len - count, (*vector).clone().reshape([1, count]))
        })
        .collect();
    assemble(len, &pieces, vectors[0])
}

fn assemble_on_gpu(len: usize, pieces: &[(usize, Tensor<2>)]) -> Option<Tensor<1>> {
    let pieces = pieces.iter().map(|(offset, rows)| {
        let [count, length] = rows.dims();
        let terms = vec![Term { rows: Gpu::of(rows)?, count, factor: 1.0 }];
        Some(Piece { begin: *offset, length, end: offset + length, terms })
    });
    let mut pieces = pieces.collect::<Option<Vec<_>>>()?;
    pieces.sort_by_key(|piece| piece.begin);
    let out = allocate(&pieces.first()?.terms[0].rows, &[len]);
    // Each piece's zeros end where the next piece begins; those before the first one are a piece without terms.
    let first = pieces[0].begin;
    let ends: Vec<usize> = pieces.iter().skip(1).map(|piece| piece.begin).chain([len]).collect();
    for (piece, end) in pieces.iter_mut().zip(ends) {
        assert!(piece.end <= end, "a piece of {} at {} does not fit before {end}", piece.length, piece.begin);
        piece.end = end;
    }
    if first > 0 {
        pieces.insert(0, Piece { begin: 0, length: 0, end: first, terms: vec![] });
    }
    write(&pieces, &out);
    Some(tensor(out))
}

/// Of the kernel: WebGPU binds eight buffers, one of which is the result.
const MOST_BUFFERS: usize = 7;
const MOST_PIECES: usize = 16;
const MOST_TERMS: usize = 3;

/// A factor times the sum of rows that lie one behind another.
struct Term {
    rows: Gpu,
    count: usize,
    factor: f64,
}

/// Where a sum of terms is written, and where the zeros behind it end.
struct Piece {
    begin: usize,
    length: usize,
    end: usize,
    terms: Vec<Term>,
}

/// The pieces of one launch, and the buffers that they are in: several lie in one where they are parts of one tensor.
#[derive(Default)]
struct Gathered<'a> {
    pieces: Vec<(&'a Piece, Vec<[usize; 4]>)>,
    buffers: Vec<Gpu>,
}

impl<'a> Gathered<'a> {
    /// Takes `piece`, unless the launch has no place for it.
    fn take(&mut self, piece: &'a Piece) -> bool {
        let before = self.buffers.len();
        let terms = piece.terms.iter().map(|term| {
            let (whole, first) = term.rows.whole();
            let known = self.buffers.iter().position(|buffer| buffer.is_same_buffer(&whole));
            let buffer = known.unwrap_or_else(|| {
                self.buffers.push(whole);
                self.buffers.len() - 1
            });
            [buffer, first, term.count, (term.factor as f32).to_bits() as usize]
        });
        let terms: Vec<_> = terms.collect();
        let fits = self.pieces.len() < MOST_PIECES && self.buffers.len() <= MOST_BUFFERS;
        if fits {
            self.pieces.push((piece, terms));
        } else {
            self.buffers.truncate(before);
        }
        fits
    }

    fn launch(&self, out: &CubeTensor) {
        let longest = self.pieces.iter().map(|(piece, _)| piece.end - piece.begin).max().unwrap_or(0);
        let groups = longest.div_ceil(WORKGROUP as usize).clamp(1, MOST_GROUPS);
        let mut sizes = vec![groups * WORKGROUP as usize, self.pieces.len(), 0, 0];
        for (piece, terms) in &self.pieces {
            sizes.extend([piece.begin, piece.length, piece.end, terms.len()]);
            sizes.extend(terms.iter().flatten());
            sizes.resize(sizes.len() + 4 * (MOST_TERMS - terms.len()), 0);
        }
        sizes.resize(4 + 4 * (1 + MOST_TERMS) * MOST_PIECES, 0);
        // Where there are fewer buffers, the last is named again; of zeros alone, the result would be bound twice.
        let last = self.buffers.last().expect("zeros stand before a piece that has terms");
        let inputs: Vec<&Gpu> = self.buffers.iter().chain(std::iter::repeat(last)).take(MOST_BUFFERS).collect();
        let arguments = Arguments { groups: [groups, 1, 1], sizes: &sizes, ..Arguments::default() };
        launch_into(ASSEMBLE, &inputs, std::slice::from_ref(out), arguments);
    }
}

/// Writes the pieces to their places in as few launches as their buffers take.
fn write(pieces: &[Piece], out: &CubeTensor) {
    let mut gathered = Gathered::default();
    for piece in pieces {
        if !gathered.take(piece) {
            std::mem::take(&mut gathered).launch(out);
            assert!(gathered.take(piece), "three terms are in three buffers at most");
        }
    }
    gathered.launch(out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::tests::values;
    use burn_tensor::{Device, Tolerance};

    #[test]
    fn agrees_with_burns_operations_across_chunks() {
        let (device, n) = (Device::flex(), CHUNK + 7);
        let (x, y) = (values([n], 0.1, &device), values([n], 0.9, &device));
        let expected = x.clone() * 2.5 - y.clone();
        let sum = combine(&[(2.5, &x), (-1.0, &y)]);
        sum.to_data().assert_approx_eq::<f64>(&expected.to_data(), Tolerance::absolute(1e-15));
    }
}
