//! Accuracy of a network on a data set.

use std::sync::Arc;

use burn_tensor::{DType, Device, Int, Tensor, TensorData};

use super::micro_batch::fitting;
use crate::data::{Augmentation, BatchPlan, Batches, Dataset, HostBatch};
use crate::error::Result;
use crate::network::weights::{NetworkState, read};
use crate::network::{Mode, Network};
use crate::seed::Seed;
use crate::stop::Stop;

/// Images per pass, whatever the training batch, where the device's buffers hold as many.
const BATCH: usize = 256;

/// The images of a batch on a device, normalised, `[B, 3, H, W]`.
pub fn upload_images(batch: &HostBatch, device: &Device, dtype: DType) -> Tensor<4> {
    let shape = [batch.labels.len(), 3, batch.height, batch.width];
    Tensor::from_data(TensorData::new(batch.normalised(), shape), (device, dtype))
}

/// The labels of a batch on a device, one-hot, `[B, K]`.
pub fn upload_labels(batch: &HostBatch, classes: usize, device: &Device, dtype: DType) -> Tensor<2> {
    let mut values = vec![0.0f32; batch.labels.len() * classes];
    for (row, &label) in values.chunks_mut(classes).zip(&batch.labels) {
        row[label] = 1.0;
    }
    Tensor::from_data(TensorData::new(values, [batch.labels.len(), classes]), (device, dtype))
}

/// How many rows of `scores` (`[B, K]`) are largest where `y` (one-hot, `[B, K]`) is one, as `[1]` of the dtype of `y`.
pub fn count_correct(scores: &Tensor<2>, y: &Tensor<2>) -> Tensor<1> {
    let places: Tensor<2, Int> = scores.clone().argmax(1);
    y.clone().gather(1, places).sum()
}

/// Share of `dataset` that the network classifies correctly with its running statistics, 0 to 1. `progress` hears the
/// share that is done.
///
/// # Errors
/// When the device does not hold one image, or cannot be read; [`Error::Stopped`](crate::Error::Stopped).
pub async fn accuracy(
    network: &Network,
    state: &NetworkState,
    dataset: &Arc<Dataset>,
    stop: &Stop,
    mut progress: impl FnMut(usize, usize),
) -> Result<f64> {
    let (device, dtype) = (state.theta.device(), state.theta.dtype());
    let plan = BatchPlan {
        batch_size: fitting(BATCH.min(dataset.len()).max(1), network, &state.theta)?,
        shuffle: false,
        drop_last: false,
        augmentation: Augmentation::None,
        seed: Seed(0),
        epoch: 0,
        first_batch: 0,
    };
    let network = network.clone().until(stop);
    let mut correct = Tensor::<1>::zeros([1], (&device, dtype));
    let mut done = 0;
    for batch in Batches::new(dataset.clone(), plan)? {
        stop.check()?;
        let batch = batch?;
        let x = upload_images(&batch, &device, dtype);
        let logits = Stop::unless_left(|| network.logits(&state.theta, &x, Mode::Eval(&state.running)))?;
        let y = upload_labels(&batch, network.classes(), &device, dtype);
        correct = correct + count_correct(&logits, &y);
        done += batch.labels.len();
        progress(done, dataset.len());
    }
    Ok(read(&correct).await?[0] / dataset.len() as f64)
}
