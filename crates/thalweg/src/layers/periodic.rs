//! Periodic features of numbers: waves whose frequencies training finds.

use super::columns::{Chosen, Linear, LinearBackward};
use super::{Backward, Forward, Layer, LayerProblem, ParameterRole, ParameterShape};
use crate::kernels::columns::{self, Place, WaveSizes};
use crate::real::Real;
use crate::shape::Shape;

/// Each number becomes the sines and cosines of `frequencies` multiples of it, which training finds; where `dimension` is given, each column
/// has a linear layer of its own behind them, and ReLU. The other columns pass by.
///
/// ```text
/// v[n,c,k] = 2π·f[c,k]·x[n,c]      e[n,c,:] = sin v[n,c,:], then cos v[n,c,:]
/// forward   y[n,c,:] = e[n,c,:]                                    without a dimension
///           y[n,c,:] = max(0, e[n,c,:]·w[c] + b[c])                with one; relu = false leaves max out
/// backward  dz, de, dw, db as of a dense layer for each column
///           dv = de_sin·cos v - de_cos·sin v
///           df[c,k] = Σₙ dv[n,c,k]·2π·x[n,c]      dx[n,c] = Σₖ dv[n,c,k]·2π·f[c,k]
/// ```
///
/// These are the variants P, PL (`relu` false) and PLR of the paper.
///
/// # Shapes
/// `x` `[batch, columns]`, `y` `[batch, others + chosen·(dimension or 2·frequencies)]`, the others first. `frequency` `[chosen, frequencies]`; with a
/// dimension `weight` `[chosen·2·frequencies, dimension]`, the rows of one column after those of another, and `bias` `[chosen, dimension]`.
///
/// # Units and ranges
/// `frequencies` 1 or more, 48 by default. They start from a normal distribution with standard deviation `sigma`, above 0, 0.01 by default: turns per unit
/// of x, so that x should be scaled. The paper finds `sigma` the option to try (0.01 to 100). No penalty touches frequencies, which would flatten every wave;
/// the weights are like those of a dense layer.
///
/// # Memory
/// The waves: 2·`frequencies` values for each row and column. Backward works with as many again, and with as many as y has.
///
/// # Source
/// Gorishniy, Rubachev, Babenko, "On embeddings for numerical features in tabular deep learning" (2022), section 3.3, equation 2.
///
/// # Example
/// ```
/// use thalweg::layers::Periodic;
/// use thalweg::{Loss, Network};
///
/// let periodic = Periodic { frequencies: 1, ..Periodic::default() };
/// let mut network = Network::<f64>::builder(1).layer(periodic).build(0)?;
/// network.set_parameter("0.frequency", &[0.25])?;
/// let mut y = [0.0; 2];
/// network.predictor(&Loss::HalfSquares)?.predict(&[1.0], &mut y)?;
/// assert!((y[0] - 1.0).abs() < 1e-15 && y[1].abs() < 1e-15); // a quarter of a turn
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Periodic {
    /// Which columns of the input it works on, ascending from 0; `None` for all. An experiment leaves it out to have the data's columns of numbers.
    pub columns: Option<Vec<usize>>,
    /// How many pairs of waves each column becomes.
    pub frequencies: usize,
    /// The standard deviation of the frequencies at the start.
    pub sigma: f64,
    /// How many numbers each column's linear layer gives; `None` for no such layer.
    pub dimension: Option<usize>,
    /// Whether ReLU follows it.
    pub relu: bool,
}

impl Default for Periodic {
    fn default() -> Self {
        Periodic { columns: None, frequencies: 48, sigma: 0.01, dimension: None, relu: true }
    }
}

impl From<Periodic> for Layer {
    fn from(periodic: Periodic) -> Self {
        Layer::Periodic(periodic)
    }
}

