//! What makes a disk full or a folder read-only, and gives it back.
//!
//! Root on Linux mounts a small disk in memory and takes its right to be written away, which is the real thing. Where
//! mounting is refused, files may not grow beyond a limit (RLIMIT_FSIZE, by `ulimit -f`), and folders lose their write
//! permission, which binds everybody but root.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::program::{Job, Sitting};
use super::work::{Work, cannot};
use crate::steps::Failure;

/// KiB in which every result here fits many times.
const ENOUGH: u64 = 64 << 10;

/// How it is done on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// By disks of their own.
    Mounts,
    /// By what any user can do.
    Rights,
}

impl Means {
    /// Tries which is possible.
    pub fn find(work: &Work) -> Result<Self, Failure> {
        let place = work.folder.join("disk");
        fs::create_dir_all(&place).map_err(|error| cannot("make", &place, &error))?;
        let mounts = mount(&place, ENOUGH);
        if mounts {
            unmount(&place);
        }
        Ok(if mounts { Self::Mounts } else { Self::Rights })
    }

    /// For the line that says how full disks were made.
    pub fn of_a_full_disk(self) -> &'static str {
        match self {
            Self::Mounts => "small tmpfs",
            Self::Rights => "RLIMIT_FSIZE: no disk can be mounted here",
        }
    }

    /// For the line that says how folders became read-only.
    pub fn of_a_read_only_folder(self) -> &'static str {
        match self {
            Self::Mounts => "tmpfs remounted read-only",
            Self::Rights => "permissions: no disk can be mounted here",
        }
    }
}

/// A working folder that can be taken away. Dropping gives it back and forgets what is in it, where it is a disk.
pub struct Disk {
    place: PathBuf,
    means: Means,
    /// The largest file in KiB, where that is how it is limited.
    limit: Option<u64>,
}

impl Disk {
    /// A disk of `kib`, or a folder whose files may be so large; without it there is room enough.
    pub fn new(place: PathBuf, means: Means, kib: Option<u64>) -> Result<Self, Failure> {
        if means == Means::Mounts && !mount(&place, kib.unwrap_or(ENOUGH)) {
            return Err(Failure::Advice(format!("cannot mount a disk at {}", place.display())));
        }
        Ok(Self { place, means, limit: kib })
    }

    /// Its folder.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Starts a job in it, within its limit.
    pub fn start(&self, job: &Job<'_>) -> Result<Sitting, Failure> {
        match (self.means, self.limit) {
            (Means::Rights, Some(limit)) => {
                // Without the trap the signal would end the program before it can say anything.
                let mut shell = Command::new("sh");
                shell.args(["-c", r#"trap "" XFSZ; ulimit -f "$0"; exec "$@""#, &limit.to_string()]);
                job.start_by(shell)
            }
            _ => job.start(),
        }
    }

    /// Makes room enough.
    pub fn enlarge(&mut self) -> Result<(), Failure> {
        self.limit = None;
        if self.means == Means::Mounts && !remount(&self.place, &format!("size={ENOUGH}k")) {
            return Err(Failure::Advice(format!("cannot enlarge the disk at {}", self.place.display())));
        }
        Ok(())
    }

    /// Takes away the right to write, or gives it back. Whether it was possible: not while a file is being written.
    pub fn set_writable(&self, writable: bool) -> bool {
        match self.means {
            Means::Mounts => remount(&self.place, if writable { "rw" } else { "ro" }),
            Means::Rights => set_mode(&self.place, if writable { 0o755 } else { 0o555 }).is_ok(),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        match self.means {
            Means::Mounts => unmount(&self.place),
            Means::Rights => _ = self.set_writable(true),
        }
    }
}

/// Folders first where they are given back, or nothing in them could be reached.
fn set_mode(folder: &Path, mode: u32) -> std::io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(mode))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            set_mode(&entry.path(), mode)?;
        }
    }
    Ok(())
}

fn mount(place: &Path, kib: u64) -> bool {
    let options = format!("size={kib}k");
    cfg!(target_os = "linux")
        && quietly(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(place))
}

fn remount(place: &Path, option: &str) -> bool {
    quietly(Command::new("mount").args(["-o", &format!("remount,{option}")]).arg(place))
}

fn unmount(place: &Path) {
    // Lazily: it goes as soon as nobody uses it.
    quietly(Command::new("umount").arg("-l").arg(place));
}

/// Whether a program that may fail succeeds.
fn quietly(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
