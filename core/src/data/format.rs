//! The formats that are read, and which of them lies where.

use crate::data::cifar::{self, Cifar};
use crate::data::files::{Files, join};
use crate::data::kind::Kind;
use crate::data::layout::{self, Layout};
use crate::data::listed::{find_folder, split_folder};
use crate::data::part::{Part, Section};
use crate::data::sniff::sniff;
use crate::data::{cifar_python, cub200, dogs, image_folder, mit67, pictures, stanford40, stl10, tiny_imagenet};
use crate::error::{Error, Result};

/// Folders around a data set that are looked through.
const MAX_WRAPPERS: usize = 5;

/// Files that are looked into to say what is there in place of a data set.
const MAX_SNIFFED: usize = 16;

/// The formats that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    Cifar(Cifar),
    CifarPython(Cifar),
    Stl10,
    TinyImageNet,
    /// With the folder of its lists.
    Cub200(String),
    Dogs,
    Mit67,
    Stanford40,
    ImageFolder(Layout),
}

/// A data set and the folder that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    pub folder: String,
    pub format: Format,
}

impl Set {
    /// Whether there are the lists of pictures alone, which may be packed beside them.
    pub(super) fn lacks_pictures(&self, files: &Files) -> bool {
        let pictures = match &self.format {
            Format::Cub200(base) => return files.below(&join(&join(&self.folder, base), "images")).is_empty(),
            Format::Dogs | Format::Mit67 => "Images",
            Format::Stanford40 => "JPEGImages",
            _ => return false,
        };
        find_folder(files, &self.folder, pictures).is_none()
    }

    /// The same seen from the folder around it, where the masks of CUB lie beside its folder.
    fn with_masks_beside(self, files: &Files) -> Self {
        let (parent, name) = split_folder(&self.folder);
        let has_masks = |place: &str| !files.below(&join(place, cub200::MASKS)).is_empty();
        match self.format {
            Format::Cub200(_) if !self.folder.is_empty() && has_masks(parent) && !has_masks(&self.folder) => {
                Self { folder: parent.into(), format: Format::Cub200(name.into()) }
            }
            _ => self,
        }
    }
}

impl Format {
    /// Finds the one data set among `files`, in the top folder or in folders around it: archives often hold one folder that
    /// holds the rest, and users often give the folder around the folder.
    ///
    /// # Errors
    /// If there is none, or several.
    pub(super) fn find(files: &Files) -> Result<Set> {
        find(files, "", MAX_WRAPPERS)?.map(|set| set.with_masks_beside(files)).ok_or_else(|| unknown(files))
    }

    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::Cifar(kind) | Self::CifarPython(kind) => kind.title(),
            Self::Stl10 => "STL-10",
            Self::TinyImageNet => "TinyImageNet-200",
            Self::Cub200(_) => "CUB-200-2011",
            Self::Dogs => "Stanford Dogs",
            Self::Mit67 => "MIT-67",
            Self::Stanford40 => "Stanford-40",
            Self::ImageFolder(_) => "image folder",
        }
    }

    /// What was guessed or left out in finding the parts.
    pub(super) fn notes(&self) -> &[String] {
        match self {
            Self::ImageFolder(Layout::Divided(division)) => &division.notes,
            _ => &[],
        }
    }

    /// One part, or `None` where the data set does not have it.
    pub(super) fn read(&self, files: &Files, section: Section) -> Result<Option<Part>> {
        match self {
            Self::Cifar(kind) => cifar::read(files, *kind, section),
            Self::CifarPython(kind) => cifar_python::read(files, *kind, section),
            Self::Stl10 => stl10::read(files, section),
            Self::TinyImageNet => tiny_imagenet::read(files, section),
            Self::Cub200(base) => cub200::read(files, base, section),
            Self::Dogs => dogs::read(files, section),
            Self::Mit67 => mit67::read(files, section),
            Self::Stanford40 => stanford40::read(files, section),
            Self::ImageFolder(layout) => image_folder::read(files, layout, section),
        }
    }

    /// The format of what is in `folder`, where its names leave no doubt.
    fn certain(files: &Files, folder: &str) -> Result<Option<Self>> {
        if let Some(kind) = cifar::detect(files, folder)? {
            return Ok(Some(Self::Cifar(kind)));
        }
        if let Some(kind) = cifar_python::detect(files, folder) {
            return Ok(Some(Self::CifarPython(kind)));
        }
        if stl10::detect(files, folder) {
            return Ok(Some(Self::Stl10));
        }
        if tiny_imagenet::detect(files, folder) {
            return Ok(Some(Self::TinyImageNet));
        }
        if cub200::detect(files, folder) {
            return Ok(Some(Self::Cub200(String::new())));
        }
        if dogs::detect(files, folder) {
            return Ok(Some(Self::Dogs));
        }
        if mit67::detect(files, folder) {
            return Ok(Some(Self::Mit67));
        }
        if stanford40::detect(files, folder) {
            return Ok(Some(Self::Stanford40));
        }
        Ok(layout::divide(files, folder)?.map(|division| Self::ImageFolder(Layout::Divided(division))))
    }
}

