//! Images in one folder per class: `train|val|test/<class>/*`, or `<class>/*` without a division.
//!
//! Classes are numbered in the order of their sorted names, and images below a class folder count at any depth, as in
//! torchvision's `ImageFolder`.

use crate::data::decode::plural;
use crate::data::files::Files;
use crate::data::part::{Images, Part, Section};
use crate::error::{Error, Result};

/// Names that files with images have. Formats that are not read are here too: leaving such a file out quietly would
/// train on fewer images than the user sees in the folder, so decoding is left to refuse it by name.
const EXTENSIONS: [&str; 9] = ["jpg", "jpeg", "png", "gif", "bmp", "webp", "tif", "tiff", "avif"];

/// Whether the name is that of an image file.
pub(super) fn is_image_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

/// Names that the folder of a part may have.
fn section_names(section: Section) -> &'static [&'static str] {
    match section {
        Section::Train => &["train"],
        Section::Validation => &["val", "valid", "validation"],
        Section::Test => &["test"],
    }
}

/// Whether there is a `train` folder with folders in it, or two or more folders with images among them.
pub(super) fn detect(files: &Files) -> bool {
    let with_images = |folder: &str| files.below(folder).iter().any(|name| is_image_name(name));
    let folders: Vec<&str> = files.folders_in("").collect();
    files.folders_in("train").next().is_some() || (folders.len() >= 2 && folders.into_iter().any(with_images))
}

/// The folder on disk that holds a part.
fn folder_of(files: &Files, section: Section) -> Option<&'static str> {
    section_names(section).iter().copied().find(|name| files.folders_in("").any(|folder| folder == *name))
}

/// One part, or `None` where there is none. With `train` and `val` but no `test`, `val` is the test part.
///
/// # Errors
/// If there is a `val` or `test` but no `train`, fewer than two classes, a class without training images, or a
/// test class that is not a training class.
pub(super) fn read(files: &Files, section: Section) -> Result<Option<Part>> {
    let [train, validation, test] = Section::ALL.map(|section| folder_of(files, section));
    let Some(train) = train else {
        if let Some(stray) = validation.or(test) {
            return Err(Error::file(files.path_of(stray), "there is no folder `train` beside it"));
        }
        return if section == Section::Train { read_classes(files, "").map(Some) } else { Ok(None) };
    };
    // A test folder without class folders, as competitions give out, has no labels.
    let labelled = |folder: &&str| files.folders_in(folder).next().is_some();
    match (section, validation.filter(labelled), test.filter(labelled)) {
        (Section::Train, ..) => {
            let mut part = read_classes(files, train)?;
            let unlabelled = [validation, test].into_iter().flatten().filter(|folder| !labelled(folder));
            part.notes.extend(unlabelled.map(|folder| format!("`{folder}` has no class folders: left out")));
            Ok(Some(part))
        }
        (Section::Validation, Some(validation), Some(_)) => read_held_out(files, train, validation).map(Some),
        (Section::Test, _, Some(test)) => read_held_out(files, train, test).map(Some),
        (Section::Test, Some(validation), None) => read_held_out(files, train, validation).map(Some),
        _ => Ok(None),
    }
}

/// The classes that are the folders in `base`, all of which must have images.
fn read_classes(files: &Files, base: &str) -> Result<Part> {
    let class_names: Vec<String> = files.folders_in(base).map(String::from).collect();
    if class_names.len() < 2 {
        return Err(Error::file(files.path_of(base), "needs two or more class folders"));
    }
    let part = read_images(files, base, class_names);
    let empty = (0..part.class_names.len()).find(|class| !part.labels.contains(class));
    match empty {
        Some(class) => {
            let folder = join(base, &part.class_names[class]);
            Err(Error::file(files.path_of(&folder), "is a class folder without images"))
        }
        None => Ok(part),
    }
}

/// The images in `base`, with the classes of `train`; a class may be missing.
fn read_held_out(files: &Files, train: &str, base: &str) -> Result<Part> {
    let class_names: Vec<String> = files.folders_in(train).map(String::from).collect();
    if let Some(unknown) = files.folders_in(base).find(|folder| !class_names.iter().any(|name| name == folder)) {
        let reason = format!("is a class that `{train}` does not have");
        return Err(Error::file(files.path_of(&join(base, unknown)), reason));
    }
    let mut part = read_images(files, base, class_names);
    if part.labels.is_empty() {
        return Err(Error::file(files.path_of(base), "has no images in its class folders"));
    }
    let missing = (0..part.class_names.len()).filter(|class| !part.labels.contains(class)).count();
    if missing > 0 {
        part.notes.push(format!("{missing} {} without images in `{base}`", plural(missing, "class")));
    }
    Ok(part)
}

