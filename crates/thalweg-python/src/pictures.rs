//! Pictures as SVG, from plain arrays.

use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use thalweg_draw::terminal::{Screen, Trace};
use thalweg_draw::{
    ConfusionMatrix, DecisionRegions, DrawError, Fit, Grid, Heatmap, LineChart, Picture, Scatter,
};

use crate::errors::draw_exception;

type Numbers<'py> = PyReadonlyArray1<'py, f64>;

fn numbers(values: &Numbers<'_>) -> Vec<f64> {
    values.as_array().to_vec()
}

fn svg(picture: Result<Picture, DrawError>) -> PyResult<String> {
    Ok(picture.map_err(draw_exception)?.to_svg())
}

/// Curves over axes: `curves` are `(name, x, y, dashed)`.
#[pyfunction]
#[pyo3(signature = (title, curves, x_label="", y_label="", log_y=false, mark=None))]
pub(crate) fn draw_curves(
    title: &str,
    curves: Vec<(String, Numbers<'_>, Numbers<'_>, bool)>,
    x_label: &str,
    y_label: &str,
    log_y: bool,
    mark: Option<(f64, String)>,
) -> PyResult<String> {
    let mut chart = LineChart::new(title).x_label(x_label).y_label(y_label);
    if log_y {
        chart = chart.log_y();
    }
    for (name, x, y, dashed) in curves {
        let (x, y) = (numbers(&x), numbers(&y));
        chart = if dashed { chart.dashed_curve(name, &x, &y) } else { chart.curve(name, &x, &y) };
    }
    if let Some((x, label)) = mark {
        chart = chart.mark(x, label);
    }
    svg(chart.draw())
}

/// Points and a fitted curve.
#[pyfunction]
pub(crate) fn draw_fit(
    title: &str,
    x: Numbers<'_>,
    y: Numbers<'_>,
    curve_x: Numbers<'_>,
    curve_y: Numbers<'_>,
) -> PyResult<String> {
    let fit = Fit::new(title).points(&numbers(&x), &numbers(&y));
    svg(fit.stage("network", &numbers(&curve_x), &numbers(&curve_y)).draw())
}

/// Points by class.
#[pyfunction]
pub(crate) fn draw_scatter(
    title: &str,
    x: Numbers<'_>,
    y: Numbers<'_>,
    classes: Vec<usize>,
    names: Vec<String>,
) -> PyResult<String> {
    let scatter = Scatter::new(title).points(&numbers(&x), &numbers(&y), &classes);
    svg(scatter.class_names(&names).draw())
}

/// The class chosen at each place of a grid around the points: `classify` is called with the places, `[places, 2]`.
#[pyfunction]
#[pyo3(signature = (title, x, y, classes, names, classify, columns=160, labels=None))]
#[expect(clippy::too_many_arguments, reason = "Python's side calls it by name")]
pub(crate) fn draw_regions(
    py: Python<'_>,
    title: &str,
    x: Numbers<'_>,
    y: Numbers<'_>,
    classes: Vec<usize>,
    names: Vec<String>,
    classify: &Bound<'_, PyAny>,
    columns: usize,
    labels: Option<(String, String)>,
) -> PyResult<String> {
    let (x, y) = (numbers(&x), numbers(&y));
    let (grid, chosen) = chosen_around(py, &x, &y, classify, columns)?;
    let (across, up) = labels.unwrap_or_else(|| ("x0".to_owned(), "x1".to_owned()));
    let regions = DecisionRegions::new(title, grid, &chosen).points(&x, &y, &classes);
    svg(regions.class_names(&names).labels(across, up).draw())
}

/// Which class is taken for which.
#[pyfunction]
pub(crate) fn draw_confusion(title: &str, names: Vec<String>, counts: Vec<u64>) -> PyResult<String> {
    svg(ConfusionMatrix::new(title, &names, &counts).draw())
}

/// A matrix as colours.
#[pyfunction]
pub(crate) fn draw_heatmap(title: &str, values: PyReadonlyArray2<'_, f64>) -> PyResult<String> {
    let (rows, columns) = (values.shape()[0], values.shape()[1]);
    let values: Vec<f64> = values.as_array().iter().copied().collect();
    svg(Heatmap::new(title, rows, columns, &values).draw())
}

/// The lines of a picture in the terminal, `size` characters at most across and down.
fn screen((columns, rows): (usize, usize), colour: bool) -> Screen {
    Screen::new(columns, rows, colour)
}

/// Curves over axes, as lines of characters: `curves` are `(name, x, y)`.
#[pyfunction]
pub(crate) fn terminal_curves(
    title: &str,
    curves: Vec<(String, Numbers<'_>, Numbers<'_>)>,
    log_y: bool,
    size: (usize, usize),
    colour: bool,
) -> Vec<String> {
    let curves: Vec<_> = curves.into_iter().map(|(name, x, y)| (name, numbers(&x), numbers(&y))).collect();
    let traces: Vec<_> = curves.iter().map(|(name, x, y)| Trace { name, x, y }).collect();
    screen(size, colour).curves(title, &traces, log_y).to_vec()
}

/// Points and a fitted curve, as lines of characters.
#[pyfunction]
pub(crate) fn terminal_fit(
    title: &str,
    points: (Numbers<'_>, Numbers<'_>),
    curve: (Numbers<'_>, Numbers<'_>),
    size: (usize, usize),
    colour: bool,
) -> Vec<String> {
    let (x, y) = (numbers(&points.0), numbers(&points.1));
    let (curve_x, curve_y) = (numbers(&curve.0), numbers(&curve.1));
    screen(size, colour).fit(title, (&x, &y), (&curve_x, &curve_y)).to_vec()
}

/// The class chosen at each place around the points, as lines of characters; `classify` as in [`draw_regions`].
#[pyfunction]
pub(crate) fn terminal_regions(
    py: Python<'_>,
    title: &str,
    points: (Numbers<'_>, Numbers<'_>),
    classes: Vec<usize>,
    classify: &Bound<'_, PyAny>,
    size: (usize, usize),
    colour: bool,
) -> PyResult<Vec<String>> {
    let (x, y) = (numbers(&points.0), numbers(&points.1));
    let (grid, chosen) = chosen_around(py, &x, &y, classify, size.0)?;
    Ok(screen(size, colour).regions(title, grid, &chosen, (&x, &y, &classes)).to_vec())
}

/// A grid around points, and the class chosen at each of its places.
fn chosen_around(
    py: Python<'_>,
    x: &[f64],
    y: &[f64],
    classify: &Bound<'_, PyAny>,
    columns: usize,
) -> PyResult<(Grid, Vec<usize>)> {
    let grid = Grid::around(x, y, 0.1, columns).map_err(draw_exception)?;
    let places: Vec<Vec<f64>> = grid.points().iter().map(|&(x, y)| vec![x, y]).collect();
    let places = numpy::PyArray2::from_vec2(py, &places)?;
    Ok((grid, classify.call1((places,))?.extract()?))
}
