//! Helpers of the tests that cross crates: fixtures, and an independent oracle written from the equations.

pub mod compare;
pub mod equations;
pub mod fixture;
pub mod tape;
