//! Disjoint parts of a grid, for as many machines.
//!
//! Cells differ in [`cost`]: one of L2T takes ten times one from scratch. So they are dealt, the costliest first, each to
//! the part that has the least work so far. No part then exceeds another by more than its own costliest cell. The deal
//! is a function of the grid alone: every machine comes to the same one, and to the same one again when it resumes.

use std::str::FromStr;

use super::cost::cost;
use super::grid::Cell;
use crate::error::{Error, Result};

/// Part `index` of `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// 0 to `count` − 1, like the index of a Slurm array or of a Kubernetes job.
    pub index: usize,
    /// Number of parts.
    pub count: usize,
}

impl Shard {
    /// The whole.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// The cells of this part, in the grid's order.
    pub fn cells(self, cells: &[Cell]) -> Vec<&Cell> {
        let costs: Vec<f64> = cells.iter().map(|cell| cost(&cell.config)).collect();
        let dealt = deal(&costs, self.count);
        cells.iter().zip(dealt).filter(|(_, part)| *part == self.index).map(|(cell, _)| cell).collect()
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            _ => Err(Error::config("--shard", format!("{text} is not of the form i/n with i from 0 to n - 1"))),
        }
    }
}

/// The part of each of `costs` among `count`. Equal costs are dealt in order, equal parts are filled from the first.
fn deal(costs: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|a, b| costs[*b].total_cmp(&costs[*a]));
    let mut loads = vec![0.0_f64; count];
    let mut part_of = vec![0; costs.len()];
    for nth in order {
        let least = loads.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(part, _)| part);
        loads[least] += costs[nth];
        part_of[nth] = least;
    }
    part_of
}

#[cfg(test)]
mod tests {
    use super::super::grid::Grid;
    use super::*;

    #[test]
    fn shards_are_disjoint_complete_and_stable() {
        let grid = Grid::preset("figure5", &[]).expect("valid");
        for count in [1, 2, 3, 7, grid.cells.len() + 5] {
            let mut names: Vec<String> = Vec::new();
            for index in 0..count {
                let cells = Shard { index, count }.cells(&grid.cells);
                assert_eq!(cells, Shard { index, count }.cells(&grid.cells));
                names.extend(cells.iter().map(|cell| cell.name()));
            }
            let mut all: Vec<String> = grid.cells.iter().map(Cell::name).collect();
            names.sort();
            all.sort();
            assert_eq!(names, all, "{count} shards");
        }
    }

    #[test]
    fn no_shard_exceeds_another_by_more_than_one_cell() {
        let grid = Grid::preset("figure5", &[]).expect("valid");
        for count in [2, 3, 4, 8] {
            let parts = (0..count).map(|index| Shard { index, count }.cells(&grid.cells));
            let costs: Vec<Vec<f64>> =
                parts.map(|cells| cells.iter().map(|cell| cost(&cell.config)).collect()).collect();
            let loads: Vec<f64> = costs.iter().map(|costs| costs.iter().sum()).collect();
            let costliest = costs.iter().flatten().copied().fold(0.0, f64::max);
            let (low, high) =
                (loads.iter().copied().fold(f64::INFINITY, f64::min), loads.iter().copied().fold(0.0, f64::max));
            assert!(high - low <= costliest * (1.0 + 1e-12), "{count}: {loads:?}");
        }
        // By turns in order, the second of three machines would have two cells of 29 and the first two of 3.
        assert_eq!(deal(&[3.0, 29.0, 3.0, 29.0, 3.0, 29.0], 3), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn a_shard_is_named_from_zero() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, count: 3 }));
        for bad in ["3/3", "1", "a/2", "-1/2", "0/0", "1/2/3", ""] {
            let error = bad.parse::<Shard>().expect_err(bad).to_string();
            assert!(error.starts_with("--shard: ") && error.contains("i/n"), "{error}");
        }
    }
}
