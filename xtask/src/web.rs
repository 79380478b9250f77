//! `cargo xtask web`: the page, as a folder of static files that any host can serve.
//!
//! The program is compiled for size, bound to JavaScript by the library behind wasm-bindgen (the same version as the
//! program's, by Cargo.lock), made smaller by Binaryen's wasm-opt, and packed with gzip, which the page unpacks itself:
//! a host needs no special headers.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::machine::{Machine, WASM_TARGET};
use crate::steps::{self, Failure};

/// The options of `cargo xtask web`.
#[derive(clap::Args)]
pub struct Args {
    /// Serve the page on this machine after building it
    #[arg(long)]
    serve: bool,
    /// Port to serve on; 0 takes a free one
    #[arg(long, default_value_t = 8000, requires = "serve")]
    port: u16,
    /// Do not make the program smaller: starts sooner while you work on it
    #[arg(long)]
    quick: bool,
}

/// Cargo's profile of the program.
const PROFILE: &str = "web";

/// The largest first load, program and default source together, in bytes.
const LARGEST_LOAD: u64 = 4_000_000;

/// Builds the page, and serves it where that was asked for.
pub fn run(machine: &Machine, args: &Args) -> Result<(), Failure> {
    let page = build(machine, !args.quick)?;
    if !args.serve {
        return Ok(());
    }
    let server = Server::start(&page, args.port)?;
    println!("\nopen {} (Ctrl-C ends it)", server.url());
    server.wait();
    Ok(())
}

/// Builds `web/dist`.
pub fn build(machine: &Machine, small: bool) -> Result<PathBuf, Failure> {
    machine.ensure_wasm_target()?;
    steps::run(machine.cargo("build").args(["--profile", PROFILE, "--target", WASM_TARGET, "-p", "l2t-web"]))?;
    let page = machine.root.join("web/dist");
    // Whatever an earlier build left there.
    if page.exists() {
        fs::remove_dir_all(&page).map_err(|error| failed(&page, &error))?;
    }
    fs::create_dir_all(page.join("assets")).map_err(|error| failed(&page, &error))?;
    let program = machine.target.join(WASM_TARGET).join(PROFILE).join("l2t_web.wasm");
    bind_as("l2t", &program, &page)?;
    let bound = page.join("l2t_bg.wasm");
    if small {
        let out = page.join("smaller.wasm");
        steps::run(
            machine
                .wasm_opt()?
                .args(["-O2", "--strip-debug", "--strip-producers", "--enable-simd", "--enable-bulk-memory"])
                .args(["--enable-nontrapping-float-to-int", "--enable-sign-ext", "--enable-mutable-globals"])
                .args(["--enable-reference-types", "--enable-multivalue"])
                .arg(&bound)
                .arg("-o")
                .arg(&out),
        )?;
        fs::rename(&out, &bound).map_err(|error| failed(&bound, &error))?;
    }
    let packed = pack(&bound, &page.join("l2t.wasm.gz"))?;
    fs::remove_file(&bound).map_err(|error| failed(&bound, &error))?;
    copy_all(&machine.root.join("web/page"), &page)?;
    copy_all(&machine.root.join("core/assets"), &page.join("assets"))?;
    report(&page, packed)
}

/// Builds the page on which the parity tests run, beside the target folder's programs; returns its folder.
pub fn build_parity(machine: &Machine) -> Result<PathBuf, Failure> {
    steps::run(machine.cargo("build").args(["--profile", PROFILE, "--target", WASM_TARGET, "-p", "l2t-parity"]))?;
    let page = machine.target.join("web-parity");
    fs::create_dir_all(&page).map_err(|error| failed(&page, &error))?;
    bind_as("parity", &machine.target.join(WASM_TARGET).join(PROFILE).join("l2t_parity.wasm"), &page)?;
    let index = page.join("index.html");
    fs::write(&index, "<!doctype html><title>parity</title>").map_err(|error| failed(&index, &error))?;
    Ok(page)
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Advice(format!("{}: {error}", path.display()))
}

fn bind_as(name: &str, program: &Path, page: &Path) -> Result<(), Failure> {
    println!("    binding {}", program.display());
    let mut bindgen = Bindgen::new();
    let bound = bindgen.input_path(program).out_name(name).typescript(false).web(true);
    bound.and_then(|bound| bound.generate(page)).map_err(|error| failed(program, &format!("{error:#}")))
}

/// Packs a file; the sizes before and after.
fn pack(from: &Path, to: &Path) -> Result<(u64, u64), Failure> {
    let bytes = fs::read(from).map_err(|error| failed(from, &error))?;
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let packed = packer.write_all(&bytes).and_then(|()| packer.finish()).map_err(|error| failed(from, &error))?;
    fs::write(to, &packed).map_err(|error| failed(to, &error))?;
    Ok((bytes.len() as u64, packed.len() as u64))
}

fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(from).map_err(|error| failed(from, &error))? {
        let path = entry.map_err(|error| failed(from, &error))?.path();
        if path.is_file() && path.extension().is_none_or(|extension| extension != "md") {
            let name = path.file_name().expect("a file has a name");
            fs::copy(&path, to.join(name)).map_err(|error| failed(&path, &error))?;
        }
    }
    Ok(())
}

/// Says how large the page is; a first load that has grown too large is an error.
fn report(page: &Path, (raw, packed): (u64, u64)) -> Result<PathBuf, Failure> {
    let size = |name: &str| fs::metadata(page.join(name)).map_or(0, |metadata| metadata.len());
    let scripts: u64 =
        ["index.html", "style.css", "boot.js", "gate.js", "load.js", "mirror.js", "lesson.js", "worker.js", "l2t.js"]
            .map(size)
            .iter()
            .sum();
    let source = size("assets/things-resnet20.safetensors");
    let load = packed + scripts + source;
    println!("    program {raw} bytes, packed {packed}; scripts {scripts}; default source {source}; first load {load}");
    println!("    the page is in {}", page.display());
    if load > LARGEST_LOAD {
        return Err(Failure::Advice(format!("the first load is {load} bytes, more than {LARGEST_LOAD}")));
    }
    Ok(page.to_owned())
}

/// A server of the page on this machine.
pub struct Server {
    address: SocketAddr,
    thread: std::thread::JoinHandle<()>,
}

impl Server {
    /// Serves `page` in a thread of its own, as a host that knows nothing of it would.
    pub fn start(page: &Path, port: u16) -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|error| Failure::Advice(format!("port {port} cannot be served on ({error}); choose --port")))?;
        let address = listener.local_addr().map_err(|error| Failure::Advice(error.to_string()))?;
        let router = axum::Router::new().fallback_service(tower_http::services::ServeDir::new(page));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Advice(format!("the server does not start: {error}")))?;
        let thread = std::thread::spawn(move || {
            let served = runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                axum::serve(listener, router).await
            });
            if let Err(error) = served {
                eprintln!("xtask: the server ended: {error}");
            }
        });
        Ok(Self { address, thread })
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Until it is ended from outside.
    fn wait(self) {
        // It has said why.
        let _ = self.thread.join();
    }
}
