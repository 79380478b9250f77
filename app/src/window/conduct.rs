//! The run's side of the window: it trains, tells the window facts, and does between two steps what it is asked for.
//!
//! The same code runs on a thread of the program and in a worker of a page; [`Post`] is what differs.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use l2t_core::bilevel::LearnerState;
use l2t_core::device::OpenDevice;
use l2t_core::experiment::checkpoint::{Checkpoint, Position};
use l2t_core::experiment::gradient_check::check_hypergradient;
use l2t_core::experiment::look::{LookRequest, Seen, look};
use l2t_core::experiment::run::{Keeper, network_state, run, show};
use l2t_core::experiment::snapshot::history_files;
use l2t_core::experiment::{Audience, Config, Control, Event, Pace, Plan, Snapshot};
use l2t_core::inputs::Inputs;
use l2t_core::seed::Seed;
use l2t_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::facts::{DeviceFacts, Experiment, Fact};
use super::keeper::{Opened, WindowKeeper};
use crate::charts::{self, Columns};

/// What to run.
#[derive(Debug, Clone)]
pub struct Order {
    /// The experiment.
    pub config: Config,
    /// Its files that are in memory.
    pub inputs: Inputs,
    /// The run to go on with, instead of a new one.
    pub opened: Option<Opened>,
    /// How far it goes before it waits.
    pub pace: Pace,
}

/// What can be written of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// The run in a new folder, from now on.
    Folder,
    /// The run as it stands, in one zip.
    Run,
    /// The target's weights.
    Weights,
    /// Charts and their numbers.
    Charts,
}

/// What the window asks of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// A look at a pair.
    pub look: Option<LookRequest>,
    /// A check of the hypergradient along the direction of this seed.
    pub check: Option<u64>,
    /// Files, and where to.
    pub outputs: Vec<(Output, PathBuf)>,
}

impl Wanted {
    /// Adds what `newer` asks for; a newer look takes the place of one that has not been taken.
    pub fn add(&mut self, newer: Self) {
        self.look = newer.look.or(self.look.take());
        self.check = newer.check.or(self.check);
        self.outputs.extend(newer.outputs);
    }
}

/// A run's way back to the window.
pub trait Post {
    /// Tells a fact.
    fn say(&self, fact: Fact);
    /// Shows a picture; it takes the place of one that has not been seen.
    fn show(&self, seen: Seen);
    /// Hands over where the run stands, to go on from if it cannot go on itself.
    fn keep(&self, snapshot: Snapshot);
    /// What the window asked for since the last call.
    fn wanted(&self) -> Wanted;
    /// Puts files where the user asked for them: one file at `place`, several into a folder or archive of that name.
    /// Returns where they are, in words.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    fn put(&self, place: &Path, files: Vec<(String, Vec<u8>)>) -> Result<String>;
    /// Lets others have the thread, where there is only one.
    fn rest(&self) -> impl Future<Output = ()>;
}

/// Runs `order` on `device` until `control` says stop; what goes wrong is told, too.
pub async fn conduct(order: &Order, device: Result<OpenDevice>, control: &Control, post: &impl Post) {
    let done = match device {
        Ok(device) => train(order, device, control, post).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) | Err(Error::Stopped) => {}
        Err(error) => post.say(Fact::Failed(error.to_string())),
    }
}

async fn train(order: &Order, device: OpenDevice, control: &Control, post: &impl Post) -> Result<()> {
    post.say(Fact::Device(DeviceFacts::of(&device)));
    let plan = prepare(order, &device, control, post)?;
    let from = order.opened.as_ref().map(|opened| &opened.snapshot.latest);
    let history = from.map(|checkpoint| checkpoint.position.history.clone()).unwrap_or_default();
    post.say(Fact::Ready(Experiment::of(&plan, history)?.into()));
    let keeper = RefCell::new(WindowKeeper::new(order.opened.as_ref(), post));
    let mut watcher = Watcher {
        post,
        keeper: &keeper,
        position: from.map(|from| from.position.clone()).unwrap_or_default(),
        memory: device.gpu.is_some().then(|| plan.device.clone()),
    };
    run(&plan, from, control, &mut Shared(&keeper), &mut watcher).await?;
    if control.stopped() {
        return Ok(());
    }
    let best = keeper.borrow().best_so_far().cloned();
    let best = best.ok_or_else(|| Error::file("the run", "has no complete epoch"))?;
    show(&plan, &best.restore(&plan)?, control, &mut watcher).await
}

/// The plan of `order`. A new run whose target is too wide for the device gets the widest that is not, and the window is
/// told; one that is gone on with has its width.
fn prepare(order: &Order, device: &OpenDevice, control: &Control, post: &impl Post) -> Result<Plan> {
    let begun_in = order.opened.as_ref().and_then(|opened| opened.snapshot.latest.begun_in.clone());
    let inputs = order.inputs.clone().from_folder(begun_in).until(control.token());
    let plan = |config| Plan::with_inputs(config, inputs.clone(), device.device.clone(), device.name.clone());
    match plan(order.config.clone()) {
        Err(Error::TooWide { reason, fits }) if order.opened.is_none() => {
            let mut config = order.config.clone();
            config.target.width = fits;
            let plan = plan(config)?;
            post.say(Fact::Narrowed(fits, reason));
            Ok(plan)
        }
        planned => planned,
    }
}

