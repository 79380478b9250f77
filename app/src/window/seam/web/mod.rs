//! A page: runs go on in a worker, files are given and downloaded, the browser remembers.

mod buffer;
mod keeping;
mod map_painter;
mod session;
mod shell;
mod storage;
mod worker;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use eframe::egui::{Context, DroppedFileHandle};
use js_sys::{Array, Uint8Array};
use l2t_core::Result;
use l2t_core::device::DeviceChoice;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, HtmlAnchorElement, Url};

use super::{Given, KeptRun, Wake};
use crate::window::run::order::{Opened, Order};
use crate::window::shell::settings::Settings;

pub use super::wire::Place;
pub use keeping::{Folder, Keeping};
pub use map_painter::{DrawableMaps, MapPainter, Painted};
pub use session::Session;
pub use worker::work;

/// What the run under way is kept as, in case the page ends without being asked.
const LAST_RUN: &str = "last run";

/// This page.
pub struct Host {
    place: Place,
    asked: Option<DeviceChoice>,
    given: Rc<RefCell<Vec<Given>>>,
    keeping: Rc<Keeping>,
}

impl Host {
    /// Whose runs go on at `place`.
    pub fn new(place: Place, asked: Option<DeviceChoice>, wake: Wake) -> Self {
        let keeping = Rc::new(Keeping::new(wake));
        keeping.refresh();
        Self { place, asked, given: Rc::default(), keeping }
    }

    /// Starts a run. A worker is a new one, and so is its device.
    pub fn start(&self, order: Order, _anew: bool, wake: Wake) -> Session {
        *self.keeping.name.borrow_mut() = Some(LAST_RUN.into());
        Session::start(&order, self.place.clone(), self.keeping.clone(), wake)
    }

    /// What is remembered of the last time.
    pub fn remembered() -> Settings {
        storage::settings()
    }

    /// Remembers.
    ///
    /// # Errors
    /// None here: a browser that was told not to remember does not.
    pub fn remember(&self, settings: &Settings) -> Result<()> {
        storage::remember(settings);
        Ok(())
    }

    /// Lets the user choose a file by the browser's dialog; it comes by [`given`](Self::given).
    pub fn choose_file(&self, wake: Wake) {
        let given = self.given.clone();
        spawn_local(async move {
            for file in rfd::AsyncFileDialog::new().pick_files().await.unwrap_or_default() {
                let bytes = file.read().await;
                given.borrow_mut().push(Given::file(file.file_name(), bytes));
            }
            wake();
        });
    }

    /// A page is given files alone.
    pub fn choose_folder(&self, wake: Wake) {
        self.choose_file(wake);
    }

    /// Gives a file to the user as a download.
    pub fn save(&self, name: &str, contents: Vec<u8>, _: Wake) {
        download(name, &contents);
    }

    /// Takes in what was dropped on the page.
    pub fn dropped(&self, files: Vec<DroppedFileHandle>, wake: &Wake) {
        if files.is_empty() {
            return;
        }
        let (given, wake) = (self.given.clone(), wake.clone());
        spawn_local(async move {
            let mut read = Vec::new();
            for file in files {
                let name = file.path().display().to_string();
                read.push(match file.bytes_async().await {
                    Ok(bytes) => Given::file(name, bytes),
                    Err(reason) => Given::Words(format!("{name}: {reason}")),
                });
            }
            // All at once: files of one data set come together.
            given.borrow_mut().extend(read);
            wake();
        });
    }

    /// The files that the user gave since the last call.
    pub fn given(&self) -> Vec<Given> {
        std::mem::take(&mut *self.given.borrow_mut())
    }

    /// Runs that this browser keeps.
    pub fn kept_runs(&self) -> Option<Vec<KeptRun>> {
        Some(self.keeping.runs.borrow().clone())
    }

    /// The newest run is among those that the browser keeps.
    pub fn last_run(&self) -> Option<PathBuf> {
        None
    }

    /// Keeps the run of `session` in this browser from now on, under `name`.
    pub fn keep_here(&self, session: &Session, name: &str) {
        *self.keeping.name.borrow_mut() = Some(name.to_owned());
        match session.zip() {
            Some(zip) => self.keeping.keep(&zip),
            None => self
                .given
                .borrow_mut()
                .push(Given::Words(format!("{name} will be kept in this browser from its first complete epoch on"))),
        }
    }

    /// Opens a run that this browser keeps; it comes by [`given`](Self::given).
    pub fn open_kept(&self, name: &str) {
        let (given, keeping, name) = (self.given.clone(), self.keeping.clone(), name.to_owned());
        spawn_local(async move {
            let read = storage::read(&name).await;
            given.borrow_mut().push(match read {
                Ok(zip) => Given::file(name, zip),
                Err(error) => Given::Words(error.to_string()),
            });
            (keeping.wake)();
        });
    }

    /// Takes a run out of this browser.
    pub fn forget(&self, name: &str) {
        let (keeping, name) = (self.keeping.clone(), name.to_owned());
        spawn_local(async move {
            if let Err(error) = storage::forget(&name).await {
                *keeping.trouble.borrow_mut() = Some(error.to_string());
            }
            keeping.refresh();
        });
    }

    /// Names the tab.
    pub fn set_title(&self, _: &Context, title: &str) {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            document.set_title(title);
        }
    }

    /// What there is to say of keeping, once.
    pub fn trouble(&self) -> Option<String> {
        self.keeping.trouble.borrow_mut().take()
    }

    /// Opens the lesson beside the window.
    pub fn lesson(&self) -> bool {
        let open = || web_sys::window()?.dispatch_event(&web_sys::Event::new("l2t-lesson").ok()?).ok();
        open().is_some()
    }

    /// The page that a link leads to.
    pub fn page(&self) -> Option<String> {
        let location = web_sys::window()?.location();
        let address = location.href().ok()?;
        Some(address.split('#').next().unwrap_or_default().to_owned())
    }

    /// What stands behind the # of the address.
    pub fn hash(&self) -> Option<String> {
        let hash = web_sys::window()?.location().hash().ok()?;
        Some(hash.trim_start_matches('#').to_owned())
    }

    /// Writes it there, without a new entry in the history.
    pub fn set_hash(&self, hash: &str) {
        let history = web_sys::window().and_then(|window| window.history().ok());
        if let Some(history) = history {
            // An address bar that cannot be written to leaves the link to its button.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{hash}")));
        }
    }

    /// The device that a link asked for.
    pub fn asked_for(&self) -> Option<DeviceChoice> {
        self.asked
    }
}

/// A page has no paths.
///
/// # Errors
/// Never.
pub fn run_at(_: &Path) -> Result<Option<Opened>> {
    Ok(None)
}

/// Gives a file to the user as a download.
fn download(name: &str, contents: &[u8]) {
    let attempt = || -> std::result::Result<(), JsValue> {
        let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
        let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(contents)))?;
        let url = Url::create_object_url_with_blob(&blob)?;
        let anchor: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
        Url::revoke_object_url(&url)
    };
    if attempt().is_err() {
        log::error!("{name} could not be downloaded");
    }
}
