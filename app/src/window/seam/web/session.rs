//! The page's side of a run that goes on in a worker.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::Uint8Array;
use l2t_core::experiment::{Event, Pace, Snapshot};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::buffer::{pack, unpack};
use super::{DrawableMaps, Keeping};
use crate::window::run::facts::Fact;
use crate::window::run::order::{Order, Wanted};
use crate::window::seam::wire::{FromRun, Place, ToRun, WireOrder};
use crate::window::seam::{Shown, Wake};

/// The script that a worker begins with, beside the page.
const SCRIPT: &str = "worker.js";

/// A run under way.
pub struct Session {
    worker: Option<Worker>,
    inbox: Rc<Inbox>,
    /// They are called for as long as the worker lives.
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _failed: Closure<dyn FnMut(ErrorEvent)>,
}

/// What came from the worker, and what waits for it.
struct Inbox {
    facts: RefCell<VecDeque<Fact>>,
    seen: RefCell<Option<Arc<Shown>>>,
    /// The zip of the run.
    kept: RefCell<Option<Uint8Array>>,
    pace: Cell<Pace>,
    /// It was said why the run cannot go on.
    failed: Cell<bool>,
    /// Messages from before the worker was loaded; `None` since.
    waiting: RefCell<Option<Vec<ToRun>>>,
    keeping: Rc<Keeping>,
    wake: Wake,
}

impl Session {
    /// Starts a worker and hands the order to it.
    pub fn start(order: &Order, place: Place, keeping: Rc<Keeping>, wake: Wake) -> Self {
        let start = ToRun::Start(Box::new(WireOrder::new(order, place)));
        let inbox = Rc::new(Inbox {
            facts: RefCell::default(),
            seen: RefCell::default(),
            kept: RefCell::new(order.opened.as_ref().map(|opened| Uint8Array::from(&opened.snapshot.to_zip()[..]))),
            pace: Cell::new(order.pace),
            failed: Cell::new(false),
            waiting: RefCell::new(Some(vec![start])),
            keeping,
            wake,
        });
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(SCRIPT, &options).ok();
        let heard = {
            let (inbox, worker) = (inbox.clone(), worker.clone());
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                if let Some(worker) = &worker {
                    inbox.hear(&event.data(), worker);
                }
            })
        };
        let failed = {
            let inbox = inbox.clone();
            Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
                inbox.fail(&format!("the worker ended: {}", event.message()));
            })
        };
        match &worker {
            Some(worker) => {
                worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
                worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
                // The program is compiled once, by the page.
                let _ = worker.post_message(&wasm_bindgen::module());
            }
            None => inbox.fail("this browser starts no workers, and without one nothing can be trained"),
        }
        Self { worker, inbox, _heard: heard, _failed: failed }
    }

    /// The facts since the last call.
    pub fn facts(&self) -> Vec<Fact> {
        self.inbox.facts.borrow_mut().drain(..).collect()
    }

    /// The newest picture, once.
    pub fn seen(&self) -> Option<Arc<Shown>> {
        self.inbox.seen.borrow_mut().take()
    }

    /// Where the run stood at the end of its last epoch, or when it was opened.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let zip = self.zip()?.to_vec();
        Snapshot::from_zip("the run", &zip).ok().map(Arc::new)
    }

    /// Whether there is such a state.
    pub fn has_snapshot(&self) -> bool {
        self.inbox.kept.borrow().is_some()
    }

    /// The same as a zip.
    pub fn zip(&self) -> Option<Uint8Array> {
        self.inbox.kept.borrow().clone()
    }

    /// How far the run was told to go.
    pub fn pace(&self) -> Pace {
        self.inbox.pace.get()
    }

    /// Tells the run how far to go.
    pub fn set_pace(&self, pace: Pace) {
        self.inbox.pace.set(pace);
        self.send(ToRun::Pace(pace));
    }

    /// Asks the run for something between two of its steps.
    pub fn want(&self, wanted: Wanted) {
        self.send(ToRun::Want(wanted));
    }

    fn send(&self, message: ToRun) {
        if let Some(waiting) = self.inbox.waiting.borrow_mut().as_mut() {
            waiting.push(message);
        } else if let Some(worker) = &self.worker {
            post(worker, &message);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            worker.set_onmessage(None);
            worker.set_onerror(None);
            worker.terminate();
        }
    }
}

fn post(worker: &Worker, message: &ToRun) {
    let (buffer, handed) = pack(message);
    // A worker that has ended has said why.
    let _ = worker.post_message_with_transfer(&buffer, &handed);
}

impl Inbox {
    fn hear(&self, data: &JsValue, worker: &Worker) {
        match unpack(data) {
            Ok(FromRun::Ready) => {
                for message in self.waiting.borrow_mut().take().unwrap_or_default() {
                    post(worker, &message);
                }
            }
            Ok(FromRun::Fact(fact)) => {
                // A run that came to the end of what it was asked for waits by itself. One that was told to go on since
                // does not.
                if matches!(*fact, Fact::Run(Event::Paused | Event::Finished(_))) && self.pace.get() != Pace::Run
                    || matches!(*fact, Fact::Run(Event::Finished(_)))
                {
                    self.pace.set(Pace::Pause);
                }
                if matches!(*fact, Fact::Failed(_)) {
                    self.failed.set(true);
                }
                self.facts.borrow_mut().push_back(*fact);
            }
            Ok(FromRun::Look(look)) => {
                *self.seen.borrow_mut() = Some(Arc::new(Shown { look: Arc::from(look), maps: DrawableMaps }));
            }
            Ok(FromRun::Kept(zip)) => {
                let zip = Uint8Array::from(&zip[..]);
                self.keeping.keep(&zip);
                *self.kept.borrow_mut() = Some(zip);
            }
            Ok(FromRun::File(name, contents)) => super::download(&name, &contents),
            Err(error) => self.fail(&error.to_string()),
        }
        (self.wake)();
    }

    /// The worker ended; it may have said why.
    fn fail(&self, reason: &str) {
        if !self.failed.replace(true) {
            self.facts.borrow_mut().push_back(Fact::Failed(reason.to_owned()));
        }
        (self.wake)();
    }
}