impl Periodic {
    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        let chosen = Chosen::check(&self.columns, input)?;
        if self.dimension == Some(0) {
            return Err(LayerProblem::NoDimension);
        }
        if self.frequencies == 0 {
            return Err(LayerProblem::NoFrequencies);
        }
        if !(self.sigma.is_finite() && self.sigma > 0.0) {
            return Err(LayerProblem::SigmaOutOfRange { sigma: self.sigma });
        }
        chosen.checked_width(self.dimension.unwrap_or(2 * self.frequencies.min(super::MOST_IN_A_ROW)))
    }

    fn width(&self, chosen: Chosen<'_>) -> usize {
        chosen.rest() + chosen.count() * self.dimension.unwrap_or(2 * self.frequencies)
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        let count = Chosen::new(&self.columns, input).count();
        let own = |name: &str, shape: [usize; 2], role| ParameterShape {
            name: name.into(),
            shape: Shape::from(shape),
            role,
        };
        let mut all = vec![own("frequency", [count, self.frequencies], ParameterRole::Free)];
        if let Some(dimension) = self.dimension {
            all.push(own("weight", [count * 2 * self.frequencies, dimension], ParameterRole::Table));
            all.push(own("bias", [count, dimension], ParameterRole::Free));
        }
        all
    }

    /// The waves, where a linear layer follows; y has them otherwise.
    pub(super) fn cache_len(&self, input: &Shape) -> usize {
        if self.dimension.is_some() { self.waves_len(Chosen::new(&self.columns, input)) } else { 0 }
    }

    fn waves_len(&self, chosen: Chosen<'_>) -> usize {
        chosen.count() * 2 * self.frequencies
    }

    /// A block of one column's gradients.
    pub(super) fn scratch_len(&self) -> usize {
        (2 * self.frequencies + 1) * self.dimension.unwrap_or(1)
    }

    /// de, and dz where a linear layer follows.
    pub(super) fn row_scratch_len(&self, input: &Shape) -> usize {
        let chosen = Chosen::new(&self.columns, input);
        match self.dimension {
            Some(_) => self.waves_len(chosen) + self.width(chosen),
            None => self.width(chosen),
        }
    }

    /// Which value of the input a value of the output is, if it is one unchanged.
    pub(super) fn origin(&self, input: &Shape, value: usize) -> Option<usize> {
        Chosen::new(&self.columns, input).origin(value)
    }

    /// The sizes of the `c`th column's waves: in the cache, or in y behind the columns that pass by.
    fn waves(&self, rows: usize, chosen: Chosen<'_>, c: usize) -> WaveSizes {
        let first = c * 2 * self.frequencies;
        let e = match self.dimension {
            Some(_) => Place { first, stride: self.waves_len(chosen) },
            None => Place { first: chosen.rest() + first, stride: self.width(chosen) },
        };
        WaveSizes { rows, frequencies: self.frequencies, x: chosen.place(c), e }
    }

    fn linear(&self, rows: usize, chosen: Chosen<'_>, outputs: usize) -> Linear {
        let e_width = self.waves_len(chosen);
        let (y_first, y_width) = (chosen.rest(), self.width(chosen));
        Linear { rows, outputs, relu: self.relu, e_width, y_first, y_width }
    }

    /// Each column has as many numbers.
    fn inputs(&self, chosen: Chosen<'_>) -> impl Iterator<Item = usize> + use<> {
        std::iter::repeat_n(2 * self.frequencies, chosen.count())
    }

    /// y = the columns that pass by, then the waves, or max(0, e·w + b)
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let chosen = Chosen::new(&self.columns, pass.input);
        chosen.pass_by(pass.x, pass.y, self.width(chosen));
        let (f, rest) = pass.parameters.split_at(chosen.count() * self.frequencies);
        let e = if self.dimension.is_some() { &mut *pass.cache } else { &mut *pass.y };
        for (c, f) in f.chunks_exact(self.frequencies).enumerate() {
            columns::waves(self.waves(pass.rows, chosen, c), pass.x, f, e);
        }
        if let Some(outputs) = self.dimension {
            let (w, b) = rest.split_at(self.waves_len(chosen) * outputs);
            let linear = self.linear(pass.rows, chosen, outputs);
            linear.forward(self.inputs(chosen), pass.cache, [w, b], pass.y);
        }
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let chosen = Chosen::new(&self.columns, pass.input);
        let frequencies = chosen.count() * self.frequencies;
        let (f, w) = pass.parameters.split_at(frequencies);
        let (df, dw) = pass.dparameters.split_at_mut(frequencies);
        let (block, rows) = pass.scratch.split_at_mut(self.scratch_len());
        let (e, de) = match self.dimension {
            Some(outputs) => {
                let weights = self.waves_len(chosen) * outputs;
                let (dw, db) = dw.split_at_mut(weights);
                let (de, dz) = rows.split_at_mut(pass.rows * self.waves_len(chosen));
                let dz = &mut dz[..pass.dy.len()];
                let (e, w) = (pass.cache, &w[..weights]);
                let own = LinearBackward {
                    e,
                    y: pass.y,
                    dy: pass.dy,
                    w,
                    dw,
                    db,
                    dz,
                    de: &mut *de,
                    scratch: &mut *block,
                };
                self.linear(pass.rows, chosen, outputs).backward(self.inputs(chosen), own);
                (e, de)
            }
            None => {
                let de = &mut rows[..pass.dy.len()];
                de.copy_from_slice(pass.dy); // y is e
                (pass.y, de)
            }
        };
        for (c, df) in df.chunks_exact_mut(self.frequencies).enumerate() {
            // dv = de_sin·cos v - de_cos·sin v, df += Σₙ dv·2πx
            columns::waves_parameters(self.waves(pass.rows, chosen, c), pass.x, e, de, df, block);
        }
        if let Some(dx) = pass.dx {
            for (c, f) in f.chunks_exact(self.frequencies).enumerate() {
                // dx = Σₖ dv·2πf
                columns::waves_input(self.waves(pass.rows, chosen, c), de, f, dx);
            }
            chosen.pass_back(pass.dy, dx, self.width(chosen));
        }
    }
}
