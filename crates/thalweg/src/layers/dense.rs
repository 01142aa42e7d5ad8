//! The dense layer: every output is a weighted sum of every input.

use super::{Backward, Forward, Layer, LayerProblem, ParameterRole, ParameterShape};
use crate::init::Init;
use crate::kernels::dense::{self, DenseSizes};
use crate::real::Real;
use crate::shape::Shape;

/// Every output is a weighted sum of every input, plus a bias.
///
/// ```text
/// forward   y  = x·w + b
/// backward  dx = dy·wᵀ      dw = xᵀ·dy      db = Σₙ dy[n,:]
/// ```
///
/// # Shapes
/// `x` `[batch, in_features]`, `w` `[in_features, out_features]`, `b` `[out_features]`, `y` `[batch, out_features]`.
///
/// # Source
/// Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.5.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// How many outputs; at least 1.
    pub out_features: usize,
    /// How the weights start; `None` takes the network's default.
    pub init: Option<Init>,
    /// How the bias starts; `None` is zeros.
    pub bias_init: Option<Init>,
}

impl From<Dense> for Layer {
    fn from(dense: Dense) -> Self {
        Layer::Dense(dense)
    }
}

impl Dense {
    /// A dense layer with the network's default start.
    pub fn new(out_features: usize) -> Self {
        Dense { out_features, init: None, bias_init: None }
    }

    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        if input.axes().len() != 1 {
            return Err(LayerProblem::NotFlat { input: input.clone() });
        }
        if self.out_features == 0 {
            return Err(LayerProblem::NoOutputs);
        }
        Ok(Shape::from(self.out_features))
    }

    pub(super) fn parameters(&self, input: &Shape) -> Vec<ParameterShape> {
        vec![
            ParameterShape {
                name: "weight".into(),
                shape: Shape::from([input.len(), self.out_features]),
                role: ParameterRole::Weight,
            },
            ParameterShape {
                name: "bias".into(),
                shape: Shape::from(self.out_features),
                role: ParameterRole::Free,
            },
        ]
    }

    pub(super) fn scratch_len(&self, input: &Shape) -> usize {
        sizes(0, input, self.out_features).scratch_len()
    }

    /// y = x·w + b
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let sizes = sizes(pass.rows, pass.input, self.out_features);
        let (w, b) = pass.parameters.split_at(sizes.in_features * sizes.out_features);
        dense::forward(sizes, pass.x, w, b, pass.y);
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let sizes = sizes(pass.rows, pass.input, self.out_features);
        let weights = sizes.in_features * sizes.out_features;
        let (w, _) = pass.parameters.split_at(weights);
        let (dw, db) = pass.dparameters.split_at_mut(weights);
        // dw += xᵀ·dy, db += Σₙ dy[n,:]
        dense::backward_parameters(sizes, pass.x, pass.dy, dw, db, pass.scratch);
        if let Some(dx) = pass.dx {
            // dx = dy·wᵀ
            dense::backward_input(sizes, pass.dy, w, pass.scratch, dx);
        }
    }
}

fn sizes(rows: usize, input: &Shape, out_features: usize) -> DenseSizes {
    DenseSizes { rows, in_features: input.len(), out_features }
}
