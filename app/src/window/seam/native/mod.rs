//! A program: runs go on in a thread of their own, files are on disk, settings in a file.

mod frame_times;
mod map_painter;
mod opening;
mod shell;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use eframe::egui::{Context, DroppedFileHandle, ViewportCommand};
use etcetera::BaseStrategy;
use futures_lite::future::block_on;
use l2t_core::device::{DeviceChoice, OpenDevice};
use l2t_core::experiment::look::Seen;
pub use l2t_core::experiment::store::RunFolder as Folder;
use l2t_core::experiment::store::write_whole;
use l2t_core::experiment::{Control, History, Pace, Plan, Snapshot};
use l2t_core::{Error, Result};

use super::{Given, KeptRun, Shown, Wake};
use crate::charts::{Columns, draw};
use crate::window::conduct::{Order, Post, Wanted, conduct};
use crate::window::facts::Fact;
use crate::window::keeper::Opened;
use crate::window::settings::Settings;

pub use frame_times::FrameTimes;
pub use opening::{Opening, has_display, open};

pub use map_painter::{DrawableMaps, MapPainter, Painted};

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

/// The runs that were asked to end and have not done so yet. The window never waits for them: the next run does before it
/// opens its device, and the program when its window has gone.
#[derive(Debug, Clone, Default)]
pub struct Leaving(Arc<Mutex<Vec<JoinHandle<()>>>>);

impl Leaving {
    fn add(&self, run: JoinHandle<()>) {
        lock(&self.0).push(run);
    }

    /// Those so far; whoever takes them waits for them.
    fn take(&self) -> Self {
        Self(Arc::new(Mutex::new(std::mem::take(&mut *lock(&self.0)))))
    }

