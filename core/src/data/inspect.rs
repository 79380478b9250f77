//! What a data set on disk holds, and everything that would go wrong in loading it.

use std::collections::BTreeMap;
use std::fmt;
#[cfg(not(target_family = "wasm"))]
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::data::decode::{Conversions, plural};
use crate::data::files::Files;
use crate::data::open::DataSource;
use crate::data::outside::Outside;
use crate::data::parallel;
use crate::data::part::{Images, Part, Section, read_picture};
use crate::error::OneLine;
#[cfg(not(target_family = "wasm"))]
use crate::error::Result;

/// Problems listed by name; the rest is counted.
const MAX_LISTED: usize = 20;

/// What a data set holds. `Display` is a table for reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The folder, archive or file, as the user would write it.
    pub path: String,
    /// Name of the format.
    pub format: String,
    /// One name per class.
    pub class_names: Vec<String>,
    /// The parts that are there.
    pub parts: Vec<PartSummary>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// What would keep the data set from loading, one line each; empty if nothing would.
    pub problems: Vec<String>,
}

/// One part of an [`Inspection`].
#[derive(Debug, Clone, PartialEq)]
pub struct PartSummary {
    /// `train`, `validation` or `test`.
    pub name: String,
    /// Images of each class that can be read.
    pub class_counts: Vec<usize>,
    /// Number of images of each size, as (width, height), as stored.
    pub sizes: BTreeMap<(usize, usize), usize>,
    /// Those of them with an object box.
    pub boxes: usize,
}

/// Looks through the data set at `path` (see [`load`](crate::data::load) for what is recognised), decoding every image.
///
/// # Errors
/// If nothing is recognised at `path`. What is wrong inside a data set is listed in [`Inspection::problems`].
#[cfg(not(target_family = "wasm"))]
pub fn inspect(path: &Path) -> Result<Inspection> {
    Ok(DataSource::open(path)?.inspect())
}

impl DataSource {
    /// Looks through all parts, decoding every image.
    pub fn inspect(&self) -> Inspection {
        let mut inspection = Inspection {
            path: self.files.root().display().to_string(),
            format: self.format.title().into(),
            class_names: Vec::new(),
            parts: Vec::new(),
            notes: self.found(),
            problems: Vec::new(),
        };
        for section in Section::ALL {
            match self.format.read(&self.files, section) {
                Ok(Some(part)) => inspection.add(self, section, part),
                Ok(None) => {}
                // A list that two parts are read from has the same fault twice.
                Err(error) if inspection.problems.contains(&error.to_string()) => {}
                Err(error) => inspection.problems.push(error.to_string()),
            }
        }
        let found = |section: Section| inspection.parts.iter().any(|part| part.name == section.name());
        if inspection.problems.is_empty() && !found(Section::Train) {
            inspection.problems.push(format!("{}: has no training images", inspection.path));
        } else if inspection.problems.is_empty() && !found(Section::Test) {
            inspection.notes.push("no test part: some of the training images will be held out".into());
        }
        let hidden = inspection.problems.len().saturating_sub(MAX_LISTED);
        if hidden > 0 {
            inspection.problems.truncate(MAX_LISTED);
            inspection.problems.push(format!("and {hidden} more"));
        }
        inspection
    }

    /// In one note, where the data set was found and what was left out or guessed in finding it.
    fn found(&self) -> Vec<String> {
        let place = (!self.folder.is_empty()).then(|| format!("found in `{}`", self.folder));
        let all: Vec<String> = place.into_iter().chain(self.notes()).collect();
        if all.is_empty() { all } else { vec![all.join("; ")] }
    }
}

impl Inspection {
    fn add(&mut self, source: &DataSource, section: Section, mut part: Part) {
        let mut conversions = Conversions::default();
        let mut summary = PartSummary {
            name: section.name().into(),
            class_counts: vec![0; part.class_names.len()],
            sizes: BTreeMap::new(),
            boxes: 0,
        };
        match std::mem::take(&mut part.images) {
            Images::Raw { height, width, .. } => {
                summary.sizes.insert((width, height), part.labels.len());
                summary.class_counts = part.class_counts();
            }
            Images::Encoded(names) => {
                let all = part.class_counts();
                self.decode(&source.files, &names, &mut part, &mut summary, &mut conversions);
                let problems = part.unread.problems(&source.files, &part.class_names, &all);
                self.problems.extend(problems.iter().map(ToString::to_string));
            }
        }
        let facts = part.validation_note().into_iter().chain(part.masks_note()).chain(part.deviation(summary.images()));
        let facts: Vec<String> = facts.collect();
        let notes = part.notes.into_iter().chain(conversions.notes()).chain(part.unread.notes()).chain(facts);
        self.notes.extend(notes.map(|note| format!("{}: {note}", section.name())));
        self.parts.push(summary);
        self.class_names = part.class_names;
    }

