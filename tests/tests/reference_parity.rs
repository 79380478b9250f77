//! One iteration of Algorithm 1 against recorded numbers: those of the authors' code, and those of the equations,
//! differentiated through the unrolled loop by a scalar tape.

use burn_tensor::{DType, Device};
use l2t_core::objective::Memory;
use l2t_tests::equations::{made, made_name};
use l2t_tests::fixture::{Fixture, check, check_by, further, recorded};

/// Double precision against double precision, through some forty layers forth and back: rounding stays near 1e-13.
const CPU_TOLERANCE: f64 = 1e-9;

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
    let fixtures = recorded();
    let names: Vec<&str> = fixtures.iter().map(|fixture| fixture.name.as_str()).collect();
    assert!(
        names.starts_with(&["momentum_T2", "vanilla_T2", "resnet_vanilla_T1"]),
        "{names:?}: those of the repository are always there"
    );
    for fixture in fixtures {
        report(&fixture.name, &fixture, &Device::flex(), DType::F64, CPU_TOLERANCE);
    }
}

/// A batch in chunks is normalised as a whole, and what is not kept is evaluated again: the numbers are the authors'.
#[test]
fn the_authors_numbers_in_chunks_by_every_way_through_memory() {
    for fixture in recorded() {
        for memory in [Memory::Keep, Memory::Recompute, Memory::ByGroup] {
            for chunks in [&[2, 4][..], &[1, 3, 2], &[6]] {
                let found = check_by(&fixture, &Device::flex(), DType::F64, chunks, memory);
                println!("{}, {chunks:?}, {memory:?}: {:?}", fixture.name, found.worst());
                assert!(found.len() > 50, "a fixture holds the whole iteration");
                found.assert_below(CPU_TOLERANCE);
            }
        }
    }
}

#[test]
#[should_panic(expected = "holds no .safetensors file")]
fn a_named_folder_without_fixtures_is_a_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("notes.txt"), "nothing to compare with").expect("written");
    further(folder.path());
}

#[test]
#[should_panic(expected = "L2T_FIXTURES: nowhere/at-all")]
fn a_named_folder_that_is_not_there_is_a_failure() {
    further(std::path::Path::new("nowhere/at-all"));
}

/// What was recorded is added to, and not counted twice.
#[test]
fn a_named_folder_adds_to_the_repositorys() {
    let own =
        std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo names it")).join("fixtures");
    assert!(further(&own).is_empty(), "the same bytes");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(own.join("vanilla_T2.safetensors"), folder.path().join("again.safetensors")).expect("copied");
    let mut text = std::fs::read(own.join("momentum_T2.safetensors")).expect("there");
    let last = text.len() - 1;
    text[last] ^= 1;
    std::fs::write(folder.path().join("other.safetensors"), text).expect("written");
    assert_eq!(further(folder.path()).len(), 1, "one differs");
}

#[test]
fn the_equations_in_double_precision() {
    for (setting, fixture) in made() {
        let name = made_name(&setting);
        if setting.hyper[4] > 0.0 {
            let size: f64 = fixture.get("hypergradient.where.0.bias")[0];
            assert!(size.abs() > 1e-8, "{name}: the hypergradient is not near zero");
        }
        report(&name, &fixture, &Device::flex(), DType::F64, CPU_TOLERANCE);
    }
}

/// Single precision through the same forty layers, with cancellation in the normalisations' tangents.
#[test]
fn the_equations_in_single_precision() {
    for (setting, fixture) in made() {
        let name = made_name(&setting);
        report(&name, &fixture, &Device::flex(), DType::F32, 1e-3);
    }
}
