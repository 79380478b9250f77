//! A run on its own thread. Facts come back by message, pictures through a slot that holds the newest only; the window
//! asks for things through [`Session`] and never waits for them.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use futures_lite::future::block_on;
use l2t_core::bilevel::LearnerState;
use l2t_core::device::OpenDevice;
use l2t_core::experiment::checkpoint::{Checkpoint, Position};
use l2t_core::experiment::gradient_check::check_hypergradient;
use l2t_core::experiment::look::{Look, LookRequest, look};
use l2t_core::experiment::run::{network_state, run, show};
use l2t_core::experiment::store::{write_history, write_whole};
use l2t_core::experiment::{Audience, Config, Control, Event, Pace, Plan};
use l2t_core::seed::Seed;
use l2t_core::{Error, Result};

use super::facts::{DeviceFacts, Experiment, Fact};
use super::keeper::{Opened, WindowKeeper};
use crate::cli::{Columns, draw};

/// Where a run gets its device from.
pub type OpenFor = Arc<dyn Fn() -> Result<OpenDevice> + Send + Sync>;

/// Called when there is something new to show.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What to run.
#[derive(Clone)]
pub struct Order {
    /// The experiment.
    pub config: Config,
    /// The run to go on with, instead of a new one.
    pub opened: Option<Opened>,
    /// How far it goes before it waits.
    pub pace: Pace,
}

/// What the window asks of a run.
#[derive(Debug, Default)]
struct Wanted {
    look: Option<LookRequest>,
    check: Option<u64>,
    save: Option<PathBuf>,
    export: Option<PathBuf>,
    charts: Option<PathBuf>,
}

/// A run under way.
pub struct Session {
    control: Control,
    facts: Receiver<Fact>,
    wanted: Arc<Mutex<Wanted>>,
    seen: Arc<Mutex<Option<Arc<Look>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Session {
    /// Starts a run.
    pub fn start(order: Order, open: OpenFor, wake: Wake) -> Self {
        let control = Control::at(order.pace);
        let (sender, facts) = channel();
        let wanted = Arc::<Mutex<Wanted>>::default();
        let seen = Arc::<Mutex<Option<Arc<Look>>>>::default();
        let post = Post { sender, wake, seen: seen.clone(), wanted: wanted.clone() };
        let asked = control.clone();
        let thread = std::thread::Builder::new().name("training".into()).spawn(move || {
            if let Err(error) = block_on(train(&order, &open, &asked, &post)) {
                post.say(Fact::Failed(error.to_string()));
            }
        });
        Self { control, facts, wanted, seen, thread: Some(thread.expect("a thread can be started")) }
    }

    /// The facts since the last call.
    pub fn facts(&self) -> impl Iterator<Item = Fact> + '_ {
        self.facts.try_iter()
    }

    /// The newest picture, once.
    pub fn seen(&self) -> Option<Arc<Look>> {
        lock(&self.seen).take()
    }

    /// How far the run was told to go.
    pub fn pace(&self) -> Pace {
        self.control.pace()
    }

    /// Tells the run how far to go.
    pub fn set_pace(&self, pace: Pace) {
        self.control.set(pace);
    }

    /// Asks for a look; a newer one takes the place of one that has not been taken.
    pub fn look(&self, request: LookRequest) {
        self.want(|wanted| wanted.look = Some(request));
    }

    /// Asks for a check of the hypergradient along the direction of `seed`.
    pub fn check(&self, seed: u64) {
        self.want(|wanted| wanted.check = Some(seed));
    }

    /// Asks for the run to be kept in a new folder from now on.
    pub fn save(&self, folder: PathBuf) {
        self.want(|wanted| wanted.save = Some(folder));
    }

    /// Asks for the target's weights as a SafeTensors file.
    pub fn export(&self, file: PathBuf) {
        self.want(|wanted| wanted.export = Some(file));
    }

    /// Asks for the charts as PNG and SVG, and their numbers as CSV, in a folder.
    pub fn charts(&self, folder: PathBuf) {
        self.want(|wanted| wanted.charts = Some(folder));
    }

    /// Asks the run to end; it saves what it has where it has a folder.
    pub fn stop(&self) {
        self.control.stop();
    }

    fn want(&self, change: impl FnOnce(&mut Wanted)) {
        change(&mut lock(&self.wanted));
        self.control.look();
    }
}

