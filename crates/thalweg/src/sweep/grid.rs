//! The grid: all combinations of the values.

use super::MOST_RUNS;
use super::problem::SweepProblem;
use super::space::{Setting, Space, Values};

/// All combinations of the values, the last key's values changing fastest.
///
/// # Errors
/// [`SweepProblem::GridOfRange`], [`SweepProblem::TooMany`].
pub fn grid(space: &Space) -> Result<Vec<Setting>, SweepProblem> {
    let mut grid = vec![Setting::new()];
    for axis in &space.axes {
        let Values::List(values) = &axis.values else {
            return Err(SweepProblem::GridOfRange { key: axis.key.clone() });
        };
        if grid.len() * values.len() > MOST_RUNS {
            return Err(SweepProblem::TooMany { most: MOST_RUNS });
        }
        let with = |setting: &Setting, value: &String| {
            let mut setting = setting.clone();
            setting.push((axis.key.clone(), value.clone()));
            setting
        };
        grid = grid.iter().flat_map(|setting| values.iter().map(move |value| with(setting, value))).collect();
    }
    Ok(grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::label;

    fn space(varied: &[&str]) -> Space {
        Space::parse(&varied.iter().map(|&text| text.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_grid_has_every_combination_in_order() {
        let grid = grid(&space(&["lr=1,2", "hidden=[4, 4],none"])).unwrap();
        let labels: Vec<String> = grid.iter().map(label).collect();
        assert_eq!(
            labels,
            ["lr=1, hidden=[4, 4]", "lr=1, hidden=none", "lr=2, hidden=[4, 4]", "lr=2, hidden=none"]
        );
    }

    #[test]
    fn endless_grids_are_refused() {
        let many = ["a", "b", "c", "d", "e"].map(|key| format!("{key}=1,2,3,4,5,6,7,8,9,10"));
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(matches!(grid(&space(&many)), Err(SweepProblem::TooMany { .. })));
        assert!(matches!(grid(&space(&["lr=0.1..1"])), Err(SweepProblem::GridOfRange { .. })));
    }
}
