//! The worker's side: a run on a thread and a device of its own, which a page that is drawn or hidden does not disturb.

use std::cell::RefCell;
use std::future::poll_fn;
use std::path::Path;
use std::rc::Rc;
use std::task::Poll;

use js_sys::{Function, Promise, Uint8Array};
use l2t_core::device;
use l2t_core::embedded;
use l2t_core::experiment::look::Seen;
use l2t_core::experiment::{Control, Pace, Snapshot};
use l2t_core::inputs::Inputs;
use l2t_core::{Error, Result};
use serde_bytes::ByteBuf;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

use super::buffer::{pack, unpack};
use crate::window::run::conduct::conduct;
use crate::window::run::facts::Fact;
use crate::window::run::order::{Order, Post, Wanted};
use crate::window::seam::wire::{FromRun, ToRun, WireOrder};

/// Milliseconds that a run may keep the thread to itself between two steps.
const UNDISTURBED: f64 = 8.0;

/// Listens to the page from now on. `fetch` promises the contents of a file of the page, given its path and the program's
/// version.
pub fn work(fetch: Function) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    tell_of_panics(scope.clone());
    let control = Control::at(Pace::Pause);
    let wanted = Rc::<RefCell<Wanted>>::default();
    let heard = {
        let scope = scope.clone();
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| match unpack(&event.data()) {
            Ok(ToRun::Start(order)) => {
                let post = Outbox { scope: scope.clone(), wanted: wanted.clone(), rested: RefCell::new(now()) };
                spawn_local(start(*order, control.clone(), post, fetch.clone()));
            }
            Ok(ToRun::Pace(pace)) => control.set(pace),
            Ok(ToRun::Want(asked)) => {
                wanted.borrow_mut().add(asked);
                control.look();
            }
            Err(error) => send(&scope, &FromRun::Fact(Box::new(Fact::Failed(error.to_string())))),
        })
    };
    scope.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    // It listens for as long as the worker lives.
    heard.forget();
    send(&scope, &FromRun::Ready);
}

async fn start(wire: WireOrder, control: Control, post: Outbox, fetch: Function) {
    let place = wire.place.clone();
    let order = match wire.order() {
        Ok(order) => order,
        Err(error) => return post.say(Fact::Failed(error.to_string())),
    };
    control.set(order.pace);
    let order = match with_carried(order, &fetch).await {
        Ok(order) => order,
        Err(error) => return post.say(Fact::Failed(error.to_string())),
    };
    let device = device::open(place.choice, place.adapter.as_ref(), &place.reason).await;
    conduct(&order, device, &control, &post).await;
}

/// The same order with the sources that come with the program, which a page fetches when they are needed.
async fn with_carried(mut order: Order, fetch: &Function) -> Result<Order> {
    let mut carried = Inputs::default();
    for source in &order.config.sources {
        if let Some(file) = embedded::file(&source.weights)? {
            carried.insert(file, fetched(&format!("assets/{file}"), fetch).await?);
        }
    }
    order.inputs.extend(&carried);
    Ok(order)
}

/// What the page's host serves at `path`, by `fetch`, which takes a path and a version and promises an array buffer.
async fn fetched(path: &str, fetch: &Function) -> Result<Vec<u8>> {
    let failed = |_| Error::file(path, "could not be fetched: is the page still online?");
    let promised = fetch.call2(&JsValue::NULL, &path.into(), &env!("CARGO_PKG_VERSION").into());
    let contents = JsFuture::from(promised.map_err(failed)?.unchecked_into::<Promise>()).await.map_err(failed)?;
    Ok(Uint8Array::new(&contents).to_vec())
}

/// A panic ends the worker; the page hears why.
fn tell_of_panics(scope: DedicatedWorkerGlobalScope) {
    let scope = send_wrapper::SendWrapper::new(scope);
    std::panic::set_hook(Box::new(move |panic| {
        send(&scope, &FromRun::Fact(Box::new(Fact::panicked(&panic.to_string()))));
    }));
}

fn send(scope: &DedicatedWorkerGlobalScope, message: &FromRun) {
    let (buffer, handed) = pack(message);
    // The page has gone: nobody is left to tell.
    let _ = scope.post_message_with_transfer(&buffer, &handed);
}

fn now() -> f64 {
    js_sys::Date::now()
}

/// The worker's way back to the page.
struct Outbox {
    scope: DedicatedWorkerGlobalScope,
    wanted: Rc<RefCell<Wanted>>,
    /// When others last had the thread.
    rested: RefCell<f64>,
}

impl Post for Outbox {
    fn say(&self, fact: Fact) {
        send(&self.scope, &FromRun::Fact(Box::new(fact)));
    }

    fn show(&self, seen: Seen) {
        send(&self.scope, &FromRun::Look(Box::new(seen.look)));
    }

    fn keep(&self, snapshot: Snapshot) {
        send(&self.scope, &FromRun::Kept(ByteBuf::from(snapshot.to_zip())));
    }

    fn wanted(&self) -> Wanted {
        std::mem::take(&mut *self.wanted.borrow_mut())
    }

    fn put(&self, place: &Path, mut files: Vec<(String, Vec<u8>)>) -> Result<String> {
        let place = place.display().to_string();
        let (name, contents) = if files.len() == 1 {
            (place, files.remove(0).1)
        } else {
            (format!("{place}.zip"), l2t_core::experiment::snapshot::zip(&files))
        };
        send(&self.scope, &FromRun::File(name.clone(), ByteBuf::from(contents)));
        Ok(format!("your downloads as {name}"))
    }

    /// Comes back by a message to itself: what the page has sent is heard first, and hidden pages do not slow messages
    /// down as they do timers.
    async fn rest(&self) {
        if now() - *self.rested.borrow() < UNDISTURBED {
            return;
        }
        let Ok(channel) = MessageChannel::new() else { return };
        let woken = Rc::<RefCell<bool>>::default();
        let waker = Rc::<RefCell<Option<std::task::Waker>>>::default();
        let come_back = {
            let (woken, waker) = (woken.clone(), waker.clone());
            Closure::<dyn FnMut()>::new(move || {
                *woken.borrow_mut() = true;
                if let Some(waker) = waker.borrow_mut().take() {
                    waker.wake();
                }
            })
        };
        channel.port1().set_onmessage(Some(come_back.as_ref().unchecked_ref()));
        let _ = channel.port2().post_message(&JsValue::NULL);
        poll_fn(|context| {
            if *woken.borrow() {
                return Poll::Ready(());
            }
            *waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        channel.port1().close();
        *self.rested.borrow_mut() = now();
    }
}
