//! Piecewise linear features of numbers: how far a number has come through each bin of its column.

use super::columns::{Chosen, Linear, LinearBackward};
use super::{Backward, Forward, Layer, LayerProblem, ParameterRole, ParameterShape};
use crate::real::Real;
use crate::shape::Shape;

/// Each number becomes a share for every bin of its column: 1 for the bins below it, 0 for those above, and how far it has come through
/// its own; where `dimension` is given, each column has a linear layer of its own behind them, and ReLU. The other columns pass by.
///
/// ```text
/// s = (x - b[t]) / (b[t+1] - b[t])      for the bin t between the edges b[t] and b[t+1] of the column
/// e[t] = 0 where s < 0, unless t is the first bin; 1 where s > 1, unless t is the last; else s
/// forward   y[n,c,:] = e[n,c,:]                                    without a dimension
///           y[n,c,:] = max(0, e[n,c,:]·w[c] + b[c])                with one; relu = false leaves max out
/// backward  dz, de, dw, db as of a dense layer for each column
///           dx[n,c] = Σₜ de[n,c,t] / (b[t+1] - b[t]) over the bins in which e is s
/// ```
///
/// The first and the last bin go on beyond their outer edges. With edges at quantiles these are the variants Q, Q-L (`relu` false) and Q-LR of the paper.
///
/// # Shapes
/// `x` `[batch, columns]`, `y` `[batch, others + chosen·dimension]`, or without a dimension `[batch, others + Σ bins]`, the others first. With a
/// dimension `weight` `[Σ bins, dimension]`, the rows of one column after those of another, and `bias` `[chosen, dimension]`.
///
/// # Units and ranges
/// Each column has two edges or more, ascending, in the units in which numbers come to the layer: scaled. An experiment leaves them out to have them
/// put at the quantiles 0, 1/`bins` ... 1 of the training part (16 bins by default; equal quantiles are one, and a constant column has one bin of width 1); the model
/// file and the run's own experiment file hold them. Shares are computed in `f64` and rounded once.
///
/// # Memory
/// The shares, where a linear layer follows: as many values for each row as all columns have bins. Backward works with as many again, and with as many as y has.
///
/// # Source
/// Gorishniy, Rubachev, Babenko, "On embeddings for numerical features in tabular deep learning" (2022), section 3.2, equation 1, and 3.2.1 for the quantiles.
///
/// # Example
/// ```
/// use thalweg::layers::PiecewiseLinear;
/// use thalweg::{Loss, Network};
///
/// let layer = PiecewiseLinear { edges: vec![vec![0.0, 1.0, 3.0]], ..PiecewiseLinear::default() };
/// let network = Network::<f64>::builder(1).layer(layer).dense(1).build(0)?;
/// assert_eq!(network.layers()[0].output, thalweg::Shape::from(2));
/// let layer = network.layers()[0].layer.clone();
/// let network = Network::<f64>::new(1, vec![layer])?;
/// let mut y = [9.0; 6];
/// network.predictor(&Loss::HalfSquares)?.predict(&[0.25, 2.0, 5.0], &mut y)?;
/// assert_eq!(y, [0.25, 0.0, 1.0, 0.5, 1.0, 2.0]);
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PiecewiseLinear {
    /// Which columns of the input it works on, ascending from 0; `None` for all. An experiment leaves it out to have the data's columns of numbers.
    pub columns: Option<Vec<usize>>,
    /// How many bins are made where there are no edges.
    pub bins: usize,
    /// The edges of each column's bins, ascending.
    pub edges: Vec<Vec<f64>>,
    /// How many numbers each column's linear layer gives; `None` for no such layer.
    pub dimension: Option<usize>,
    /// Whether ReLU follows it.
    pub relu: bool,
}

impl Default for PiecewiseLinear {
    fn default() -> Self {
        PiecewiseLinear { columns: None, bins: 16, edges: Vec::new(), dimension: None, relu: true }
    }
}

/// How many bins there are between these edges.
fn bins(edges: &[f64]) -> usize {
    edges.len().saturating_sub(1)
}

/// How far x has come through bin t of these edges, and whether x lies where that grows.
fn share(edges: &[f64], t: usize, x: f64) -> (f64, bool) {
    let (low, high) = (edges[t], edges[t + 1]);
    let s = (x - low) / (high - low);
    if s < 0.0 && t > 0 {
        (0.0, false)
    } else if s > 1.0 && t + 2 < edges.len() {
        (1.0, false)
    } else {
        (s, true)
    }
}

/// The quantiles 0, 1/bins ... 1 of some numbers, straight between neighbours; equal ones are one.
pub(crate) fn quantiles(mut values: Vec<f64>, bins: usize) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let mut edges: Vec<f64> = Vec::with_capacity(bins + 1);
    for t in 0..=bins {
        let at = t as f64 / bins as f64 * last as f64;
        let below = (at.floor() as usize).min(last);
        let (low, high) = (values[below], values[(below + 1).min(last)]);
        edges.push((high - low).mul_add(at - below as f64, low));
    }
    edges.dedup();
    if let [only] = edges[..] {
        edges.push(only + 1.0);
    }
    edges
}

impl From<PiecewiseLinear> for Layer {
    fn from(piecewise: PiecewiseLinear) -> Self {
        Layer::PiecewiseLinear(piecewise)
    }
}

