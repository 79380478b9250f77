use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage};

use super::*;

/// A folder of `each` pictures of every class, each of one colour of its own, and no division.
fn pictures(folder: &Path, each: &[(&str, u8)]) {
    for (class, (name, count)) in each.iter().enumerate() {
        std::fs::create_dir(folder.join(name)).unwrap();
        for number in 0..*count {
            let mut png = Cursor::new(Vec::new());
            let colour = Rgb([number, class as u8, 0]);
            RgbImage::from_pixel(4, 4, colour).write_to(&mut png, ImageFormat::Png).unwrap();
            std::fs::write(folder.join(format!("{name}/{number}.png")), png.into_inner()).unwrap();
        }
    }
}

fn plan(folder: &Path, changes: &[&str]) -> Result<Plan> {
    let path = format!("data.path='{}'", folder.display());
    let usual = [&path[..], "method.name=scratch", "target.width=0.03125", "train.batch_size=2"];
    let changes: Vec<String> = usual.iter().chain(changes).map(ToString::to_string).collect();
    Plan::new(Config::from_toml("", &changes)?, Device::flex(), "CPU".into())
}

#[test]
fn runs_of_every_seed_are_measured_on_the_same_images() {
    let folder = tempfile::tempdir().unwrap();
    pictures(folder.path(), &[("cat", 20), ("dog", 20)]);
    let parts = |changes: &[&str]| {
        let plan = plan(folder.path(), changes).unwrap();
        (plan.test.unwrap().data(&Stop::default()).unwrap().pixels.clone(), plan.train.pixels.clone())
    };
    let (test, train) = parts(&["data.per_class=5"]);
    let (of_another, train_of_another) = parts(&["data.per_class=5", "seed=1"]);
    assert_eq!((test.len(), &of_another), (2 * 4 * 3 * 32 * 32, &test));
    assert_ne!(train_of_another, train, "what is learned from is chosen by the seed of the run");
    assert_ne!(parts(&["data.split_seed=1"]).0, test);
}

#[test]
fn too_few_images_are_counted_with_those_held_out() {
    let folder = tempfile::tempdir().unwrap();
    pictures(folder.path(), &[("cat", 30), ("dog", 8), ("fox", 1)]);
    let refused = |changes: &[&str]| plan(folder.path(), changes).map(drop).unwrap_err().to_string();
    let path = folder.path().file_name().unwrap().to_str().unwrap();
    let eight = refused(&["data.per_class=8"]);
    assert_eq!(eight, format!("{path}: class `dog` has 8 images, of which 2 are held out, 8 are wanted"));
    let five = refused(&["data.per_class=5"]);
    assert_eq!(five, format!("{path}: class `fox` has 1 image, 5 are wanted"));
}

/// Reading, drawing and checking end where they are asked to, each with nothing but that to say.
#[test]
fn all_that_takes_long_ends_by_one_token() {
    let folder = tempfile::tempdir().unwrap();
    pictures(folder.path(), &[("a", 5), ("b", 5)]);
    let stop = Stop::default();
    stop.ask();
    let path = format!("data.path={}", toml::Value::String(folder.path().display().to_string()));
    for change in [&path[..], "data.per_class=20", "data.per_class=0"] {
        let config = Config::preset("demo", &[change.to_owned(), "train.batch_size=2".into()]).unwrap();
        let inputs = Inputs::default().until(&stop);
        let planned = Plan::with_inputs(config, inputs, Device::flex(), "CPU".into());
        assert_eq!(planned.map(drop), Err(Error::Stopped), "{change}");
    }
    assert_eq!(Inputs::default().until(&stop).weights("embedded").map(drop), Err(Error::Stopped));
    let plan = Plan::new(Config::preset("demo", &[]).unwrap(), Device::flex(), "CPU".into()).unwrap();
    let (state, stopped) = (plan.initial_state(), Plan { inputs: Inputs::default().until(&stop), ..plan.clone() });
    let check = super::super::gradient_check::check_hypergradient(&stopped, &state, 0, Seed(0));
    assert_eq!(futures_lite::future::block_on(check).map(drop), Err(Error::Stopped));
    let provenance = super::super::source_file::Provenance { command: "l2t".into() };
    let network = super::super::run::network_state(&plan, &state);
    let packed = super::super::source_file::pack(&stopped, &network, &provenance);
    assert_eq!(futures_lite::future::block_on(packed).map(drop), Err(Error::Stopped));
}

#[test]
fn what_was_left_out_of_any_part_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["train", "val", "test"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        pictures(&folder.path().join(part), &[("cat", 3), ("dog", 3)]);
        std::fs::write(folder.path().join(format!("{part}/cat/3.png")), b"").unwrap();
    }
    let left_out = |part: &str| format!("left out 1 file: {part}/cat/3.png is empty");
    let divided = plan(folder.path(), &[]).unwrap();
    let expected =
        [left_out("train"), format!("validation: {}", left_out("val")), format!("test: {}", left_out("test"))];
    assert_eq!(divided.data_notes(), expected);
    let whole = plan(&folder.path().join("train"), &["data.validation=0.5"]).unwrap();
    assert_eq!(
        whole.data_notes(),
        ["left out 1 file: cat/3.png is empty", "no test part: 2 of 6 images held out by the split seed"]
    );
}

/// Thirty images in batches of eight: three of them, or a fourth of six. In batches of 29 one image is left, which is no batch.
#[test]
fn the_last_batch_is_left_out_or_a_smaller_one() {
    let of = |changes: &[&str]| {
        let usual = ["target.width=0.0625", "data.per_class=3", "train.epochs=1", "method.name=scratch"];
        let changes: Vec<String> = usual.iter().chain(changes).map(ToString::to_string).collect();
        Plan::new(Config::preset("demo", &changes).unwrap(), Device::flex(), "CPU".into()).unwrap()
    };
    let batches = |changes: &[&str]| super::super::run::iterations(&of(changes));
    assert_eq!(batches(&["train.batch_size=8"]), 3);
    assert_eq!(batches(&["train.batch_size=8", "train.last_batch=kept"]), 4);
    assert_eq!(batches(&["train.batch_size=29", "train.last_batch=kept"]), 1);
    assert_eq!(batches(&["train.batch_size=30", "train.last_batch=kept"]), 1);

    let plan = of(&["train.batch_size=8", "train.last_batch=kept"]);
    let folder = tempfile::tempdir().unwrap();
    let mut keeper = super::super::store::RunFolder::create(&folder.path().join("run"), &plan.config).unwrap();
    let (control, mut nobody) = (super::super::Control::default(), |_| {});
    let run = super::super::run(&plan, None, &control, &mut keeper, &mut nobody);
    let outcome = futures_lite::future::block_on(run).unwrap();
    // Means of an epoch are over all of its images.
    let right = outcome.position.history.epochs[0].train_accuracy * 30.0;
    assert!((right - right.round()).abs() < 1e-4 && right <= 30.0, "{right} of 30");
}
