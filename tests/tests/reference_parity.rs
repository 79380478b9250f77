//! One iteration of Algorithm 1 against recorded numbers: those of the authors' code where its fixtures are at hand, and
//! always those of the equations, differentiated through the unrolled loop by a scalar tape.

use burn::tensor::{DType, Device};
use l2t_tests::equations::{made, made_name};
use l2t_tests::fixture::{Fixture, check, recorded};

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
    for path in recorded() {
        report(&path.display().to_string(), &Fixture::load(&path), &Device::flex(), DType::F64, CPU_TOLERANCE);
    }
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
