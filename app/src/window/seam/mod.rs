//! What differs between a program with a window and a page: where a run goes on, where files come from and go to, what
//! is remembered. Both sides offer the same names, and nothing else of the window asks where it is.

pub mod keeping;
#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod web;
pub mod wire;

use std::path::PathBuf;
use std::sync::Arc;

use l2t_core::experiment::look::Look;

#[cfg(not(target_family = "wasm"))]
pub use native::{
    DrawableMaps, Folder, Host, Leaving, MapPainter, OpenFor, Opening, Painted, Session, has_display, open, run_at,
};
#[cfg(target_family = "wasm")]
pub use web::{DrawableMaps, Folder, Host, MapPainter, Painted, Place, Session, run_at, work};

/// Called when there is something new to show.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What a run was seen to do.
#[derive(Debug)]
pub struct Shown {
    /// On the host.
    pub look: Arc<Look>,
    /// Its saliency maps, where they can be drawn from where they are.
    pub maps: DrawableMaps,
}

/// What the user gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A file or folder on this machine.
    Path(PathBuf),
    /// Files in memory that belong together, and what to call them.
    Memory(String, Vec<(String, Vec<u8>)>),
    /// What to tell the user instead: it could not be read, or something else has become of it.
    Words(String),
}

impl Given {
    /// One file in memory.
    pub fn file(name: String, bytes: Vec<u8>) -> Self {
        Self::Memory(name.clone(), vec![(name, bytes)])
    }
}

/// A run that this place keeps by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRun {
    /// What the user called it.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}
