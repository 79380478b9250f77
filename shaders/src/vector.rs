//! Operations over a whole parameter vector: the inner steps and the reverse pass are a few of these.

use burn_tensor::Tensor;
use burn_wgpu::CubeTensor;
use rayon::prelude::*;

use crate::cpu::{Cpu, Real, by_dtype, vectorised, zeros};
use crate::gpu::{Arguments, Gpu, MOST_GROUPS, WORKGROUP, Wgsl, allocate, launch_elementwise, launch_into, tensor};

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

/// A vector of `len` elements with each piece at its offset and zeros elsewhere.
///
/// # Panics
/// When a piece does not fit.
pub fn assemble(len: usize, pieces: &[(usize, Tensor<1>)], like: &Tensor<1>) -> Tensor<1> {
    if let Some(vector) = assemble_on_gpu(len, pieces) {
        return vector;
    }
    let Some(template) = Cpu::of(like) else {
        let zeros = Tensor::zeros([len], (&like.device(), like.dtype()));
        return pieces.iter().fold(zeros, |vector, (offset, piece)| {
            let end = offset + piece.dims()[0];
            vector.slice_assign([*offset..end], piece.clone())
        });
    };
    by_dtype!(template.dtype(), T => {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(offset, piece)| (*offset, Cpu::of(piece).expect("pieces of one vector are on one device")))
            .collect();
        let mut out = zeros::<T>(len);
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(nth, out)| {
            let chunk = nth * CHUNK..nth * CHUNK + out.len();
            for (offset, piece) in &pieces {
                let piece = piece.slice::<T>();
                let shared = chunk.start.max(*offset)..chunk.end.min(offset + piece.len());
                if !shared.is_empty() {
                    out[shared.start - chunk.start..shared.end - chunk.start]
                        .copy_from_slice(&piece[shared.start - offset..shared.end - offset]);
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
            len += vector.dims()[0];
            (len - vector.dims()[0], (*vector).clone())
        })
        .collect();
    assemble(len, &pieces, vectors[0])
}

/// As many pieces as WebGPU's buffers allow in each launch.
fn assemble_on_gpu(len: usize, pieces: &[(usize, Tensor<1>)]) -> Option<Tensor<1>> {
    const PIECES: usize = 7;
    let mut pieces = pieces
        .iter()
        .map(|(offset, piece)| Some((*offset, piece.dims()[0], Gpu::of(piece)?)))
        .collect::<Option<Vec<_>>>()?;
    pieces.sort_by_key(|(offset, ..)| *offset);
    let out = allocate(&pieces.first()?.2, &[len]);
    // Each piece's zeros end where the next piece begins; those before the first one belong to it.
    let ends: Vec<usize> = pieces.iter().skip(1).map(|(offset, ..)| *offset).chain([len]).collect();
    if pieces[0].0 > 0 {
        write_pieces(&[&pieces[0].2; PIECES], &[[0, 0, pieces[0].0]], &out);
    }
    for (pieces, ends) in pieces.chunks(PIECES).zip(ends.chunks(PIECES)) {
        let inputs: [&Gpu; PIECES] = std::array::from_fn(|nth| &pieces[nth.min(pieces.len() - 1)].2);
        let places: Vec<_> = pieces
            .iter()
            .zip(ends)
            .map(|((offset, length, _), end)| {
                assert!(offset + length <= *end, "a piece of {length} at {offset} does not fit before {end}");
                [*offset, *length, *end]
            })
            .collect();
        write_pieces(&inputs, &places, &out);
    }
    Some(tensor(out))
}

/// Writes pieces to their places: begin, length, and where the zeros behind it end.
fn write_pieces(inputs: &[&Gpu; 7], places: &[[usize; 3]], out: &CubeTensor) {
    let longest = places.iter().map(|[begin, _, end]| end - begin).max().unwrap_or(0);
    let groups = longest.div_ceil(WORKGROUP as usize).clamp(1, MOST_GROUPS);
    let mut sizes = vec![groups * WORKGROUP as usize, 0, 0, 0];
    sizes.extend(places.iter().flat_map(|&[begin, length, end]| [begin, length, end, 0]));
    sizes.resize(4 * 8, 0);
    let arguments = Arguments { groups: [groups, 1, 1], sizes: &sizes, ..Arguments::default() };
    launch_into(ASSEMBLE, inputs, std::slice::from_ref(out), arguments);
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
