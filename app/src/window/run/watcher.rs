//! The run's ears: it tells what happens, and does between two steps what the window asked for.

use std::path::Path;

use l2t_core::bilevel::LearnerState;
use l2t_core::device::OpenDevice;
use l2t_core::experiment::checkpoint::{Checkpoint, Position};
use l2t_core::experiment::gradient_check::check_hypergradient;
use l2t_core::experiment::kernels::kernels;
use l2t_core::experiment::look::look;
use l2t_core::experiment::run::network_state;
use l2t_core::experiment::snapshot::history_files;
use l2t_core::experiment::{Audience, Control, Event, Plan, Snapshot};
use l2t_core::seed::Seed;
use l2t_core::{Error, Result};

use super::facts::{Fact, KernelTimes};
use super::keeper::WindowKeeper;
use super::order::{Output, Post, Wanted};
use crate::charts::{self, Columns};

/// Tells the window what happens, and does what it asked for between two steps.
pub struct Watcher<'a, 'p, P> {
    /// The way back.
    pub post: &'p P,
    /// What the run keeps.
    pub keeper: &'a WindowKeeper<'p, P>,
    /// Where the run stands.
    pub position: Position,
    /// What it runs on.
    pub device: &'a OpenDevice,
    /// How far it goes.
    pub control: &'a Control,
}

impl<P: Post> Audience for Watcher<'_, '_, P> {
    fn hear(&mut self, event: Event) {
        if let Event::Epoch(record) = &event {
            self.position.epoch = record.epoch;
            self.position.history.epochs.push(record.as_ref().clone());
        }
        if let (Event::Losses { .. }, Some(_)) = (&event, &self.device.gpu)
            && let Some(usage) = self.device.device.memory_pool_usage()
        {
            self.post.say(Fact::Memory(usage.bytes_in_use));
        }
        self.post.say(Fact::Run(event));
    }

    async fn look(&mut self, plan: &Plan, state: &LearnerState) -> Result<()> {
        let Wanted { look: wanted, check, kernels, outputs } = self.post.wanted();
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
        if kernels {
            self.time_kernels().await?;
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
    /// Times the device's kernels, unless the run is stopped meanwhile.
    async fn time_kernels(&self) -> Result<()> {
        let progress = |done, of| {
            self.post.say(Fact::Timing(done, of));
            !self.control.stopped()
        };
        let timed = match kernels(self.device, progress).await {
            Ok(report) => Ok(KernelTimes { text: report.text(), json: report.json() }),
            Err(Error::Stopped) => return Err(Error::Stopped),
            Err(error) => Err(error.to_string()),
        };
        self.post.say(Fact::Timed(timed));
        Ok(())
    }

    /// Writes what was asked for; what to tell the user of it.
    async fn write(&self, plan: &Plan, state: &LearnerState, output: Output, place: &Path) -> Result<String> {
        let file = |contents| vec![(String::new(), contents)];
        let (what, files) = match output {
            Output::Folder => {
                let now = self.snapshot(plan).await?.latest;
                self.keeper.move_into(place, now)?;
                return Ok(format!("the run is kept in {} from now on", place.display()));
            }
            Output::Run => ("the run is", file(self.snapshot(plan).await?.to_zip())),
            Output::Weights => {
                let target = network_state(plan, state);
                let weights = plan.learner.model.network.export("target", &target).await?;
                ("the target's weights are", file(weights.to_safetensors()))
            }
            Output::Charts => ("charts and numbers are", self.charts(plan, place)?),
        };
        Ok(format!("{what} in {}", self.post.put(place, files)?))
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
        match self.keeper.snapshot() {
            Some(snapshot) => Ok(snapshot),
            // No epoch is complete yet.
            None => {
                let latest = Checkpoint::take(plan, &plan.initial_state(), Position::default()).await?;
                Ok(Snapshot { latest, best: None })
            }
        }
    }
}
