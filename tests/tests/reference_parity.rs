//! One iteration of Algorithm 1 against recorded numbers: those of the authors' code where its fixtures are at hand, and
//! always those of the equations, differentiated through the unrolled loop by a scalar tape.

use std::path::PathBuf;

use burn::tensor::{DType, Device};
use l2t_tests::equations::{Setting, make};
use l2t_tests::fixture::{Fixture, check};

/// Double precision against double precision, through some forty layers forth and back: rounding stays near 1e-13.
const CPU_TOLERANCE: f64 = 1e-9;

/// The recorded fixtures: the folder named by `L2T_FIXTURES`, or `../shared/fixtures` beside the checkout.
fn recorded() -> Vec<PathBuf> {
    let named = std::env::var_os("L2T_FIXTURES").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let folder = match named {
        Some(folder) => {
            assert!(folder.is_dir(), "L2T_FIXTURES: {} is no folder", folder.display());
            folder
        }
        None if beside.is_dir() => beside,
        None => {
            println!("no recorded fixtures: name their folder in L2T_FIXTURES; checking the equations alone");
            return vec![];
        }
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of fixtures is readable")
        .map(|entry| entry.expect("its entries are too").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no .safetensors file", folder.display());
    files
}

fn report(name: &str, fixture: &Fixture, device: &Device, dtype: DType, tolerance: f64) {
    let found = check(fixture, device, dtype);
    let (worst, error) = found.worst();
    println!(
        "{name}: {} tensors, worst relative error {error:.1e} ({worst}), hypergradient {:.1e}",
        found.len(),
        found.worst_of("hypergradient")
    );
    assert!(found.len() > 50, "a fixture holds the whole iteration");
    found.assert_below(tolerance);
}

#[test]
fn the_authors_numbers_in_double_precision() {
    for path in recorded() {
        report(&path.display().to_string(), &Fixture::load(&path), &Device::flex(), DType::F64, CPU_TOLERANCE);
    }
}

/// Momentum and weight decay or not, T = 0 … 3, odd sizes, rates that are not the usual ones.
fn made() -> Vec<(String, Fixture)> {
    let base = Setting {
        source: vec![3, 5],
        target: vec![4, 2, 3],
        classes: 3,
        batch: 5,
        size: 8,
        hyper: [0.1, 0.9, 1e-2, 0.5, 2.0, 1e-3, 1e-2],
        seed: 1,
    };
    [
        ([0.1, 0.9, 1e-2, 0.5, 2.0, 1e-3, 1e-2], 1),
        ([0.2, 0.0, 0.0, 0.7, 2.0, 1e-3, 0.0], 2),
        ([0.05, 0.8, 3e-2, 1.3, 0.0, 1e-3, 1e-2], 3),
        ([0.15, 0.5, 1e-2, 0.4, 1.0, 1e-2, 1e-2], 4),
        ([0.1, 0.9, 1e-3, 0.5, 3.0, 1e-4, 1e-4], 5),
    ]
    .into_iter()
    .map(|(hyper, seed)| (format!("equations T = {} seed {seed}", hyper[4]), make(&Setting { hyper, seed, ..base.clone() })))
    .collect()
}

#[test]
fn the_equations_in_double_precision() {
    for (name, fixture) in made() {
        if !name.contains("T = 0") {
            let size: f64 = fixture.get("hypergradient.where.0.bias")[0];
            assert!(size.abs() > 1e-8, "{name}: the hypergradient is not near zero");
        }
        report(&name, &fixture, &Device::flex(), DType::F64, CPU_TOLERANCE);
    }
}

/// Single precision through the same forty layers, with cancellation in the normalisations' tangents.
#[test]
fn the_equations_in_single_precision() {
    for (name, fixture) in made() {
        report(&name, &fixture, &Device::flex(), DType::F32, 1e-3);
    }
}
