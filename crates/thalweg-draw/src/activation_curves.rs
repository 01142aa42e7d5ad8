//! Activation functions and their derivatives.

use crate::error::{DrawError, same_length};
use crate::line_chart::LineChart;
use crate::picture::Picture;

const PICTURE: &str = "picture of activations";
/// Up to this many functions share two axes; more get a panel each.
const MOST_TOGETHER: usize = 5;

/// Functions with their derivatives, sampled: f and f′ side by side, or one panel per function if there are many.
///
/// # Example
///
/// ```
/// use thalweg_draw::ActivationCurves;
///
/// let z = [-1.0, 0.0, 1.0];
/// let picture = ActivationCurves::new("ReLU").curve("relu", &z, &[0.0, 0.0, 1.0], &[0.0, 0.0, 1.0]).draw()?;
/// assert!(picture.to_svg().contains("f′(z)"));
/// # Ok::<(), thalweg_draw::DrawError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ActivationCurves {
    title: String,
    curves: Vec<Sampled>,
}

#[derive(Debug, Clone)]
struct Sampled {
    name: String,
    z: Vec<f64>,
    f: Vec<f64>,
    derivative: Vec<f64>,
}

impl ActivationCurves {
    /// A picture without functions.
    pub fn new(title: impl Into<String>) -> Self {
        ActivationCurves { title: title.into(), curves: Vec::new() }
    }

    /// Adds a function: the places z, f(z) and f′(z).
    pub fn curve(mut self, name: impl Into<String>, z: &[f64], f: &[f64], derivative: &[f64]) -> Self {
        let (z, f, derivative) = (z.to_vec(), f.to_vec(), derivative.to_vec());
        self.curves.push(Sampled { name: name.into(), z, f, derivative });
        self
    }

    /// Draws the picture.
    ///
    /// # Errors
    /// [`DrawError::Length`] if the lists of a function differ in length, [`DrawError::Empty`] without a finite value.
    pub fn draw(&self) -> Result<Picture, DrawError> {
        for curve in &self.curves {
            same_length(PICTURE, "values of f", curve.z.len(), curve.f.len())?;
            same_length(PICTURE, "values of f′", curve.z.len(), curve.derivative.len())?;
        }
        if self.curves.is_empty() {
            return Err(DrawError::Empty { picture: PICTURE, what: "function" });
        }
        if self.curves.len() > MOST_TOGETHER {
            return self.draw_each();
        }
        let chart = |title: &str, y_label: &str| {
            LineChart::new(title).x_label("z").y_label(y_label).size(430.0, 340.0)
        };
        let (mut f, mut derivative) = (chart("function", "f(z)"), chart("derivative", "f′(z)"));
        for curve in &self.curves {
            f = f.curve(&curve.name, &curve.z, &curve.f);
            derivative = derivative.curve(&curve.name, &curve.z, &curve.derivative);
        }
        Picture::panels(&self.title, &[f.draw()?, derivative.draw()?], 2)
    }

    fn draw_each(&self) -> Result<Picture, DrawError> {
        let panels: Result<Vec<Picture>, DrawError> = self
            .curves
            .iter()
            .map(|c| {
                LineChart::new(&c.name)
                    .size(270.0, 240.0)
                    .curve("f(z)", &c.z, &c.f)
                    .dashed_curve("f′(z)", &c.z, &c.derivative)
                    .draw()
            })
            .collect();
        Picture::panels(&self.title, &panels?, 4)
    }
}
