//! What a folder must look like: every file whole while programs are killed, and in the end that of an undisturbed run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// How names of unfinished files end.
pub const UNFINISHED: &str = ".partial";

/// Files that say what time it was or how long something took, which no two runs share: (end of the path, what of it is
/// left out of the comparison, why). All else, and all of every other file, must be the same byte for byte.
const CLOCKED: [(&str, Clock, &str); 9] = [
    ("checkpoints/latest.safetensors", Clock::Header, "seconds so far, of the run and of every epoch"),
    ("checkpoints/best.safetensors", Clock::Header, "seconds so far, of the run and of every epoch"),
    ("metrics.jsonl", Clock::Keys, "seconds behind every epoch"),
    ("metrics.csv", Clock::Columns(&["elapsed_secs"]), "seconds behind every epoch"),
    ("summary.json", Clock::Keys, "seconds of the whole run"),
    ("cell.json", Clock::Keys, "when the last sitting of a cell began, and when it ended"),
    (
        "report/cells.csv",
        Clock::Columns(&["wall_secs", "finished_unix_secs"]),
        "how long a cell took, and when it ended",
    ),
    ("report/report.md", Clock::Lines(&["- time spent: ", "- dates: "]), "sums of seconds and dates, in words"),
    ("report/report.html", Clock::All, "the same, and the seconds of every cell, amid its tables"),
];

/// What of a file is the clock's.
#[derive(Clone, Copy)]
enum Clock {
    /// The numbers behind [`KEYS`].
    Keys,
    /// Those in the header of a safetensors file, whose length depends on their digits.
    Header,
    /// These columns of a table whose fields have no commas.
    Columns(&'static [&'static str]),
    /// Lines that begin so.
    Lines(&'static [&'static str]),
    /// Only that it is there is compared.
    All,
}

/// Keys of JSON and TOML whose numbers are the clock's.
const KEYS: [&str; 4] = ["elapsed_secs", "wall_secs", "started", "finished"];

impl Clock {
    fn leave_out(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Keys => without_seconds(bytes),
            Self::Header => match header(bytes) {
                Some((header, data)) => [&without_seconds(header.trim_ascii_end()), data].concat(),
                None => bytes.to_vec(),
            },
            Self::Columns(names) => without_columns(&String::from_utf8_lossy(bytes), names).into_bytes(),
            Self::Lines(starts) => {
                let text = String::from_utf8_lossy(bytes);
                let kept =
                    text.split_inclusive('\n').filter(|line| !starts.iter().any(|start| line.starts_with(start)));
                kept.collect::<String>().into_bytes()
            }
            Self::All => Vec::new(),
        }
    }
}

/// The header of a safetensors file, and what is behind it.
fn header(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)
}

fn without_columns(table: &str, names: &[&str]) -> String {
    let header: Vec<&str> = table.lines().next().unwrap_or_default().split(',').collect();
    let kept = |line: &str| {
        let fields =
            line.split(',').enumerate().filter(|(nth, _)| !header.get(*nth).is_some_and(|name| names.contains(name)));
        fields.map(|(_, field)| field).collect::<Vec<_>>().join(",")
    };
    table.lines().map(|line| kept(line) + "\n").collect()
}

/// `bytes` without the numbers behind [`KEYS`].
fn without_seconds(bytes: &[u8]) -> Vec<u8> {
    let mut left = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(byte) = rest.first() {
        let Some(key) = KEYS.iter().find(|key| rest.starts_with(key.as_bytes())) else {
            left.push(*byte);
            rest = &rest[1..];
            continue;
        };
        left.extend_from_slice(key.as_bytes());
        rest = &rest[key.len()..];
        let sign = rest.iter().take_while(|byte| b"\\\": =".contains(byte)).count();
        let number = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit() || b".eE+-".contains(byte)).count();
        left.extend_from_slice(&rest[..sign]);
        rest = &rest[sign + number..];
    }
    left
}

