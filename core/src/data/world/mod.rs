//! The built-in world: drawn tasks that need no download, the same bytes on every platform.
//!
//! Every picture is a scene of layers: a background, clutter, one object made of parts, sometimes clutter before it. Pose,
//! size, proportions, colours, light, shadow, background, clutter and noise are random and say nothing about the class,
//! except where a task says so. Every class looks the same mirrored as not, because training mirrors pictures. Each image
//! comes with the exact mask of its object.
//!
//! | task | classes | what decides | made to show |
//! |---|---|---|---|
//! | `things` | 36 | shape and texture together | the source task: parts, outlines, textures |
//! | `materials` | 17 | texture of the whole picture | a second source of another emphasis |
//! | `fine-grained` | 10 | small parts of one kind of body | transfer where a few channels matter |
//! | `texture` | 10 | texture; shape is noise | which source and which layers know textures |
//! | `shifted` | 10 | shape, in false colours and heavy clutter | transfer over a shift of domain |
//! | `unrelated` | 10 | the colour of the light | where transfer should **not** help |
//!
//! The files of the tasks say more. Reading order: `geometry`, `material`, `painter` (scene → bytes), `scenery` and
//! `things` (what scenes are made of), then `source_things`, `source_materials`, `fine_grained`, `texture`,
//! `shifted`, `unrelated`.

mod dice;
mod fine_grained;
mod geometry;
mod material;
mod painter;
mod scenery;
mod shifted;
mod source_materials;
mod source_things;
mod texture;
mod things;
mod unrelated;

use serde::{Deserialize, Serialize};

use self::dice::Dice;
use self::painter::{Picture, Scene, box_of};
use crate::data::choose::chosen_per_class;
use crate::data::dataset::{Dataset, Split};
use crate::data::parallel;
use crate::error::{Error, Result};
use crate::seed::Seed;
use crate::stop::Stop;

/// Which task; the [module](self) says what each is made to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorldTask {
    /// 36 classes, to train a source network on: 18 things, striped or spotted.
    Things,
    /// 17 classes, to train a second source network on: textures.
    Materials,
    /// 10 species of beetle; small parts decide.
    FineGrained,
    /// 10 textures on blobs; shape is noise.
    Texture,
    /// 10 of the things in false colours and heavy clutter.
    Shifted,
    /// 10 colours of light; transfer should not help.
    Unrelated,
}

impl WorldTask {
    /// All tasks, sources first.
    pub const ALL: [Self; 6] =
        [Self::Things, Self::Materials, Self::FineGrained, Self::Texture, Self::Shifted, Self::Unrelated];

    /// The name in configurations and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Things => "things",
            Self::Materials => "materials",
            Self::FineGrained => "fine-grained",
            Self::Texture => "texture",
            Self::Shifted => "shifted",
            Self::Unrelated => "unrelated",
        }
    }

    /// What each task is made to show, in a sentence.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Things => "a source: striped and spotted things; teaches parts, outlines and textures",
            Self::Materials => "a source: textures of the whole picture",
            Self::FineGrained => "species of beetle: small parts decide",
            Self::Texture => "textures on blobs: shape is noise",
            Self::Shifted => "things in false colours and heavy clutter: a shift of domain",
            Self::Unrelated => "the colour of the light: transfer should not help",
        }
    }

    /// Names of the classes, in order of their label.
    pub fn class_names(self) -> Vec<String> {
        match self {
            Self::Things => source_things::class_names(),
            Self::Materials => source_materials::class_names(),
            Self::FineGrained => fine_grained::class_names(),
            Self::Texture => texture::class_names(),
            Self::Shifted => shifted::class_names(),
            Self::Unrelated => unrelated::class_names(),
        }
    }

    /// Whether the task is there to train a source network on.
    pub fn is_source(self) -> bool {
        matches!(self, Self::Things | Self::Materials)
    }

    fn scene(self, class: usize, size: f32, dice: &mut Dice) -> Scene {
        match self {
            Self::Things => source_things::scene(class, size, dice),
            Self::Materials => source_materials::scene(class, size, dice),
            Self::FineGrained => fine_grained::scene(class, size, dice),
            Self::Texture => texture::scene(class, size, dice),
            Self::Shifted => shifted::scene(class, size, dice),
            Self::Unrelated => unrelated::scene(class, size, dice),
        }
    }
}

impl std::str::FromStr for WorldTask {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::config("task", format!("{name} is none of {names}"))
        })
    }
}

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldConfig {
    /// Which classes.
    pub task: WorldTask,
    /// Rows and columns of an image; 16 to 256. Everything scales with it.
    pub size: usize,
    /// Images of each class in the training part.
    pub train_per_class: usize,
    /// Images of each class in the validation part.
    pub validation_per_class: usize,
    /// Images of each class in the test part.
    pub test_per_class: usize,
}

