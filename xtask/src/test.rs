//! `cargo xtask test`: every check a change must pass, cheap ones first.
//!
//! `clippy` and `doc` share one set of build artefacts (dependencies checked, not compiled), so `doc` costs seconds
//! after it; `wasm` checks what runs in a browser, `web` builds the page and uses it, `book` reads what `doc` wrote and runs
//! `release`'s program; `torture` kills the program; `fuzz` and `test` compile everything, and `test` comes last, so that its
//! closing lines end the output.

use crate::machine::Machine;
use crate::steps::{self, Failure, Step};
use crate::{book, fuzz, release, shaders, torture, web, workflows};
use clap::builder::PossibleValuesParser;

/// The options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Args {
    /// Run these steps alone, in their usual order; names separated by commas
    #[arg(long, value_name = "STEPS", value_delimiter = ',', value_parser = step_names())]
    only: Vec<String>,
    /// Print the steps and do nothing
    #[arg(long)]
    list: bool,
}

const STEPS: [Step; 14] = [
    Step { name: "fmt", about: "the code is formatted", run: fmt },
    Step { name: "machine", about: "the software GPU driver and the tools are there", run: machine },
    Step {
        name: "workflows",
        about: "GitHub's workflows are sound, and run what can be run here",
        run: workflows::lint,
    },
    Step { name: "deny", about: "licences, sources and bans of the dependencies", run: deny },
    Step { name: "clippy", about: "lints of every crate, tests included", run: clippy },
    Step { name: "doc", about: "the documentation builds and its links lead somewhere", run: doc },
    Step { name: "wasm", about: "lints of the crates that also run in a browser", run: wasm },
    Step { name: "web", about: "the page in a real Chromium, on its CPU and on a software GPU", run: web },
    Step { name: "release", about: "the program as an archive, unpacked and run elsewhere", run: release::tried },
    Step { name: "book", about: "the book, its links, and how it looks in a browser", run: book::tried },
    Step { name: "shaders", about: "the kernels in the languages of Windows and Macs", run: shaders::check },
    Step { name: "fuzz", about: "a minute of made-up inputs for every reader", run: fuzz::a_minute },
    Step {
        name: "torture",
        about: "the program killed, its disks full, its folders read-only",
        run: torture::a_selection,
    },
    Step { name: "test", about: "every test, those of the GPU on a software adapter if there is no other", run: test },
];

/// Runs the chosen steps, or all of them.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    let chosen = chosen(&args.only);
    if args.list {
        for step in chosen {
            println!("{:<9} {}", step.name, step.about);
        }
        return Ok(());
    }
    steps::run_in_order(machine, &chosen)
}

/// The steps named, in the order of [`STEPS`]; all of them for no name.
fn chosen(only: &[String]) -> Vec<&'static Step> {
    const ALL: &[Step] = &STEPS;
    ALL.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)).collect()
}

fn step_names() -> PossibleValuesParser {
    PossibleValuesParser::new(STEPS.map(|step| step.name))
}

fn fmt(machine: &Machine) -> Result<(), Failure> {
    steps::run(machine.cargo("fmt").args(["--all", "--check"]))
}

fn machine(machine: &Machine) -> Result<(), Failure> {
    machine.ensure_software_gpu()?;
    machine.ensure_virtual_display()?;
    machine.ensure_wasm_target()?;
    machine.ensure_shader_tools()?;
    machine.naga()?;
    machine.cargo_deny().map(drop)
}

/// Advisories are left to `cargo xtask audit`: they change by themselves, and their database may be out of reach.
fn deny(machine: &Machine) -> Result<(), Failure> {
    steps::run(machine.cargo_deny()?.args(["check", "bans", "licenses", "sources"]))
}

fn clippy(machine: &Machine) -> Result<(), Failure> {
    steps::run(machine.cargo("clippy").args(["--release", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn doc(machine: &Machine) -> Result<(), Failure> {
    steps::run(machine.cargo("doc").args(["--release", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Clippy's settings here are `wasm/clippy.toml`: they forbid what compiles for a browser and panics there.
fn wasm(machine: &Machine) -> Result<(), Failure> {
    machine.ensure_wasm_target()?;
    steps::run(
        machine
            .cargo("clippy")
            .args(["--profile", "web", "--target", crate::machine::WASM_TARGET, "-p", "l2t-web", "-p", "l2t-app"])
            .args(["-p", "l2t-core", "-p", "l2t-shaders", "-p", "l2t-parity", "--lib"])
            .args(["--", "-D", "warnings"])
            .env("CLIPPY_CONF_DIR", machine.root.join("xtask/wasm")),
    )
}

/// The page is the one that is published; the second one runs the parity tests in a tab. Runs go from the page to the
/// program and back.
fn web(machine: &Machine) -> Result<(), Failure> {
    steps::run(machine.cargo("build").arg("--release"))?;
    let page = web::build(machine, true)?;
    let parity = web::build_parity(machine)?;
    let (page, parity) = (web::Server::start(&page, 0)?, web::Server::start(&parity, 0)?);
    let arguments = [
        "--test",
        "--test-concurrency=1",
        "tests/browser/parity.test.mjs",
        "tests/browser/cpu.test.mjs",
        "tests/browser/gpu.test.mjs",
    ];
    steps::run(web::in_browser(machine, &page, &arguments)?.env("L2T_PARITY_URL", parity.url()))
}

fn test(machine: &Machine) -> Result<(), Failure> {
    machine.ensure_software_gpu()?;
    machine.ensure_virtual_display()?;
    // Mesa asks a display that CI lacks which GPU it prefers, and complains on standard error.
    // Elsewhere than on Linux there is no driver to install for a machine without a GPU.
    let required = cfg!(target_os = "linux").then_some(("L2T_REQUIRE_GPU", "1"));
    let tests = required.into_iter().chain([("NODEVICE_SELECT", "1")]);
    // The members that belong to everybody; what builds the page has other needs, and Cargo would unite them.
    steps::run(machine.cargo("test").args(["--release", "-p", "xtask"]))?;
    steps::run(machine.cargo("test").args(["--release"]).envs(tests))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str]) -> Vec<&'static str> {
        let only: Vec<String> = only.iter().map(ToString::to_string).collect();
        chosen(&only).iter().map(|step| step.name).collect()
    }

    #[test]
    fn no_name_means_every_step() {
        assert_eq!(names(&[]), STEPS.map(|step| step.name));
    }

    #[test]
    fn named_steps_run_in_their_usual_order() {
        assert_eq!(names(&["clippy", "fmt"]), ["fmt", "clippy"]);
    }

    #[test]
    fn step_names_are_unique() {
        let unique = STEPS.map(|step| step.name).into_iter().collect::<std::collections::HashSet<_>>();
        assert_eq!(unique.len(), STEPS.len());
    }
}
