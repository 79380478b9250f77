//! `l2t data`.

use std::path::Path;

use image::RgbImage;
use l2t_core::data::{DataSource, Dataset, Split, WorldConfig, WorldTask, world};
use l2t_core::experiment::plan::TASK_SEED;
use l2t_core::seed::Seed;
use l2t_core::{Error, Result};

use super::Ending;
use super::args::SampleArguments;
use super::progress::loading;
use crate::plots::{SheetRow, contact_sheet};

/// What is in a data set; it ends in problems where there are any.
pub fn inspect(path: &Path) -> Result<Ending> {
    let inspection = DataSource::open(path)?.watched(loading()).inspect();
    say!("{inspection}");
    Ok(if inspection.problems.is_empty() { Ending::Done } else { Ending::Problems })
}

/// Sample images, a class a row.
pub fn sample(arguments: &SampleArguments) -> Result<Ending> {
    let data = samples(arguments)?;
    if arguments.masks && data.masks.is_none() {
        return Err(Error::config("--masks", format!("{} has no object masks", data.name)));
    }
    let rows: Vec<SheetRow> = (0..data.class_names.len())
        .map(|class| {
            let members = (0..data.len()).filter(|index| data.labels[*index] == class).take(arguments.per_class);
            let images = members.map(|index| picture(&data, index, arguments.masks)).collect();
            SheetRow { name: data.class_names[class].clone(), images }
        })
        .collect();
    contact_sheet(&rows).write_png(&arguments.out)?;
    say!("{}: {} classes, a row each, in {}", data.name, rows.len(), arguments.out.display());
    Ok(Ending::Done)
}

fn samples(arguments: &SampleArguments) -> Result<Dataset> {
    if !(1..=100).contains(&arguments.per_class) {
        return Err(Error::config("--per-class", format!("{} is not in 1 to 100", arguments.per_class)));
    }
    if let Some(path) = &arguments.path {
        let data = DataSource::open(path)?.watched(loading()).load(Split::Train, arguments.size)?;
        let enough = data.class_counts().into_iter().min().unwrap_or(0).min(arguments.per_class);
        return data.per_class(enough.max(1), Seed(arguments.seed));
    }
    let task: WorldTask = arguments.task.as_deref().expect("clap asks for a path or a task").parse()?;
    let config =
        WorldConfig { task, size: arguments.size, train_per_class: arguments.per_class, ..WorldConfig::default() };
    config.check()?;
    // The images that runs learn from, or others.
    Ok(world(&config, Split::Train, Seed(TASK_SEED.0 + arguments.seed)))
}

/// One image; what is beside its object is darkened where `masked`.
fn picture(data: &Dataset, index: usize, masked: bool) -> RgbImage {
    let plane = data.height * data.width;
    let (image, mask) = (data.image(index), data.mask(index).filter(|_| masked));
    RgbImage::from_fn(data.width as u32, data.height as u32, |x, y| {
        let place = y as usize * data.width + x as usize;
        let light = if mask.is_some_and(|mask| mask[place] == 0) { 4 } else { 1 };
        image::Rgb([0, 1, 2].map(|channel| image[channel * plane + place] / light))
    })
}
