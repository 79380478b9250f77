use burn_dispatch::DispatchTensorKind;
use burn_flex::Flex;
use burn_flex::FlexTensor;
use burn_tensor::{DType, Int, Tensor, TensorData};

use super::Real;

/// A contiguous tensor in CPU memory.
pub(crate) struct Cpu(FlexTensor);

impl Cpu {
    /// Whether `x` lies in CPU memory.
    pub fn holds<const D: usize>(x: &Tensor<D>) -> bool {
        matches!(x.clone().into_dispatch().kind, DispatchTensorKind::Flex(_))
    }

    /// The CPU storage of `x`, made contiguous, or `None` when `x` lives on a GPU.
    pub fn of<const D: usize>(x: &Tensor<D>) -> Option<Self> {
        if !Self::holds(x) {
            return None;
        }
        let x = x.clone().try_into_primitive::<Flex>().ok()?;
        Some(Self(if x.is_contiguous() { x } else { x.to_contiguous() }))
    }

    /// Like [`Cpu::of`] for integer tensors (`i32` elements, as [`indices`](Cpu::indices) makes them).
    pub fn of_indices<const D: usize>(x: &Tensor<D, Int>) -> Option<Self> {
        let x = x.clone().try_into_primitive::<Flex>().ok()?;
        Some(Self(if x.is_contiguous() { x } else { x.to_contiguous() }))
    }

    pub fn dtype(&self) -> DType {
        self.0.dtype()
    }

    pub fn slice<T: Real>(&self) -> &[T] {
        self.0.as_slice::<T>().expect("Cpu tensors are contiguous and of the dtype that was matched on")
    }

    pub fn index_slice(&self) -> &[i32] {
        self.0.as_slice::<i32>().expect("pooling indices are contiguous i32")
    }

    /// A new tensor from row-major `values`.
    pub fn tensor<T: Real, const D: usize>(values: Vec<T>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_primitive::<Flex>(FlexTensor::from_data(TensorData::new(values, shape)))
    }

    /// A new index tensor from row-major `values`.
    pub fn indices<const D: usize>(values: Vec<i32>, shape: [usize; D]) -> Tensor<D, Int> {
        Tensor::from_primitive::<Flex>(FlexTensor::from_data(TensorData::new(values, shape)))
    }
}

/// Runs `$body` with `$T` bound to the element type that `$dtype` names.
macro_rules! by_dtype {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            burn_tensor::DType::F32 => {
                type $T = f32;
                $body
            }
            burn_tensor::DType::F64 => {
                type $T = f64;
                $body
            }
            other => panic!("the CPU device computes in f32 or f64, not {other:?}"),
        }
    };
}
pub(crate) use by_dtype;
