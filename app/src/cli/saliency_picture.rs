//! The picture of `l2t saliency`.

use std::path::Path;

use futures_lite::future::block_on;
use l2t_core::Result;
use l2t_core::data::Dataset;
use l2t_core::experiment::Plan;
use l2t_core::experiment::checkpoint::Checkpoint;
use l2t_core::experiment::saliency::table::ScoreRow;
use l2t_core::experiment::saliency::{HostMap, ImageRecord, ShownMaps, Survey};
use l2t_core::matching::Pair;
use l2t_core::saliency::colour::{Overlay, Pixels};
use l2t_core::saliency::map::clip_value;
use l2t_core::saliency::region::Region;
use l2t_core::saliency::score::Score;

use super::args::SaliencyArguments;
use crate::charts::target_name;
use crate::plots::{ColourBar, Tile, TileGrid, TileRow, explained, tile_grid};
use crate::words::{interval, part, weight_and_std};

/// Differences below this are pointed out as small: the eye takes their stretched colours for large ones.
const STRETCHED: f64 = 0.1;

/// A mean λ below this is not drawn in the matching diagram either.
const HARDLY_MATCHED: f64 = 0.1;

/// What the picture is about.
pub struct Scene<'a> {
    pub arguments: &'a SaliencyArguments,
    pub plan: &'a Plan,
    pub checkpoint: &'a Checkpoint,
    /// Index into the pair set.
    pub pair: usize,
    pub data: &'a Dataset,
}

impl Scene<'_> {
    fn pair(&self) -> Pair {
        let matching = self.plan.learner.model.matching.as_ref().expect("checked before");
        matching.pairs().pairs()[self.pair]
    }

    /// `block 2 of ResNet-8 to group 5 of VGG-9, width 0.125`
    pub fn pair_name(&self) -> String {
        let Pair { source, source_layer, target_layer } = self.pair();
        let layers = self.plan.sources[source].layers();
        let target = &self.plan.learner.model.network.taps()[target_layer];
        let (from, to) = (&layers.taps[source_layer].label, &target.label);
        format!("{from} of {} to {to} of {}", layers.name, target_name(self.plan))
    }

    /// Whether the method learns channel weights.
    pub fn learns_what(&self) -> bool {
        self.plan.learner.meta.as_ref().is_some_and(|meta| meta.learned().what)
    }

    /// C_m.
    fn channels(&self) -> usize {
        let Pair { source, source_layer, .. } = self.pair();
        self.plan.sources[source].layers().taps[source_layer].shape[0]
    }

    /// How far the learned weights are from uniform ones.
    pub fn unevenness(&self, found: &Survey) -> Option<String> {
        let (count, all) = (found.effective_channels()?, self.channels());
        Some(format!("the learned weights are as uneven as {count:.1} evenly weighted channels out of {all}"))
    }

    /// Why there is one map only.
    pub fn uniform_only(&self) -> String {
        let method = self.plan.config.method.name.name();
        format!("{method} keeps the channel weights uniform: its learned map is the uniform one, which is shown once")
    }

    fn title(&self) -> String {
        let (config, epoch) = (&self.plan.config, self.checkpoint.position.history.epochs.len());
        let (method, seed) = (config.method.name.name(), config.seed);
        format!("Saliency of matching {} ({method}, seed {seed}, epoch {epoch})", self.pair_name())
    }

    /// The weight of the pair while the run learned, which says whether matching it mattered.
    fn pair_weight(&self) -> Option<String> {
        let last = self.checkpoint.position.history.last_matched()?;
        let found = last.pair_weights.iter().find(|statistics| statistics.pair == self.pair())?;
        let hardly = if found.mean < HARDLY_MATCHED { ": the run hardly matched it" } else { "" };
        let value = weight_and_std(found.mean, found.std);
        Some(format!("λ of this pair was {value} over the training images{hardly}."))
    }
}

/// Draws `saliency.png` into `folder`.
pub fn draw(scene: &Scene<'_>, found: &Survey, folder: &Path) -> Result<()> {
    let path = folder.join("saliency.png");
    tile_grid(&grid(scene, found)?).map_err(|error| explained(&path, error))?.write_png(&path)
}

