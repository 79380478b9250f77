use super::*;
use crate::data::view::whole;

/// 2 rows × 3 columns; red 1-6, green 11-16, blue 21-26.
const IMAGE: [u8; 18] = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26];

const SIZE: (usize, usize) = (3, 2);

fn plain() -> View {
    View::stretched(SIZE, SIZE)
}

#[test]
fn views_match_hand_computed_crops() {
    let seen = |top, left, flip| View { top, left, flip, ..plain() }.of_planar(&IMAGE);
    assert_eq!(seen(0, 0, false), IMAGE);
    let mirrored = [3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14, 23, 22, 21, 26, 25, 24];
    assert_eq!(seen(0, 0, true), mirrored);
    let down_left = [0, 4, 5, 0, 0, 0, 0, 14, 15, 0, 0, 0, 0, 24, 25, 0, 0, 0];
    assert_eq!(seen(1, -1, false), down_left);
    // The crop comes first: the border that was at its left is mirrored to its right.
    let down_left_mirrored = [5, 4, 0, 0, 0, 0, 15, 14, 0, 0, 0, 0, 25, 24, 0, 0, 0, 0];
    assert_eq!(seen(1, -1, true), down_left_mirrored);
    let up_right = [0, 0, 0, 3, 0, 0, 0, 0, 0, 13, 0, 0, 0, 0, 0, 23, 0, 0];
    assert_eq!(seen(-1, 2, false), up_right);
}

#[test]
fn every_offset_and_both_directions_come_up_evenly() {
    let augmentation = Augmentation::CropFlip { pad: 2 };
    let (mut down, mut right, mut flips) = ([0; 5], [0; 5], 0);
    for position in 0..5_000 {
        let view = augmentation.view(Seed(3), 1, position, SIZE, plain());
        down[(view.top + 2) as usize] += 1;
        right[(view.left + 2) as usize] += 1;
        flips += i32::from(view.flip);
    }
    assert!(down.iter().chain(&right).all(|count| (900..1100).contains(count)), "{down:?} {right:?}");
    assert!((2400..2600).contains(&flips), "{flips}");
}

/// Means of 4,000 crops of a picture of 500 × 375, beside those of the distributions that they are drawn from. A try is taken
/// where it fits: every one of up to three quarters of the area does, so the share is taken below that alone.
#[test]
fn resized_crops_have_the_areas_shapes_and_places_of_torchvisions() {
    let (size, plain) = ((500, 375), View::test((500, 375), 224));
    let views: Vec<View> =
        (0..4_000).map(|position| Augmentation::ResizedCropFlip.view(Seed(3), 1, position, size, plain)).collect();
    for View { cut, resized, left, top, size: seen, .. } in &views {
        assert!(cut.left + cut.width <= 500 && cut.top + cut.height <= 375, "{cut:?}");
        assert_eq!((*resized, *left, *top, *seen), ((224, 224), 0, 0, (224, 224)));
        let (area, aspect) = (cut.width * cut.height, cut.width as f64 / cut.height as f64);
        // Both sides are rounded to whole pixels.
        assert!(area as f64 >= 0.079 * 187_500.0 && (0.74..1.35).contains(&aspect), "{cut:?}");
    }
    let small: Vec<Rect> = views.iter().map(|view| view.cut).filter(|cut| cut.width * cut.height < 131_250).collect();
    let mean = |value: &dyn Fn(&Rect) -> f64| small.iter().map(value).sum::<f64>() / small.len() as f64;
    let share = mean(&|cut| (cut.width * cut.height) as f64 / 187_500.0);
    let logarithm = mean(&|cut| (cut.width as f64 / cut.height as f64).ln());
    let across = mean(&|cut| cut.left as f64 / (500 - cut.width) as f64);
    let down = mean(&|cut| if cut.height < 375 { cut.top as f64 / (375 - cut.height) as f64 } else { 0.5 });
    // Standard errors of about 3,000 draws: 0.0033, 0.003, 0.0053 and 0.0053; four of them.
    assert!((share - 0.39).abs() < 0.013, "{share}");
    assert!(logarithm.abs() < 0.012, "{logarithm}");
    assert!((across - 0.5).abs() < 0.021 && (down - 0.5).abs() < 0.021, "{across} {down}");
    let flips = views.iter().filter(|view| view.flip).count();
    assert!((1_870..2_130).contains(&flips), "{flips}");
}

#[test]
fn pictures_of_extreme_shape_show_their_centre() {
    let of = |size| Augmentation::ResizedCropFlip.view(Seed(1), 2, 3, size, View::test(size, 32)).cut;
    assert_eq!(of((1_000, 10)), Rect { left: 493, top: 0, width: 13, height: 10 });
    assert_eq!(of((10, 1_000)), Rect { left: 0, top: 493, width: 10, height: 13 });
    assert_eq!(of((1, 1)), whole((1, 1)));
    assert_eq!(centre((12, 10)), whole((12, 10)));
}

#[test]
fn a_view_depends_on_seed_epoch_and_position_alone() {
    for augmentation in [Augmentation::CropFlip { pad: 4 }, Augmentation::ResizedCropFlip] {
        let (size, plain) = ((40, 30), View::test((40, 30), 16));
        let view = |seed, epoch, position| augmentation.view(Seed(seed), epoch, position, size, plain);
        let views = |seed, epoch| (0..40).map(|position| view(seed, epoch, position)).collect::<Vec<_>>();
        let backwards: Vec<_> = (0..40).rev().map(|position| view(1, 7, position)).collect();
        assert_eq!(views(1, 7), backwards.into_iter().rev().collect::<Vec<_>>());
        assert_ne!(views(1, 7), views(1, 8));
        assert_ne!(views(1, 7), views(2, 7));
        assert!((0..40).all(|position| Augmentation::None.view(Seed(1), 7, position, size, plain) == plain));
    }
}
