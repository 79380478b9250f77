//! The colours of pictures, of the report and of the window: one table, each colour for white and for dark ground.
//!
//! One target layer has one colour everywhere, and so has one method. Hues are Okabe and Ito's, which stay apart under colour
//! blindness; on each ground they are as light or dark as it takes to be seen (a contrast of 3, of texts 4.5: WCAG 2.2, AA).

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// What is behind a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ground {
    /// White paper.
    #[default]
    Light,
    /// A dark screen.
    Dark,
}

/// One colour, as it is on either ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Colour {
    /// On white.
    pub light: Rgb,
    /// On dark ground.
    pub dark: Rgb,
}

const fn colour(light: Rgb, dark: Rgb) -> Colour {
    Colour { light, dark }
}

/// Behind everything.
pub const GROUND: Colour = colour([255, 255, 255], [21, 24, 28]);
/// Titles, names and values.
pub const INK: Colour = colour([25, 28, 33], [230, 232, 235]);
/// Captions, notes and marks.
pub const SOFT_INK: Colour = colour([75, 80, 88], [162, 169, 179]);
/// Axes and outlines.
pub const OUTLINE: Colour = colour([120, 125, 132], [125, 132, 142]);
/// Grid lines, and lines between rows of a table.
pub const GRID: Colour = colour([230, 232, 235], [43, 48, 56]);
/// Pairs too weak to draw.
pub const HAIRLINE: Colour = colour([196, 200, 206], [74, 80, 90]);
/// Filling of blocks.
pub const BLOCK: Colour = colour([240, 241, 243], [34, 39, 45]);
/// What wants attention: the colour of the method that all is about.
pub const ACCENT: Colour = PALETTE[3];

/// Neighbours differ strongly. Without Okabe and Ito's yellow, which cannot be seen on white.
const PALETTE: [Colour; 7] = [
    colour([0, 105, 170], [72, 150, 228]),    // blue
    colour([190, 124, 0], [230, 159, 0]),     // orange
    colour([0, 158, 115], [28, 178, 134]),    // bluish green
    colour([213, 94, 0], [232, 112, 40]),     // vermillion
    colour([198, 108, 158], [216, 138, 182]), // reddish purple
    colour([40, 148, 200], [124, 202, 242]),  // sky blue
    colour([70, 70, 70], [190, 195, 202]),    // grey
];

/// Every method; the paper's seven share the palette.
const METHODS: [(&str, Colour); 9] = [
    ("scratch", PALETTE[6]),
    ("lwf", PALETTE[1]),
    ("at", PALETTE[5]),
    ("lwf+at", PALETTE[2]),
    ("fm", PALETTE[4]),
    ("l2t-w", PALETTE[0]),
    ("l2t-ww", PALETTE[3]),
    ("fine-tuning", colour([130, 84, 44], [200, 156, 116])),
    ("l2t-where", colour([112, 84, 192], [172, 150, 240])),
];

impl Colour {
    /// As it is on `ground`.
    pub fn on(self, ground: Ground) -> Rgb {
        match ground {
            Ground::Light => self.light,
            Ground::Dark => self.dark,
        }
    }

    /// The colour thinned with its ground: 0 is the ground, 1 the colour itself.
    #[must_use]
    pub fn tint(self, depth: f64) -> Self {
        let depth = depth.clamp(0.0, 1.0);
        let mix =
            |ground: u8, own: u8| (f64::from(ground) + (f64::from(own) - f64::from(ground)) * depth).round() as u8;
        let thin = |ground: Rgb, own: Rgb| [0, 1, 2].map(|channel| mix(ground[channel], own[channel]));
        colour(thin(GROUND.light, self.light), thin(GROUND.dark, self.dark))
    }
}

/// `#d55e00`
pub fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The colour at `share` of the way through `colours`, which stand at even steps; white where there is none.
pub fn between(colours: &[Rgb], share: f64) -> Rgb {
    let Some(last) = colours.len().checked_sub(1) else { return GROUND.light };
    let at = share.clamp(0.0, 1.0) * last as f64;
    let low = at.floor() as usize;
    let (from, to) = (colours[low], colours[(low + 1).min(last)]);
    [0, 1, 2].map(|channel| {
        let (from, to) = (f64::from(from[channel]), f64::from(to[channel]));
        (from + (to - from) * (at - low as f64)).round() as u8
    })
}

