//! `fine-grained`: ten species of beetle.
//!
//! *Made to show:* transfer where small parts decide. All classes are one body; feelers, wing marks and tail tell them
//! apart, no part by itself does, and colour, size and pose tell nothing. Beetles are not in the source task, yet lines,
//! spots, stripes and outlines are: a few source layers and channels should help a lot, others not at all.

use super::dice::Dice;
use super::painter::{Filter, Ink, Paint, Part, Scene};
use super::scenery::{background, clutters, colour_away_from, object, paints, pose};
use super::things::Sketch;
use Ink::{Body, Dark, Light, Trim};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Feelers {
    Long,
    Clubbed,
    Jaws,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Spots,
    Bands,
    Halves,
}

/// Feelers, wing marks, and whether the tail is forked.
const SPECIES: [(Feelers, Mark, bool); 10] = [
    (Feelers::Long, Mark::Spots, false),
    (Feelers::Long, Mark::Bands, false),
    (Feelers::Long, Mark::Halves, false),
    (Feelers::Clubbed, Mark::Spots, false),
    (Feelers::Clubbed, Mark::Bands, false),
    (Feelers::Clubbed, Mark::Halves, false),
    (Feelers::Jaws, Mark::Spots, false),
    (Feelers::Jaws, Mark::Bands, false),
    (Feelers::Long, Mark::Bands, true),
    (Feelers::Clubbed, Mark::Halves, true),
];

pub(super) fn class_names() -> Vec<String> {
    let name = |(feelers, mark, forked): &(Feelers, Mark, bool)| {
        let mark = match mark {
            Mark::Spots => "spotted",
            Mark::Bands => "banded",
            Mark::Halves => "two-tone",
        };
        let feelers = match feelers {
            Feelers::Long => "longhorn",
            Feelers::Clubbed => "clubhorn",
            Feelers::Jaws => "stag",
        };
        format!("{mark} {}{feelers}", if *forked { "fork-tailed " } else { "" })
    };
    SPECIES.iter().map(name).collect()
}

pub(super) fn scene(class: usize, size: f32, dice: &mut Dice) -> Scene {
    let background = background(size, dice);
    let mut items = clutters(2 + dice.below(4), size, (0.05, 0.12), &background, dice);
    let mut paints = paints(&background, dice);
    paints[Light as usize] = Paint::plain(colour_away_from(&[paints[Body as usize].colours[0]], 0.9, dice));
    let frame = pose(size, (0.8, 0.94), 14, dice);
    items.push(object(beetle(SPECIES[class], dice), frame, paints, dice));
    Scene { background, items, filter: Filter::None }
}

/// A beetle seen from above, its head up.
fn beetle((feelers, mark, forked): (Feelers, Mark, bool), dice: &mut Dice) -> Vec<Part> {
    let mut sketch = Sketch::default();
    let s = &mut sketch;
    let (a, b, c) = (dice.about(1.0), dice.about(1.0), dice.about(1.0));
    let knee = dice.around(0.12);
    s.both(|s, side| {
        for (y, tip) in [(-0.3, -0.5), (0.05, 0.12), (0.35, 0.72)] {
            s.stroke(Dark, (side * 0.3, y), (side * 0.7, y + knee), 0.06);
            s.stroke(Dark, (side * 0.7, y + knee), (side * 0.9, tip + knee), 0.05);
        }
        match feelers {
            Feelers::Long => {
                s.stroke(Dark, (side * 0.1, -0.6), (side * 0.42, -0.98 * a), 0.07);
                s.stroke(Dark, (side * 0.42, -0.98 * a), (side * 0.78, -0.88), 0.06);
            }
            Feelers::Clubbed => {
                s.stroke(Dark, (side * 0.1, -0.6), (side * 0.3, -0.86 * a), 0.06);
                s.ellipse(Dark, (side * 0.33, -0.9 * a), (0.16, 0.15));
            }
            Feelers::Jaws => {
                s.stroke(Trim, (side * 0.14, -0.66), (side * 0.32, -0.88 * a), 0.085);
                s.stroke(Trim, (side * 0.32, -0.88 * a), (side * 0.1, -1.06 * a), 0.06);
            }
        }
        if forked {
            s.stroke(Dark, (side * 0.12, 0.72), (side * 0.26, 1.0), 0.09);
        }
    });
    s.ellipse(Trim, (0.0, -0.6), (0.2, 0.17)).ellipse(Trim, (0.0, -0.36), (0.36 * b, 0.24));
    let wings = (0.5 * c, 0.56);
    s.ellipse(Body, (0.0, 0.24), wings);
    mark_wings(s, mark, wings.0, dice);
    sketch.0
}

/// Marks within wings of this half width.
fn mark_wings(s: &mut Sketch, mark: Mark, half: f32, dice: &mut Dice) {
    let up = dice.around(0.04);
    match mark {
        Mark::Spots => {
            s.both(|s, side| {
                for (x, y) in [(0.5, 0.02), (0.55, 0.4)] {
                    s.ellipse(Light, (side * x * half, y + up), (0.13, 0.13));
                }
            });
        }
        Mark::Bands => {
            for (y, half_width) in [(0.06 + up, 0.84), (0.42 + up, 0.8)] {
                s.polygon(
                    Light,
                    &[
                        (-half_width * half, y - 0.08),
                        (half_width * half, y - 0.08),
                        (half_width * half, y + 0.08),
                        (-half_width * half, y + 0.08),
                    ],
                );
            }
        }
        Mark::Halves => {
            s.ellipse(Light, (0.0, 0.3 + up), (0.2 * half / 0.5, 0.4));
        }
    }
    s.stroke(Dark, (0.0, -0.28), (0.0, 0.78), 0.025);
}
