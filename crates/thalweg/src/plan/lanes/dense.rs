//! A dense layer of the plan: which form its products take.

use std::ops::Range;

use super::parameters::Parameters;
use crate::kernels::lanes::{self, LaneSizes};
use crate::kernels::panels::{Left, Start, Strip, panel_width, strip};
use crate::real::Real;

/// How a dense layer's weights lie and what lies in the lanes of its gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Fewer than 16 inputs and fewer than 8 outputs: `[out, in]`. dw and db are sums over rows in 64 lanes.
    Narrow,
    /// wᵀ in panels of inputs, `[in / W][out, W]`; dw is a product with inputs in the lanes.
    Inputs {
        /// Whether db is a chain over rows too (8 outputs or more). It is computed as the weight of one more input that is
        /// 1 in every row; else it is a sum in 64 lanes.
        ones: bool,
    },
}

impl Form {
    /// The form for so many inputs and outputs (NUMERICS rule 4).
    pub(super) fn of(in_features: usize, out_features: usize) -> Form {
        if in_features < 16 && out_features < 8 {
            Form::Narrow
        } else {
            Form::Inputs { ones: out_features >= 8 }
        }
    }

    /// How many values the weights take.
    pub(super) fn weight_len<R>(self, in_features: usize, out_features: usize) -> usize {
        match self {
            Form::Narrow => in_features * out_features,
            Form::Inputs { .. } => self.panels::<R>(in_features) * out_features * panel_width::<R>(),
        }
    }

    /// Where the weight from input `k` to output `j` lies.
    pub(super) fn weight_at<R>(self, k: usize, j: usize, in_features: usize, out_features: usize) -> usize {
        let width = panel_width::<R>();
        match self {
            Form::Narrow => j * in_features + k,
            Form::Inputs { .. } => k / width * out_features * width + j * width + k % width,
        }
    }

    /// How many panels of inputs there are, the ones included.
    pub(super) fn panels<R>(self, in_features: usize) -> usize {
        match self {
            Form::Narrow => 0,
            Form::Inputs { ones } => (in_features + usize::from(ones)).div_ceil(panel_width::<R>()),
        }
    }
}

/// A dense layer with its places.
#[derive(Clone, Debug)]
pub(super) struct DenseStage {
    pub(super) form: Form,
    pub(super) in_features: usize,
    pub(super) out_features: usize,
    /// Its input in the values.
    pub(super) x: Range<usize>,
    /// Its output in the values.
    pub(super) z: Range<usize>,
    /// Its weights and their gradients.
    pub(super) weight: Range<usize>,
    /// Its biases and their gradients.
    pub(super) bias: Range<usize>,
    /// Its input in panels of columns, where the form wants it.
    pub(super) columns: Range<usize>,
    /// Whether this is the first dense layer: its input never changes, and nobody needs its gradient.
    pub(super) is_first: bool,
}

impl DenseStage {
    fn sizes(&self, rows: usize) -> LaneSizes {
        LaneSizes { rows, in_features: self.in_features, out_features: self.out_features }
    }

    /// z = x·w + b
    pub(super) fn forward<R: Real>(&self, rows: usize, parameters: &Parameters<R>, values: &mut [R]) {
        let (before, after) = values.split_at_mut(self.z.start);
        let x = &before[self.x.clone()];
        let z = &mut after[..self.z.len()];
        let w = &parameters.weights()[self.weight.clone()];
        let b = &parameters.weights()[self.bias.clone()];
        match self.form {
            Form::Narrow => lanes::forward(self.sizes(rows), x, w, b, z),
            Form::Inputs { .. } => {
                let width = panel_width::<R>();
                let (x_panel, z_panel) = (self.in_features * width, self.out_features * width);
                for (p, (x, z)) in x.chunks_exact(x_panel).zip(z.chunks_exact_mut(z_panel)).enumerate() {
                    let work = Strip {
                        rows: self.out_features,
                        columns: width.min(rows - p * width),
                        depth: self.in_features,
                        left: Left::Across { values: w, panel: z_panel },
                        right: x,
                        start: Start::Rows(b),
                    };
                    strip(work, z);
                }
            }
        }
    }

