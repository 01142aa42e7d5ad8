//! A slice of the loss surface with the path of the descent on it.
//!
//! The slice is the plane through the start, the end, and the place of the path that lies farthest off the straight line
//! between them; the path is projected onto it.

use thalweg_draw::{Grid, Picture, Surface};

use super::history::loss_label;
use super::recorder::{PathPoint, Recorder};
use super::{Reason, RunView, Trained, Unfit};
use crate::numbers::count;

/// Places along each side of the grid, at most and at least.
const MOST_PLACES: usize = 41;
const LEAST_PLACES: usize = 17;

/// Products (places × rows × parameters) that the grid may cost: about a second.
const MOST_WORK: f64 = 6e8;

/// Rows that the loss is taken over at least, if there are as many.
const LEAST_ROWS: usize = 40;

/// How far the grid reaches beyond the path, as a share of its extent.
const MARGIN: f64 = 0.25;

/// The least height of the slice, as a share of its width: a path that is nearly straight still has surroundings.
const LEAST_HEIGHT: f64 = 0.6;

/// A path that leaves the straight line by less than this share of its length is straight.
const STRAIGHT: f64 = 1e-6;

/// A slice of the loss surface.
pub(super) fn surface(
    run: &RunView<'_>,
    trained: &mut dyn Trained,
    recorder: Option<&Recorder>,
) -> Result<Picture, Unfit> {
    let Some(recorder) = recorder else {
        return Err(Reason::OnlyInTraining { what: "the path of the descent" }.into());
    };
    let parameters: usize = run.layers.iter().map(|layer| layer.range.len()).sum();
    let path = recorder.path();
    if path.is_empty() {
        return Err(Reason::LargeNetwork { parameters }.into());
    }
    let Some(slice) = Slice::through(&path) else { return Err(Reason::NoPath.into()) };
    let all = run.train.rows();
    let (rows, places) = affordable(all, parameters).ok_or(Reason::LargeNetwork { parameters })?;
    let shown: Vec<u32> = (0..rows).map(|i| (i * all / rows) as u32).collect();
    let data = run.train.select(&shown);

    let grid = slice.grid(places);
    let mut losses = Vec::with_capacity(grid.len());
    for (x, y) in grid.points() {
        losses.push(trained.data_loss(&slice.parameters(x, y), &data)?);
    }
    if losses.iter().filter(|loss| loss.is_finite()).count() < 2 {
        return Err(Reason::NoPath.into());
    }
    let (x, y): (Vec<f64>, Vec<f64>) = slice.path.iter().copied().unzip();
    let over = if rows < all {
        format!(" ({} of {} rows)", count(rows as u64), count(all as u64))
    } else {
        String::new()
    };
    let title =
        format!("{}: descent on a slice through {} parameters{over}", run.name, count(parameters as u64));
    let has_penalty = run.training.l2 > 0.0 || run.training.l1 > 0.0;
    let height = loss_label(run.loss);
    let height = if has_penalty { format!("{height} without penalty") } else { height };
    let start = start_label(path.first().map_or(0, |point| point.step));
    Ok(Surface::new(title, grid, &losses)
        .labels(
            format!("parameters along the line from {start} to end"),
            "across: where the path strays most",
        )
        .path(&x, &y)
        .start_label(start)
        .value_label(height)
        .draw()?)
}

/// What the first place of the path is called: a run that was resumed begins later.
fn start_label(step: u64) -> String {
    match step {
        0 => "start".to_owned(),
        step => format!("step {}", count(step)),
    }
}

/// How many rows and places per side the loss can be asked for.
fn affordable(rows: usize, parameters: usize) -> Option<(usize, usize)> {
    let places = (MOST_PLACES * MOST_PLACES) as f64;
    let by_work = (MOST_WORK / (places * parameters.max(1) as f64)) as usize;
    let rows = rows.min(by_work.max(LEAST_ROWS));
    let side = (MOST_WORK / (rows as f64 * parameters.max(1) as f64)).sqrt() as usize;
    (side >= LEAST_PLACES).then(|| (rows, side.min(MOST_PLACES)))
}

/// A plane in the space of all parameters, and a path on it.
struct Slice {
    origin: Vec<f64>,
    along: Vec<f64>,
    across: Vec<f64>,
    path: Vec<(f64, f64)>,
}

