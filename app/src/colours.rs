//! The colours of pictures and of the window. Hues are Okabe and Ito's, which stay apart under colour blindness.
//!
//! One target layer has one colour everywhere, and so has one method.

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// Okabe–Ito without its yellow, which cannot be seen on white; neighbours differ strongly.
const PALETTE: [Rgb; 7] = [
    [0, 114, 178],   // blue
    [230, 159, 0],   // orange
    [0, 158, 115],   // bluish green
    [213, 94, 0],    // vermillion
    [204, 121, 167], // reddish purple
    [86, 180, 233],  // sky blue
    [70, 70, 70],    // dark grey
];

/// The methods that the paper compares.
const METHODS: [(&str, Rgb); 7] = [
    ("scratch", PALETTE[6]),
    ("lwf", PALETTE[1]),
    ("at", PALETTE[5]),
    ("lwf+at", PALETTE[2]),
    ("fm", PALETTE[4]),
    ("l2t-w", PALETTE[0]),
    ("l2t-ww", PALETTE[3]),
];

/// The `index`-th colour. Past the end of the palette the hues come again, darker each time.
fn palette(index: usize) -> Rgb {
    let darker = 0.65_f64.powi((index / PALETTE.len()) as i32);
    let [red, green, blue] = PALETTE[index % PALETTE.len()];
    let dim = |channel: u8| (f64::from(channel) * darker) as u8;
    [dim(red), dim(green), dim(blue)]
}

/// The colour of a target layer.
pub fn target_colour(target_layer: usize) -> Rgb {
    palette(target_layer)
}

/// One colour per label: a method's own colour, otherwise the next free one. Equal labels get equal colours.
pub fn series_colours<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<Rgb> {
    let labels: Vec<&str> = labels.into_iter().collect();
    let mut named: Vec<(&str, Rgb)> = Vec::new();
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
        let mut colours = series_colours(labels.iter().map(String::as_str));
        colours.sort_unstable();
        colours.dedup();
        assert_eq!(colours.len(), 20);
    }
}
