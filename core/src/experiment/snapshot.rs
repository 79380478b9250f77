//! A run at rest with its best epoch, as the files of its folder and as one zip of them: what is kept, sent and opened
//! again, wherever there is a disk and where there is none.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::checkpoint::Checkpoint;
use super::history::History;
use crate::archive::{self, Limit};
use crate::error::{Error, Result};
use crate::method::AuxiliaryKind;

/// The experiment, in a run's folder.
pub const CONFIG: &str = "config.toml";
/// The newest checkpoint there.
pub const LATEST: &str = "checkpoints/latest.safetensors";
/// The best one.
pub const BEST: &str = "checkpoints/best.safetensors";

/// Bytes that a checkpoint may have in any zip.
const SMALL: u64 = 256 << 20;

/// Bytes that a checkpoint may have in a zip of `len` bytes. Weights hardly pack, so what is much larger than its zip is no
/// run; what [`zip`] writes is not packed at all, and read back whatever its size.
fn largest(len: usize) -> u64 {
    SMALL.max(4 * len as u64)
}

/// Where a run stands, and its best epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Its newest state.
    pub latest: Checkpoint,
    /// Its best, once an epoch is complete.
    pub best: Option<Checkpoint>,
}

impl Snapshot {
    /// The files of a run's folder, as (path inside it, contents).
    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut files = vec![(CONFIG, self.latest.config.to_toml().into_bytes())];
        files.extend(history_files(&self.latest.position.history));
        files.extend(self.best.iter().map(|best| (BEST, best.to_bytes())));
        files.push((LATEST, self.latest.to_bytes()));
        files
    }

    /// The same files in a zip.
    pub fn to_zip(&self) -> Vec<u8> {
        zip(&self.files())
    }

    /// Whether `bytes` are a zip with a run in it.
    pub fn is_in(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK")
            && archive::open(Cursor::new(bytes)).is_ok_and(|archive| inside(&archive, LATEST).is_some())
    }

    /// Reads what [`to_zip`](Self::to_zip) wrote, or the zip of a run's folder; errors call it `name`.
    ///
    /// # Errors
    /// When it is no such zip, or a checkpoint in it is damaged.
    pub fn from_zip(name: &str, bytes: &[u8]) -> Result<Self> {
        let broken = |error: &dyn std::fmt::Display| Error::file(name, format!("is no zip of a run: {error}"));
        let mut archive = archive::open(Cursor::new(bytes)).map_err(|error| broken(&error))?;
        let mut read = |file: &str| -> Result<Option<Checkpoint>> {
            let Some(number) = inside(&archive, file) else { return Ok(None) };
            let contents =
                archive::unpack(&mut archive, number, Limit { bytes: largest(bytes.len()), of: "a checkpoint" });
            let contents = contents.map_err(|reason| broken(&format!("{file} {reason}")))?;
            Checkpoint::from_bytes(&format!("{name}/{file}"), &contents).map(Some)
        };
        let latest = read(LATEST)?.ok_or_else(|| broken(&format!("{LATEST} is missing")))?;
        let best = read(BEST)?;
        if best.is_none() && !latest.position.history.epochs.is_empty() {
            return Err(broken(&format!("{BEST} is missing")));
        }
        Ok(Self { latest, best })
    }
}

/// The entry called `file`, which may be inside one folder.
fn inside<R: Read + std::io::Seek>(archive: &ZipArchive<R>, file: &str) -> Option<usize> {
    let names = archive.file_names().map(|name| name.map_or_else(|_| String::new(), |name| name.replace('\\', "/")));
    names.enumerate().find_map(|(number, name)| {
        let rest = name.strip_suffix(file)?;
        (rest.is_empty() || rest.ends_with('/') && rest.matches('/').count() == 1).then_some(number)
    })
}

/// Files in a zip. Weights hardly pack, and texts are short: nothing is compressed.
pub fn zip<N: AsRef<str>>(files: &[(N, Vec<u8>)]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    // What 32 bits cannot count; smaller files stay readable by old programs.
    let is_large = |contents: &[u8]| u32::try_from(contents.len()).is_err();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in files {
        writer.start_file(name.as_ref(), options.large_file(is_large(contents))).expect("memory can be written to");
        writer.write_all(contents).expect("memory can be written to");
    }
    writer.finish().expect("memory can be written to").into_inner()
}

