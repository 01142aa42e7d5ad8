//! Contour lines of values on a grid, by marching squares.
//!
//! Every cell of four neighbouring values is cut where the level lies between two corners, by straight interpolation along
//! the edge. A crossing belongs to one edge, and an edge to at most two cells, so the pieces join into whole lines.
//! A saddle (two opposite corners above, two below) is decided by the mean of its corners.

use std::collections::BTreeMap;

/// One contour line in grid units: x from 0 to `columns - 1`, y from 0 to `rows - 1`. A closed line ends where it starts.
pub(crate) type Line = Vec<(f64, f64)>;

/// An edge: its lower or left grid point, and whether it goes up (to the next row).
type Edge = (usize, bool);

/// The contour lines at `level` of row-major `values`. Cells with a value that is not finite are left out.
pub(crate) fn contour_lines(values: &[f64], columns: usize, level: f64) -> Vec<Line> {
    let rows = values.len() / columns;
    let mut joints: BTreeMap<Edge, [Option<Edge>; 2]> = BTreeMap::new();
    let mut join = |a: Edge, b: Edge| {
        for (from, to) in [(a, b), (b, a)] {
            let ends = joints.entry(from).or_insert([None; 2]);
            ends[usize::from(ends[0].is_some())] = Some(to);
        }
    };
    for row in 0..rows.saturating_sub(1) {
        for column in 0..columns.saturating_sub(1) {
            let at = row * columns + column;
            let corners = [values[at], values[at + 1], values[at + columns + 1], values[at + columns]];
            if corners.iter().any(|v| !v.is_finite()) {
                continue;
            }
            // Edges in turn: between corners 0-1 (below), 1-2 (right), 3-2 (above), 0-3 (left).
            let edges: [Edge; 4] = [(at, false), (at + 1, true), (at + columns, false), (at, true)];
            let above = corners.map(|v| v >= level);
            let crossed: Vec<usize> = (0..4).filter(|&i| above[i] != above[(i + 1) % 4]).collect();
            match crossed[..] {
                [a, b] => join(edges[a], edges[b]),
                [_, _, _, _] => {
                    let middle_above = corners.iter().sum::<f64>() / 4.0 >= level;
                    // The corners that differ from the middle are cut off: 1 and 3, or 0 and 2.
                    if middle_above == above[0] {
                        join(edges[0], edges[1]);
                        join(edges[2], edges[3]);
                    } else {
                        join(edges[3], edges[0]);
                        join(edges[1], edges[2]);
                    }
                }
                _ => {}
            }
        }
    }
    let crossing = |(point, up): Edge| {
        let next = if up { point + columns } else { point + 1 };
        let share = (level - values[point]) / (values[next] - values[point]);
        let (x, y) = ((point % columns) as f64, (point / columns) as f64);
        if up { (x, y + share) } else { (x + share, y) }
    };
    follow(joints).into_iter().map(|line| line.into_iter().map(crossing).collect()).collect()
}

/// Walks along the joints: first the lines with ends, then the rings.
fn follow(mut joints: BTreeMap<Edge, [Option<Edge>; 2]>) -> Vec<Vec<Edge>> {
    let mut lines = Vec::new();
    let ends: Vec<Edge> = joints.iter().filter(|(_, next)| next[1].is_none()).map(|(e, _)| *e).collect();
    for start in ends {
        if joints.contains_key(&start) {
            lines.push(walk(&mut joints, start));
        }
    }
    while let Some((&start, _)) = joints.iter().next() {
        let mut ring = walk(&mut joints, start);
        ring.push(start);
        lines.push(ring);
    }
    lines
}

/// Takes joints away one after the other until there is no next.
fn walk(joints: &mut BTreeMap<Edge, [Option<Edge>; 2]>, start: Edge) -> Vec<Edge> {
    let mut line = Vec::new();
    let mut here = Some(start);
    while let Some(edge) = here {
        let Some(next) = joints.remove(&edge) else { break };
        line.push(edge);
        here = next.into_iter().flatten().find(|e| joints.contains_key(e));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_has_one_straight_line() {
        // Values rise from left (0) to right (2) in both rows: level 0.5 lies at x = 0.5.
        let lines = contour_lines(&[0.0, 1.0, 2.0, 0.0, 1.0, 2.0], 3, 0.5);
        assert_eq!(lines, [vec![(0.5, 0.0), (0.5, 1.0)]]);
    }

    #[test]
    fn a_peak_has_a_closed_ring() {
        // One value of 4 in a field of 0: level 1 lies a quarter of the way from 0 to 4, on the four edges around the middle.
        let mut values = [0.0; 9];
        values[4] = 4.0;
        let lines = contour_lines(&values, 3, 1.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].len(), 5);
        assert_eq!(lines[0].first(), lines[0].last());
        for place in [(1.0, 0.25), (1.0, 1.75), (0.25, 1.0), (1.75, 1.0)] {
            assert!(lines[0].contains(&place), "{place:?} in {lines:?}");
        }
    }

    #[test]
    fn a_saddle_is_cut_by_the_mean_of_its_corners() {
        // Corners 2 0 / 0 2 (mean 1): at level 0.5 the middle is above, so the two low corners are cut off.
        let mut lines = contour_lines(&[2.0, 0.0, 0.0, 2.0], 2, 0.5);
        lines.iter_mut().for_each(|l| l.sort_by(|a, b| a.partial_cmp(b).unwrap()));
        lines.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(lines, [vec![(0.0, 0.75), (0.25, 1.0)], vec![(0.75, 0.0), (1.0, 0.25)]]);
    }

    #[test]
    fn holes_break_lines() {
        assert!(contour_lines(&[0.0, f64::NAN, 1.0, 1.0], 2, 0.5).is_empty());
    }
}