    /// Decodes the images of a part and counts what can be read.
    fn decode(
        &mut self,
        files: &Files,
        names: &[String],
        part: &mut Part,
        summary: &mut PartSummary,
        conversions: &mut Conversions,
    ) {
        let (seen, mut outside) = (AtomicUsize::new(0), Outside::default());
        let facts = parallel::map(names, |name| {
            files.tell(seen.fetch_add(1, Ordering::Relaxed) + 1, names.len());
            read_picture(files, name, true).map(|picture| picture.map(|picture| picture.facts))
        });
        for (place, facts) in facts.into_iter().enumerate() {
            match facts {
                Ok(Ok(facts)) => {
                    summary.class_counts[part.labels[place]] += 1;
                    *summary.sizes.entry((facts.width as usize, facts.height as usize)).or_default() += 1;
                    let stored = (facts.width as f32, facts.height as f32);
                    let item = part.boxes.as_ref().and_then(|boxes| boxes[place]);
                    let item = item.and_then(|item| outside.cut(&names[place], stored, item));
                    summary.boxes += usize::from(item.is_some());
                    conversions.add(&facts);
                }
                Ok(Err(reason)) => part.unread.push(part.labels[place], &names[place], reason),
                Err(error) => self.problems.push(error.to_string()),
            }
        }
        part.notes.extend(outside.note());
    }
}

impl PartSummary {
    /// Number of images that can be read.
    pub fn images(&self) -> usize {
        self.class_counts.iter().sum()
    }

    /// Images of the smallest and the largest class, as `20` or `3-71`.
    fn per_class(&self) -> String {
        match (self.class_counts.iter().min(), self.class_counts.iter().max()) {
            (Some(least), Some(most)) if least == most => least.to_string(),
            (Some(least), Some(most)) => format!("{least}-{most}"),
            _ => "none".into(),
        }
    }

    /// The size of all images, or the range of widths and of heights, as `64x64` or `200-500x180-640`.
    fn size_range(&self) -> String {
        let range = |sides: &[usize]| match (sides.iter().min(), sides.iter().max()) {
            (Some(least), Some(most)) if least == most => Some(least.to_string()),
            (Some(least), Some(most)) => Some(format!("{least}-{most}")),
            _ => None,
        };
        let (widths, heights): (Vec<_>, Vec<_>) = self.sizes.keys().copied().unzip();
        let sides = range(&widths).zip(range(&heights));
        sides.map_or_else(|| "none was read".into(), |(widths, heights)| format!("{widths}x{heights}"))
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = self.class_names.len();
        let path = OneLine(&self.path);
        writeln!(out, "{path}: {}, {classes} {}", self.format, plural(classes, "class"))?;
        writeln!(out)?;
        writeln!(out, "{:<12}{:>8}{:>12}{:>20}{:>8}", "part", "images", "per class", "width x height", "boxes")?;
        for part in &self.parts {
            let (images, per_class, sizes) = (part.images(), part.per_class(), part.size_range());
            writeln!(out, "{:<12}{images:>8}{per_class:>12}{sizes:>20}{:>8}", part.name, part.boxes)?;
        }
        if !self.parts.is_empty() {
            self.write_classes(out)?;
        }
        for (title, lines) in [("notes", &self.notes), ("problems", &self.problems)] {
            if !lines.is_empty() {
                writeln!(out, "\n{title}")?;
                lines.iter().try_for_each(|line| writeln!(out, "  - {}", OneLine(line)))?;
            }
        }
        Ok(())
    }
}