/// The `index`-th colour. Past the end of the palette the hues come again, nearer to the colour of text each time.
fn palette(index: usize) -> Colour {
    let kept = 0.65_f64.powi((index / PALETTE.len()) as i32);
    let Colour { light, dark } = PALETTE[index % PALETTE.len()];
    let darker = light.map(|channel| (f64::from(channel) * kept) as u8);
    let lighter = dark.map(|channel| (255.0 - (255.0 - f64::from(channel)) * kept) as u8);
    colour(darker, lighter)
}

/// The colour of a target layer.
pub fn target_colour(target_layer: usize) -> Colour {
    palette(target_layer)
}

/// One colour per label: a method's own colour, otherwise the next free one. Equal labels get equal colours.
pub fn series_colours<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<Colour> {
    let labels: Vec<&str> = labels.into_iter().collect();
    let mut named: Vec<(&str, Colour)> = Vec::new();
    for label in &labels {
        if let Some((_, colour)) = METHODS.iter().find(|(method, _)| label.trim().eq_ignore_ascii_case(method)) {
            named.push((label, *colour));
        }
    }
    let mut fresh = 0;
    for label in &labels {
        if named.iter().all(|(known, _)| known != label) {
            while named.iter().any(|(_, taken)| *taken == palette(fresh)) {
                fresh += 1;
            }
            named.push((label, palette(fresh)));
        }
    }
    let colour_of = |label: &&str| named.iter().find(|(known, _)| known == label).map(|(_, colour)| *colour);
    labels.iter().filter_map(colour_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast of WCAG 2.2: 1 is none, 21 black on white.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = |[red, green, blue]: Rgb| 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn everything_can_be_seen_on_either_ground() {
        // As a reader of the guideline computes them.
        assert!((contrast([255; 3], [0; 3]) - 21.0).abs() < 1e-9 && (contrast([255; 3], [118; 3]) - 4.54).abs() < 0.01);
        for ground in [Ground::Light, Ground::Dark] {
            for behind in [GROUND, BLOCK, GRID] {
                for text in [INK, SOFT_INK] {
                    assert!(contrast(text.on(ground), behind.on(ground)) >= 4.5, "{text:?} on {behind:?}");
                }
            }
            for shape in (0..20).map(palette).chain([OUTLINE]) {
                assert!(contrast(shape.on(ground), GROUND.on(ground)) >= 3.0, "{shape:?} on {ground:?}");
            }
        }
    }

    #[test]
    fn equal_labels_share_a_colour_and_others_do_not() {
        let labels = ["train", "test", "L2T-ww", "train", "scratch"];
        let colours = series_colours(labels);
        assert_eq!(colours.len(), labels.len());
        for (i, first) in labels.iter().enumerate() {
            for (j, second) in labels.iter().enumerate() {
                assert_eq!(colours[i] == colours[j], first == second, "{first} and {second}");
            }
        }
        assert_eq!(colours[2], PALETTE[3]);
    }

    #[test]
    fn colours_do_not_run_out() {
        let labels: Vec<String> = (0..20).map(|i| format!("series {i}")).collect();
        for ground in [Ground::Light, Ground::Dark] {
            let colours = series_colours(labels.iter().map(String::as_str));
            let mut colours: Vec<Rgb> = colours.into_iter().map(|colour| colour.on(ground)).collect();
            colours.sort_unstable();
            colours.dedup();
            assert_eq!(colours.len(), 20);
        }
    }

    #[test]
    fn tint_reaches_the_ground_and_the_colour() {
        assert_eq!(target_colour(0).tint(0.0), GROUND);
        assert_eq!(target_colour(0).tint(1.0), target_colour(0));
    }

    #[test]
    fn colours_between_are_mixed() {
        let colours = [[0, 0, 0], [100, 200, 50], [200, 0, 50]];
        assert_eq!(between(&colours, 0.25), [50, 100, 25]);
        assert_eq!((between(&colours, 0.0), between(&colours, 1.0)), ([0, 0, 0], [200, 0, 50]));
    }

    #[test]
    fn every_method_has_a_colour_of_its_own() {
        let names: Vec<&str> = l2t_core::method::Method::ALL.iter().map(|method| method.name()).collect();
        let colours = series_colours(names.iter().copied());
        for (name, colour) in names.iter().zip(colours) {
            assert!(METHODS.contains(&(name, colour)), "{name}");
        }
    }
}
