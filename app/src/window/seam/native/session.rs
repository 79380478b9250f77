//! A run of the program: a thread of its own, asked to go on, to wait and to end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use futures_lite::future::block_on;
use l2t_core::experiment::look::Seen;
use l2t_core::experiment::store::write_whole;
use l2t_core::experiment::{Control, Pace, Snapshot};
use l2t_core::{Error, Result};

use super::{DrawableMaps, Host, write_below};
use crate::priority::give_way;
use crate::window::run::conduct::conduct;
use crate::window::run::facts::Fact;
use crate::window::run::order::{Order, Post, Wanted};
use crate::window::seam::{Shown, Wake};

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
    pub(super) fn start(host: &Host, order: Order, anew: bool, wake: Wake) -> Self {
        let (open, last_run, before) = (host.open.clone(), host.last_run.clone(), host.leaving.take());
        let control = Control::at(order.pace);
        let (sender, facts) = channel();
        let opened = order.opened.as_ref().map(|opened| Arc::new(opened.snapshot.clone()));
        let shared = Arc::new(Slots { snapshot: Mutex::new(opened), ..Slots::default() });
        let post = Thread { sender, wake, last_run, shared: shared.clone() };
        let asked = control.clone();
        let thread = std::thread::Builder::new().name("training".into()).spawn(move || {
            give_way();
            // Two would share the device, and write where the newest run is kept.
            wait_for(before);
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

    /// Where the run stood at the end of its last epoch, or when it was opened.
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
        lock(&self.leaving.0).extend(self.thread.take());
    }
}

/// The runs that were asked to end and have not done so yet. The window never waits for them: the next run does before it
/// opens its device, and the program when its window has gone.
#[derive(Debug, Clone, Default)]
pub struct Leaving(Arc<Mutex<Vec<JoinHandle<()>>>>);

impl Leaving {
    /// Waits until they have ended, and what they saved is whole.
    pub fn wait(&self) {
        wait_for(self.take());
    }

    /// Those so far; whoever takes them waits for them.
    fn take(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *lock(&self.0))
    }
}

fn wait_for(runs: Vec<JoinHandle<()>>) {
    for run in runs {
        if run.join().is_err() {
            log::error!("a training thread panicked");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked has left plain values behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic said.
pub(super) fn words(panic: &(dyn std::any::Any + Send)) -> &str {
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
        *lock(&self.shared.seen) = Some(Arc::new(Shown { look: Arc::new(look), maps }));
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
