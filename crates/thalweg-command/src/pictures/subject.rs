//! What a run's pictures can be about: a curve through points, classes in a plane, or anything else.

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::layers::Layer;
use thalweg::metrics::predicted_class;
use thalweg::network::PlacedLayer;
use thalweg::{Loss, Result, Shape};
use thalweg_draw::Grid;

/// Points that a picture shows at most; of more rows, evenly spread ones.
const MOST_POINTS: usize = 2000;

/// Places along x at which a curve is asked for.
const PLACES: usize = 200;

/// Columns of the grid of a plane: for the spiral's range of 2.2, a grid of 0.02.
const COLUMNS: usize = 110;

/// How far the grid reaches beyond the data, as a share of its range.
const MARGIN: f64 = 0.08;

/// What a run's pictures can be about.
#[derive(Debug)]
pub(crate) enum Subject {
    /// One number in, one number out.
    Curve(Curve),
    /// Two numbers in, a class out.
    Plane(Plane),
    /// Anything else.
    Other,
}

/// Points and the places between them at which the network is asked.
#[derive(Debug)]
pub(crate) struct Curve {
    /// The data.
    pub(crate) points: (Vec<f64>, Vec<f64>),
    /// The places.
    pub(crate) places: Vec<f64>,
    /// The places as rows.
    pub(crate) rows: Dataset,
    /// The names of the axes.
    pub(crate) labels: [String; 2],
}

/// Points with classes and a grid of places around them at which the network is asked.
#[derive(Debug)]
pub(crate) struct Plane {
    /// The data: x, y and class.
    pub(crate) points: (Vec<f64>, Vec<f64>, Vec<usize>),
    /// The grid.
    pub(crate) grid: Grid,
    /// Its points as rows.
    pub(crate) rows: Dataset,
    /// The names of the axes.
    pub(crate) labels: [String; 2],
    /// The names of the classes.
    pub(crate) class_names: Vec<String>,
    /// Whether the network answers by scores.
    are_scores: bool,
}

/// The class chosen at every place, and the network's value for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Regions {
    /// The class.
    pub(crate) classes: Vec<u8>,
    /// How sure the network is, 0 to 1.
    pub(crate) confidence: Vec<f32>,
}

impl Subject {
    /// What can be shown of a network of these layers that is trained on these rows by this loss; `None`: the one that goes with the
    /// target.
    pub(crate) fn of(train: &Dataset, layers: &[PlacedLayer], loss: Option<&Loss>) -> Result<Subject> {
        if embeds(layers) {
            return Ok(Subject::Other);
        }
        let are_scores = loss.is_some_and(Loss::gives_scores);
        Ok(match (train.columns(), train.targets()) {
            (1, DatasetTargets::Values { values, outputs: 1 }) => Subject::Curve(Curve::new(train, values)?),
            (2, DatasetTargets::Classes { ids, count: 2..=255 }) => {
                Plane::new(train, ids, are_scores)?.map_or(Subject::Other, Subject::Plane)
            }
            _ => Subject::Other,
        })
    }
}

/// Whether the network takes ids of categories: a line or a plane between them means nothing.
pub(crate) fn embeds(layers: &[PlacedLayer]) -> bool {
    layers.iter().any(|placed| matches!(placed.layer, Layer::Embedding(_)))
}

impl Curve {
    fn new(train: &Dataset, values: &[f64]) -> Result<Self> {
        let shown = shown_rows(train.rows());
        let x: Vec<f64> = shown.iter().map(|&row| train.feature(row, 0)).collect();
        let y = shown.iter().map(|&row| values[row]).collect();
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let places: Vec<f64> =
            (0..PLACES).map(|i| low + (high - low) * i as f64 / (PLACES - 1) as f64).collect();
        let targets = DatasetTargets::Values { values: vec![0.0; PLACES], outputs: 1 };
        let rows = like(train, Dataset::new(Features::F64(places.clone()), Shape::from(1), targets)?);
        let y_label = train.target_names().first().cloned();
        let labels = [axis_name(train, 0, "x"), y_label.unwrap_or_else(|| "y".to_owned())];
        Ok(Curve { points: (x, y), places, rows, labels })
    }
}

impl Plane {
    /// `None` where the points have no area around them that could be asked for.
    fn new(train: &Dataset, ids: &[u32], are_scores: bool) -> Result<Option<Self>> {
        let shown = shown_rows(train.rows());
        let column = |j| shown.iter().map(|&row| train.feature(row, j)).collect::<Vec<f64>>();
        let (x, y) = (column(0), column(1));
        let classes = shown.iter().map(|&row| ids[row] as usize).collect();
        let Ok(grid) = Grid::around(&x, &y, MARGIN, COLUMNS) else { return Ok(None) };
        let places: Vec<f64> = grid.points().into_iter().flat_map(|(x, y)| [x, y]).collect();
        let targets = DatasetTargets::Classes { ids: vec![0; grid.len()], count: train.outputs() };
        let rows = like(train, Dataset::new(Features::F64(places), Shape::from(2), targets)?);
        let labels = [axis_name(train, 0, "x1"), axis_name(train, 1, "x2")];
        let class_names = train.label_names().to_vec();
        Ok(Some(Plane { points: (x, y, classes), grid, rows, labels, class_names, are_scores }))
    }