    /// Waits until they have ended, and what they saved is whole.
    pub fn wait(&self) {
        let runs = std::mem::take(&mut *lock(&self.0));
        for run in runs {
            if run.join().is_err() {
                log::error!("a training thread panicked");
            }
        }
    }
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
        self.choose(wake, |dialog| dialog.pick_file());
    }

    /// Lets the user choose a folder, likewise.
    pub fn choose_folder(&self, wake: Wake) {
        self.choose(wake, |dialog| dialog.pick_folder());
    }

    fn choose(&self, wake: Wake, pick: impl FnOnce(rfd::FileDialog) -> Option<PathBuf> + Send + 'static) {
        let sender = self.given.0.clone();
        let spawned = std::thread::Builder::new().name("file dialog".into()).spawn(move || {
            if let Some(path) = pick(rfd::FileDialog::new().set_title("L2T")) {
                // Nobody listens any more where the window is closing.
                let _ = sender.send(Given::Path(path));
                wake();
            }
        });
        drop(spawned.expect("a thread can be started"));
    }

    /// Lets the user choose where to put a file, and puts it there.
    pub fn save(&self, name: &str, contents: Vec<u8>, wake: Wake) {
        let (sender, name) = (self.given.0.clone(), name.to_owned());
        let spawned = std::thread::Builder::new().name("file dialog".into()).spawn(move || {
            let Some(path) = rfd::FileDialog::new().set_title("L2T").set_file_name(name).save_file() else { return };
            let written = write_whole(&path, &contents);
            let words = written.map_or_else(|error| error.to_string(), |()| format!("{} is written", path.display()));
            // Nobody listens any more where the window is closing.
            let _ = sender.send(Given::Words(words));
            wake();
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

/// The charts of a run, as PNG and SVG.
///
/// # Errors
/// When one cannot be drawn.
pub fn pictures(plan: &Plan, history: &History) -> Result<Vec<(String, Vec<u8>)>> {
    draw(&Columns::of(plan), plan.config.method.name.name(), history)
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

/// A run under way. Dropped, it is asked to end, and left to.
pub struct Session {
    leaving: Leaving,
    control: Control,
    facts: Receiver<Fact>,
    shared: Arc<Slots>,
    thread: Option<JoinHandle<()>>,
}

/// What holds only the newest.
#[derive(Default)]
struct Slots {
    wanted: Mutex<Wanted>,
    seen: Mutex<Option<Arc<Shown>>>,
    snapshot: Mutex<Option<Arc<Snapshot>>>,
}

impl Session {
    fn start(host: &Host, order: Order, anew: bool, wake: Wake) -> Self {
        let (open, last_run, before) = (host.open.clone(), host.last_run.clone(), host.leaving.take());
        let control = Control::at(order.pace);
        let (sender, facts) = channel();
        let shared = Arc::<Slots>::default();
        let post = Thread { sender, wake, last_run, shared: shared.clone() };
        let asked = control.clone();
        let thread = std::thread::Builder::new().name("training".into()).spawn(move || {
            // Two would share the device, and write where the newest run is kept.
            before.wait();
            let run = AssertUnwindSafe(|| block_on(conduct(&order, open(anew), &asked, &post)));
            // A lost device or a fault ends the run, not the window: what was kept can be gone on with.
            if let Err(panic) = catch_unwind(run) {
                post.say(Fact::panicked(words(&*panic)));
            }
        });
        let thread = Some(thread.expect("a thread can be started"));
        Self { leaving: host.leaving.clone(), control, facts, shared, thread }
    }

    /// The facts since the last call.
    pub fn facts(&self) -> Vec<Fact> {
        self.facts.try_iter().collect()
    }

    /// The newest picture, once.
    pub fn seen(&self) -> Option<Arc<Shown>> {
        lock(&self.shared.seen).take()
    }

    /// Where the run stood at the end of its last epoch.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        lock(&self.shared.snapshot).clone()
    }

    /// Whether there is such a state.
    pub fn has_snapshot(&self) -> bool {
        lock(&self.shared.snapshot).is_some()
    }

    /// How far the run was told to go.
    pub fn pace(&self) -> Pace {
        self.control.pace()
    }

    /// Tells the run how far to go.
    pub fn set_pace(&self, pace: Pace) {
        self.control.set(pace);
    }

    /// Asks the run for something between two of its steps.
    pub fn want(&self, wanted: Wanted) {
        lock(&self.shared.wanted).add(wanted);
        self.control.look();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.control.stop();
        self.leaving.add(self.thread.take().expect("it is dropped once"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked has left plain values behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message")
}

/// A thread's way back to the window.
struct Thread {
    sender: Sender<Fact>,
    wake: Wake,
    /// Where it is kept without being asked.
    last_run: Option<PathBuf>,
    shared: Arc<Slots>,
}

impl Post for Thread {
    fn say(&self, fact: Fact) {
        // Nobody listens any more where the window is closing.
        let _ = self.sender.send(fact);
        (self.wake)();
    }

    fn show(&self, Seen { look, maps }: Seen) {
        let maps = maps.as_ref().map(DrawableMaps::of).unwrap_or_default();
        *lock(&self.shared.seen) = Some(Arc::new(Shown { look, maps }));
        (self.wake)();
    }

    fn keep(&self, snapshot: Snapshot) {
        if let Some(path) = &self.last_run
            && let Err(error) = write_below(path, &snapshot.to_zip())
        {
            // Nobody asked for it: what the user keeps goes elsewhere.
            log::warn!("the last run is not kept: {error}");
        }
        *lock(&self.shared.snapshot) = Some(Arc::new(snapshot));
    }

    fn wanted(&self) -> Wanted {
        std::mem::take(&mut *lock(&self.shared.wanted))
    }

    fn put(&self, place: &Path, files: Vec<(String, Vec<u8>)>) -> Result<String> {
        if let [(_, contents)] = &files[..] {
            write_whole(place, contents)?;
        } else {
            std::fs::create_dir_all(place).map_err(|error| Error::file(place, format!("cannot be made: {error}")))?;
            for (name, contents) in &files {
                write_whole(&place.join(name), contents)?;
            }
        }
        Ok(place.display().to_string())
    }

    fn rest(&self) -> impl Future<Output = ()> {
        std::future::ready(())
    }
}
