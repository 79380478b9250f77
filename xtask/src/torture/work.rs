//! Where it all happens, and what the program is given to do.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{self, Unfinished};
use super::program::Job;
use super::random::Random;
use crate::machine::Machine;
use crate::steps::Failure;

/// The whole torture.
pub struct Work {
    program: PathBuf,
    /// Everything is below it.
    pub folder: PathBuf,
    seed: u64,
}

/// What was done without interruption.
pub struct Undisturbed {
    /// Its folder.
    pub place: PathBuf,
    /// How long it took.
    pub took: Duration,
}

/// What became of a kind.
#[derive(Default)]
pub struct Tally {
    /// Processes that were killed.
    pub kills: usize,
    /// Results that were compared with an undisturbed one.
    pub results: usize,
    /// Their files.
    pub files: usize,
    /// Unfinished files behind the kills.
    pub left: Unfinished,
}

impl Tally {
    /// Adds what a killed program left in `place`, where every other file must be whole.
    pub fn killed(&mut self, place: &Path) -> Result<(), Failure> {
        let left = files::unfinished(place).map_err(Failure::Advice)?;
        self.kills += 1;
        self.left.files += left.files;
        self.left.half += left.half;
        Ok(())
    }

    /// Compares a result with the undisturbed one.
    pub fn compare(&mut self, undisturbed: &Undisturbed, place: &Path) -> Result<(), Failure> {
        self.files += files::compare(&undisturbed.place, place).map_err(Failure::Advice)?;
        self.results += 1;
        Ok(())
    }
}

impl Display for Tally {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kills, results, files, left } = self;
        write!(to, "{kills} kills, {} unfinished files seen, {} of them half written; ", left.files, left.half)?;
        write!(to, "{results} results of {files} files as undisturbed")
    }
}

impl Work {
    /// Makes the folder, and the images to learn.
    pub fn new(machine: &Machine, seed: u64) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("l2t-torture-{}", std::process::id()));
        let work = Self { program: machine.program("l2t"), folder, seed };
        let images = work.images();
        let written = fs::create_dir_all(&images)
            .and_then(|()| fs::write(images.join("data_batch_1.bin"), cifar(4)))
            .and_then(|()| fs::write(images.join("test_batch.bin"), cifar(2)));
        written.map_err(|error| cannot("write", &images, &error))?;
        Ok(work)
    }

    /// Removes all of it.
    pub fn remove(&self) -> Result<(), Failure> {
        fs::remove_dir_all(&self.folder).map_err(|error| cannot("remove", &self.folder, &error))
    }

    fn images(&self) -> PathBuf {
        self.folder.join("images")
    }

    /// The moments of a kind.
    pub fn random(&self, kind: &str) -> Random {
        Random::new(self.seed, kind)
    }

    /// A new working folder. All have the same depth, so that a relative path means the same everywhere.
    pub fn place(&self, name: impl Display) -> Result<PathBuf, Failure> {
        let place = self.folder.join(name.to_string());
        fs::create_dir(&place).map_err(|error| cannot("make", &place, &error))?;
        Ok(place)
    }

    /// `l2t` with the words of `line`, in `place`.
    pub fn job(&self, place: &Path, line: &str) -> Job<'_> {
        let words = line.split_whitespace().map(|word| match word {
            // These may have spaces in them.
            "IMAGES" => self.images().display().to_string(),
            "data.path=IMAGES" => format!("data.path={}", self.images().display()),
            word => word.to_owned(),
        });
        Job { program: &self.program, place: place.to_owned(), words: words.collect() }
    }

    /// Does the jobs of `lines`, one after another and without interruption, in a new folder.
    pub fn undisturbed(&self, name: &str, lines: &[&str]) -> Result<Undisturbed, Failure> {
        let place = self.place(format!("{name}-undisturbed"))?;
        let mut took = Duration::ZERO;
        for line in lines {
            took += self.job(&place, line).finish()?;
        }
        Ok(Undisturbed { place, took })
    }

    /// Removes a folder that was as it should be; two hundred of them would fill a disk.
    pub fn done_with(&self, place: &Path) -> Result<(), Failure> {
        fs::remove_dir_all(place).map_err(|error| cannot("remove", place, &error))
    }
}

/// Where an operating system says no.
pub fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Advice(format!("cannot {verb} {}: {error}", path.display()))
}

/// Changes that make a run tiny. The images are our own: those that the program carries are 1500 for testing alone.
pub const TINY: &str = "--set data.path=IMAGES --set train.batch_size=9 --device cpu";

/// `l2t train` of the method of the paper, which goes on where it was if there is something to go on with.
pub fn train(place: &Path, changes: &str) -> String {
    if place.join("run/checkpoints/latest.safetensors").exists() {
        return "train --resume run --device cpu".to_owned();
    }
    format!(
        "train --preset demo {TINY} --set data.per_class=3 --set sources.0.weights=untrained-resnet8 {changes} --out run"
    )
}

/// Images in CIFAR-10's binary format: `each` of ten classes, told by their brightness under noise.
fn cifar(each: usize) -> Vec<u8> {
    let mut random = Random::new(each as u64, "images");
    let mut bytes = Vec::new();
    for label in (0..10_u8).cycle().take(10 * each) {
        bytes.push(label);
        bytes.extend((0..3 * 32 * 32).map(|_| 13 * label + random.below(120) as u8));
    }
    bytes
}
