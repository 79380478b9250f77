//! Files that are written whole or not at all, whoever else writes beside them.
//!
//! A file is written under a name that nobody else has, in the folder where it belongs, and then renamed. Its writer holds
//! a lock on it meanwhile, so that what a killed program left is told from what another one is about to finish.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// How names of unfinished files end.
const ENDING: &str = ".partial";

/// Tries where another program takes an unfinished file for one that was left.
const ATTEMPTS: usize = 20;

/// Writes `bytes` to `path`, and returns when they would survive a power cut.
///
/// # Errors
/// Names the file; then nothing is left of the attempt, and what was at `path` is still there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes, true)
}

/// [`write_whole`] without waiting for the disk: for what can be made again.
///
/// # Errors
/// As [`write_whole`].
pub fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes, false)
}

/// Whether files can be made in `folder`, so that it is known before hours of work; nothing is left of the attempt.
///
/// # Errors
/// Names the folder.
pub fn check_folder(folder: &Path) -> Result<()> {
    // A file without a name, where there are such: nothing is left even where the program is killed here.
    let made = tempfile::tempfile_in(folder).map(drop);
    made.map_err(|error| {
        Error::file(folder, format!("cannot be written into: {}{}", reason(&error), advice(error.kind())))
    })
}

fn write(path: &Path, bytes: &[u8], sync: bool) -> Result<()> {
    let Some(name) = path.file_name() else { return Err(Error::file(path, "cannot be written: it names no file")) };
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Short enough to leave room for the rest of a name.
    let start: String = name.to_string_lossy().chars().take(50).collect();
    let start = format!(".{start}.");
    remove_left(folder, &start);
    let mut attempt = Ok(());
    for _ in 0..ATTEMPTS {
        attempt = write_beside(folder, &start, path, bytes, sync);
        if !attempt.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) || !folder.is_dir() {
            break;
        }
    }
    attempt.map_err(|error| Error::file(path, format!("cannot be written: {}{}", reason(&error), advice(error.kind()))))
}

/// What the system said, without the name of the unfinished file.
fn reason(error: &io::Error) -> String {
    let words = error.to_string();
    words.split_once(" at path ").map_or(words.as_str(), |(reason, _)| reason).to_owned()
}

fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room",
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => "; make the folder writable, or name another",
        _ => "",
    }
}

/// The unfinished file removes itself where anything fails.
fn write_beside(folder: &Path, start: &str, path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut beside = unfinished(folder, start)?;
    // Where the file system knows no locks, others leave unfinished files alone.
    let _ = beside.as_file().try_lock();
    beside.write_all(bytes)?;
    if sync {
        beside.as_file().sync_all()?;
    }
    beside.persist(path).map_err(|failed| failed.error)?;
    if sync && cfg!(unix) {
        // The name is part of the folder. Not every file system can do this, and none needs it for a whole file.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

fn unfinished(folder: &Path, start: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(start).suffix(ENDING).rand_bytes(8);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any other new file: what the user's mask leaves. Temporary files are private otherwise.
        builder.permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder)
    }
    #[cfg(not(unix))]
    builder.tempfile_in(folder)
}

/// Removes what killed programs left of the same file.
fn remove_left(folder: &Path, start: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(start) && name.ends_with(ENDING) && is_left(&entry.path()) {
            // Another program may have been faster.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether nobody writes the file any more.
fn is_left(path: &Path) -> bool {
    OpenOptions::new().write(true).open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn many_writers_of_one_file_leave_one_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid.toml");
        std::thread::scope(|scope| {
            for writer in 0..8_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..25 {
                        write_unsynced(path, &vec![writer; 20_000]).unwrap();
                        let read = fs::read(path).unwrap();
                        assert_eq!(read.len(), 20_000);
                        assert!(read.iter().all(|byte| *byte == read[0]), "two writers in one file");
                    }
                });
            }
        });
        assert_eq!(names(folder.path()), ["grid.toml"]);
    }

    #[test]
    fn a_failed_write_leaves_what_was_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("taken")).unwrap();
        fs::write(folder.path().join("taken/inside"), "x").unwrap();
        for (path, words) in [("taken", "taken: cannot be written: "), ("gone/file", "file: cannot be written: ")] {
            let error = write_whole(&folder.path().join(path), b"new").unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert_eq!(check_folder(folder.path()), Ok(()));
        let error = check_folder(&folder.path().join("gone")).unwrap_err().to_string();
        assert!(error.contains("gone: cannot be written into: "), "{error}");
        assert!(write_whole(Path::new("/"), b"").unwrap_err().to_string().contains("names no file"));
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn what_a_killed_program_left_goes_and_what_another_one_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latest.safetensors");
        fs::write(folder.path().join(".latest.safetensors.abcdefgh.partial"), "half").unwrap();
        fs::write(folder.path().join(".best.safetensors.abcdefgh.partial"), "of another file").unwrap();
        let busy = folder.path().join(".latest.safetensors.ijklmnop.partial");
        let writing = File::create(&busy).unwrap();
        writing.try_lock().unwrap();
        write_whole(&path, b"whole").unwrap();
        let left = [".best.safetensors.abcdefgh.partial", ".latest.safetensors.ijklmnop.partial", "latest.safetensors"];
        assert_eq!(names(folder.path()), left);
        drop(writing);
        write_whole(&path, b"whole").unwrap();
        assert_eq!(names(folder.path()), [left[0], left[2]]);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_was_written() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        write_whole(&folder.path().join("ours"), b"").unwrap();
        fs::write(folder.path().join("usual"), b"").unwrap();
        assert_eq!(mode("ours"), mode("usual"));
        let long = "ä".repeat(120);
        write_whole(&folder.path().join(&long), b"").unwrap();
        assert!(folder.path().join(long).is_file());
    }
}
