//! Labelled images in memory, from the official files of the paper's data sets, from a user's own pictures, or drawn.
//!
//! Reading order:
//!
//! - [`dataset`]: [`Dataset`], what everything else works on: planar RGB bytes, labels, boxes.
//! - [`open`]: [`load`], [`load_splits`] and [`DataSource`], which recognise the format of a folder, a zip or bytes.
//! - [`inspect()`]: what is on disk, class by class, with every problem that loading would meet.
//! - `files`, `part`, `decode`: named bytes → one part of a data set → pixels of the wanted size.
//! - `walk`, `tarball`, `gzip`, `leftovers`: what lies in a folder or an archive, less what systems leave behind.
//! - `format`, `layout`, `copies`: which data set lies where, which folders are its parts, which files are copies.
//! - `cifar`, `cifar_python`, `stl10`, `tiny_imagenet`, `image_folder`: one file per format.
//! - `pictures`, `unread`: which files are pictures, and what becomes of those that cannot be read.
//! - `sniff`, `jpeg`, `png_boxes`: what a file is, whether a JPEG is whole, and very large pictures made small.
//! - [`mod@world`]: drawn tasks with object masks, so that everything runs with nothing downloaded.
//! - [`normalise`], [`augment`], [`batches`]: from bytes to what a network is fed, in an order fixed by the seed.

pub mod augment;
pub mod batches;
mod cifar;
mod cifar_python;
mod copies;
pub mod dataset;
mod decode;
mod files;
mod format;
#[cfg(not(target_family = "wasm"))]
mod gzip;
mod image_folder;
pub mod inspect;
mod jpeg;
mod layout;
mod leftovers;
pub mod normalise;
pub mod open;
mod parallel;
mod part;
mod pictures;
mod png_boxes;
mod png_palette;
pub(crate) mod random;
mod sniff;
mod stl10;
#[cfg(not(target_family = "wasm"))]
mod tarball;
mod tiny_imagenet;
mod unread;
#[cfg(not(target_family = "wasm"))]
mod walk;
pub mod world;

pub use augment::Augmentation;
pub use batches::{BatchPlan, Batches, HostBatch};
pub use dataset::{Dataset, PixelBox, Split, Splits};
#[cfg(not(target_family = "wasm"))]
pub use inspect::inspect;
pub use inspect::{Inspection, PartSummary};
pub use open::DataSource;
#[cfg(not(target_family = "wasm"))]
pub use open::{load, load_splits};
pub use world::{WorldConfig, WorldTask, world, world_per_class, world_until};