    /// The regions that these predictions mean.
    pub(crate) fn regions(&self, predictions: &[f64]) -> Regions {
        let width = predictions.len() / self.grid.len();
        let chosen = predictions.chunks_exact(width).map(|row| {
            let (class, value) = chosen(row, self.are_scores);
            let sure = if self.are_scores { by_margin(row) } else { value };
            (class.unwrap_or(0) as u8, sure.clamp(0.0, 1.0) as f32)
        });
        let (classes, confidence) = chosen.unzip();
        Regions { classes, confidence }
    }
}

/// The class that a row of predictions means, and its value; one output is that of class 1. Of scores, see
/// [`Loss::gives_scores`].
pub(crate) fn chosen(row: &[f64], are_scores: bool) -> (Option<usize>, f64) {
    let class = predicted_class(row, are_scores);
    (class, class.map_or(f64::NAN, |class| value_of(row, class, are_scores)))
}

/// The value that a row of predictions gives to a class; one output is that of class 1.
pub(crate) fn value_of(row: &[f64], class: usize, are_scores: bool) -> f64 {
    match (row, class) {
        ([only], 0) if are_scores => -only,
        ([only], 0) => 1.0 - only,
        ([only], _) => *only,
        _ => row.get(class).copied().unwrap_or(f64::NAN),
    }
}

/// How sure scores are, from ½ to 1: a row that reaches its margin of 1 (from 0, or before the second best) is sure.
fn by_margin(row: &[f64]) -> f64 {
    let margin = match row {
        [only] => only.abs(),
        _ => {
            let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let place = row.iter().position(|score| *score == best);
            let others = row.iter().enumerate().filter(|(j, _)| Some(*j) != place);
            best - others.map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max)
        }
    };
    0.5 + 0.5 * margin.min(1.0)
}

/// Gives rows made for a picture the scales of the data.
fn like(train: &Dataset, rows: Dataset) -> Dataset {
    let rows = rows.with_scale(train.scale().clone());
    match train.targets() {
        DatasetTargets::Values { .. } => rows.with_target_scale(train.target_scale().clone()),
        _ => rows,
    }
}

fn axis_name(train: &Dataset, column: usize, otherwise: &str) -> String {
    train.feature_names().get(column).cloned().unwrap_or_else(|| otherwise.to_owned())
}

/// All rows, or evenly spread ones.
fn shown_rows(rows: usize) -> Vec<usize> {
    let count = rows.min(MOST_POINTS);
    (0..count).map(|i| i * rows / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_output_speaks_for_both_classes() {
        assert_eq!(chosen(&[0.25], false), (Some(0), 0.75));
        assert_eq!(chosen(&[0.75], false), (Some(1), 0.75));
        assert_eq!(chosen(&[0.25, 0.5, 0.25], false), (Some(1), 0.5));
        assert_eq!(value_of(&[0.25], 1, false), 0.25);
        assert_eq!(chosen(&[f64::NAN], false).0, None);
    }

    #[test]
    fn a_score_speaks_by_its_sign_and_several_by_their_order() {
        assert_eq!(chosen(&[0.25], true), (Some(1), 0.25));
        assert_eq!(chosen(&[-0.25], true), (Some(0), 0.25));
        assert_eq!(chosen(&[-3.0, -1.0], true), (Some(1), -1.0));
        assert_eq!((by_margin(&[-0.5]), by_margin(&[7.0])), (0.75, 1.0));
        assert_eq!((by_margin(&[1.0, 1.0, 0.0]), by_margin(&[0.0, 2.0, 1.5])), (0.5, 0.75));
    }

    #[test]
    fn points_are_spread_evenly() {
        assert_eq!(shown_rows(3), [0, 1, 2]);
        let many = shown_rows(10_000);
        assert_eq!((many.len(), many[1], many[1999]), (2000, 5, 9995));
    }

    #[test]
    fn the_data_decides() {
        let classes = |columns: usize| {
            let targets = DatasetTargets::Classes { ids: vec![0, 1], count: 2 };
            let features = (0..2 * columns).map(|i| i as f64).collect();
            Dataset::new(Features::F64(features), Shape::from(columns), targets).unwrap()
        };
        assert!(matches!(Subject::of(&classes(2), &[], None).unwrap(), Subject::Plane(_)));
        assert!(matches!(Subject::of(&classes(3), &[], None).unwrap(), Subject::Other));
        let targets = DatasetTargets::Values { values: vec![1.0, 2.0], outputs: 1 };
        let line = Dataset::new(Features::F64(vec![0.0, 4.0]), Shape::from(1), targets).unwrap();
        let Subject::Curve(curve) = Subject::of(&line, &[], None).unwrap() else { panic!("a curve") };
        assert_eq!((curve.places[0], curve.places[199]), (0.0, 4.0));
    }
}