impl Slice {
    /// The plane of start, end and the place farthest off the line between them; `None` if nothing moved.
    fn through(path: &[&PathPoint]) -> Option<Slice> {
        let wide =
            |point: &PathPoint| point.parameters.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
        let origin = wide(path.first()?);
        let moved: Vec<Vec<f64>> = path.iter().map(|point| difference(&wide(point), &origin)).collect();
        // A path that comes back to its start has no line to its end: take its farthest place instead.
        let farthest = || moved.iter().max_by(|a, b| length(a).total_cmp(&length(b)));
        let end = moved.last().filter(|end| length(end) > 0.0).or_else(farthest)?;
        let span = length(end);
        if span == 0.0 || !span.is_finite() {
            return None;
        }
        let along: Vec<f64> = end.iter().map(|value| value / span).collect();
        let off: Vec<Vec<f64>> = moved.iter().map(|place| without(place, &along)).collect();
        let stray = off.iter().max_by(|a, b| length(a).total_cmp(&length(b)))?;
        let across = if length(stray) > STRAIGHT * span {
            unit(stray)
        } else {
            // Any direction across will do: signs in turn.
            let signs: Vec<f64> = (0..along.len()).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
            unit(&without(&signs, &along))
        };
        let path = moved.iter().map(|place| (dot(place, &along), dot(place, &across))).collect();
        Some(Slice { origin, along, across, path })
    }

    /// A grid around the path.
    fn grid(&self, places: usize) -> Grid {
        let extent = |values: &dyn Fn(&(f64, f64)) -> f64| {
            self.path.iter().map(values).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let (x, y) = (extent(&|place| place.0), extent(&|place| place.1));
        let margin = MARGIN * (x.1 - x.0);
        let x = (x.0 - margin, x.1 + margin);
        let middle = (y.0 + y.1) / 2.0;
        let half = ((0.5 + MARGIN) * (y.1 - y.0)).max(LEAST_HEIGHT * (x.1 - x.0) / 2.0);
        Grid { x, y: (middle - half, middle + half), columns: places, rows: places }
    }

    /// The parameters at a place of the plane.
    fn parameters(&self, x: f64, y: f64) -> Vec<f64> {
        let at = |((origin, along), across): ((&f64, &f64), &f64)| origin + x * along + y * across;
        self.origin.iter().zip(&self.along).zip(&self.across).map(at).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn length(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The part of `a` that is at right angles to the unit vector `direction`.
fn without(a: &[f64], direction: &[f64]) -> Vec<f64> {
    let share = dot(a, direction);
    a.iter().zip(direction).map(|(a, b)| a - share * b).collect()
}

/// The direction of a vector; zero has none and stays.
fn unit(a: &[f64]) -> Vec<f64> {
    let length = length(a);
    if length > 0.0 { a.iter().map(|value| value / length).collect() } else { a.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(path: &[[f32; 3]]) -> Vec<PathPoint> {
        let point = |(step, parameters): (usize, &[f32; 3])| PathPoint {
            step: step as u64,
            parameters: parameters.to_vec(),
        };
        path.iter().enumerate().map(point).collect()
    }

    #[test]
    fn the_plane_holds_start_end_and_the_farthest_stray() {
        let path = points(&[[1.0, 0.0, 0.0], [3.0, 2.0, 0.0], [4.0, 0.0, 0.5], [5.0, 0.0, 0.0]]);
        let slice = Slice::through(&path.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(slice.along, [1.0, 0.0, 0.0]);
        assert_eq!(slice.across, [0.0, 1.0, 0.0]);
        assert_eq!(slice.path, [(0.0, 0.0), (2.0, 2.0), (3.0, 0.0), (4.0, 0.0)]);
        assert_eq!(slice.parameters(2.0, 2.0), [3.0, 2.0, 0.0]);
        let grid = slice.grid(5);
        assert_eq!((grid.x, grid.columns), ((-1.0, 5.0), 5));
        assert!(grid.y.0 < 0.0 && grid.y.1 > 2.0);
    }

    #[test]
    fn a_resumed_path_begins_at_its_step() {
        assert_eq!(start_label(0), "start");
        assert_eq!(start_label(1500), "step 1,500");
    }

    #[test]
    fn straight_and_standing_paths() {
        let straight = points(&[[0.0; 3], [1.0, 1.0, 0.0], [2.0, 2.0, 0.0]]);
        let slice = Slice::through(&straight.iter().collect::<Vec<_>>()).unwrap();
        assert!(
            dot(&slice.along, &slice.across).abs() < 1e-12 && (length(&slice.across) - 1.0).abs() < 1e-12
        );
        let standing = points(&[[1.0; 3], [1.0; 3]]);
        assert!(Slice::through(&standing.iter().collect::<Vec<_>>()).is_none());
    }

    #[test]
    fn thousands_have_commas() {
        assert_eq!(
            (count(7), count(1000), count(12_345_678)),
            ("7".into(), "1,000".into(), "12,345,678".into())
        );
    }

    #[test]
    fn large_networks_take_fewer_rows_or_none() {
        assert_eq!(affordable(300, 603), Some((300, 41)));
        let (rows, places) = affordable(209, 12_289).unwrap();
        assert!((40..209).contains(&rows) && (30..=41).contains(&places));
        assert_eq!(affordable(60_000, 2_000_000), None);
    }
}
