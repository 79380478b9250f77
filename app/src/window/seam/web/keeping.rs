//! What of a run is kept in the browser, and when.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use js_sys::Uint8Array;
use l2t_core::experiment::Snapshot;
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::run::Keeper;
use l2t_core::{Error, Result};
use wasm_bindgen_futures::spawn_local;

use super::storage;
use crate::window::seam::keeping::Attempts;
use crate::window::seam::{KeptRun, Wake};

/// Runs that this browser keeps, and the one under way that it is to keep.
pub struct Keeping {
    /// What the run under way is kept as.
    pub(super) name: RefCell<Option<String>>,
    pub(super) runs: RefCell<Vec<KeptRun>>,
    pub(super) trouble: RefCell<Option<String>>,
    attempts: RefCell<Attempts>,
    /// The name and zip that is written next.
    next: RefCell<Option<(String, Uint8Array)>>,
    writing: Cell<bool>,
    pub(super) wake: Wake,
}

impl Keeping {
    pub(super) fn new(wake: Wake) -> Self {
        Self {
            name: RefCell::default(),
            runs: RefCell::default(),
            trouble: RefCell::default(),
            attempts: RefCell::default(),
            next: RefCell::default(),
            writing: Cell::default(),
            wake,
        }
    }

    /// Keeps the zip of a run, if it is to be kept: one after another, and of those that wait the newest.
    pub(super) fn keep(self: &Rc<Self>, zip: &Uint8Array) {
        let Some(name) = self.name.borrow().clone() else { return };
        *self.next.borrow_mut() = Some((name, zip.clone()));
        if self.writing.replace(true) {
            return;
        }
        let this = self.clone();
        spawn_local(async move {
            loop {
                let next = this.next.borrow_mut().take();
                let Some((name, zip)) = next else { break };
                let attempt = storage::keep(&name, &zip).await;
                if let Some(words) = this.attempts.borrow_mut().after(&name, attempt) {
                    *this.trouble.borrow_mut() = Some(words);
                }
            }
            this.writing.set(false);
            this.refresh();
        });
    }

    pub(super) fn refresh(self: &Rc<Self>) {
        let this = self.clone();
        spawn_local(async move {
            match storage::list().await {
                Ok(runs) => *this.runs.borrow_mut() = runs,
                Err(error) => log::warn!("{error}"),
            }
            (this.wake)();
        });
    }
}

/// A page has no folders; nobody can make one.
#[derive(Debug, Clone)]
pub enum Folder {}

impl Folder {
    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub fn holding(path: &Path, _: &Snapshot) -> Result<Self> {
        Err(Error::file(path, "a page has no folders: keep the run in the browser, or export it"))
    }

    /// There is none.
    pub fn path(&self) -> &Path {
        match *self {}
    }
}

impl Keeper for Folder {
    fn keep_latest(&mut self, _: &Checkpoint) -> Result<()> {
        match *self {}
    }

    fn keep_best(&mut self, _: &Checkpoint) -> Result<()> {
        match *self {}
    }

    fn best(&self) -> Result<Checkpoint> {
        match *self {}
    }
}
