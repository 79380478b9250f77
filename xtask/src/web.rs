//! `cargo xtask web`: the page, as a folder of static files that any host can serve.
//!
//! The program is compiled for size, bound to JavaScript by the library behind wasm-bindgen (the same version as the
//! program's, by Cargo.lock), made smaller by Binaryen's wasm-opt, and packed with Brotli and, for browsers that cannot
//! unpack that, with gzip. The page unpacks it itself: a host needs no special headers.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

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
    /// Measure the page in Chromium after building it: loading, speed, memory, the longest task
    #[arg(long)]
    measure: bool,
    /// Time the page against TensorFlow.js, installed in this folder, after building it; see tests/peer
    #[arg(long, value_name = "FOLDER")]
    tfjs: Option<PathBuf>,
    /// Options of that, see tests/peer/README.md
    #[arg(last = true, requires = "tfjs", value_name = "OPTIONS")]
    peer: Vec<String>,
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
    if args.measure {
        let server = Server::start(&page, 0)?;
        steps::run(&mut in_browser(machine, &server, &["tests/browser/measure.mjs"])?)?;
    }
    if let Some(folder) = &args.tfjs {
        let server = Server::start(&page, 0)?;
        steps::run(in_browser(machine, &server, &["tests/peer/page.mjs"])?.arg(folder).args(&args.peer))?;
    }
    if !args.serve {
        return Ok(());
    }
    let server = Server::start(&page, args.port)?;
    println!("\nopen {} (Ctrl-C ends it)", server.url());
    server.wait();
    Ok(())
}

/// Node with a browser and the page in `server`.
pub fn in_browser(machine: &Machine, server: &Server, arguments: &[&str]) -> Result<Command, Failure> {
    let mut command = machine.node_with_playwright()?;
    command
        .args(arguments)
        .env("L2T_URL", server.url())
        .env("L2T_CHROMIUM", machine.chromium()?)
        .env("L2T_PROGRAM", machine.program("l2t"))
        .env("L2T_PICTURES", machine.target.join("web-pictures"));
    Ok(command)
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
                .node_program("binaryen")?
                .args([
                    "--merge-similar-functions",
                    "-Os",
                    "--strip-debug",
                    "--strip-producers",
                    "--enable-simd",
                    "--enable-bulk-memory",
                ])
                .args(["--enable-nontrapping-float-to-int", "--enable-sign-ext", "--enable-mutable-globals"])
                .args(["--enable-reference-types", "--enable-multivalue"])
                .arg(&bound)
                .arg("-o")
                .arg(&out),
        )?;
        fs::rename(&out, &bound).map_err(|error| failed(&bound, &error))?;
    }
    let program = page.join("l2t.wasm");
    fs::rename(&bound, &program).map_err(|error| failed(&program, &error))?;
    copy_all(&machine.root.join("web/page"), &page)?;
    copy_all(&machine.root.join("core/assets"), &page.join("assets"))?;
    if small {
        minify(machine, &page)?;
    }
    let quality = if small { 11 } else { 5 };
    let sizes = pack(&program, quality)?;
    pack(&page.join("l2t.js"), quality)?;
    for source in files(&page.join("assets"))? {
        pack(&source, quality)?;
    }
    report(&page, sizes)?;
    if small {
        bounded(&page, sizes)?;
    }
    Ok(page)
}

/// Builds the page on which the parity tests run, beside the target folder's programs; returns its folder.
pub fn build_parity(machine: &Machine) -> Result<PathBuf, Failure> {
    // With the page, although that is there: alone it would ask for fewer features, and Burn be compiled anew for them.
    let packages = ["-p", "l2t-web", "-p", "l2t-parity"];
    steps::run(machine.cargo("build").args(["--profile", PROFILE, "--target", WASM_TARGET]).args(packages))?;
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

/// Bytes of the program.
#[derive(Clone, Copy)]
struct Sizes {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// Puts two files in the place of `from`, called like it with `.br` and `.gz` behind.
fn pack(from: &Path, quality: u32) -> Result<Sizes, Failure> {
    println!("    packing {}", from.display());
    let bytes = fs::read(from).map_err(|error| failed(from, &error))?;
    let write = |ending: &str, packed: std::io::Result<Vec<u8>>| -> Result<u64, Failure> {
        let packed = packed.map_err(|error| failed(from, &error))?;
        let to = PathBuf::from(format!("{}.{ending}", from.display()));
        fs::write(&to, &packed).map_err(|error| failed(&to, &error))?;
        Ok(packed.len() as u64)
    };
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = write("gz", gzip.write_all(&bytes).and_then(|()| gzip.finish()))?;
    let mut packed = Vec::new();
    let mut brotli = brotli::CompressorWriter::new(&mut packed, 1 << 16, quality, 24);
    let done = brotli.write_all(&bytes).and_then(|()| brotli.flush());
    drop(brotli);
    let brotli = write("br", done.map(|()| packed))?;
    fs::remove_file(from).map_err(|error| failed(from, &error))?;
    Ok(Sizes { raw: bytes.len() as u64, gzip, brotli })
}

/// Takes comments and long names out of the scripts, file by file.
fn minify(machine: &Machine, page: &Path) -> Result<(), Failure> {
    let scripts = fs::read_dir(page).map_err(|error| failed(page, &error))?.flatten().map(|entry| entry.path());
    let scripts: Vec<PathBuf> = scripts
        .filter(|path| path.extension().is_some_and(|extension| extension == "js" || extension == "css"))
        .collect();
    let options = ["--minify", "--allow-overwrite", "--log-level=warning"];
    let mut command = machine.node_program("esbuild")?;
    steps::run(command.args(options).arg(format!("--outdir={}", page.display())).args(scripts))
}

fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    for path in files(from)? {
        let name = path.file_name().expect("a file has a name");
        fs::copy(&path, to.join(name)).map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

/// The files of a folder, but for what is written for those who read it.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let paths = entries.map_err(|error| failed(folder, &error))?.into_iter().map(|entry| entry.path());
    Ok(paths.filter(|path| path.is_file() && path.extension().is_none_or(|extension| extension != "md")).collect())
}

/// Bytes of everything but the program that the first look at the page fetches.
fn around(page: &Path) -> u64 {
    let scripts = fs::read_dir(page).into_iter().flatten().flatten().map(|entry| entry.path());
    let scripts = scripts.filter(|path| path.extension().is_some_and(|e| e == "js" || e == "css" || e == "html"));
    let packed = ["l2t.js.br", "assets/things-resnet20.safetensors.br"].map(|path| page.join(path));
    scripts.chain(packed).filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum()
}

/// Says how large the page is.
fn report(page: &Path, Sizes { raw, gzip, brotli }: Sizes) -> Result<(), Failure> {
    let rest = around(page);
    println!("    program {raw} bytes, {brotli} with Brotli, {gzip} with gzip; scripts and default source {rest}");
    println!("    first load {} bytes; the page is in {}", brotli + rest, page.display());
    Ok(())
}

/// A first load that has grown too large is an error.
fn bounded(page: &Path, sizes: Sizes) -> Result<(), Failure> {
    let load = sizes.brotli + around(page);
    if load > LARGEST_LOAD {
        return Err(Failure::Advice(format!("the first load is {load} bytes, more than {LARGEST_LOAD}")));
    }
    Ok(())
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
    pub fn wait(self) {
        // It has said why.
        let _ = self.thread.join();
    }
}
