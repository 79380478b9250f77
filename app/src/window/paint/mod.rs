//! What is drawn by hand: the networks, pixels, colours, fonts; and pictures of the screen.

pub mod fonts;
pub mod layers;
pub mod network;
mod network_parts;
pub mod palette;
pub mod pixels;
pub mod saliency;
pub mod screen_picture;
pub mod spot;
pub mod theme;