/// The keeper is used by the run and, between two steps, by who looks at it.
struct Shared<'a, 'p, P>(&'a RefCell<WindowKeeper<'p, P>>);

impl<P: Post> Keeper for Shared<'_, '_, P> {
    fn keep_latest(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.0.borrow_mut().keep_latest(checkpoint)
    }

    fn keep_best(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.0.borrow_mut().keep_best(checkpoint)
    }

    fn best(&self) -> Result<Checkpoint> {
        self.0.borrow().best()
    }
}

/// Tells the window what happens, and does what it asked for between two steps.
struct Watcher<'a, 'p, P> {
    post: &'p P,
    keeper: &'a RefCell<WindowKeeper<'p, P>>,
    position: Position,
    /// The GPU whose memory is worth showing.
    memory: Option<burn_tensor::Device>,
}

impl<P: Post> Audience for Watcher<'_, '_, P> {
    fn hear(&mut self, event: Event) {
        if let Event::Epoch(record) = &event {
            self.position.epoch = record.epoch;
            self.position.history.epochs.push(record.as_ref().clone());
        }
        if let (Event::Losses { .. }, Some(device)) = (&event, &self.memory)
            && let Some(usage) = device.memory_pool_usage()
        {
            self.post.say(Fact::Memory(usage.bytes_in_use));
        }
        self.post.say(Fact::Run(event));
    }

    async fn look(&mut self, plan: &Plan, state: &LearnerState) -> Result<()> {
        let Wanted { look: wanted, check, outputs } = self.post.wanted();
        if let Some(request) = wanted {
            match look(plan, state, &request).await {
                Ok(seen) => self.post.show(seen),
                Err(error) => self.post.say(Fact::Warning(error.to_string())),
            }
        }
        if let Some(seed) = check {
            self.post.say(Fact::Checking);
            // Behind the last epoch the rate is that of the last.
            let epoch = self.position.epoch.min(plan.config.train.epochs - 1);
            let found = check_hypergradient(plan, state, epoch, Seed(seed)).await;
            self.post.say(Fact::Checked(found.map_err(|error| error.to_string())));
        }
        for (output, place) in outputs {
            let written = self.write(plan, state, output, &place).await;
            self.post.say(written.map_or_else(|error| Fact::Warning(error.to_string()), Fact::Note));
        }
        Ok(())
    }

    fn rest(&mut self) -> impl Future<Output = ()> {
        self.post.rest()
    }
}

impl<P: Post> Watcher<'_, '_, P> {
    /// Writes what was asked for; what to tell the user of it.
    async fn write(&self, plan: &Plan, state: &LearnerState, output: Output, place: &Path) -> Result<String> {
        let file = |contents| vec![(String::new(), contents)];
        match output {
            Output::Folder => {
                let now = self.snapshot(plan).await?.latest;
                self.keeper.borrow_mut().move_into(place, now)?;
                Ok(format!("the run is kept in {} from now on", place.display()))
            }
            Output::Run => {
                let at = self.post.put(place, file(self.snapshot(plan).await?.to_zip()))?;
                Ok(format!("the run is in {at}"))
            }
            Output::Weights => {
                let target = network_state(plan, state);
                let weights = plan.learner.model.network.export("target", &target).await?.to_safetensors();
                let at = self.post.put(place, file(weights))?;
                Ok(format!("the target's weights are in {at}"))
            }
            Output::Charts => {
                let at = self.post.put(place, self.charts(plan, place)?)?;
                Ok(format!("charts and numbers are in {at}"))
            }
        }
    }

    /// The same charts and tables as those of the command line; on a page without PNGs.
    fn charts(&self, plan: &Plan, place: &Path) -> Result<Vec<(String, Vec<u8>)>> {
        let history = &self.position.history;
        if history.epochs.is_empty() {
            return Err(Error::file(place, "there is nothing to draw before the first epoch is complete"));
        }
        let mut files = charts::draw(&Columns::of(plan), plan.config.method.name.name(), history)?;
        files.extend(history_files(history).into_iter().map(|(name, contents)| (name.to_owned(), contents)));
        Ok(files)
    }

    /// Epochs are kept whole: what is saved inside one goes on from its beginning.
    async fn snapshot(&self, plan: &Plan) -> Result<Snapshot> {
        let kept = self.keeper.borrow().snapshot();
        match kept {
            Some(snapshot) => Ok(snapshot),
            // No epoch is complete yet.
            None => {
                let latest = Checkpoint::take(plan, &plan.initial_state(), Position::default()).await?;
                Ok(Snapshot { latest, best: None })
            }
        }
    }
}
