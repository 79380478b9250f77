//! The window around its views: the [`state`] that they read, the [`intent`]s that they return, `update` where these
//! happen, and what is where ([`layout`], [`tab`]). [`settings`] are what is remembered, a [`link`] is what can be sent.

pub mod app;
pub mod command;
mod frame;
pub mod hidden;
pub mod intent;
mod keys;
pub mod layout;
pub mod link;
mod listen;
pub mod settings;
pub mod state;
pub mod tab;
mod update;