impl PiecewiseLinear {
    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        let chosen = Chosen::check(&self.columns, input)?;
        if self.dimension == Some(0) {
            return Err(LayerProblem::NoDimension);
        }
        if self.edges.len() != chosen.count() {
            return Err(LayerProblem::EdgeLists { given: self.edges.len(), columns: chosen.count() });
        }
        for (i, edges) in self.edges.iter().enumerate() {
            // An infinite edge, or a bin wider than any number, would make shares that are no numbers.
            let is_bin = |pair: &[f64]| pair[1] > pair[0] && (pair[1] - pair[0]).is_finite();
            if edges.len() < 2 || !edges.windows(2).all(is_bin) {
                return Err(LayerProblem::Edges { column: chosen.column(i) });
            }
        }
        chosen.checked_width(self.dimension.unwrap_or(0))?;
        Ok(Shape::from(self.width(chosen)))
    }

    fn all_bins(&self) -> usize {
        self.inputs().sum()
    }

    /// How many numbers each column becomes.
    fn inputs(&self) -> impl Iterator<Item = usize> {
        self.edges.iter().map(|edges| bins(edges))
    }

    fn width(&self, chosen: Chosen<'_>) -> usize {
        let embedded = self.dimension.map_or_else(|| self.all_bins(), |dimension| chosen.count() * dimension);
        chosen.rest() + embedded
    }

    /// The bins of the column that has the most.
    pub(super) fn most_bins(&self) -> usize {
        self.inputs().max().unwrap_or(0)
    }

    pub(super) fn parameters(&self) -> Vec<ParameterShape> {
        let Some(dimension) = self.dimension else { return Vec::new() };
        let weight = Shape::from([self.all_bins(), dimension]);
        let bias = Shape::from([self.edges.len(), dimension]);
        vec![
            ParameterShape { name: "weight".into(), shape: weight, role: ParameterRole::Table },
            ParameterShape { name: "bias".into(), shape: bias, role: ParameterRole::Free },
        ]
    }

    /// The shares, where a linear layer follows; y has them otherwise.
    pub(super) fn cache_len(&self) -> usize {
        if self.dimension.is_some() { self.all_bins() } else { 0 }
    }

    /// A block of one column's gradients.
    pub(super) fn scratch_len(&self) -> usize {
        self.dimension.map_or(0, |dimension| (self.most_bins() + 1) * dimension)
    }

    /// de and dz, where a linear layer follows.
    pub(super) fn row_scratch_len(&self, input: &Shape) -> usize {
        match self.dimension {
            Some(_) => self.all_bins() + self.width(Chosen::new(&self.columns, input)),
            None => 0,
        }
    }

    /// Which value of the input a value of the output is, if it is one unchanged.
    pub(super) fn origin(&self, input: &Shape, value: usize) -> Option<usize> {
        Chosen::new(&self.columns, input).origin(value)
    }

    fn linear(&self, rows: usize, chosen: Chosen<'_>, outputs: usize) -> Linear {
        let (y_first, y_width) = (chosen.rest(), self.width(chosen));
        Linear { rows, outputs, relu: self.relu, e_width: self.all_bins(), y_first, y_width }
    }

    /// y = the columns that pass by, then the shares, or max(0, e·w + b)
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let chosen = Chosen::new(&self.columns, pass.input);
        let width = self.width(chosen);
        chosen.pass_by(pass.x, pass.y, width);
        let (e, first, e_width) = match self.dimension {
            Some(_) => (&mut *pass.cache, 0, self.all_bins()),
            None => (&mut *pass.y, chosen.rest(), width),
        };
        for (x, e) in pass.x.chunks_exact(chosen.width).zip(e.chunks_exact_mut(e_width)) {
            let mut at = first;
            for (i, edges) in self.edges.iter().enumerate() {
                let x = x[chosen.column(i)].to_f64();
                for t in 0..bins(edges) {
                    e[at + t] = R::from_f64(share(edges, t, x).0);
                }
                at += bins(edges);
            }
        }
        if let Some(outputs) = self.dimension {
            let (w, b) = pass.parameters.split_at(self.all_bins() * outputs);
            let linear = self.linear(pass.rows, chosen, outputs);
            linear.forward(self.inputs(), pass.cache, [w, b], pass.y);
        }
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let chosen = Chosen::new(&self.columns, pass.input);
        let width = self.width(chosen);
        let (de, first, e_width) = match self.dimension {
            Some(outputs) => {
                let weights = self.all_bins() * outputs;
                let (dw, db) = pass.dparameters.split_at_mut(weights);
                let (block, rows) = pass.scratch.split_at_mut(self.scratch_len());
                let (de, dz) = rows.split_at_mut(pass.rows * self.all_bins());
                let dz = &mut dz[..pass.dy.len()];
                let (e, w) = (pass.cache, &pass.parameters[..weights]);
                let own =
                    LinearBackward { e, y: pass.y, dy: pass.dy, w, dw, db, dz, de: &mut *de, scratch: block };
                self.linear(pass.rows, chosen, outputs).backward(self.inputs(), own);
                (&*de, 0, self.all_bins())
            }
            None => (pass.dy, chosen.rest(), width), // y is e
        };
        let Some(dx) = pass.dx else { return };
        let rows = pass.x.chunks_exact(chosen.width).zip(dx.chunks_exact_mut(chosen.width));
        for ((x, dx), de) in rows.zip(de.chunks_exact(e_width)) {
            let mut at = first;
            for (i, edges) in self.edges.iter().enumerate() {
                let column = chosen.column(i);
                // dx = Σₜ de[t] / (b[t+1] - b[t]) where e is s
                let mut chain = 0.0_f64;
                for t in 0..bins(edges) {
                    if share(edges, t, x[column].to_f64()).1 {
                        chain += de[at + t].to_f64() / (edges[t + 1] - edges[t]);
                    }
                }
                dx[column] = R::from_f64(chain);
                at += bins(edges);
            }
        }
        chosen.pass_back(pass.dy, dx, width);
    }
}
