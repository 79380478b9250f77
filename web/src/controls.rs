//! The names that egui gives to its controls, which a canvas hides from everybody who cannot see it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eframe::egui::{Context, FullOutput, Plugin};
use serde::Serialize;

/// One control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Control {
    /// What a screen reader would say.
    pub name: String,
    /// What it is.
    pub role: String,
    /// Left, top, right, bottom, in CSS pixels.
    pub rect: [f64; 4],
    /// Whether it can be used.
    pub enabled: bool,
}

/// Those of the last frame.
#[derive(Debug, Clone, Default)]
pub struct Controls(Arc<Mutex<Drawn>>);

#[derive(Debug, Default)]
struct Drawn {
    frames: u32,
    controls: Vec<Control>,
}

impl Controls {
    /// All of them.
    pub fn list(&self) -> Vec<Control> {
        self.drawn().controls.clone()
    }

    /// How many frames were drawn: with the same number, they are the same.
    pub fn frames(&self) -> u32 {
        self.drawn().frames
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the names out of what every frame says to accessibility tools.
#[derive(Debug)]
pub struct Named(Controls);

impl Named {
    /// Into `controls`.
    pub fn new(controls: Controls) -> Self {
        Self(controls)
    }
}

impl Plugin for Named {
    fn debug_name(&self) -> &'static str {
        "names of controls"
    }

    fn setup(&mut self, context: &Context) {
        context.enable_accesskit();
    }

    fn output_hook(&mut self, context: &Context, output: &mut FullOutput) {
        let Some(update) = &output.platform_output.accesskit_update else { return };
        let zoom = f64::from(context.zoom_factor());
        let named = update.nodes.iter().filter_map(|(_, node)| {
            let name = node.label().or(node.value())?.to_owned();
            let bounds = node.bounds()?;
            let rect = [bounds.x0, bounds.y0, bounds.x1, bounds.y1].map(|side| side * zoom);
            Some(Control { name, role: format!("{:?}", node.role()), rect, enabled: !node.is_disabled() })
        });
        let mut drawn = self.0.drawn();
        drawn.controls = named.collect();
        drawn.frames = drawn.frames.wrapping_add(1);
    }
}
