//! The program in a real window, on an X server without a screen, driven by keys as a user would.
//!
//! Needs Xvfb, xdotool, scrot and a Vulkan driver, which may be in software; `cargo xtask test` installs them on Debian.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use l2t_core::experiment::{Config, Snapshot};

/// Long enough for a busy machine that draws in software.
const PATIENCE: Duration = Duration::from_secs(180);

/// An X server that goes when the test does.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start(folder: &Path) -> Self {
        let chosen = folder.join("display");
        let file = std::fs::File::create(&chosen).expect("the folder can be written to");
        // The server writes the number of the display that it found free, and a new line when it is ready. It would begin
        // anew whenever its last client leaves, as xdotool does again and again, and turn others away meanwhile.
        let server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x860x24", "-nolisten", "tcp", "-noreset"])
            .stdout(file)
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed: apt-get install xvfb xdotool scrot");
        let number = wait("the X server", || {
            let text = std::fs::read_to_string(&chosen).ok()?;
            text.ends_with('\n').then(|| text.trim().to_owned())
        });
        Self { server, name: format!(":{number}") }
    }

    fn xdotool(&self, arguments: &[&str]) -> String {
        let found = Command::new("xdotool").args(arguments).env("DISPLAY", &self.name).output();
        let found = found.expect("xdotool is installed: apt-get install xvfb xdotool scrot");
        String::from_utf8_lossy(&found.stdout).trim().to_owned()
    }

    /// The window and its title, once there is one.
    fn window(&self) -> Option<(String, String)> {
        let id = self.xdotool(&["search", "--name", "^L2T"]);
        let id = id.lines().next()?.to_owned();
        let title = self.xdotool(&["getwindowname", &id]);
        Some((id, title))
    }

    fn wait_for_title(&self, part: &str) -> String {
        let mut last = String::new();
        wait(&format!("a title with “{part}”"), || {
            let (id, title) = self.window()?;
            let reached = title.contains(part);
            last = title;
            reached.then_some(id)
        })
    }

    fn picture(&self, file: &Path) -> image::RgbImage {
        let taken = Command::new("scrot").arg("--overwrite").arg(file).env("DISPLAY", &self.name).status();
        assert!(taken.expect("scrot is installed: apt-get install xvfb xdotool scrot").success());
        image::open(file).expect("a picture was taken").to_rgb8()
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A program that does not outlive a test that failed.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait<T>(what: &str, mut reached: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(reached) = reached() {
            return reached;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Settings of somebody who was here before, with the demo and these changes.
fn remembered(folder: &Path, changes: &[&str]) -> PathBuf {
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert!(Config::preset("demo", &changes).is_ok());
    let file = folder.join("l2t/window.toml");
    std::fs::create_dir_all(folder.join("l2t")).expect("a folder");
    let lines = format!("tour_seen = true\nsize = [1280.0, 860.0]\npreset = \"demo\"\nchanges = {changes:?}\n");
    std::fs::write(&file, lines).expect("the folder can be written to");
    file
}

/// The program with a window on `display`, for somebody whose files are in `folder`.
fn window(display: &Display, folder: &Path, device: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2t"));
    command
        .args(["window", "--device", device])
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("NODEVICE_SELECT", "1");
    command
}

/// Colours that a picture has: a blank window has a few.
fn colours(picture: &image::RgbImage) -> usize {
    let mut seen: Vec<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

#[test]
fn a_whole_training_by_keys_up_to_the_saliency_view() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes = ["target.width=0.0625", "data.per_class=8", "train.batch_size=20", "train.epochs=3"];
    let settings = remembered(folder.path(), &changes);
    let frames = folder.path().join("frames.csv");
    let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let display = Display::start(folder.path());
    let child = window(&display, folder.path(), "cpu").arg("--frame-times").arg(&frames).spawn();
    let mut program = Program(child.expect("the program is built"));

    let window = display.wait_for_title("waiting");
    let key = |name: &str| drop(display.xdotool(&["windowfocus", &window, "key", name]));
    let before = display.picture(&pictures.join("window-before.png"));
    assert!(colours(&before) > 100, "something is drawn");
    key("space");
    display.wait_for_title("done: ");
    let after = display.picture(&pictures.join("window-trained.png"));
    assert_ne!(before, after);
    key("5");
    // Saliency is in colour, and no other part of the window has as many.
    let plain = colours(&after);
    wait("the saliency view", || {
        (colours(&display.picture(&pictures.join("window-saliency.png"))) > plain + 500).then_some(())
    });
    key("ctrl+q");
    let ended = wait("the end of the program", || program.0.try_wait().expect("it is a child"));
    assert!(ended.success(), "{ended}");
    let kept = std::fs::read_to_string(settings).expect("settings are kept");
    assert!(kept.contains("tour_seen = true") && kept.contains("train.epochs=3"), "{kept}");
    let last = std::fs::read(folder.path().join("data/l2t/last-run.zip")).expect("the last run is kept unasked");
    let last = Snapshot::from_zip("last-run.zip", &last).expect("it is whole");
    assert_eq!(last.latest.position.history.epochs.len(), 3);
    assert!(std::fs::read_to_string(frames).expect("frames were measured").lines().count() > 1);
}

/// What is drawn goes with the device, too: a second process takes over.
#[test]
fn a_lost_device_brings_the_window_back_on_the_cpu_with_its_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes =
        ["target.width=0.03125", "data.per_class=4", "train.batch_size=20", "train.epochs=900", "method.name=scratch"];
    remembered(folder.path(), &changes);
    let (lost, said) = (folder.path().join("lost"), folder.path().join("said.txt"));
    let display = Display::start(folder.path());
    let child = window(&display, folder.path(), "software-gpu")
        .arg("--lose-device-when")
        .arg(&lost)
        .stderr(std::fs::File::create(&said).expect("the folder can be written to"))
        .spawn();
    let mut program = Program(child.expect("the program is built"));
    let key = |window: &str, name: &str| drop(display.xdotool(&["windowfocus", window, "key", name]));
    let window = display.wait_for_title("waiting");
    key(&window, "space");
    display.wait_for_title("training, epoch 3 of 900");
    std::fs::write(&lost, "").expect("the folder can be written to");

    let ended = wait("the end of the first", || program.0.try_wait().expect("it is a child"));
    let said = std::fs::read_to_string(said).expect("it was written");
    assert!(ended.success(), "{ended}: {said}");
    assert!(said.contains("the graphics device was lost: the window opens again on the CPU"), "{said}");

    let second = display.wait_for_title("waiting, epoch ");
    display.picture(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("window-after-loss.png"));
    let (_, title) = display.window().expect("it is there");
    let epoch = title.split(' ').nth(3).and_then(|number| number.parse::<usize>().ok());
    assert!(epoch.is_some_and(|epoch| epoch >= 3), "the run is gone on with: {title}");
    key(&second, "ctrl+q");
    wait("the end of the second", || display.window().is_none().then_some(()));
}

#[test]
fn a_window_that_is_closed_before_it_trains_leaves_the_last_run_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    remembered(folder.path(), &["target.width=0.0625", "data.per_class=8", "train.batch_size=20"]);
    let last = folder.path().join("data/l2t/last-run.zip");
    std::fs::create_dir_all(folder.path().join("data/l2t")).expect("a folder");
    std::fs::write(&last, "a run of last week").expect("the folder can be written to");
    let display = Display::start(folder.path());
    let mut program = Program(window(&display, folder.path(), "cpu").spawn().expect("the program is built"));
    let id = display.wait_for_title("waiting");
    display.xdotool(&["windowfocus", &id, "key", "ctrl+q"]);
    let ended = wait("the end of the program", || program.0.try_wait().expect("it is a child"));
    assert!(ended.success(), "{ended}");
    assert_eq!(std::fs::read_to_string(&last).expect("it is still there"), "a run of last week");
}

#[test]
fn without_a_display_the_window_says_so() {
    says_what_needs_none(None);
}

/// Nor where a display is named that does not answer, or where a library is missing: what a window needs is loaded then.
#[test]
fn a_display_that_does_not_answer_is_said() {
    says_what_needs_none(Some(":4711"));
}

fn says_what_needs_none(display: Option<&str>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_l2t"));
    command.args(["window", "--device", "cpu"]).env("XDG_CONFIG_HOME", folder.path());
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").envs(display.map(|display| ("DISPLAY", display)));
    // Where it is not set, Mesa says so in a line of its own.
    command.env("XDG_RUNTIME_DIR", folder.path());
    let ended = command.output().expect("the program is built");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1));
    assert!(said.starts_with("error: ") && said.trim().lines().count() == 1 && said.contains("l2t demo"), "{said}");
}