/// `metrics.jsonl`, `metrics.csv` and, where pairs are matched, `pair-weights.csv`: one line an epoch (and pair).
pub fn history_files(history: &History) -> Vec<(&'static str, Vec<u8>)> {
    let mut lines = String::new();
    for record in &history.epochs {
        lines += &serde_json::to_string(record).expect("a record is plain data");
        lines.push('\n');
    }
    let mut files = vec![("metrics.jsonl", lines.into_bytes()), ("metrics.csv", metrics_csv(history))];
    if history.epochs.iter().any(|record| !record.pair_weights.is_empty()) {
        files.push(("pair-weights.csv", pair_weights_csv(history)));
    }
    files
}

fn csv(rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("memory can be written to and rows have one length");
    }
    writer.into_inner().expect("memory can be written to")
}

fn metrics_csv(history: &History) -> Vec<u8> {
    // A run has the same auxiliary losses in every epoch.
    let auxiliary: Vec<AuxiliaryKind> =
        history.epochs.first().map_or(vec![], |r| r.auxiliary_losses.keys().copied().collect());
    let mut header = ["epoch", "lr", "task_loss", "matching_loss"].map(String::from).to_vec();
    header.extend(auxiliary.iter().map(|kind| format!("{}_loss", kind.name())));
    header.extend(["train_accuracy", "validation_accuracy", "elapsed_secs"].map(String::from));
    let optional = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let rows = history.epochs.iter().map(|r| {
        let mut row = vec![r.epoch.to_string(), r.lr.to_string(), r.task_loss.to_string(), optional(r.matching_loss)];
        row.extend(auxiliary.iter().map(|kind| optional(r.auxiliary_losses.get(kind).copied())));
        row.extend([r.train_accuracy.to_string(), optional(r.validation_accuracy), r.elapsed_secs.to_string()]);
        row
    });
    csv(std::iter::once(header).chain(rows))
}

fn pair_weights_csv(history: &History) -> Vec<u8> {
    let header = ["epoch", "source", "source_layer", "target_layer", "mean", "std"].map(String::from).to_vec();
    let rows = history.epochs.iter().flat_map(|record| {
        record.pair_weights.iter().map(|p| {
            vec![
                record.epoch.to_string(),
                p.pair.source.to_string(),
                p.pair.source_layer.to_string(),
                p.pair.target_layer.to_string(),
                p.mean.to_string(),
                p.std.to_string(),
            ]
        })
    });
    csv(std::iter::once(header).chain(rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Config;
    use crate::experiment::checkpoint::Position;

    fn checkpoint(epochs: usize) -> Checkpoint {
        let position = Position { epoch: epochs, ..Position::default() };
        Checkpoint::of_vectors(Config::default(), position, vec![("theta".into(), vec![0.5, 0.25])])
    }

    #[test]
    fn a_run_survives_its_zip_also_inside_a_folder() {
        let snapshot = Snapshot { latest: checkpoint(3), best: Some(checkpoint(2)) };
        let bytes = snapshot.to_zip();
        assert!(Snapshot::is_in(&bytes));
        assert_eq!(Snapshot::from_zip("run.zip", &bytes), Ok(snapshot.clone()));
        let nested: Vec<_> = snapshot.files().into_iter().map(|(name, file)| (format!("run/{name}"), file)).collect();
        assert_eq!(Snapshot::from_zip("run.zip", &zip(&nested)), Ok(snapshot));
    }

    #[test]
    fn what_is_no_run_is_refused_by_name() {
        let other = zip(&[("cat/1.png", vec![1])]);
        assert!(!Snapshot::is_in(&other) && !Snapshot::is_in(b"PK nonsense") && !Snapshot::is_in(b""));
        for (bytes, reason) in [(&other[..], "latest.safetensors is missing"), (b"nonsense", "is no zip of a run")] {
            let error = Snapshot::from_zip("my.zip", bytes).unwrap_err().to_string();
            assert!(error.starts_with("my.zip") && error.contains(reason), "{error}");
        }
        let damaged = zip(&[(LATEST, vec![0; 20])]);
        assert!(Snapshot::from_zip("my.zip", &damaged).unwrap_err().to_string().contains(LATEST));
    }
}