fn read_images(files: &Files, base: &str, class_names: Vec<String>) -> Part {
    let (mut names, mut labels, mut others) = (Vec::new(), Vec::new(), 0);
    for (class, folder) in class_names.iter().enumerate() {
        for name in files.below(&join(base, folder)) {
            if is_image_name(name) {
                names.push(name.clone());
                labels.push(class);
            } else {
                others += 1;
            }
        }
    }
    let outside = files.files_in(base).filter(|name| is_image_name(name)).count();
    let note = |count: usize, what: &str, why: &str| {
        (count > 0).then(|| format!("{count} {} {why}: left out", plural(count, what)))
    };
    let notes = [
        note(others, "file", "in class folders without the extension of an image"),
        note(outside, "image", "outside the class folders"),
    ];
    let notes = notes.into_iter().flatten().collect();
    Part { class_names, images: Images::Encoded(names), labels, boxes: None, notes }
}

fn join(base: &str, folder: &str) -> String {
    if base.is_empty() { folder.into() } else { format!("{base}/{folder}") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn folder(names: &[&str]) -> Files {
        Files::from_memory(Path::new("pets"), names.iter().map(|name| (name.to_string(), Vec::new())).collect())
    }

    /// The names of the images with their labels.
    fn listed(part: &Part) -> Vec<(&str, usize)> {
        match &part.images {
            Images::Encoded(names) => names.iter().map(String::as_str).zip(part.labels.iter().copied()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_division_every_folder_is_a_class_in_the_order_of_names() {
        let files = folder(&["dog/b.PNG", "dog/a.jpeg", "cat/deep/er.jpg", "cat/notes.txt", "loose.png", "readme"]);
        assert!(detect(&files));
        let part = read(&files, Section::Train).unwrap().unwrap();
        assert_eq!(part.class_names, ["cat", "dog"]);
        assert_eq!(listed(&part), [("cat/deep/er.jpg", 0), ("dog/a.jpeg", 1), ("dog/b.PNG", 1)]);
        let notes = [
            "1 file in class folders without the extension of an image: left out",
            "1 image outside the class folders: left out",
        ];
        assert_eq!(part.notes, notes);
        assert!(read(&files, Section::Test).unwrap().is_none());
        assert!(read(&files, Section::Validation).unwrap().is_none());
    }

    #[test]
    fn train_val_and_test_are_parts_with_the_classes_of_train() {
        let mut names = vec!["train/a/1.jpg", "train/b/2.jpg", "train/c/3.jpg", "val/b/4.jpg", "val/a/5.jpg"];
        let two = folder(&names);
        assert!(detect(&two));
        let test = read(&two, Section::Test).unwrap().unwrap();
        assert_eq!(listed(&test), [("val/a/5.jpg", 0), ("val/b/4.jpg", 1)]);
        assert_eq!(
            (test.class_names.len(), test.notes.as_slice()),
            (3, &["1 class without images in `val`".into()][..])
        );
        assert!(read(&two, Section::Validation).unwrap().is_none());

        names.push("test/c/6.jpg");
        let three = folder(&names);
        assert_eq!(listed(&read(&three, Section::Test).unwrap().unwrap()), [("test/c/6.jpg", 2)]);
        assert_eq!(read(&three, Section::Validation).unwrap().unwrap().labels, [0, 1]);
        assert_eq!(read(&three, Section::Train).unwrap().unwrap().labels, [0, 1, 2]);
    }

    #[test]
    fn an_unlabelled_test_folder_is_no_test_part() {
        let files = folder(&["train/a/1.jpg", "train/b/2.jpg", "test/3.jpg"]);
        assert!(read(&files, Section::Test).unwrap().is_none());
        let train = read(&files, Section::Train).unwrap().unwrap();
        assert_eq!(train.notes, ["`test` has no class folders: left out"]);
    }

    #[test]
    fn bad_folders_are_named() {
        let empty = "is a class folder without images";
        let cases = [
            (folder(&["cat/a.jpg", "dog/readme.txt"]), Section::Train, "dog", empty),
            (folder(&["train/cat/a.jpg", "train/dog/a.txt"]), Section::Train, "train/dog", empty),
            (folder(&["train/cat/a.jpg", "x/y.png"]), Section::Train, "train", "needs two or more class folders"),
            (folder(&["val/a/1.jpg", "test/a/1.jpg"]), Section::Train, "val", "there is no folder `train` beside it"),
            (
                folder(&["train/a/1.jpg", "train/b/1.jpg", "test/c/1.jpg"]),
                Section::Test,
                "test/c",
                "is a class that `train` does not have",
            ),
            (
                folder(&["train/a/1.jpg", "train/b/1.jpg", "test/a/1.txt"]),
                Section::Test,
                "test",
                "has no images in its class folders",
            ),
        ];
        for (files, section, file, reason) in cases {
            assert!(detect(&files), "{file}");
            assert_eq!(read(&files, section).unwrap_err(), Error::file(Path::new("pets").join(file), reason));
        }
    }

    #[test]
    fn other_folders_are_not_taken_for_classes() {
        assert!(!detect(&folder(&["docs/a.txt", "src/b.rs"])));
        assert!(!detect(&folder(&["only/a.jpg", "only/b.jpg"])));
        assert!(!detect(&folder(&["a.jpg", "b.jpg"])));
    }
}
