//! What passes between a page and its worker, as CBOR: plain values, in one buffer each, which is handed over and not
//! copied.

use l2t_core::device::DeviceChoice;
use l2t_core::experiment::look::Look;
use l2t_core::experiment::{Config, Pace, Snapshot};
use l2t_core::inputs::Inputs;
use l2t_core::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::window::run::facts::Fact;
use crate::window::run::order::Opened;
use crate::window::run::order::{Order, Wanted};

/// From the page.
#[derive(Serialize, Deserialize)]
pub enum ToRun {
    /// Begin; the first message, and the only one of its kind.
    Start(Box<WireOrder>),
    /// How far to go.
    Pace(Pace),
    /// Something to do between two steps.
    Want(Wanted),
}

/// From the worker.
#[derive(Serialize, Deserialize)]
pub enum FromRun {
    /// It is loaded.
    Ready,
    /// A fact.
    Fact(Box<Fact>),
    /// What was asked to be seen.
    Look(Box<Look>),
    /// Where the run stands, as the zip of a run.
    Kept(ByteBuf),
    /// A file for the user.
    File(String, ByteBuf),
}

/// Where a run goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which device.
    pub choice: DeviceChoice,
    /// What the page found out about the GPU; `None` where there is none.
    pub adapter: Option<l2t_core::device::WebAdapter>,
    /// Why there is none, or why it is not taken.
    pub reason: String,
}

/// An order with its files.
#[derive(Serialize, Deserialize)]
pub struct WireOrder {
    /// As TOML, which keeps every digit.
    config: String,
    inputs: Vec<(String, Vec<(String, ByteBuf)>)>,
    /// The zip of a run.
    opened: Option<ByteBuf>,
    pace: Pace,
    /// Where to run.
    pub place: Place,
}

impl WireOrder {
    /// For a worker.
    pub fn new(order: &Order, place: Place) -> Self {
        let files = |files: &[(String, Vec<u8>)]| {
            files.iter().map(|(name, bytes)| (name.clone(), ByteBuf::from(bytes.clone()))).collect()
        };
        Self {
            config: order.config.to_toml(),
            inputs: order.inputs.iter().map(|(name, group)| (name.to_owned(), files(group))).collect(),
            opened: order.opened.as_ref().map(|opened| ByteBuf::from(opened.snapshot.to_zip())),
            pace: order.pace,
            place,
        }
    }

    /// In the worker.
    ///
    /// # Errors
    /// When the run to go on with is damaged.
    pub fn order(self) -> Result<Order> {
        let mut inputs = Inputs::default();
        for (name, group) in self.inputs {
            inputs.insert_all(name, group.into_iter().map(|(name, bytes)| (name, bytes.into_vec())).collect());
        }
        let opened = match self.opened {
            Some(zip) => Some(Opened { snapshot: Snapshot::from_zip("the run", &zip)?, folder: None }),
            None => None,
        };
        Ok(Order { config: Config::from_toml(&self.config, &[])?, inputs, opened, pace: self.pace })
    }
}

/// A message as bytes.
pub fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(message, &mut bytes).expect("messages are plain data");
    bytes
}

/// A message from its bytes.
///
/// # Errors
/// When it is none: page and worker are of two versions.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    ciborium::from_reader(bytes).map_err(|error| {
        Error::Device(format!("the page and its worker do not understand each other ({error}): reload the page"))
    })
}