    /// dw = xᵀ·dz, db = Σₙ dz, and dx = dz·wᵀ unless the layer is the first. Sums in lanes are left in parts.
    pub(super) fn backward<R: Real>(
        &self,
        rows: usize,
        values: &[R],
        dz: &[R],
        dx: &mut [R],
        columns: &mut [R],
        parameters: &mut Parameters<R>,
    ) {
        let sizes = self.sizes(rows);
        let x = &values[self.x.clone()];
        match self.form {
            Form::Narrow => {
                let (dw, db) = parameters.parts(&self.weight, &self.bias);
                lanes::partial_sums(sizes, x, dz, dw, db);
                if !self.is_first {
                    lanes::backward_input(sizes, dz, &parameters.weights()[self.weight.clone()], dx);
                }
            }
            Form::Inputs { ones } => {
                if !ones {
                    let (_, db) = parameters.parts(&(0..0), &self.bias);
                    lanes::partial_sums(LaneSizes { in_features: 0, ..sizes }, &[], dz, &mut [], db);
                }
                let columns = &mut columns[self.columns.clone()];
                if !self.is_first {
                    lanes::to_columns(sizes, x, columns);
                }
                self.weight_gradient(rows, ones, columns, dz, parameters);
                if !self.is_first {
                    self.input_gradient(rows, dz, &parameters.weights()[self.weight.clone()], dx);
                }
            }
        }
    }

    /// dwᵀ(j,k) = Σₙ dz(n,j)·x(n,k), inputs in lanes; with the ones, db(j) is the column after the last input's.
    fn weight_gradient<R: Real>(
        &self,
        rows: usize,
        ones: bool,
        columns: &[R],
        dz: &[R],
        parameters: &mut Parameters<R>,
    ) {
        let width = panel_width::<R>();
        let panel = self.out_features * width;
        let inputs = self.in_features + usize::from(ones);
        let dw = &mut parameters.gradients_mut()[self.weight.clone()];
        for (q, (columns, dw)) in
            columns.chunks_exact(rows * width).zip(dw.chunks_exact_mut(panel)).enumerate()
        {
            let work = Strip {
                rows: self.out_features,
                columns: width.min(inputs - q * width),
                depth: rows,
                left: Left::Across { values: dz, panel },
                right: columns,
                start: Start::Zero,
            };
            strip(work, dw);
        }
        if ones {
            let column = self.form.weight_at::<R>(self.in_features, 0, self.in_features, self.out_features);
            let gradients = parameters.gradients_mut();
            for j in 0..self.out_features {
                gradients[self.bias.start + j] = R::ZERO + gradients[self.weight.start + column + j * width];
            }
        }
    }

    /// dxᵀ(k,n) = Σⱼ w(k,j)·dz(n,j)
    fn input_gradient<R: Real>(&self, rows: usize, dz: &[R], w: &[R], dx: &mut [R]) {
        let width = panel_width::<R>();
        let (dx_panel, dz_panel) = (self.in_features * width, self.out_features * width);
        for (p, (dz, dx)) in dz.chunks_exact(dz_panel).zip(dx.chunks_exact_mut(dx_panel)).enumerate() {
            if p * width >= rows {
                break;
            }
            let panels = w.chunks_exact(dz_panel).zip(dx.chunks_mut(width * width));
            for (q, (w, dx)) in panels.enumerate() {
                let work = Strip {
                    rows: width.min(self.in_features - q * width),
                    columns: width.min(rows - p * width),
                    depth: self.out_features,
                    left: Left::Down { values: w },
                    right: dz,
                    start: Start::Zero,
                };
                strip(work, dx);
            }
        }
    }
}
