//! The run's side of the window: it trains, tells the window facts, and does between two steps what it is asked for.
//!
//! The same code runs on a thread of the program and in a worker of a page; [`Post`] is what differs.

use l2t_core::device::OpenDevice;
use l2t_core::experiment::run::{Keeper, run, show};
use l2t_core::experiment::{Control, Plan};
use l2t_core::{Error, Result};

use super::facts::{DeviceFacts, Experiment, Fact};
use super::keeper::WindowKeeper;
use super::order::{Order, Post};
use super::watcher::Watcher;

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
    let mut keeper = &WindowKeeper::new(order.opened.as_ref(), post);
    let mut watcher = Watcher {
        post,
        keeper,
        position: from.map(|from| from.position.clone()).unwrap_or_default(),
        device: &device,
        control,
    };
    run(&plan, from, control, &mut keeper, &mut watcher).await?;
    if control.stopped() {
        return Ok(());
    }
    show(&plan, &keeper.best()?.restore(&plan)?, control, &mut watcher).await
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
