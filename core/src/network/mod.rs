//! Networks with taps, as functions of a flat parameter vector.
//!
//! [`Network`] is a list of operations; [`resnet`] and [`vgg`] build the paper's, and [`architecture`] knows them by name and by
//! their weights. A pass over it exists in four forms,
//! which are the four rules of `l2t_shaders` applied node by node:
//! [`Network::forward`], [`Network::backward`] (the gradient), [`Network::tangent`] (derivative along a direction) and
//! [`Network::backward_tangent`] (derivative of the gradient along a direction, `H u`). All four take a batch in chunks, and
//! keep every node's value or only those at the ends of [`Stretches`].

pub mod architecture;
pub mod convolutions;
mod evaluate;
mod foreign;
mod gradient;
mod graph;
mod layout;
mod names;
mod rescale;
pub mod resnet;
mod running;
mod safe_tensors;
mod stretches;
mod subsample;
mod tangent;
mod torch;
pub mod vgg;
pub mod weights;

pub use evaluate::{Activations, Cotangents, Mode};
pub use graph::{Network, NodeId, NormName, Tap};
pub use layout::{GradientParts, Init, ParamEntry, ParamId, ParamLayout};
pub use running::RunningStats;
pub use stretches::Stretches;
pub use tangent::Tangents;