impl Default for WorldConfig {
    /// The fine-grained task at the size of CIFAR. 150 test images of each of ten classes put the standard error of an
    /// accuracy below 1.3 points.
    fn default() -> Self {
        Self {
            task: WorldTask::FineGrained,
            size: 32,
            train_per_class: 100,
            validation_per_class: 20,
            test_per_class: 150,
        }
    }
}

/// Most images of one class: every image is kept in memory.
const MAX_PER_CLASS: usize = 10_000;

impl WorldConfig {
    /// Whether these images can be drawn.
    ///
    /// # Errors
    /// Names the key that is out of range.
    pub fn check(&self) -> Result<()> {
        let ranges = [
            ("size", self.size, 16, 256),
            ("train_per_class", self.train_per_class, 1, MAX_PER_CLASS),
            ("validation_per_class", self.validation_per_class, 1, MAX_PER_CLASS),
            ("test_per_class", self.test_per_class, 1, MAX_PER_CLASS),
        ];
        match ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            Some((key, value, least, most)) => Err(Error::config(key, format!("{value} is not in {least} to {most}"))),
            None => Ok(()),
        }
    }

    /// What a data set of it is called.
    fn name(&self) -> String {
        format!("built-in {}", self.task.name())
    }

    /// The name of a part, and its images of each class.
    fn part(&self, split: Split) -> (&'static str, usize) {
        match split {
            Split::Train => ("train", self.train_per_class),
            Split::Validation => ("validation", self.validation_per_class),
            Split::Test => ("test", self.test_per_class),
        }
    }

    /// The label of every image of a part.
    pub(crate) fn labels(&self, split: Split) -> Vec<usize> {
        let classes = self.task.class_names().len();
        (0..self.part(split).1 * classes).map(|index| index % classes).collect()
    }
}

/// Draws one part of a task, with object masks and the boxes around them.
///
/// Image i is of class i mod (number of classes) and depends on (seed, task, part, i) alone, bit for bit the same on
/// every platform: asking for more images adds to the ones there are.
///
/// # Panics
/// If [`WorldConfig::check`] would refuse `config`.
pub fn world(config: &WorldConfig, split: Split, seed: Seed) -> Dataset {
    let all: Vec<usize> = (0..config.labels(split).len()).collect();
    drawn(config, split, seed, &all, &Stop::default()).expect("nobody asks for an end")
}

/// [`world`], until `stop` is asked for.
///
/// # Errors
/// [`Error::Stopped`].
///
/// # Panics
/// As [`world`].
pub fn world_until(config: &WorldConfig, split: Split, seed: Seed, stop: &Stop) -> Result<Dataset> {
    let all: Vec<usize> = (0..config.labels(split).len()).collect();
    drawn(config, split, seed, &all, stop)
}

/// `world_until(config, split, seed, stop)?.per_class(n, choice)`, of which no other image is drawn.
///
/// # Errors
/// If a class has fewer than `n` images; the message names the class. [`Error::Stopped`].
///
/// # Panics
/// As [`world`].
pub fn world_per_class(
    config: &WorldConfig,
    split: Split,
    seed: Seed,
    n: usize,
    choice: Seed,
    stop: &Stop,
) -> Result<Dataset> {
    let labels = config.labels(split);
    let chosen = chosen_per_class(&config.name(), &config.task.class_names(), &labels, &[], n, choice)?;
    drawn(config, split, seed, &chosen, stop)
}

/// The images of a part with these indices.
fn drawn(config: &WorldConfig, split: Split, seed: Seed, indices: &[usize], stop: &Stop) -> Result<Dataset> {
    config.check().expect("a configuration that was checked");
    let labels = config.labels(split);
    let stream = format!("{} {}", config.task.name(), config.part(split).0);
    let pictures = parallel::map(indices, |&index| {
        stop.check()?;
        Ok(picture(config.task, labels[index], config.size, Dice(seed.stream(&stream, index as u64))))
    });
    let (mut pixels, mut masks, mut boxes) = (Vec::new(), Vec::new(), Vec::new());
    for picture in pictures {
        let picture = picture?;
        boxes.push(box_of(&picture.mask, config.size));
        pixels.extend(picture.pixels);
        masks.extend(picture.mask);
    }
    Ok(Dataset {
        name: config.name(),
        class_names: config.task.class_names(),
        height: config.size,
        width: config.size,
        pixels,
        stored: None,
        labels: indices.iter().map(|index| labels[*index]).collect(),
        boxes: Some(boxes),
        masks: Some(masks),
        notes: Vec::new(),
    })
}

fn picture(task: WorldTask, class: usize, size: usize, mut dice: Dice) -> Picture {
    task.scene(class, size as f32, &mut dice).draw(size, &mut dice)
}

#[cfg(test)]
mod tests;