fn grid(scene: &Scene<'_>, found: &Survey) -> Result<TileGrid> {
    let shown: Vec<(&ImageRecord, &ShownMaps)> =
        found.images.iter().filter_map(|record| Some((record, record.maps.as_ref()?))).collect();
    // One scale for all differences of the picture, so that its rows can be compared.
    let differences =
        shown.iter().filter_map(|(_, maps)| maps.change.as_ref()).flat_map(|[_, more, less]| [more, less]);
    let values = differences.filter(|map| !map.flat).flat_map(|map| map.values.iter().copied());
    let most = clip_value(values, scene.arguments.clip);
    let columns = columns(scene.learns_what());
    let indices: Vec<usize> = shown.iter().map(|(record, _)| record.index).collect();
    let seen = scene.data.decoded(&indices)?;
    let mut tiles: Vec<Vec<Tile>> = vec![image_tiles(&seen)];
    for column in &columns {
        tiles.push(map_tiles(scene, &seen, &shown, column, if column.difference { most } else { 1.0 })?);
    }
    let row = |(nth, (record, _)): (usize, &(&ImageRecord, &ShownMaps))| TileRow {
        name: scene.data.class_names[record.label].clone(),
        note: record.area.map_or(String::new(), |area| format!("object: {} of area", part(area))),
        tiles: tiles.iter().map(|column| column[nth].clone()).collect(),
        outline: Region::of(&seen, nth).map_or(Vec::new(), |region| region.outline()),
    };
    Ok(TileGrid {
        title: scene.title(),
        size: [scene.data.height, scene.data.width],
        headings: std::iter::once("image").chain(columns.iter().map(|column| column.name)).map(String::from).collect(),
        rows: shown.iter().enumerate().map(row).collect(),
        bars: bars(scene, most),
        captions: captions(scene, found, most),
    })
}

/// A column of maps.
struct Column {
    name: &'static str,
    map: fn(&ShownMaps) -> Option<&HostMap>,
    score: fn(&ImageRecord) -> Option<String>,
    difference: bool,
}

fn columns(learned: bool) -> Vec<Column> {
    let uniform = Column {
        name: if learned { "uniform weights" } else { "saliency" },
        map: |maps| Some(&maps.uniform),
        score: |record| record.uniform.map(mass_and_hit),
        difference: false,
    };
    if !learned {
        return vec![uniform];
    }
    vec![
        uniform,
        Column {
            name: "learned weights",
            map: |maps| maps.change.as_ref().map(|[learned, ..]| learned),
            score: |record| record.learned.map(mass_and_hit),
            difference: false,
        },
        Column {
            name: "more activated",
            map: |maps| maps.change.as_ref().map(|[_, more, _]| more),
            score: |record| record.more.map(mass_alone),
            difference: true,
        },
        Column {
            name: "less activated",
            map: |maps| maps.change.as_ref().map(|[.., less]| less),
            score: |record| record.less.map(mass_alone),
            difference: true,
        },
    ]
}

fn mass_alone(mass: f64) -> String {
    part(mass) + " on object"
}

fn mass_and_hit(score: Score) -> String {
    format!("{}, {}", mass_alone(score.mass), if score.hit { "hit" } else { "miss" })
}

/// The images `seen`.
fn image_tiles(seen: &Dataset) -> Vec<Tile> {
    let area = seen.height * seen.width;
    let tile = |nth: usize| {
        let image = seen.image(nth);
        let pixels = (0..area).map(|at| [image[at], image[area + at], image[2 * area + at]]).collect();
        Tile { pixels, note: String::new(), cover: None }
    };
    (0..seen.len()).map(tile).collect()
}

