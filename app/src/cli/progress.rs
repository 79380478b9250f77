//! Progress bars: what a run says, on a terminal.

use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use l2t_core::experiment::{AuxiliaryLosses, Event, TimeLeft};

use crate::words::{accuracy, duration};

/// A bar over all iterations of a run, with rate and time left, and a line for what it expects and for every epoch.
pub struct RunProgress {
    bar: ProgressBar,
    label: String,
    since: Instant,
    left: TimeLeft,
    /// Behind the time left.
    doing: String,
    shown: Shown,
}

/// What gets lines of its own.
enum Shown {
    /// The time that it will take, and every epoch.
    Run,
    /// The time that all will take of which it is one; it has so many times the work of this one.
    FirstOfMany(f64),
    /// Nothing.
    OneOfMany,
}

impl RunProgress {
    /// A bar for the run called `label`.
    pub fn new(label: &str) -> Self {
        Self::shown(ProgressBar::no_length(), label, Shown::Run)
    }

    fn shown(bar: ProgressBar, label: &str, shown: Shown) -> Self {
        let (since, left) = (Instant::now(), TimeLeft::default());
        Self { bar, label: label.to_owned(), since, left, doing: String::new(), shown }
    }

    /// What the run is called.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Shows an event.
    pub fn show(&mut self, event: &Event) {
        self.left.hear(event, self.since.elapsed().as_secs_f64());
        match event {
            Event::Started { epoch, done, epochs, iterations } => {
                self.bar.set_style(style("{prefix} {wide_bar} {pos}/{len} iterations · {per_sec}{msg}"));
                self.bar.set_prefix(self.label.clone());
                self.bar.set_length((epochs * iterations) as u64);
                self.bar.set_position((epoch * iterations + done) as u64);
                self.bar.reset_eta();
            }
            Event::Expected { .. } => self.expected(),
            Event::Compiling { done, of, phase, kernels } => {
                let phase = phase.name();
                self.doing = format!(" · compiling {done} of {of}: {phase}, {kernels} kernels so far");
                if done == of {
                    self.line(&format!("{} {kernels} kernels compiled, ready after the first iteration", self.label));
                }
            }
            Event::Iteration { epoch, done, of } => self.bar.set_position((epoch * of + done) as u64),
            Event::Losses { task, matching, auxiliary, .. } => {
                self.doing = format!(" · L_org {task:.3}{}", added(*matching, auxiliary));
            }
            Event::Epoch(record) if matches!(self.shown, Shown::Run) => {
                let percent = |share: f64| format!("{:>7}", accuracy(share));
                let line = format!(
                    "{} epoch {:3} · L_org {:.3}{} · training {}{}",
                    self.label,
                    record.epoch,
                    record.task_loss,
                    added(record.matching_loss, &record.auxiliary_losses),
                    percent(record.train_accuracy),
                    record.validation_accuracy.map_or(String::new(), |v| format!(" · validation {}", percent(v))),
                );
                self.line(&line);
            }
            Event::Epoch(_) | Event::Step { .. } | Event::Paused => {}
            Event::Testing { done, of } => return self.testing(*done, *of),
            Event::Stopped => {
                self.bar.finish_and_clear();
                self.line(&format!("{} stopped and saved", self.label));
            }
            Event::Finished(_) => self.bar.finish_and_clear(),
        }
        let left = self.left.secs().map_or(String::new(), |secs| format!(" · {} left", duration(secs)));
        self.bar.set_message(left + &self.doing);
    }

    /// Says how long it will take.
    fn expected(&self) {
        let Some(secs) = self.left.secs() else { return };
        match self.shown {
            Shown::Run => self.line(&format!("time    about {} on this device", duration(secs))),
            Shown::FirstOfMany(times) => {
                self.line(&format!("about {} on this device for all that is left", duration(secs * times)));
            }
            Shown::OneOfMany => {}
        }
    }

    fn testing(&self, done: usize, of: usize) {
        if self.bar.length() != Some(of as u64) || self.bar.position() > done as u64 {
            self.bar.reset();
            self.bar.set_style(style("{prefix} {wide_bar} {pos}/{len} test images · {per_sec} · {eta} left"));
            self.bar.set_length(of as u64);
        }
        self.bar.set_position(done as u64);
    }

    /// Prints above the bar; also where standard error is no terminal, so that a log has the epochs.
    fn line(&self, line: &str) {
        self.bar.suspend(|| say!("{line}"));
    }
}

/// What is added to L_org.
fn added(matching: Option<f64>, auxiliary: &AuxiliaryLosses) -> String {
    let matching = matching.map_or(String::new(), |loss| format!(" · β L_wfm {loss:.3}"));
    auxiliary.iter().fold(matching, |text, (kind, loss)| format!("{text} · {} {loss:.3}", kind.name()))
}

/// A bar for what is read in parts, each with its own length; shown only where it takes longer than a moment.
pub fn loading() -> impl Fn(usize, usize) + Send + Sync + 'static {
    let bar = ProgressBar::no_length().with_prefix("reading images");
    bar.set_style(style("{prefix} {wide_bar} {pos}/{len} · {per_sec} · {eta} left"));
    move |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        if done == of {
            // The next part starts anew.
            bar.finish_and_clear();
            bar.reset();
        }
    }
}

/// A bar that counts to `len`.
pub fn counter(label: &str, len: usize) -> ProgressBar {
    let bar = ProgressBar::new(len as u64).with_prefix(label.to_owned());
    bar.with_style(style("{prefix} {wide_bar} {pos}/{len} · {per_sec} · {eta} left"))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}

/// Cells done of all, with the time left by their estimated cost, above the running cell's own bar.
pub struct GridProgress {
    bars: MultiProgress,
    bar: ProgressBar,
    since: Instant,
    /// Costs of what is done in this sitting, and of what is left.
    done: f64,
    left: f64,
}

impl GridProgress {
    /// `settled` of `cells` are done; the others cost `left`.
    pub fn new(settled: usize, cells: usize, left: f64) -> Self {
        let bars = MultiProgress::new();
        let bar = bars.add(ProgressBar::new(cells as u64));
        bar.set_style(style("cells {wide_bar} {pos}/{len}{msg}"));
        bar.set_position(settled as u64);
        Self { bars, bar, since: Instant::now(), done: 0.0, left }
    }

    /// Progress of the cell of `cost` that is about to run. The first of a sitting says how long all of them will take.
    pub fn cell(&self, name: &str, cost: f64) -> RunProgress {
        self.bar.tick();
        let is_first = self.done == 0.0 && cost > 0.0;
        let shown = if is_first { Shown::FirstOfMany(self.left / cost) } else { Shown::OneOfMany };
        RunProgress::shown(self.bars.add(ProgressBar::no_length()), name, shown)
    }

    /// A cell of `cost` is settled; `line` says how.
    pub fn settled(&mut self, cost: f64, line: &str) {
        self.done += cost;
        self.left = (self.left - cost).max(0.0);
        self.bar.inc(1);
        let (position, cells) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let secs_left = self.since.elapsed().as_secs_f64() * self.left / self.done.max(f64::MIN_POSITIVE);
        let left = if position == cells { String::new() } else { format!(" · about {} left", duration(secs_left)) };
        self.bar.set_message(left.clone());
        self.bars.suspend(|| say!("{position}/{cells} {line}{left}"));
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
