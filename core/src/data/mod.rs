//! Labelled images in memory, from the official files of the paper's data sets, from a user's own pictures, or drawn.
//!
//! Reading order:
//!
//! - [`dataset`]: [`Dataset`], what everything else works on: planar RGB bytes, labels, boxes.
//! - [`open`]: [`load`], [`load_splits`] and [`DataSource`], which recognise the format of a folder, a zip or bytes.
//! - [`inspect()`]: what is on disk, class by class, with every problem that loading would meet.
//! - `files`, `part`, `loading`, `decode`: named bytes → one part of a data set → its images at the wanted size.
//! - `choose`: so many images of each class, or a share that is held out.
//! - `leftovers`: what systems leave behind in a folder or an archive, and is none of it.
//! - `format`, `archives`, `layout`, `part_names`, `copies`: which data set lies where, in archives side by side, which folders are
//!   its parts by what they hold and by their names, which files are copies.
//! - `cifar`, `cifar_python`, `stl10`, `tiny_imagenet`, `cub200`, `dogs`, `mit67`, `stanford40`, `image_folder`: one file per
//!   format.
//! - `listed`, `mat`, `annotations`, `voc`: pictures named by lists, MATLAB's files, boxes in files of XML.
//! - `pictures`, `unread`, `outside`: which files are pictures, what becomes of those that cannot be read, and of boxes that are
//!   in none.
//! - `kind`, `sniff`, `jpeg`, `png_boxes`: what a file is, whether a JPEG is whole, and very large pictures made small.
//! - [`mod@world`]: drawn tasks with object masks, so that everything runs with nothing downloaded.
//! - `resample`, `view`, `stored`: a part of a picture at the wanted size, to the byte as PIL has it; pictures that stay in their
//!   files.
//! - [`normalise`], [`augment`], [`batches`]: from bytes to what a network is fed, in an order fixed by the seed.

mod annotations;
mod archives;
pub mod augment;
pub mod batches;
mod choose;
mod cifar;
mod cifar_python;
mod copies;
mod cub200;
pub mod dataset;
mod decode;
mod dogs;
mod files;
mod format;
mod image_folder;
pub mod inspect;
mod jpeg;
mod kind;
mod layout;
mod leftovers;
mod listed;
mod loading;
mod mat;
#[cfg(test)]
mod miniature;
mod mit67;
pub mod normalise;
pub mod open;
mod outside;
mod parallel;
mod part;
mod part_names;
mod pictures;
mod png_boxes;
mod png_palette;
pub(crate) mod random;
mod resample;
mod sniff;
mod stanford40;
mod stl10;
mod stored;
mod tiny_imagenet;
mod unread;
mod view;
mod voc;
pub mod world;

pub use augment::Augmentation;
pub use batches::{BatchPlan, Batches, HostBatch};
pub use dataset::{Dataset, PixelBox, Split, Splits};
#[cfg(not(target_family = "wasm"))]
pub use inspect::inspect;
pub use inspect::{Inspection, PartSummary};
pub use open::{DataSource, Loading};
#[cfg(not(target_family = "wasm"))]
pub use open::{load, load_splits};
pub use stored::Stored;
pub use world::{WorldConfig, WorldTask, world, world_per_class, world_until};