/// The maps of a column over their grey images, those `seen`, with `most` at the upper end of the colours. A flat map is left
/// out.
fn map_tiles(
    scene: &Scene<'_>,
    seen: &Dataset,
    shown: &[(&ImageRecord, &ShownMaps)],
    column: &Column,
    most: f64,
) -> Result<Vec<Tile>> {
    let (data, arguments) = (seen, scene.arguments);
    let area = data.height * data.width;
    let flat = |maps: &ShownMaps| (column.map)(maps).is_none_or(|map| map.flat);
    let scaled = |(_, maps): &(&ImageRecord, &ShownMaps)| match (column.map)(maps) {
        Some(map) if !map.flat => map.values.iter().map(|value| value / most).collect(),
        _ => vec![0.0; area],
    };
    let maps: Vec<Vec<f64>> = shown.iter().map(scaled).collect();
    let images: Vec<&[u8]> = (0..data.len()).map(|nth| data.image(nth)).collect();
    let overlay = Overlay {
        size: [data.height, data.width],
        colours: arguments.colour_map,
        alpha: arguments.alpha,
        device: &scene.plan.device,
        dtype: scene.plan.dtype,
    };
    let pictures: Vec<Pixels> = block_on(overlay.draw(&images, &maps.iter().map(Vec::as_slice).collect::<Vec<_>>()))?;
    let tile = |(pixels, (record, maps)): (Pixels, &(&ImageRecord, &ShownMaps))| Tile {
        pixels,
        note: if flat(maps) { String::new() } else { (column.score)(record).unwrap_or_default() },
        cover: flat(maps).then(|| "flat".into()),
    };
    Ok(pictures.into_iter().zip(shown).map(tile).collect())
}

fn bars(scene: &Scene<'_>, most: f64) -> Vec<ColourBar> {
    let colours = scene.arguments.colour_map.colours();
    let bar = |columns, name: &str, most| ColourBar { columns, name: name.into(), most, colours: colours.clone() };
    if !scene.learns_what() {
        return vec![bar(1..2, "normalised map", 1.0)];
    }
    let mut bars = vec![bar(1..3, "normalised saliency map", 1.0)];
    if most > 0.0 {
        bars.push(bar(3..5, "difference of these maps, clipped likewise", most));
    }
    bars
}

/// `words` with a capital and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect::<String>() + ". ")
}

/// What was measured, then what is seen.
fn captions(scene: &Scene<'_>, found: &Survey, most: f64) -> Vec<String> {
    let mut captions = vec![measured(&found.scores())];
    if !scene.learns_what() {
        captions.push(scene.uniform_only());
    }
    let clip = 100.0 * scene.arguments.clip;
    let mut text = format!(
        "Grey image under the map of max over the colours of |∂L_wfm/∂x|, clipped where {clip:.0} % of its sum is \
         reached and scaled to 0 to 1; opacity {}. ",
        scene.arguments.alpha
    );
    if scene.learns_what() {
        text += "More and less activated: where the map with learned weights is above or below the one with uniform \
                 weights. ";
        if most < STRETCHED {
            text += &format!("Here that is a difference of {most:.2} or so: mind the colour bar. ");
        }
        text += &scene.unevenness(found).map_or(String::new(), |words| sentence(&words));
    }
    if !found.scores().is_empty() {
        text += "White line: the object. On object: share of the map's sum that lies on it. Hit or miss: whether the \
                 largest value does. ";
    }
    text += "The images are the first ones of classes at even steps; nobody chose them. ";
    text += &scene.pair_weight().unwrap_or_default();
    captions.push(text);
    captions
}

/// The scores in a sentence.
fn measured(scores: &[ScoreRow]) -> String {
    let row = |name: &str| scores.iter().find(|row| row.name == name);
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let value = |name: &str| {
        let estimate = row(name)?.estimate;
        let end = |share: f64| format!("{:.1}", 100.0 * share);
        let interval = estimate.interval.map_or(String::new(), |ends| format!(" {}", interval(ends, end)));
        Some(percent(estimate.mean) + &interval)
    };
    let Some(uniform) = row("uniform_mass") else {
        return "These images do not say where their object is, so that nothing is scored.".into();
    };
    let mut parts = vec![format!("uniform weights {}", value("uniform_mass").unwrap_or_default())];
    for (name, words) in [
        ("learned_mass", "learned weights"),
        ("more_activated_mass", "more activated pixels"),
        ("less_activated_mass", "less activated pixels"),
    ] {
        parts.extend(value(name).map(|value| format!("{words} {value}")));
    }
    let mut text = format!(
        "Share of saliency on the object over {} images, mean and 95 % interval: {}; chance {}.",
        uniform.estimate.count,
        parts.join(", "),
        percent(uniform.chance)
    );
    if let Some(hits) = value("uniform_hit") {
        text += &format!(" Hits: uniform {hits}");
        text += &value("learned_hit").map_or(".".into(), |hits| format!(", learned {hits}."));
    }
    text
}
