//! The images that the meta-objective is measured on, where they are not those of the virtual steps.

use std::sync::Arc;

use super::checkpoint::Position;
use super::config::Config;
use super::evaluate::{upload_images, upload_labels};
use super::plan::Plan;
use super::run::{batch_plan, iterations};
use crate::bilevel::MeasuredOn;
use crate::data::{BatchPlan, Batches, Dataset, HostBatch};
use crate::error::{Error, Result};
use crate::objective::{Batch, Chunk, Part};
use crate::seed::Seed;

/// Tells the order of these images from that of the training batches.
const STREAM: u64 = 0x006f_7574_6572;

/// The training images without those that θ is not to be trained on, and these.
///
/// # Errors
/// When either part would be empty.
pub(super) fn hold_out(config: &Config, train: Dataset) -> Result<(Dataset, Option<Dataset>)> {
    if config.meta.measured_on != MeasuredOn::HeldOut || !config.learns_phi() {
        return Ok((train, None));
    }
    let (rest, held_out) = train.stratified_split(config.meta.held_out, Seed(config.seed ^ STREAM));
    if held_out.is_empty() || rest.is_empty() {
        let share = config.meta.held_out;
        let reason = format!("{share} of {} training images leaves one of two parts empty", train.len());
        return Err(Error::config("meta.held_out", reason));
    }
    Ok((rest, Some(held_out)))
}

/// One batch after another, over epochs of their own: which one a step on φ gets depends on its number alone.
pub(super) struct OuterBatches {
    images: Arc<Dataset>,
    next: usize,
    batches: Option<Batches>,
}

impl OuterBatches {
    /// From the first step on φ at or behind `position`; `None` where the meta-objective is measured on the training batch.
    pub fn new(plan: &Plan, position: &Position) -> Option<Self> {
        plan.learner.meta_rule?;
        let images = match plan.config.meta.measured_on {
            MeasuredOn::SameBatch => return None,
            MeasuredOn::OtherBatch => plan.train.clone(),
            MeasuredOn::HeldOut => plan.outer.clone()?,
        };
        let next = position.iterations_done(iterations(plan)).div_ceil(plan.config.meta.every);
        Some(Self { images, next, batches: None })
    }

    /// The batch of the next step on φ, on the device.
    pub fn next(&mut self, plan: &Plan) -> Result<Batch> {
        let of =
            if plan.config.meta.outer_batch > 0 { plan.config.meta.outer_batch } else { plan.config.train.batch_size };
        let batch_size = of.min(self.images.len());
        let order = |epoch: usize, first_batch: usize| BatchPlan {
            batch_size,
            seed: Seed(plan.config.seed ^ STREAM),
            epoch: epoch as u64,
            first_batch,
            drop_last: true,
            ..batch_plan(&plan.config, self.images.len(), &Position::default())
        };
        let in_an_epoch = order(0, 0).batches_per_epoch(self.images.len());
        let (epoch, first) = (self.next / in_an_epoch, self.next % in_an_epoch);
        let mut batches = match self.batches.take() {
            Some(batches) if first > 0 => batches,
            _ => Batches::new(self.images.clone(), order(epoch, first))?,
        };
        let host = batches.next().expect("the epoch has as many batches")?;
        self.next += 1;
        self.batches = Some(batches);
        let classes = plan.learner.model.network.classes();
        let chunk = |host: HostBatch| Chunk {
            x: upload_images(&host, &plan.device, plan.dtype),
            y: upload_labels(&host, classes, &plan.device, plan.dtype),
            transfer: None,
            auxiliary: vec![],
        };
        let parts = host.parts(plan.division.part).into_iter();
        let parts = parts.map(|part| Part::new(part.parts(plan.division.chunk).into_iter().map(chunk).collect()));
        Ok(Batch::new(parts.collect()))
    }
}
