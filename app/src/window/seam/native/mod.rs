//! A program: runs go on in a thread of their own, files are on disk, settings in a file.

mod frame_times;
mod map_painter;
mod opening;
mod session;
mod shell;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use eframe::egui::{Context, DroppedFileHandle, ViewportCommand};
use etcetera::BaseStrategy;
use l2t_core::device::{DeviceChoice, OpenDevice};
use l2t_core::experiment::Snapshot;
pub use l2t_core::experiment::store::RunFolder as Folder;
use l2t_core::experiment::store::write_whole;
use l2t_core::{Error, Result};

use super::{Given, KeptRun, Wake};
use crate::window::run::order::{Opened, Order};
use crate::window::shell::settings::Settings;

pub use frame_times::FrameTimes;
pub use map_painter::{DrawableMaps, MapPainter, Painted};
pub use opening::{Opening, has_display, open};
pub use session::{Leaving, Session};

/// Where a run gets its device from; told whether the one before was lost.
pub type OpenFor = Arc<dyn Fn(bool) -> Result<OpenDevice> + Send + Sync>;

/// This program.
pub struct Host {
    open: OpenFor,
    remembers: bool,
    /// Where the newest run is kept without being asked; `None` where it is not.
    last_run: Option<PathBuf>,
    given: (Sender<Given>, Receiver<Given>),
    leaving: Leaving,
    frame_times: Option<FrameTimes>,
}

impl Host {
    /// Whose runs get their device by `open`.
    pub fn new(open: OpenFor) -> Self {
        Self {
            open,
            remembers: false,
            last_run: None,
            given: channel(),
            leaving: Leaving::default(),
            frame_times: None,
        }
    }

    /// The same, which remembers settings.
    #[must_use]
    pub fn remembering(self) -> Self {
        Self { remembers: true, last_run: last_run_path(), ..self }
    }

    /// The same, which draws without a break while a run goes on, and measures how evenly; written when the window closes.
    #[must_use]
    pub fn measuring(self, times: Option<FrameTimes>) -> Self {
        Self { frame_times: times, ..self }
    }

    /// The runs that were dropped and may still save something.
    pub fn leaving(&self) -> Leaving {
        self.leaving.clone()
    }

    /// Starts a run; `anew` says that the device of the one before was lost.
    pub fn start(&self, order: Order, anew: bool, wake: Wake) -> Session {
        Session::start(self, order, anew, wake)
    }

    /// What is remembered of the last time.
    pub fn remembered() -> Settings {
        let read = || toml::from_str(&std::fs::read_to_string(settings_path()?).ok()?).ok();
        read().unwrap_or_default()
    }

    /// Remembers.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn remember(&self, settings: &Settings) -> Result<()> {
        let Some(path) = settings_path().filter(|_| self.remembers) else { return Ok(()) };
        write_below(&path, toml::to_string_pretty(settings).expect("settings are plain data").as_bytes())
    }

    /// Where the newest run is kept without being asked, if it is: what is left when the window ends without warning.
    pub fn last_run(&self) -> Option<PathBuf> {
        self.last_run.clone().filter(|path| path.exists())
    }

    /// Lets the user choose a file by the system's dialog; it comes by [`given`](Self::given).
    pub fn choose_file(&self, wake: Wake) {
        self.ask(wake, |dialog| dialog.pick_file().map(Given::Path));
    }

    /// Lets the user choose a folder, likewise.
    pub fn choose_folder(&self, wake: Wake) {
        self.ask(wake, |dialog| dialog.pick_folder().map(Given::Path));
    }

    /// Lets the user choose where to put a file, and puts it there.
    pub fn save(&self, name: &str, contents: Vec<u8>, wake: Wake) {
        let name = name.to_owned();
        self.ask(wake, move |dialog| {
            let path = dialog.set_file_name(name).save_file()?;
            let written = write_whole(&path, &contents);
            let words = written.map_or_else(|error| error.to_string(), |()| format!("{} is written", path.display()));
            Some(Given::Words(words))
        });
    }

    /// Asks the user by a dialog, in a thread: the window goes on being drawn.
    fn ask(&self, wake: Wake, ask: impl FnOnce(rfd::FileDialog) -> Option<Given> + Send + 'static) {
        let sender = self.given.0.clone();
        let spawned = std::thread::Builder::new().name("file dialog".into()).spawn(move || {
            if let Some(given) = ask(rfd::FileDialog::new().set_title("L2T")) {
                // Nobody listens any more where the window is closing.
                let _ = sender.send(given);
                wake();
            }
        });
        drop(spawned.expect("a thread can be started"));
    }

    /// Takes in what was dropped on the window.
    pub fn dropped(&self, files: Vec<DroppedFileHandle>, wake: &Wake) {
        let some = !files.is_empty();
        for file in files {
            let _ = self.given.0.send(Given::Path(file.path().to_owned()));
        }
        if some {
            wake();
        }
    }

    /// The files that the user gave since the last call.
    pub fn given(&self) -> Vec<Given> {
        self.given.1.try_iter().collect()
    }

    /// Runs that are kept without a folder of the user's: none here.
    pub fn kept_runs(&self) -> Option<Vec<KeptRun>> {
        None
    }

    /// For a page alone, which offers it.
    pub fn keep_here(&self, _: &Session, _: &str) {}

    /// For a page alone, which offers it.
    pub fn open_kept(&self, _: &str) {}

    /// For a page alone, which offers it.
    pub fn forget(&self, _: &str) {}

    /// Names the window.
    pub fn set_title(&self, context: &Context, title: &str) {
        context.send_viewport_cmd(ViewportCommand::Title(title.to_owned()));
    }

    /// What went wrong behind the window's back.
    pub fn trouble(&self) -> Option<String> {
        None
    }

    /// Opens the lesson beside the window; a program has none.
    pub fn lesson(&self) -> bool {
        false
    }

    /// The page that a link leads to; a program has none of its own.
    pub fn page(&self) -> Option<String> {
        None
    }

    /// What stands behind the # of the address; a program has none.
    pub fn hash(&self) -> Option<String> {
        None
    }

    /// Writes it there.
    pub fn set_hash(&self, _: &str) {}

    /// The device that a link asked for.
    pub fn asked_for(&self) -> Option<DeviceChoice> {
        None
    }
}

/// The run in the folder or zip at `path`, if there is one.
///
/// # Errors
/// When it is damaged.
pub fn run_at(path: &Path) -> Result<Option<Opened>> {
    if Folder::holds_run(path) {
        let (folder, snapshot) = Folder::open_whole(path)?;
        return Ok(Some(Opened { snapshot, folder: Some(folder) }));
    }
    let zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) && path.is_file();
    if !zip {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|error| Error::file(path, error))?;
    if !Snapshot::is_in(&bytes) {
        return Ok(None);
    }
    Ok(Some(Opened { snapshot: Snapshot::from_zip(&path.display().to_string(), &bytes)?, folder: None }))
}

/// Where settings are kept: `~/.config/l2t/window.toml`, or the like on other systems.
fn settings_path() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.config_dir().join("l2t").join("window.toml"))
}

/// Where the newest run is kept: `~/.local/share/l2t/last-run.zip`, or the like.
fn last_run_path() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.data_dir().join("l2t").join("last-run.zip"))
}

/// Writes a file, and makes the folder that it is in.
fn write_below(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::file(folder, format!("cannot be made: {error}")))?;
    }
    write_whole(path, bytes)
}
