use super::Real;

/// A matrix in a slice: element (r, c) at `r · row_stride + c · col_stride`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub values: &'a [T],
    pub rows: usize,
    pub cols: usize,
    pub row_stride: usize,
    pub col_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A row-major matrix that fills `values` from its start.
    pub fn row_major(values: &'a [T], rows: usize, cols: usize) -> Self {
        Self { values, rows, cols, row_stride: cols, col_stride: 1 }
    }

    pub fn transposed(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    fn fits(&self) -> bool {
        last_offset(self.rows, self.cols, self.row_stride, self.col_stride) < self.values.len()
    }
}

/// A row-major matrix that is written to.
pub(crate) struct MatrixMut<'a, T> {
    pub values: &'a mut [T],
    pub rows: usize,
    pub cols: usize,
    pub row_stride: usize,
}

fn last_offset(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> usize {
    (rows - 1) * row_stride + (cols - 1) * col_stride
}

/// `out = [out +] a · b`, on the calling thread.
#[expect(unsafe_code, reason = "the matrix-product crate takes raw pointers; the bounds are asserted here")]
pub(crate) fn gemm<T: Real>(out: MatrixMut<'_, T>, accumulate: bool, a: Matrix<'_, T>, b: Matrix<'_, T>) {
    assert_eq!((out.rows, out.cols, a.cols), (a.rows, b.cols, b.rows), "matrix product of unequal shapes");
    if out.rows == 0 || out.cols == 0 || a.cols == 0 {
        return;
    }
    assert!(a.fits() && b.fits(), "a factor's slice is too short");
    assert!(out.row_stride >= out.cols && last_offset(out.rows, out.cols, out.row_stride, 1) < out.values.len());
    let stride = |s: usize| isize::try_from(s).expect("strides fit the address space");
    // SAFETY: the asserts above keep every access of the three matrices inside their slices, `out` is borrowed
    // mutably and its rows do not overlap; T is f32 or f64, both of which the crate supports.
    unsafe {
        gemm::gemm(
            out.rows,
            out.cols,
            a.cols,
            out.values.as_mut_ptr(),
            1,
            stride(out.row_stride),
            accumulate,
            a.values.as_ptr(),
            stride(a.col_stride),
            stride(a.row_stride),
            b.values.as_ptr(),
            stride(b.col_stride),
            stride(b.row_stride),
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_definition_also_for_transposed_and_strided_factors() {
        let (m, n, k) = (5, 7, 3);
        let a: Vec<f64> = (0..m * k).map(|i| (i as f64 * 0.7).sin()).collect();
        let b: Vec<f64> = (0..n * k).map(|i| (i as f64 * 1.3).cos()).collect();
        let mut out = vec![1.0; m * (n + 2)];
        gemm(
            MatrixMut { values: &mut out, rows: m, cols: n, row_stride: n + 2 },
            true,
            Matrix::row_major(&a, m, k),
            Matrix::row_major(&b, n, k).transposed(),
        );
        for r in 0..m {
            for c in 0..n {
                let expected = 1.0 + (0..k).map(|i| a[r * k + i] * b[c * k + i]).sum::<f64>();
                assert!((out[r * (n + 2) + c] - expected).abs() < 1e-14);
            }
            assert_eq!(out[r * (n + 2) + n], 1.0, "nothing is written between the rows");
        }
    }
}
