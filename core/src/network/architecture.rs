//! The architectures that a configuration can name and a file of weights can hold, a [`Family`] each: the next one is a file
//! of its own and a line in `FAMILIES`.

use std::fmt;

use super::weights::WeightMap;
use super::{Network, resnet, vgg};
use crate::error::{Error, Result};

/// All of them.
const FAMILIES: [&Family; 3] = [&vgg::FAMILY, &resnet::SMALL, &resnet::LARGE];

/// Networks that have one way to be named and one to be recognised.
pub struct Family {
    /// What configurations call them, for people.
    pub(super) names: &'static str,
    /// The ones that a list offers.
    pub(super) offered: &'static [&'static str],
    /// Whether `target.width` is a factor on their channels.
    pub(super) has_width: bool,
    /// Pixels along the side of the images that they are usually given.
    pub(super) size: usize,
    /// Classes of what their sources are usually trained on.
    pub(super) classes: usize,
    /// The network of a name; `None` where it is another family's.
    pub(super) named: fn(&Wanted<'_>) -> Option<Box<dyn Architecture>>,
    /// The network that weights are of, for images of so many pixels along a side; `None` where it is another family's.
    pub(super) of_weights: fn(&WeightMap, usize) -> Option<Recognised>,
}

/// A network that was recognised, or what is wrong with it.
type Recognised = Result<Box<dyn Architecture>>;

/// A network before it is built.
pub trait Architecture: fmt::Debug {
    /// What people call it.
    fn title(&self) -> String;

    /// Builds it.
    ///
    /// # Errors
    /// Where images of its size do not fit.
    fn build(&self) -> Result<Network>;

    /// The taps that are matched where it is a source and nothing else is asked for.
    fn matched(&self) -> Vec<usize>;
}

/// A network that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// `vgg9`, `resnet20`, `resnet18`.
    pub name: &'a str,
    /// Factor on its channels, where the family has one.
    pub width: f64,
    /// Number of classes.
    pub classes: usize,
    /// Pixels along the side of its images.
    pub size: usize,
}

/// The network that a configuration asks for.
///
/// # Errors
/// Lists the names that there are.
pub fn named(wanted: &Wanted<'_>) -> Result<Box<dyn Architecture>> {
    let found = FAMILIES.iter().find_map(|family| (family.named)(wanted));
    found.ok_or_else(|| Error::config("target.network", format!("{} is none of {}", wanted.name, names())))
}

/// A network of this name as its published weights have it, for its usual images; `None` where there is no such name.
pub(crate) fn published(name: &str) -> Option<Box<dyn Architecture>> {
    let named =
        |family: &&Family| (family.named)(&Wanted { name, width: 1.0, classes: family.classes, size: family.size });
    FAMILIES.iter().find_map(named)
}

/// The names of all families, for people.
pub(crate) fn names() -> String {
    FAMILIES.map(|family| family.names).join("; ")
}

/// The names that a list offers.
pub fn offered() -> impl Iterator<Item = &'static str> {
    FAMILIES.into_iter().flat_map(|family| family.offered).copied()
}

/// What people call the network of a name and a width.
pub fn title(name: &str, width: f64) -> String {
    let found = FAMILIES.iter().find_map(|family| {
        let wanted = Wanted { name, width, classes: family.classes, size: family.size };
        Some((family, (family.named)(&wanted)?.title()))
    });
    match found {
        Some((family, title)) if family.has_width => format!("{title}, width {width}"),
        Some((_, title)) => title,
        None => name.to_owned(),
    }
}

/// The network that a checkpoint's keys and shapes describe, for images of `size` pixels along a side, or of as many as are
/// usual.
///
/// # Errors
/// Names the key that no known architecture has.
pub fn of_weights(weights: &WeightMap, size: Option<usize>) -> Result<Box<dyn Architecture>> {
    if let Some(name) = weights.names().find(|name| weights.get(name).is_some_and(|tensor| tensor.values.is_empty())) {
        return Err(weights.error(format!("{name} is empty")));
    }
    for name in weights.names().filter(|name| name.ends_with("conv1.weight")) {
        let shape = weights.shape(name).unwrap_or_default();
        if shape.len() != 4 {
            return Err(weights.error(format!("{name} is no convolution but has shape {shape:?}")));
        }
    }
    let found = FAMILIES.iter().find_map(|family| (family.of_weights)(weights, size.unwrap_or(family.size)));
    found.unwrap_or_else(|| {
        let deep = weights.shape("conv1.0.weight").is_some();
        Err(weights.error(if deep {
            "is a ResNet with a stem of three convolutions (ResNet-D), and those with a stem of one are read"
        } else {
            "is neither a ResNet (conv1, layer1 or block1, …, fc) nor a VGG (features.0, …, classifier)"
        }))
    })
}

/// Classes of the linear layer called `head`, the last of a network; `None` where a file has nothing of it, as backbones are
/// published.
///
/// # Errors
/// Where the file has only its bias, or a weight that is no matrix.
pub(super) fn classes(weights: &WeightMap, head: &str) -> Result<Option<usize>> {
    let [weight, bias] = ["weight", "bias"].map(|part| format!("{head}.{part}"));
    match weights.shape(&weight) {
        Some(&[classes, _]) => Ok(Some(classes)),
        Some(shape) => Err(weights.error(format!("{weight} is no matrix but has shape {shape:?}"))),
        None if weights.shape(&bias).is_some() => Err(weights.error(format!("{weight} is missing beside {bias}"))),
        None => Ok(None),
    }
}

/// `channels` times `width`, and at least one.
pub(super) fn scaled(channels: usize, width: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive channel count")]
    let scaled = (channels as f64 * width).round() as usize;
    scaled.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str) -> Wanted<'_> {
        Wanted { name, width: 1.0, classes: 7, size: 64 }
    }

    #[test]
    fn every_name_is_of_one_family_and_every_offered_one_can_be_built() {
        for name in offered() {
            let of = FAMILIES.iter().filter(|family| (family.named)(&wanted(name)).is_some());
            assert_eq!(of.count(), 1, "{name}");
            let network = named(&wanted(name)).unwrap().build().unwrap();
            assert_eq!((network.classes(), network.input_shape()), (7, [3, 64, 64]), "{name}");
        }
        for name in ["", "resnet", "resnet19", "resnet-", "resnet-18", "resnet-2-0", "resnet-2-x", "vgg", "resnet2000"]
        {
            let words = named(&wanted(name)).unwrap_err().to_string();
            assert!(words.starts_with("target.network: ") && words.contains("resnet18"), "{words}");
        }
    }

    /// What a network is called where its weights are read is what it is called where it is named.
    #[test]
    fn weights_are_recognised_as_the_network_that_they_are_of() {
        for name in offered().chain(["resnet-2-1-1", "resnet-1-2"]) {
            let architecture = published(name).unwrap();
            let network = architecture.build().unwrap();
            let mut weights = WeightMap::new("memory");
            for entry in network.layout().entries() {
                weights.insert(&entry.name, entry.shape.clone(), vec![0.5; entry.len()]);
            }
            let found = of_weights(&weights, None).unwrap();
            assert_eq!(format!("{found:?}"), format!("{architecture:?}"), "{name}");
            assert_eq!((found.title(), found.matched()), (architecture.title(), architecture.matched()));
        }
    }
}