impl Drop for Session {
    /// Waits for the iteration under way, and for what it saves.
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the training thread panicked");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked has left plain values behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread's way back to the window.
struct Post {
    sender: Sender<Fact>,
    wake: Wake,
    seen: Arc<Mutex<Option<Arc<Look>>>>,
    wanted: Arc<Mutex<Wanted>>,
}

impl Post {
    fn say(&self, fact: Fact) {
        // Nobody listens any more where the window is closing.
        let _ = self.sender.send(fact);
        (self.wake)();
    }
}

async fn train(order: &Order, open: &OpenFor, control: &Control, post: &Post) -> Result<()> {
    let device = open()?;
    let software = device.is_software();
    post.say(Fact::Device(DeviceFacts { name: device.name.clone(), reason: device.reason.clone(), software }));
    let plan = Plan::new(order.config.clone(), device.device, device.name)?;
    let from = order.opened.as_ref().map(|opened| &opened.latest);
    let history = from.map(|checkpoint| checkpoint.position.history.clone()).unwrap_or_default();
    post.say(Fact::Ready(Arc::new(Experiment::of(&plan, history))));
    let keeper = Mutex::new(WindowKeeper::new(order.opened.as_ref(), post.sender.clone()));
    let mut watcher =
        Watcher { post, keeper: &keeper, position: from.map(|from| from.position.clone()).unwrap_or_default() };
    run(&plan, from, control, &mut Shared(&keeper), &mut watcher).await?;
    if control.stopped() {
        return Ok(());
    }
    let best = lock(&keeper).best_so_far().cloned();
    let best = best.ok_or_else(|| Error::file("the run", "has no complete epoch"))?;
    show(&plan, &best.restore(&plan)?, control, &mut watcher).await
}

/// The keeper is used by the run and, between two steps, by who looks at it.
struct Shared<'a>(&'a Mutex<WindowKeeper>);

impl l2t_core::experiment::run::Keeper for Shared<'_> {
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        lock(self.0).keep_latest(checkpoint)
    }

    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        lock(self.0).keep_best(checkpoint)
    }

    fn best(&self) -> Result<Checkpoint> {
        lock(self.0).best()
    }
}

/// Tells the window what happens, and does what it asked for between two steps.
struct Watcher<'a> {
    post: &'a Post,
    keeper: &'a Mutex<WindowKeeper>,
    position: Position,
}

impl Audience for Watcher<'_> {
    fn hear(&mut self, event: Event) {
        if let Event::Epoch(record) = &event {
            self.position.epoch = record.epoch;
            self.position.history.epochs.push(record.as_ref().clone());
        }
        self.post.say(Fact::Run(event));
    }

    async fn look(&mut self, plan: &Plan, state: &LearnerState) -> Result<()> {
        let Wanted { look: wanted, check, save, export, charts } = std::mem::take(&mut *lock(&self.post.wanted));
        if let Some(request) = wanted {
            match look(plan, state, &request).await {
                Ok(seen) => *lock(&self.post.seen) = Some(Arc::new(seen)),
                Err(error) => self.post.say(Fact::Warning(error.to_string())),
            }
        }
        if let Some(seed) = check {
            // Behind the last epoch the rate is that of the last.
            let epoch = self.position.epoch.min(plan.config.train.epochs - 1);
            let found = check_hypergradient(plan, state, epoch, Seed(seed)).await;
            self.post.say(Fact::Checked(found.map_err(|error| error.to_string())));
        }
        if let Some(folder) = save {
            let saved = self.save(plan, &folder).await;
            self.post.say(told(saved, || format!("the run is kept in {} from now on", folder.display())));
        }
        if let Some(file) = export {
            let exported = export_target(plan, state, &file).await;
            self.post.say(told(exported, || format!("the target's weights are in {}", file.display())));
        }
        if let Some(folder) = charts {
            let drawn = self.draw_charts(plan, &folder);
            self.post.say(told(drawn, || format!("charts and numbers are in {}", folder.display())));
        }
        (self.post.wake)();
        Ok(())
    }
}

impl Watcher<'_> {
    /// The same pictures and tables as those of the command line.
    fn draw_charts(&self, plan: &Plan, folder: &Path) -> Result<()> {
        let history = &self.position.history;
        if history.epochs.is_empty() {
            return Err(Error::file(folder, "there is nothing to draw before the first epoch is complete"));
        }
        std::fs::create_dir_all(folder).map_err(|error| Error::file(folder, format!("cannot be made: {error}")))?;
        draw(folder, &Columns::of(plan), plan.config.method.name.name(), history)?;
        write_history(folder, history)
    }

    /// Epochs are kept whole: what is saved inside one goes on from its beginning.
    async fn save(&self, plan: &Plan, folder: &Path) -> Result<()> {
        let latest = lock(self.keeper).latest().cloned();
        let now = match latest {
            Some(latest) => latest,
            // No epoch is complete yet.
            None => Checkpoint::take(plan, &plan.initial_state(), Position::default()).await?,
        };
        lock(self.keeper).move_into(folder, now)
    }
}

async fn export_target(plan: &Plan, state: &LearnerState, file: &Path) -> Result<()> {
    let target = network_state(plan, state);
    write_whole(file, &plan.learner.model.network.export("target", &target).await?.to_safetensors())
}

fn told(done: Result<()>, note: impl FnOnce() -> String) -> Fact {
    match done {
        Ok(()) => Fact::Note(note()),
        Err(error) => Fact::Warning(error.to_string()),
    }
}
