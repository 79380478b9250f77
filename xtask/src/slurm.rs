//! `cargo xtask slurm`: the Slurm example of `docs/cluster/slurm`, run on a Slurm of its own on this machine alone.
//!
//! Controller, node daemon and munge listen on the loopback address, with their configuration, keys and logs in a
//! temporary folder; a Slurm that is installed already is left alone. It needs root and Debian's packages, so it is no
//! part of `cargo xtask test`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::machine::Machine;
use crate::steps::{self, Failure};

const PACKAGES: [&str; 4] = ["munge", "slurm-client", "slurmctld", "slurmd"];
const PROGRAMS: [&str; 4] = ["/usr/sbin/munged", "/usr/bin/sbatch", "/usr/sbin/slurmctld", "/usr/sbin/slurmd"];

/// More shards than the node has processors, so that some wait in the queue.
const SHARDS: &str = "3";
/// The cells of the grid called smoke.
const CELLS: usize = 6;
/// Far more than the smoke grid takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// Builds `l2t`, starts a Slurm, submits the example as a user would, and looks at what it left.
pub fn run(machine: &Machine) -> Result<(), Failure> {
    if !PROGRAMS.iter().all(|program| Path::new(program).is_file()) {
        machine.install(&PACKAGES, "no Slurm here")?;
    }
    steps::run(machine.cargo("build").arg("--release"))?;
    let folder = std::env::temp_dir().join(format!("l2t-slurm-{}", std::process::id()));
    let outcome = Cluster::start(&folder).and_then(|cluster| cluster.compare(machine));
    match &outcome {
        Ok(()) => fs::remove_dir_all(&folder).map_err(|e| advice("remove", &folder, &e)),
        Err(_) => {
            println!("    logs are kept in {}", folder.display());
            outcome
        }
    }
}

/// A Slurm of one node, stopped when dropped.
struct Cluster {
    folder: PathBuf,
    daemons: Vec<Child>,
}

impl Cluster {
    fn start(folder: &Path) -> Result<Self, Failure> {
        for part in ["munge", "state", "spool"] {
            fs::create_dir_all(folder.join(part)).map_err(|e| advice("make", folder, &e))?;
        }
        let mut cluster = Self { folder: folder.to_owned(), daemons: Vec::new() };
        let munge = folder.join("munge");
        private(&munge, 0o700)?;
        let mut random = [0; 128];
        let read =
            fs::File::open("/dev/urandom").and_then(|mut file| std::io::Read::read_exact(&mut file, &mut random));
        read.and_then(|()| fs::write(munge.join("key"), random)).map_err(|e| advice("write a key into", &munge, &e))?;
        private(&munge.join("key"), 0o400)?;
        let ports = free_ports()?;
        let conf = configuration(folder, ports);
        fs::write(folder.join("slurm.conf"), conf).map_err(|e| advice("write into", folder, &e))?;
        let places = ["key-file=key", "socket=socket", "pid-file=pid", "seed-file=seed", "log-file=log"]
            .map(|place| place.split_once('=').expect("it has one"))
            .map(|(option, file)| format!("--{option}={}", munge.join(file).display()));
        // Forced, because munged warns of running as root, which is all that a container has.
        cluster.daemon(Command::new("munged").args(["--foreground", "--force"]).args(places))?;
        wait("munged", || munge.join("socket").exists())?;
        cluster.daemon(Command::new("slurmctld").arg("-D"))?;
        cluster.daemon(Command::new("slurmd").args(["-D", "-N", "localhost"]))?;
        wait("a node", || {
            let states = cluster.slurm("sinfo").args(["--noheader", "--format=%T"]).output();
            states.is_ok_and(|states| states.stdout.starts_with(b"idle"))
        })?;
        Ok(cluster)
    }

    fn daemon(&mut self, command: &mut Command) -> Result<(), Failure> {
        let line = command.get_program().to_string_lossy().into_owned();
        let log =
            fs::File::create(self.folder.join(format!("{line}.log"))).map_err(|e| advice("log", &self.folder, &e))?;
        let second = log.try_clone().map_err(|e| advice("log", &self.folder, &e))?;
        let command = command.env("SLURM_CONF", self.folder.join("slurm.conf")).stdin(Stdio::null());
        println!("    $ {line} &");
        let child = command.stdout(log).stderr(second).spawn().map_err(|source| Failure::Start { line, source })?;
        self.daemons.push(child);
        Ok(())
    }

