//! The readers, one file a family: their valid inputs, made by code, and their grammars.

mod checkpoints;
mod folders;
mod listed;
mod messages;
mod pickles;
mod pictures;
mod records;
mod safetensors;
mod tars;
mod texts;
mod torch;
mod zips;

use l2t_core::Error;
use l2t_core::data::DataSource;
use l2t_core::seed::Seed;

use crate::reader::Reader;

/// All readers.
pub static ALL: [Reader; 20] = [
    torch::ZIP,
    torch::LEGACY,
    torch::TARRED,
    safetensors::READER,
    zips::DATA,
    tars::DATA,
    records::CIFAR,
    records::STL10,
    folders::TINY_IMAGENET,
    folders::IMAGE_FOLDER,
    listed::READER,
    pictures::READER,
    texts::CONFIG,
    texts::GRID,
    texts::CHANGES,
    texts::LINK,
    texts::SETTINGS,
    checkpoints::RUN,
    checkpoints::CHECKPOINT,
    messages::READER,
];

/// Words of a format.
fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// Reads a data set as the program does: looked through, then loaded. One that has no problems must load.
fn read_data(source: l2t_core::Result<DataSource>) -> bool {
    let Some(source) = taken(source) else { return false };
    let inspection = source.inspect();
    let _ = inspection.to_string();
    taken(source.load_splits(32, Seed(0))).is_some()
}

/// What was read; what is said instead must be one line that a terminal can show.
fn taken<T>(outcome: Result<T, Error>) -> Option<T> {
    outcome.map_err(|error| is_one_line(&error.to_string())).ok()
}

fn is_one_line(message: &str) {
    assert!(!message.contains(char::is_control), "a message has control characters: {message:?}");
    assert!(!message.is_empty(), "a refusal without words");
}
