//! Source networks that the program carries; `assets/README.md` says how they were made.

use crate::error::{Error, Result};

/// A source network that comes with the program.
struct Carried {
    /// Behind `embedded:`.
    name: &'static str,
    /// Its file among the assets; a page fetches it from there when it is needed.
    file: &'static str,
    /// Its contents; a page starts sooner without them.
    #[cfg(not(target_family = "wasm"))]
    bytes: &'static [u8],
    /// What it knows.
    about: &'static str,
}

macro_rules! carried {
    ($name:literal, $file:literal, $about:literal) => {
        Carried {
            name: $name,
            file: $file,
            #[cfg(not(target_family = "wasm"))]
            bytes: include_bytes!(concat!("../assets/", $file)),
            about: $about,
        }
    };
}

const SOURCES: [Carried; 4] = [
    carried!("resnet20", "things-resnet20.safetensors", "a ResNet-20 that knows striped and spotted things"),
    carried!("resnet32", "things-resnet32.safetensors", "a ResNet-32 that knows striped and spotted things, less well"),
    carried!("textures-resnet20", "materials-resnet20.safetensors", "a ResNet-20 that knows textures"),
    carried!(
        "resnet10",
        "things-resnet10.safetensors",
        "a ResNet-10 for 96 pixels that knows striped and spotted things"
    ),
];

/// (What to write as `sources.0.weights`, what it is) of every embedded source. Plain `embedded` is the first.
pub fn sources() -> impl Iterator<Item = (String, &'static str)> {
    SOURCES.iter().map(|source| (format!("embedded:{}", source.name), source.about))
}

/// The SafeTensors that `from` names: `embedded` or `embedded:NAME`; `None` where it names something else.
///
/// # Errors
/// Where there is none of this name; lists those that there are.
#[cfg(not(target_family = "wasm"))]
pub fn bytes(from: &str) -> Result<Option<&'static [u8]>> {
    Ok(find(from)?.map(|source| source.bytes))
}

/// The asset that `from` names: `embedded` or `embedded:NAME`; `None` where it names something else.
///
/// # Errors
/// Where there is none of this name; lists those that there are.
pub fn file(from: &str) -> Result<Option<&'static str>> {
    Ok(find(from)?.map(|source| source.file))
}

fn find(from: &str) -> Result<Option<&'static Carried>> {
    let name = match from.strip_prefix("embedded") {
        Some("") => SOURCES[0].name,
        Some(rest) => match rest.strip_prefix(':') {
            Some(name) => name,
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    match SOURCES.iter().find(|source| source.name == name) {
        Some(source) => Ok(Some(source)),
        None => {
            let names: Vec<_> = sources().map(|(name, _)| name).collect();
            Err(Error::weights(from, format!("is none of {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use burn_tensor::{DType, Device};
    use futures_lite::future::block_on;

    use super::*;
    use crate::data::{Split, WorldConfig, WorldTask, world};
    use crate::experiment::evaluate::accuracy;
    use crate::seed::Seed;
    use crate::source::{Source, read_weights};

    /// The accuracy that a file says it has, 0 to 1.
    fn stated(notes: &std::collections::BTreeMap<String, String>) -> f64 {
        notes["accuracy"].split(' ').next().and_then(|share| share.parse().ok()).expect("a number")
    }

    #[test]
    fn each_reaches_its_stated_accuracy_on_freshly_drawn_images() {
        let cases = [
            ("embedded", WorldTask::Things, 32, 10, &["block 2", "block 5", "block 8"][..]),
            ("embedded:resnet32", WorldTask::Things, 32, 10, &["block 4", "block 9", "block 14"]),
            ("embedded:textures-resnet20", WorldTask::Materials, 32, 20, &["block 2", "block 5", "block 8"]),
            ("embedded:resnet10", WorldTask::Things, 96, 10, &["group 1", "group 2", "group 3", "group 4"]),
        ];
        for (name, task, size, per_class, layers) in cases {
            let weights = read_weights(name).unwrap();
            let source = Source::new(&weights, None, size, &Device::flex(), DType::F32).unwrap();
            let labels: Vec<_> = source.layers().taps.iter().map(|tap| tap.label.clone()).collect();
            assert_eq!(labels, layers, "{name}");
            let config = WorldConfig { task, size, test_per_class: per_class, ..WorldConfig::default() };
            // Another seed than that of the task draws images that nobody has seen.
            let fresh = Arc::new(world(&config, Split::Test, Seed(77)));
            let reached =
                block_on(accuracy(&source.network, &source.state, &fresh, &crate::stop::Stop::default(), |_, _| {}))
                    .unwrap();
            let said = stated(weights.notes());
            // 340 or 360 images: a standard error of at most 2.7 points; four of them.
            assert!(reached >= said - 0.11, "{name}: {reached} of {said}");
            let chance = 1.0 / source.network.classes() as f64;
            assert!(said > 4.0 * chance, "{name} says {said} where chance is {chance}");
        }
    }

    #[test]
    fn each_says_where_it_comes_from_and_is_small() {
        for (name, _) in sources() {
            let bytes = bytes(&name).unwrap().unwrap();
            assert!(bytes.len() <= 2 << 20, "{name} has {} bytes", bytes.len());
            let weights = read_weights(&name).unwrap();
            for key in ["task", "classes", "network", "command", "seed", "epochs", "images", "accuracy"] {
                assert!(weights.notes().contains_key(key), "{name} does not say its {key}");
            }
        }
    }

    #[test]
    fn unknown_names_are_refused_and_files_are_left_alone() {
        let error = bytes("embedded:resnet56").unwrap_err().to_string();
        assert_eq!(
            error,
            "embedded:resnet56: is none of embedded:resnet20, embedded:resnet32, embedded:textures-resnet20, \
             embedded:resnet10"
        );
        assert_eq!(bytes("embedded"), bytes("embedded:resnet20"));
        assert_eq!((bytes("embedded.safetensors"), bytes("weights.pth")), (Ok(None), Ok(None)));
    }
}
