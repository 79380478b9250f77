//! `cargo xtask test --only shaders`: what the kernels become on other systems.
//!
//! A kernel is WGSL, and wgpu's translator naga makes of it Metal's language on a Mac, HLSL for Direct3D 12 on Windows and SPIR-V
//! for Vulkan. Tests on Linux run the last one alone. So the others are made here as well, of every kernel, with naga's
//! own program of the same version: a kernel that naga cannot express there fails. Khronos' `spirv-val` then validates the
//! SPIR-V, and Khronos' `glslangValidator` compiles the HLSL. Nothing outside a Mac compiles Metal's language.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::machine::Machine;
use crate::steps::{self, Failure};

/// How indices beyond a buffer's end are dealt with: wgpu chooses by the device and by what a driver promises.
const POLICIES: [&str; 2] = ["Unchecked", "Restrict"];

/// What Windows and Macs offer at least where wgpu runs.
const VERSIONS: [&str; 6] = ["--shader-model", "60", "--metal-version", "2.1", "--spirv-version", "1.3"];

/// Entry points and their stages: of a kernel, and of what is drawn.
const KERNEL: &[(&str, &str)] = &[("main", "comp")];
const DRAWN: &[(&str, &str)] = &[("corner", "vert"), ("pixel", "frag")];

/// Translates and validates every kernel.
pub fn check(machine: &Machine) -> Result<(), Failure> {
    let naga = machine.naga()?;
    machine.ensure_shader_tools()?;
    let folder = machine.target.join("kernels");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| Failure::file("remove", &folder, &error))?;
    }
    fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
    // The test that validates them as WGSL writes them where this variable says.
    let mut write = machine.cargo("test");
    steps::run(write.args(["--release", "--quiet", "--lib", "--", "gpu::tests"]).env("L2T_KERNELS", &folder))?;
    let kernels = kernels(&folder)?;
    if kernels.is_empty() {
        return Err(Failure::Advice(format!("no kernel was written to {}", folder.display())));
    }
    let work: Vec<(&PathBuf, &str)> =
        kernels.iter().flat_map(|kernel| POLICIES.map(|policy| (kernel, policy))).collect();
    let bytes = translate_all(&naga, &work)?;
    let [metal, hlsl, spirv] = bytes;
    println!(
        "    {} kernels, with and without checks of indices: {metal} bytes for Metal, {hlsl} of HLSL, {spirv} of SPIR-V",
        kernels.len()
    );
    Ok(())
}

fn kernels(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file("read", folder, &error))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// Translates on all processors; returns the sizes of the three together.
fn translate_all(naga: &Path, work: &[(&PathBuf, &str)]) -> Result<[u64; 3], Failure> {
    let share = work.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from));
    let sizes = std::thread::scope(|scope| {
        let one = |part: &[(&PathBuf, &str)]| -> Result<Vec<[u64; 3]>, Failure> {
            part.iter().map(|(kernel, policy)| translate(naga, kernel, policy)).collect()
        };
        let threads: Vec<_> = work.chunks(share).map(|part| scope.spawn(move || one(part))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect::<Result<Vec<_>, _>>()
    })?;
    let sum = |at: usize| sizes.iter().flatten().map(|sizes| sizes[at]).sum();
    Ok([sum(0), sum(1), sum(2)])
}

/// Makes the three of a kernel and validates two; returns their sizes.
fn translate(naga: &Path, kernel: &Path, policy: &str) -> Result<[u64; 3], Failure> {
    let outputs = ["metal", "hlsl", "spv"].map(|ending| kernel.with_extension(format!("{policy}.{ending}")));
    let mut command = Command::new(naga);
    // None but WebGPU's baseline, as in the test of the WGSL.
    command.args(["--capabilities", "none", "--index-bounds-check-policy", policy]).args(VERSIONS);
    quietly(command.arg(kernel).args(&outputs))?;
    let [_, hlsl, spirv] = &outputs;
    quietly(Command::new("spirv-val").args(["--target-env", "vulkan1.1"]).arg(spirv))?;
    let drawn = kernel.file_name().is_some_and(|name| name.to_string_lossy().starts_with("drawn"));
    for (entry, stage) in if drawn { DRAWN } else { KERNEL } {
        compile_hlsl(hlsl, entry, stage)?;
    }
    let size = |path: &PathBuf| fs::metadata(path).map(|metadata| metadata.len());
    let mut sizes = [0; 3];
    for (place, path) in sizes.iter_mut().zip(&outputs) {
        *place = size(path).map_err(|error| Failure::file("read", path, &error))?;
    }
    Ok(sizes)
}

/// By the HLSL front end of glslang, which is not Microsoft's compiler: what naga writes here both know, but for one thing.
fn compile_hlsl(hlsl: &Path, entry: &str, stage: &str) -> Result<(), Failure> {
    let text = fs::read_to_string(hlsl).map_err(|error| Failure::file("read", hlsl, &error))?;
    let (known, compiled) = (hlsl.with_extension("known.hlsl"), hlsl.with_extension(format!("{entry}.spv")));
    fs::write(&known, without_zeroed_arrays(&text)).map_err(|error| Failure::file("write", &known, &error))?;
    let mut command = Command::new("glslangValidator");
    command.args(["-D", "-V", "--target-env", "vulkan1.1", "--auto-map-bindings", "-S", stage, "-e", entry]).arg("-o");
    quietly(command.arg(&compiled).arg(&known))?;
    quietly(Command::new("spirv-val").args(["--target-env", "vulkan1.1"]).arg(&compiled))
}

/// Leaves out `array = (float[256])0;`, which empties workgroup memory: glslang does not know the cast of a number to an array.
fn without_zeroed_arrays(hlsl: &str) -> String {
    let zeroes = |line: &&str| line.contains(" = (") && line.trim_end().ends_with("])0;");
    hlsl.lines().filter(|line| !zeroes(line)).flat_map(|line| [line, "\n"]).collect()
}

/// Runs a program and shows what it says where it fails.
fn quietly(command: &mut Command) -> Result<(), Failure> {
    let line = steps::command_line(command);
    let Output { status, stdout, stderr } =
        command.output().map_err(|source| Failure::Start { line: line.clone(), source })?;
    if status.success() {
        return Ok(());
    }
    println!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Err(Failure::Program { line, status })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_zeroed_arrays_is_left_out() {
        let hlsl = "{\n    partial = (float4[256])0;\n    y = (float)0;\n    z = a[(i)]; w[0] = 0;\n}\n";
        assert_eq!(without_zeroed_arrays(hlsl), "{\n    y = (float)0;\n    z = a[(i)]; w[0] = 0;\n}\n");
    }
}