/// The data set in `folder`, or in the one folder in it that holds one.
fn find(files: &Files, folder: &str, wrappers: usize) -> Result<Option<Set>> {
    let set = |format| Some(Set { folder: folder.into(), format });
    if let Some(format) = Format::certain(files, folder)? {
        return Ok(set(format));
    }
    let inside: Vec<String> = files.folders_in(folder).map(|name| join(folder, name)).collect();
    if let ([only], true) = (&inside[..], wrappers > 0) {
        return find(files, only, wrappers - 1);
    }
    let certain = certain_inside(files, &inside, wrappers);
    if let [first, second, ..] = &certain[..] {
        let reason =
            format!("holds several data sets, `{}` and `{}` among them: give one of them", first.folder, second.folder);
        return Err(Error::file(files.path_of(folder), reason));
    }
    if let Some(only) = certain.into_iter().next() {
        return Ok(Some(only));
    }
    let classes = || set(Format::ImageFolder(Layout::Classes));
    let names = |folder: &String| files.below(folder).iter().map(String::as_str);
    let full: Vec<&String> = inside.iter().filter(|folder| pictures::any(files, names(folder))).collect();
    match full[..] {
        [] => Ok(None),
        [only] if wrappers > 0 => Ok(find(files, only, wrappers - 1)?.or_else(classes)),
        _ => Ok(classes()),
    }
}

/// The data sets in several folders and in those that each of these is around, where their names leave no doubt.
fn certain_inside(files: &Files, folders: &[String], wrappers: usize) -> Vec<Set> {
    let mut sets = Vec::new();
    for folder in folders {
        // What is wrong in one of several folders is told when it is given by itself.
        match Format::certain(files, folder) {
            Ok(Some(format)) => sets.push(Set { folder: folder.clone(), format }),
            _ if wrappers > 0 => {
                let inside: Vec<String> = files.folders_in(folder).map(|name| join(folder, name)).collect();
                sets.extend(certain_inside(files, &inside, wrappers - 1));
            }
            _ => {}
        }
    }
    sets
}

/// That there is no data set, and what there is in its place.
fn unknown(files: &Files) -> Error {
    const WANTED: &str = "no data set is recognised here: neither the files of CIFAR-10, CIFAR-100 or STL-10, nor \
                          tiny-imagenet-200, CUB-200-2011, Stanford Dogs, MIT-67 or Stanford-40, nor two or more class \
                          folders of pictures";
    let kinds = files.below("").iter().take(MAX_SNIFFED).filter_map(|name| Some((name, sniff(&files.start(name))?)));
    let kinds: Vec<(&String, Kind)> = kinds.collect();
    let archive = kinds.iter().filter(|(_, kind)| kind.is_archive()).min_by_key(|(_, kind)| !kind.is_opened());
    let what = match (files.below(""), archive, kinds.first()) {
        (_, Some((name, kind)), _) => {
            let advice =
                if kind.is_opened() && !files.are_packed() { "give its path, or unpack it" } else { "unpack it" };
            format!("; `{name}` is {}: {advice}", kind.words())
        }
        (.., Some((name, Kind::LfsPointer))) => {
            format!("; `{name}` {}", Kind::LfsPointer.went_wrong().unwrap_or_default())
        }
        ([_], _, Some((_, kind))) if !kind.is_picture() => match kind.advice() {
            Some(advice) => format!("; it is {}: {advice}", kind.words()),
            None => format!("; it is {}", kind.words()),
        },
        (.., Some((_, kind))) if kind.is_picture() => "; pictures need a folder for each class".into(),
        _ => String::new(),
    };
    Error::file(files.root(), format!("{WANTED}{what}"))
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