    /// A client of this Slurm, in its folder.
    fn slurm(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("SLURM_CONF", self.folder.join("slurm.conf"));
        command
    }

    /// Submits the shipped scripts with the smoke grid, waits for the queue to empty, and checks the report.
    fn compare(&self, machine: &Machine) -> Result<(), Failure> {
        let script = machine.root.join("docs/cluster/slurm/submit.sh");
        let grid = machine.root.join("core/presets/compare/smoke.toml");
        let mut submit = self.slurm("sh");
        submit.arg(script).arg(grid).args(["out", SHARDS]);
        steps::run(submit.env("L2T", machine.program("l2t")).env("L2T_DEVICE", "cpu"))?;
        let mut last = String::new();
        wait("the jobs", || {
            let queue = self.slurm("squeue").args(["--noheader", "--format=%j %K %T"]).output();
            let Ok(queue) = queue else { return false };
            let text = String::from_utf8_lossy(&queue.stdout).trim().replace('\n', "; ");
            if text != last {
                println!("    queue: {}", if text.is_empty() { "empty" } else { &text });
                last = text;
            }
            queue.status.success() && last.is_empty()
        })?;
        check(&self.folder.join("out"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            // Asked first: the node daemon then ends its own children. One that is gone already needs nothing.
            let _ = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status();
            let start = Instant::now();
            while daemon.try_wait().is_ok_and(|ended| ended.is_none()) && start.elapsed() < Duration::from_secs(10) {
                sleep(Duration::from_millis(50));
            }
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Every cell is done, by more than one shard, and the report says so.
fn check(out: &Path) -> Result<(), Failure> {
    let read = |name: &str| fs::read_to_string(out.join(name)).map_err(|e| advice("read", &out.join(name), &e));
    let cells = read("report/cells.csv")?;
    let done = cells.lines().filter(|line| line.contains(",done,")).count();
    if (done, cells.lines().count()) != (CELLS, CELLS + 1) {
        return Err(Failure::Advice(format!("{done} of {CELLS} cells are done:\n{cells}")));
    }
    let page = read("report/report.html")?;
    let shards = (0..9).filter(|index| page.contains(&format!("--shard {index}/{SHARDS}"))).count();
    if page.contains("Incomplete") || shards.to_string() != SHARDS {
        return Err(Failure::Advice(format!("the report is incomplete, or of {shards} shards, not of {SHARDS}")));
    }
    println!("    {CELLS} cells done by {shards} shards, and the report is complete");
    Ok(())
}

fn configuration(folder: &Path, (controller, node): (u16, u16)) -> String {
    let folder = folder.display();
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "ClusterName=l2t\nSlurmctldHost=localhost\nSlurmctldPort={controller}\nSlurmdPort={node}\n\
         AuthType=auth/munge\nAuthInfo=socket={folder}/munge/socket\nCredType=cred/munge\n\
         SlurmUser=root\nSlurmdUser=root\nSlurmctldPidFile={folder}/slurmctld.pid\nSlurmdPidFile={folder}/slurmd.pid\n\
         StateSaveLocation={folder}/state\nSlurmdSpoolDir={folder}/spool\n\
         ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\nMpiDefault=none\n\
         SelectType=select/cons_tres\nSelectTypeParameters=CR_Core\nSchedulerParameters=sched_interval=1\nReturnToService=2\n\
         NodeName=localhost NodeAddr=127.0.0.1 CPUs={processors} State=UNKNOWN\n\
         PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
    )
}

/// Two ports that nobody listens on; both are held until both are known.
fn free_ports() -> Result<(u16, u16), Failure> {
    let listen = || TcpListener::bind("127.0.0.1:0");
    let ports =
        listen().and_then(|one| listen().and_then(|two| Ok((one.local_addr()?.port(), two.local_addr()?.port()))));
    ports.map_err(|e| Failure::Advice(format!("no free port on the loopback address: {e}")))
}

fn private(path: &Path, mode: u32) -> Result<(), Failure> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|e| advice("protect", path, &e))
}

fn wait(what: &str, mut ready: impl FnMut() -> bool) -> Result<(), Failure> {
    let start = Instant::now();
    while !ready() {
        if start.elapsed() > PATIENCE {
            return Err(Failure::Advice(format!("{what}: nothing after {} s", PATIENCE.as_secs())));
        }
        sleep(Duration::from_millis(300));
    }
    Ok(())
}

fn advice(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Advice(format!("cannot {verb} {}: {error}", path.display()))
}
