//! Operations over a whole parameter vector: the inner steps and the reverse pass are a few of these.

use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::cpu::{Cpu, Real, by_dtype};
use crate::gpu::{Gpu, Wgsl, launch_elementwise, tensor};

const COMBINE: Wgsl = Wgsl::new("vector_combine", include_str!("../wgsl/vector_combine.wgsl"));

/// All of them.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Wgsl> {
    vec![COMBINE]
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
        let mut out = vec![T::ZERO; vectors[0].1.len()];
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
            for &(k, x) in &vectors {
                let x = &x[chunk * CHUNK..][..out.len()];
                for (out, &x) in out.iter_mut().zip(x) {
                    *out += k * x;
                }
            }
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
    let Some(template) = Cpu::of(like) else {
        let zeros = Tensor::zeros([len], (&like.device(), like.dtype()));
        return pieces.iter().fold(zeros, |vector, (offset, piece)| {
            let end = offset + piece.dims()[0];
            vector.slice_assign([*offset..end], piece.clone())
        });
    };
    by_dtype!(template.dtype(), T => {
        let mut out = vec![T::ZERO; len];
        for (offset, piece) in pieces {
            let piece = Cpu::of(piece).expect("pieces of one vector are on one device");
            let piece = piece.slice::<T>();
            out[*offset..][..piece.len()].copy_from_slice(piece);
        }
        Cpu::tensor(out, [len])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::tests::values;
    use burn::tensor::{Device, Tolerance};

    #[test]
    fn agrees_with_burns_operations_across_chunks() {
        let (device, n) = (Device::flex(), CHUNK + 7);
        let (x, y) = (values([n], 0.1, &device), values([n], 0.9, &device));
        let expected = x.clone() * 2.5 - y.clone();
        let sum = combine(&[(2.5, &x), (-1.0, &y)]);
        sum.to_data().assert_approx_eq::<f64>(&expected.to_data(), Tolerance::absolute(1e-15));
    }
}