/// Every file in `folder`, by its path with `/`.
pub fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(found)
}

fn collect(folder: &Path, before: &str, found: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else {
            match fs::read(entry.path()) {
                Ok(bytes) => _ = found.insert(name, bytes),
                // The other shard has finished or replaced it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// What is wrong with the files of `folder` beside those of an undisturbed run in `undisturbed`; how many are the same.
pub fn compare(undisturbed: &Path, folder: &Path) -> Result<usize, String> {
    let (wanted, found) = (read(undisturbed)?, read(folder)?);
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    for name in &names {
        let wrong = match (wanted.get(*name), found.get(*name)) {
            (Some(wanted), Some(found)) if same(name, wanted, found) => continue,
            (Some(_), Some(_)) => "is not that of an undisturbed run",
            (Some(_), None) => "is missing",
            _ => "is left over",
        };
        return Err(format!("{}: {wrong}", folder.join(name).display()));
    }
    Ok(names.len())
}

/// Whether two files of this name are the same but for the clock.
pub fn same(name: &str, one: &[u8], two: &[u8]) -> bool {
    match CLOCKED.iter().find(|(end, ..)| name.ends_with(end)) {
        Some((_, clock, _)) => clock.leave_out(one) == clock.leave_out(two),
        None => one == two,
    }
}

/// Unfinished files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// All.
    pub files: usize,
    /// Those in which something is missing; the others were complete, and not yet renamed.
    pub half: usize,
}

/// Counts the unfinished files in `folder`.
///
/// # Errors
/// When one that bears its final name is not whole.
pub fn unfinished(folder: &Path) -> Result<Unfinished, String> {
    let mut left = Unfinished::default();
    for (path, bytes) in read(folder)? {
        let name = path.rsplit('/').next().unwrap_or(&path);
        if let Some(final_name) = final_name(name) {
            left.files += 1;
            left.half += usize::from(!is_whole(final_name, &bytes));
        } else if !is_whole(name, &bytes) {
            return Err(format!("{}: is half written ({} bytes)", folder.join(path).display(), bytes.len()));
        }
    }
    Ok(left)
}

/// Of `.latest.safetensors.abcdefgh.partial` what is between the first dot and the last but one.
fn final_name(unfinished: &str) -> Option<&str> {
    unfinished.strip_suffix(UNFINISHED)?.strip_prefix('.')?.rsplit_once('.').map(|(name, _)| name)
}

/// Whether a file ends as its kind does.
fn is_whole(name: &str, bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_end();
    match name.rsplit('.').next() {
        Some("safetensors") => header(bytes).is_some_and(|(header, data)| end_of_data(header) == Some(data.len())),
        Some("png") => bytes.ends_with(b"IEND\xaeB`\x82"),
        Some("svg") => text.ends_with(b"</svg>"),
        Some("html") => text.ends_with(b"</html>"),
        Some("json") => text.ends_with(b"}"),
        // A run that has no epoch yet has no lines.
        Some("jsonl") => bytes.is_empty() || bytes.ends_with(b"}\n"),
        Some("csv" | "toml" | "md") => bytes.ends_with(b"\n"),
        _ => false,
    }
}

/// Where the last tensor of a safetensors file ends: the largest of the numbers in `"data_offsets":[a,b]`.
fn end_of_data(header: &[u8]) -> Option<usize> {
    let header = str::from_utf8(header).ok()?;
    let ends = header.split("\"data_offsets\":[").skip(1).map(|rest| rest.split([',', ']']).nth(1)?.parse().ok());
    ends.collect::<Option<Vec<usize>>>()?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
    }

    #[test]
    fn seconds_are_left_out_and_nothing_else_is() {
        let same = |name, one: &str, two: &str| same(name, one.as_bytes(), two.as_bytes());
        assert!(same(
            "run/metrics.jsonl",
            "{\"epoch\":1,\"elapsed_secs\":1.5}\n",
            "{\"epoch\":1,\"elapsed_secs\":2e-9}\n"
        ));
        assert!(!same(
            "run/metrics.jsonl",
            "{\"epoch\":1,\"elapsed_secs\":1.5}\n",
            "{\"epoch\":2,\"elapsed_secs\":1.5}\n"
        ));
        assert!(same("metrics.csv", "epoch,elapsed_secs\n1,0.5\n", "epoch,elapsed_secs\n1,0.75\n"));
        assert!(!same("metrics.csv", "epoch,elapsed_secs\n1,0.5\n", "epoch,elapsed_secs\n2,0.5\n"));
        assert!(same("cell.json", "{\"started\": 17,\n\"finished\": 18}", "{\"started\": 7,\n\"finished\": 8}"));
        assert!(same("a/report/report.md", "- time spent: 9 s\n- seeds: 1\n", "- time spent: 8 s\n- seeds: 1\n"));
        assert!(!same("a/report/report.md", "- time spent: 9 s\n- seeds: 1\n", "- time spent: 9 s\n- seeds: 2\n"));
        assert!(!same("config.toml", "elapsed_secs = 1", "elapsed_secs = 2"));
    }

    #[test]
    fn a_checkpoint_may_differ_in_its_seconds_alone() {
        let file = |secs, theta: &[u8]| safetensors(&format!("{{\"x\":\"elapsed_secs = {secs}\\nepoch = 1\"}}"), theta);
        let same = |one: &[u8], two: &[u8]| same("run/checkpoints/best.safetensors", one, two);
        assert!(same(&file("1.5", b"abcd"), &file("12.25", b"abcd")));
        assert!(!same(&file("1.5", b"abcd"), &file("1.5", b"abce")));
    }

    #[test]
    fn half_a_file_is_not_whole() {
        let weights = safetensors(r#"{"theta":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, b"abcd");
        let whole: [(&str, &[u8]); 5] = [
            ("w.safetensors", &weights),
            ("a.json", b"{\"a\": 1}"),
            ("a.csv", b"a\n10\n"),
            ("a.svg", b"<svg></svg>\n"),
            ("a.jsonl", b"{\"a\": 1}\n"),
        ];
        for (name, bytes) in whole {
            assert!(is_whole(name, bytes), "{name}");
            let half = &bytes[..bytes.len() - 2];
            assert!(!is_whole(name, half), "{name}");
        }
        assert!(!is_whole("w.safetensors", b"") && !is_whole("a.csv", b""));
    }

    #[test]
    fn what_is_missing_left_over_or_other_is_named() {
        let place = std::env::temp_dir().join(format!("l2t-torture-files-{}", std::process::id()));
        let (one, two) = (place.join("one"), place.join("two"));
        for folder in [&one, &two] {
            fs::create_dir_all(folder.join("run")).unwrap();
            fs::write(folder.join("run/config.toml"), "seed = 0\n").unwrap();
        }
        assert_eq!(compare(&one, &two), Ok(1));
        fs::write(two.join("run/.latest.safetensors.abcdefgh.partial"), "half").unwrap();
        assert!(compare(&one, &two).unwrap_err().ends_with("partial: is left over"));
        assert_eq!(unfinished(&two), Ok(Unfinished { files: 1, half: 1 }));
        assert!(compare(&two, &one).unwrap_err().ends_with("partial: is missing"));
        fs::write(two.join("run/config.toml"), "seed = 1\n").unwrap();
        assert!(compare(&one, &two).unwrap_err().contains("partial: is left over"));
        fs::remove_file(two.join("run/.latest.safetensors.abcdefgh.partial")).unwrap();
        assert!(compare(&one, &two).unwrap_err().ends_with("config.toml: is not that of an undisturbed run"));
        fs::write(two.join("run/summary.json"), "{\"ha").unwrap();
        assert!(unfinished(&two).unwrap_err().contains("summary.json: is half written"));
        fs::remove_dir_all(place).unwrap();
    }
}
