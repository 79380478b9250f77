//! What is transferred over one pair: the channel weights w sorted, beside the source's feature maps and what the target
//! makes of them.

use eframe::egui::{Context, Grid, RichText, ScrollArea, TextureHandle, Ui};
use egui_plot::{Bar, BarChart, HLine, Plot};
use l2t_core::experiment::look::{FeatureMaps, Look, PairLook};
use l2t_core::saliency::colour::ColourMap;
use l2t_core::saliency::effective_channels;

use super::empty::{no_pairs, other_images, waiting};
use crate::window::paint::palette;
use crate::window::paint::pixels::{feature_map, photograph, show as picture, texture};
use crate::window::paint::theme;
use crate::window::run::facts::Experiment;
use crate::window::shell::intent::Intents;
use crate::window::shell::state::State;
use crate::words::weight;

/// Channels shown at each end.
const ENDS: usize = 6;

/// Side of a feature map on screen.
const SIDE: f32 = 54.0;

/// Width of what is said of the pair, in one line each.
const TEXT: f32 = 300.0;

/// Least width of the chart of w.
const CHART: f32 = 160.0;

/// Draws the tab.
pub fn show(ui: &mut Ui, state: &State, experiment: &Experiment) -> Intents {
    if experiment.pairs.is_empty() {
        return no_pairs(ui, experiment);
    }
    let mut intents = Intents::new();
    ui.horizontal_wrapped(|ui| {
        intents.extend(other_images(ui));
        ui.weak("press a number above for another pair");
    });
    match (&state.pictures.look, &state.pictures.pair) {
        (Some(look), Some(pictures)) => {
            if let Some(pair) = &look.pair {
                pictures.show(ui, experiment, look, pair);
            }
        }
        _ => waiting(ui),
    }
    intents
}

/// The pictures of one look.
pub struct PairPictures {
    image: TextureHandle,
    /// Channel, its weight, S, r(T).
    most: Vec<ChannelPicture>,
    least: Vec<ChannelPicture>,
    /// w, greatest first.
    sorted: Vec<f64>,
}

struct ChannelPicture {
    channel: usize,
    weight: f64,
    source: TextureHandle,
    regressed: TextureHandle,
}

impl PairPictures {
    /// Uploads the pictures of `pair`, of the first image of `look`.
    pub fn new(context: &Context, experiment: &Experiment, look: &Look, pair: &PairLook) -> Self {
        let index = look.request.images[0];
        let image = texture(context, "image", photograph(&experiment.shown, index));
        let mut order: Vec<usize> = (0..pair.channel_weights.len()).collect();
        order.sort_by(|a, b| pair.channel_weights[*b].total_cmp(&pair.channel_weights[*a]));
        let draw = |maps: &FeatureMaps, channel: usize, name: &str| {
            let map = feature_map(maps.channel(channel), maps.shape[2], ColourMap::Viridis);
            texture(context, format!("{name} {channel}"), map)
        };
        let channel = |channel: usize| ChannelPicture {
            channel,
            weight: pair.channel_weights[channel],
            source: draw(&pair.source, channel, "source"),
            regressed: draw(&pair.regressed, channel, "regressed"),
        };
        let ends = ENDS.min(order.len() / 2);
        Self {
            image,
            most: order[..ends].iter().map(|at| channel(*at)).collect(),
            least: order[order.len() - ends..].iter().map(|at| channel(*at)).collect(),
            sorted: order.iter().map(|at| pair.channel_weights[*at]).collect(),
        }
    }

    /// Draws them.
    pub fn show(&self, ui: &mut Ui, experiment: &Experiment, look: &Look, pair: &PairLook) {
        let Some(of) = look.request.pair.map(|pair| experiment.pairs[pair]) else { return };
        let class = |label: usize| experiment.shown.class_names[label].as_str();
        let (index, room) = (look.request.images[0], ui.available_width() - 2.0 * SIDE);
        // On a phone the text takes what the image leaves of the width, and the chart stands below.
        let beside = room > TEXT + CHART;
        ScrollArea::both().id_salt("pair").show(ui, |ui| {
            ui.horizontal(|ui| {
                picture(ui, &self.image, 2.0 * SIDE, "the image that is looked at");
                ui.vertical(|ui| {
                    ui.set_max_width((room - 2.0 * theme::STEP).max(CHART));
                    ui.strong(experiment.pair_name(&of));
                    let (truth, taken) = (experiment.shown.labels[index], look.predicted[0]);
                    let verdict = if truth == taken { "rightly".into() } else { format!("it is {}", class(truth)) };
                    ui.label(format!("taken for {} ({verdict})", class(taken)));
                    ui.label(format!("λ = {} for this image", weight(pair.pair_weights[0])));
                    ui.label(self.evenness(experiment));
                });
                if beside {
                    self.chart(ui, of.target_layer);
                }
            });
            if !beside {
                self.chart(ui, of.target_layer);
            }
            self.channels(ui, "most weighted", &self.most);
            self.channels(ui, "least weighted", &self.least);
        });
    }

    fn evenness(&self, experiment: &Experiment) -> String {
        let channels = self.sorted.len();
        if experiment.learned.is_some_and(|learned| learned.what) {
            let as_many = effective_channels(&self.sorted);
            return format!("w is as uneven as {as_many:.1} equal channels of {channels}");
        }
        format!("w is 1/{channels} for every channel: this method does not learn what")
    }

    fn chart(&self, ui: &mut Ui, target_layer: usize) {
        let colour = palette::target(target_layer, ui.visuals());
        let bars = self.sorted.iter().enumerate().map(|(nth, weight)| Bar::new(nth as f64, *weight).width(0.9));
        let bars = BarChart::new("w, sorted", bars.collect()).color(colour);
        let even = HLine::new("1/C", 1.0 / self.sorted.len() as f64).color(ui.visuals().weak_text_color());
        let size = ui.available_width().clamp(CHART, 420.0);
        let plot = Plot::new("channel weights").height(2.0 * SIDE).width(size).show_x(false).include_y(0.0);
        let plot = plot.allow_drag(false).allow_zoom(false).allow_scroll(false).show_axes([false, true]);
        let plot = plot.grid_color(ui.visuals().widgets.noninteractive.bg_stroke.color);
        plot.show(ui, |plot| {
            plot.bar_chart(bars);
            plot.hline(even);
        });
    }

    fn channels(&self, ui: &mut Ui, heading: &str, channels: &[ChannelPicture]) {
        ui.add_space(4.0);
        ui.strong(format!("The {heading} channels"));
        Grid::new(heading).spacing([6.0, 3.0]).show(ui, |ui| {
            ui.label("");
            for shown in channels {
                ui.label(RichText::new(format!("{} · {:.4}", shown.channel, shown.weight)).small());
            }
            ui.end_row();
            ui.label("source S").on_hover_text("S^m(x): the frozen network's feature map, dark is little");
            for shown in channels {
                picture(ui, &shown.source, SIDE, &format!("source channel {}", shown.channel));
            }
            ui.end_row();
            ui.label("target r(T)").on_hover_text("r_θ(T^n(x)): what the target's regressor makes of its own layer");
            for shown in channels {
                picture(ui, &shown.regressed, SIDE, &format!("target's image of channel {}", shown.channel));
            }
            ui.end_row();
        });
    }
}
