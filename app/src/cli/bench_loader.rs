//! The loader's part of `l2t bench`: photographs made for it, its speed alone, and how long an iteration waits for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use image::codecs::jpeg::JpegEncoder;
use image::{ImageEncoder, RgbImage};
use l2t_core::data::{BatchPlan, Batches, Dataset, HostBatch, Split, WorldConfig, world};
use l2t_core::experiment::plan::TASK_SEED;
use l2t_core::experiment::run::batch_plan;
use l2t_core::experiment::{Config, Plan, checkpoint::Position};
use l2t_core::inputs::Inputs;
use l2t_core::{Error, Result};

/// Width and height of a photograph of CUB-200-2011, and of most that are shared.
const SIZE: (u32, u32) = (500, 375);

/// What cameras write: an encoded photograph has some 80 kB.
const QUALITY: u8 = 92;

/// How long the loader works alone.
const ALONE: Duration = Duration::from_secs(4);

/// What the photographs are called in a configuration.
const PATH: &str = "photographs";

/// Hands over `count` photographs of two classes, drawn, with a grain as a camera's, and encoded as JPEG.
///
/// # Errors
/// Where there are too few for a batch.
pub fn hand_over(config: &mut Config, count: usize) -> Result<Inputs> {
    if !(config.train.batch_size..=4096).contains(&count) {
        let reason = format!("{count} is not in {} (a batch) to 4096", config.train.batch_size);
        return Err(Error::config("--photographs", reason));
    }
    let drawn = WorldConfig { size: 256, test_per_class: count.div_ceil(10), ..WorldConfig::default() };
    let drawn = world(&drawn, Split::Test, TASK_SEED);
    // As many to train with as there are, and two to test on, which is not measured.
    let part = |nth: usize| if nth < count { "train" } else { "test" };
    let file = |nth: usize| {
        let name = format!("{}/{}/{nth}.jpg", part(nth), ["even", "odd"][nth % 2]);
        Ok((name, photograph(&drawn, nth % drawn.len())?))
    };
    let files: Result<Vec<_>> = (0..count + 2).map(file).collect();
    let mut inputs = Inputs::default();
    inputs.insert_all(PATH, files?);
    config.data.path = Some(PATH.into());
    config.data.per_class = 0;
    config.data.validation = 0.0;
    Ok(inputs)
}

fn photograph(data: &Dataset, index: usize) -> Result<Vec<u8>> {
    let (planes, area) = (data.image(index), data.height * data.width);
    let (width, height) = SIZE;
    let mut picture = RgbImage::from_fn(width, height, |x, y| {
        let at = y as usize * data.height / height as usize * data.width + x as usize * data.width / width as usize;
        image::Rgb([planes[at], planes[area + at], planes[2 * area + at]])
    });
    let mut grain = index as u32;
    for value in picture.iter_mut() {
        grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = value.saturating_add_signed((grain >> 28) as i8 - 8);
    }
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    let encoded = encoder.write_image(picture.as_raw(), width, height, image::ExtendedColorType::Rgb8);
    encoded.map_err(|error| Error::config("--photographs", error))?;
    Ok(bytes)
}

/// Batches as training takes them, epoch after epoch, and how long they were waited for.
struct Endless<'a> {
    plan: &'a Plan,
    epoch: u64,
    batches: Batches,
    waited: Duration,
}

impl<'a> Endless<'a> {
    fn new(plan: &'a Plan) -> Result<Self> {
        Ok(Self { plan, epoch: 0, batches: Self::epoch(plan, 0)?, waited: Duration::ZERO })
    }

    fn epoch(plan: &Plan, epoch: u64) -> Result<Batches> {
        let order = BatchPlan { epoch, ..batch_plan(&plan.config, plan.train.len(), &Position::default()) };
        Batches::new(Arc::clone(&plan.train), order)
    }

    fn next(&mut self) -> Result<HostBatch> {
        loop {
            let before = self.batches.waited();
            let next = self.batches.next();
            self.waited += self.batches.waited() - before;
            if let Some(batch) = next {
                return batch;
            }
            self.epoch += 1;
            self.batches = Self::epoch(self.plan, self.epoch)?;
        }
    }
}

/// Says how many images a second are loaded when nothing else is done, and which share of `repeats` iterations is spent waiting
/// for the next batch.
///
/// # Errors
/// Where a picture cannot be read.
pub fn report(plan: &Plan, repeats: usize, mut iteration: impl FnMut(&HostBatch)) -> Result<()> {
    let mut batches = Endless::new(plan)?;
    let (start, mut images) = (Instant::now(), 0);
    while start.elapsed() < ALONE {
        images += batches.next()?.labels.len();
    }
    let alone = images as f64 / start.elapsed().as_secs_f64();
    let mut batches = Endless::new(plan)?;
    // The first is waited for whoever loads it.
    iteration(&batches.next()?);
    let (start, before) = (Instant::now(), batches.waited);
    for _ in 0..repeats {
        iteration(&batches.next()?);
    }
    let (total, waited) = (start.elapsed().as_secs_f64(), (batches.waited - before).as_secs_f64());
    let needed = (repeats * plan.config.train.batch_size) as f64 / total;
    say!(
        "loader           {alone:.0} images/s alone, {needed:.1} needed; an iteration waits {:.1} ms for its batch ({:.1} %)",
        1e3 * waited / repeats as f64,
        100.0 * waited / total
    );
    Ok(())
}
