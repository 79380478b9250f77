//! Pictures that stay in their files: each is decoded when it is looked at, and kept decoded as far as memory is allowed.
//!
//! A data set of photographs does not fit the memory at the size that random crops need (CUB's 5,994 training images: 3 GB),
//! and what is cropped is another rectangle in every epoch. So a [`View`] is cut out of the picture as it is stored.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use image::RgbImage;

use crate::data::decode::decode;
use crate::data::files::Files;
use crate::data::view::View;
use crate::error::Result;

/// How many bytes decoded pictures may still take, over all parts of a data set.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    pub(super) fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// Takes `bytes` off, if there are as many.
    fn take(&self, bytes: u64) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// The pictures of one part of a data set.
pub(super) struct Store {
    pub files: Files,
    pub names: Vec<String>,
    /// Name of each mask; empty where there are none.
    pub masks: Vec<Option<String>>,
    /// Whether what a camera wrote down of its orientation is followed.
    pub upright: bool,
    /// Width and height of each, decoded.
    pub sizes: Vec<(usize, usize)>,
    /// Rows and columns of what is seen.
    pub side: usize,
    kept: Vec<OnceLock<Arc<RgbImage>>>,
    budget: Budget,
}

/// Some of them, in some order.
#[derive(Clone)]
pub struct Stored {
    store: Arc<Store>,
    places: Vec<usize>,
}

impl Store {
    pub(super) fn new(
        files: Files,
        names: Vec<String>,
        sizes: Vec<(usize, usize)>,
        side: usize,
        budget: Budget,
    ) -> Self {
        let kept = names.iter().map(|_| OnceLock::new()).collect();
        Self { files, names, masks: Vec::new(), upright: true, sizes, side, kept, budget }
    }

    fn picture(&self, place: usize) -> Result<Arc<RgbImage>> {
        if let Some(picture) = self.kept[place].get() {
            return Ok(picture.clone());
        }
        let name = &self.names[place];
        let picture = Arc::new(decode(&self.files.read(name)?, &self.files.path_of(name), self.upright)?.rgb);
        if self.budget.take(picture.as_raw().len() as u64) {
            // Where another thread was first, the bytes are the same.
            let _ = self.kept[place].set(picture.clone());
        }
        Ok(picture)
    }
}

impl Stored {
    /// All pictures of a store in their order.
    pub(super) fn all(store: Store) -> Self {
        let places = (0..store.names.len()).collect();
        Self { store: Arc::new(store), places }
    }

    /// Those at `indices`.
    pub(super) fn select(&self, indices: &[usize]) -> Self {
        Self { store: self.store.clone(), places: indices.iter().map(|&index| self.places[index]).collect() }
    }

    /// What is seen of picture `index` by the view that `of` makes of its width and height and of its test view.
    ///
    /// # Errors
    /// If its file is no longer what it was; the message names it.
    pub(super) fn seen(&self, index: usize, of: impl Fn((usize, usize), View) -> View) -> Result<Vec<u8>> {
        let picture = self.store.picture(self.places[index])?;
        let size = (picture.width() as usize, picture.height() as usize);
        Ok(of(size, View::test(size, self.store.side)).of(&picture))
    }

    /// Whether there are masks.
    pub(super) fn has_masks(&self) -> bool {
        !self.store.masks.is_empty()
    }

    /// Whether there is a mask of picture `index`.
    pub(super) fn has_mask(&self, index: usize) -> bool {
        self.store.masks.get(self.places[index]).is_some_and(Option::is_some)
    }

    /// The mask of picture `index` as its test view shows it: 1 where at least half of a pixel is white, 0 elsewhere. `None`
    /// where there is none, or none that can be read; its box then says where the object is.
    pub(super) fn mask(&self, index: usize) -> Option<Vec<u8>> {
        let name = self.store.masks.get(self.places[index])?.as_ref()?;
        let seen = mask(&self.store.files, name, |size| View::test(size, self.store.side));
        seen.inspect_err(|error| log::warn!("{error}")).ok()
    }
}

/// The mask in the file called `name`, in the view that `of` makes of its width and height: 1 where at least half of a pixel
/// is white, 0 elsewhere. The files have a few greys along edges, and 128 and above are white.
///
/// # Errors
/// If it cannot be read; the message names it.
pub(super) fn mask(files: &Files, name: &str, of: impl Fn((usize, usize)) -> View) -> Result<Vec<u8>> {
    let mut white = decode(&files.read(name)?, &files.path_of(name), false)?.rgb;
    white.iter_mut().for_each(|value| *value = if *value < 128 { 0 } else { 255 });
    let seen = of((white.width() as usize, white.height() as usize)).of(&white);
    Ok(seen[..seen.len() / 3].iter().map(|value| u8::from(*value >= 128)).collect())
}

impl fmt::Debug for Stored {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} pictures in {}", self.places.len(), self.store.files.root().display())
    }
}

/// The same pictures in the same view.
impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        let pictures = |stored: &Self| -> Vec<(String, (usize, usize))> {
            stored.places.iter().map(|&place| (stored.store.names[place].clone(), stored.store.sizes[place])).collect()
        };
        self.store.side == other.store.side && pictures(self) == pictures(other)
    }
}