impl Inspection {
    fn write_classes(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.class_names.iter().map(|name| OneLine(name).to_string()).collect();
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(10, 40);
        write!(out, "\n{:<longest$}", "class")?;
        self.parts.iter().try_for_each(|part| write!(out, "{:>12}", part.name))?;
        writeln!(out)?;
        for (class, name) in names.iter().enumerate() {
            write!(out, "{name:<longest$}")?;
            // Parts of a broken data set can disagree on the classes.
            let counts = self.parts.iter().map(|part| part.class_counts.get(class).copied().unwrap_or(0));
            counts.into_iter().try_for_each(|count| write!(out, "{count:>12}"))?;
            writeln!(out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb, RgbImage};

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        RgbImage::from_pixel(width, height, Rgb([1, 2, 3])).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn inspected(files: Vec<(&str, Vec<u8>)>) -> Inspection {
        let files = files.into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect();
        DataSource::from_files(files).unwrap().inspect()
    }

    #[test]
    fn a_sound_folder_is_shown_with_its_counts_and_sizes() {
        let inspection = inspected(vec![
            ("train/cat/a.png", png(5, 3)),
            ("train/cat/b.png", png(7, 3)),
            ("train/wolfhound/c.png", png(7, 3)),
            ("test/cat/d.png", png(4, 4)),
        ]);
        assert_eq!(inspection.parts[0].sizes, BTreeMap::from([((5, 3), 1), ((7, 3), 2)]));
        assert_eq!(inspection.problems, [""; 0]);
        let text = "\
dropped files: image folder, 2 classes

part          images   per class      width x height   boxes
train              3         1-2               5-7x3       0
test               1         0-1                 4x4       0

class            train        test
cat                  2           1
wolfhound            1           0

notes
  - test: 1 class without images in `test`
";
        assert_eq!(inspection.to_string(), text);
    }

    #[test]
    fn what_is_left_out_is_noted_and_what_is_too_much_of_it_is_a_problem() {
        let mut files = vec![
            ("a/good.png", png(2, 2)),
            ("a/bad.png", b"text".to_vec()),
            ("b/bad.png", b"text".to_vec()),
            ("b/cut.png", png(2, 2)),
            ("b/good.png", png(2, 2)),
        ];
        files[3].1.truncate(40);
        let inspection = inspected(files);
        assert_eq!(inspection.parts[0].class_counts, [1, 1]);
        assert_eq!(inspection.parts[0].sizes, BTreeMap::from([((2, 2), 2)]));
        let problem = "dropped files/b/bad.png: is not an image; 2 of the 3 files of class `b` cannot be read, too many to \
                       leave out";
        assert_eq!(inspection.problems, [problem]);
        assert_eq!(inspection.notes[0], "train: left out 2 files (a/bad.png, b/bad.png): each is not an image");
        assert!(inspection.to_string().contains(&format!("\nproblems\n  - {problem}\n")));
    }

    #[test]
    fn many_problems_are_counted() {
        let names: Vec<String> = (0..25).map(|number| format!("{number:02}/bad.png")).collect();
        let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), Vec::new())).collect();
        let problems = inspected(files).problems;
        assert_eq!((problems.len(), problems[20].as_str()), (21, "and 5 more"));
    }

    #[test]
    fn names_cannot_break_the_table() {
        let text = inspected(vec![("a\n\u{1b}[2J/1.png", png(2, 2)), ("b/\r.png", vec![1]), ("b/2.png", png(2, 2))])
            .to_string();
        assert!(text.contains("\na\\n\\u{1b}[2J ") && text.contains("b/\\r.png is not an image"), "{text}");
        assert!(!text.contains(|character: char| character.is_control() && character != '\n'));
    }

    #[test]
    fn a_binary_set_without_a_test_part_says_so() {
        let inspection = inspected(vec![("data_batch_1.bin", [vec![3; 3073], vec![0; 3073]].concat())]);
        assert_eq!(inspection.parts[0].class_counts, [1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(inspection.parts[0].sizes, BTreeMap::from([((32, 32), 2)]));
        assert_eq!(inspection.notes, ["no test part: some of the training images will be held out"]);
        let broken = inspected(vec![("data_batch_1.bin", vec![3; 3000])]);
        assert_eq!((broken.parts.len(), broken.problems.len()), (0, 1));
        let only_test = inspected(vec![("test_batch.bin", vec![3; 3073])]);
        assert_eq!(only_test.problems, ["dropped files: has no training images"]);
    }
}
