//! A dense layer whose rows lie in lanes: which form its products take.
#![allow(unsafe_code, reason = "the products are compiled for an instruction set that the caller chose")]

use std::ops::Range;

use super::{LaneSizes, narrow, sums};
use crate::kernels::panels::{End, Left, Start, Strip, panel_width, strip, transpose};
use crate::kernels::vector::Vector;
use crate::real::Real;

/// How a dense layer's weights lie and what lies in the lanes of its gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
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
    pub(crate) fn of(in_features: usize, out_features: usize) -> Form {
        if in_features < 16 && out_features < 8 {
            Form::Narrow
        } else {
            Form::Inputs { ones: out_features >= 8 }
        }
    }

    /// How many values the weights take.
    pub(crate) fn weight_len<R>(self, in_features: usize, out_features: usize) -> usize {
        match self {
            Form::Narrow => in_features * out_features,
            Form::Inputs { .. } => self.panels::<R>(in_features) * out_features * panel_width::<R>(),
        }
    }

    /// Where the weight from input `k` to output `j` lies.
    pub(crate) fn weight_at<R>(self, k: usize, j: usize, in_features: usize, out_features: usize) -> usize {
        let width = panel_width::<R>();
        match self {
            Form::Narrow => j * in_features + k,
            Form::Inputs { .. } => k / width * out_features * width + j * width + k % width,
        }
    }

    /// How many panels of inputs there are, the ones included.
    pub(crate) fn panels<R>(self, in_features: usize) -> usize {
        match self {
            Form::Narrow => 0,
            Form::Inputs { ones } => (in_features + usize::from(ones)).div_ceil(panel_width::<R>()),
        }
    }
}

/// A dense layer with its places.
#[derive(Clone, Debug)]
pub(crate) struct DenseStage {
    /// How its weights lie.
    pub(crate) form: Form,
    /// How many inputs it has.
    pub(crate) in_features: usize,
    /// How many outputs it has.
    pub(crate) out_features: usize,
    /// Its input in the values.
    pub(crate) x: Range<usize>,
    /// Its output in the values.
    pub(crate) z: Range<usize>,
    /// Its weights and their gradients.
    pub(crate) weight: Range<usize>,
    /// Its biases and their gradients.
    pub(crate) bias: Range<usize>,
    /// Where the parts of its sums in lanes lie: those of the weights, those of the biases.
    pub(crate) parts: (Range<usize>, Range<usize>),
    /// Its input in panels of columns, where the form wants it.
    pub(crate) columns: Range<usize>,
    /// Whether this is the first dense layer: its input never changes, and nobody needs its gradient.
    pub(crate) is_first: bool,
}

/// What a dense layer's backward pass reads and writes.
pub(super) struct Backward<'a, R> {
    pub(super) values: &'a [R],
    pub(super) dz: &'a [R],
    pub(super) dx: &'a mut [R],
    pub(super) columns: &'a mut [R],
    pub(super) weights: &'a [R],
    pub(super) gradients: &'a mut [R],
    pub(super) parts: &'a mut [R],
}

impl DenseStage {
    #[inline(always)]
    fn sizes(&self, rows: usize) -> LaneSizes {
        LaneSizes { rows, in_features: self.in_features, out_features: self.out_features }
    }

    /// z = x·w + b
    ///
    /// # Safety
    /// The processor has the instruction set of `V`.
    #[inline(always)]
    pub(super) unsafe fn forward<R: Real, V: Vector<R>>(&self, rows: usize, weights: &[R], values: &mut [R]) {
        let (before, after) = values.split_at_mut(self.z.start);
        let x = &before[self.x.start..self.x.end];
        let z = &mut after[..self.z.end - self.z.start];
        let w = &weights[self.weight.start..self.weight.end];
        let b = &weights[self.bias.start..self.bias.end];
        if self.form == Form::Narrow {
            // SAFETY: the caller's instruction set.
            return unsafe { narrow::forward_body::<R, V>(self.sizes(rows), x, w, b, z) };
        }
        let width = panel_width::<R>();
        let (x_panel, z_panel) = (self.in_features * width, self.out_features * width);
        let mut p = 0;
        while p * width < rows {
            let columns = smaller(width, rows - p * width);
            let (left, right) = (Left::Across { values: w, panel: z_panel }, &x[p * x_panel..]);
            let work = Strip::new(self.out_features, columns, self.in_features, left, right);
            strip(&Strip { start: Start::Rows(b), ..work }, &mut z[p * z_panel..]);
            p += 1;
        }
    }

    /// dw = xᵀ·dz, db = Σₙ dz, and dx = dz·wᵀ unless the layer is the first. Sums in lanes are left in parts.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`.
    #[inline(always)]
    pub(super) unsafe fn backward<R: Real, V: Vector<R>>(&self, rows: usize, pass: Backward<'_, R>) {
        let sizes = self.sizes(rows);
        let x = &pass.values[self.x.start..self.x.end];
        let w = &pass.weights[self.weight.start..self.weight.end];
        if let Form::Inputs { ones } = self.form {
            let columns = &mut pass.columns[self.columns.start..self.columns.end];
            if !self.is_first {
                self.to_columns(rows, x, columns);
            }
            self.weight_gradient(rows, ones, columns, pass.dz, pass.gradients);
        }
        if self.form != (Form::Inputs { ones: true }) {
            let sums = match self.form {
                Form::Narrow => sizes,
                Form::Inputs { .. } => LaneSizes { in_features: 0, ..sizes },
            };
            let (dw, db) = pass.parts.split_at_mut(self.parts.1.start);
            let (dw, db) = (&mut dw[self.parts.0.start..self.parts.0.end], &mut db[..self.parts.1.len()]);
            // SAFETY: the caller's instruction set.
            unsafe { sums::partial_sums_body::<R, V>(sums, x, pass.dz, dw, db) }
        }
        if self.is_first {
            return;
        }
        match self.form {
            // SAFETY: the caller's instruction set.
            Form::Narrow => unsafe { narrow::backward_input_body::<R, V>(sizes, pass.dz, w, pass.dx) },
            Form::Inputs { .. } => self.input_gradient(rows, pass.dz, w, pass.dx),
        }
    }

    /// The input in panels of columns; the columns after the last input stay.
    #[inline(always)]
    fn to_columns<R: Real>(&self, rows: usize, x: &[R], columns: &mut [R]) {
        let width = panel_width::<R>();
        let x_panel = self.in_features * width;
        let mut p = 0;
        while p * width < rows {
            let mut q = 0;
            while q * width < self.in_features {
                let features = smaller(width, self.in_features - q * width);
                let to = &mut columns[(q * rows + p * width) * width..];
                transpose(
                    features,
                    smaller(width, rows - p * width),
                    &x[p * x_panel + q * width * width..],
                    to,
                );
                q += 1;
            }
            p += 1;
        }
    }

    /// dwᵀ(j,k) = Σₙ dz(n,j)·x(n,k), inputs in lanes; with the ones, db(j) is the column after the last input's.
    #[inline(always)]
    fn weight_gradient<R: Real>(
        &self,
        rows: usize,
        ones: bool,
        columns: &[R],
        dz: &[R],
        gradients: &mut [R],
    ) {
        let width = panel_width::<R>();
        let panel = self.out_features * width;
        let inputs = self.in_features + usize::from(ones);
        let dw = &mut gradients[self.weight.start..self.weight.end];
        let mut q = 0;
        while q * width < inputs {
            let (left, right) = (Left::Across { values: dz, panel }, &columns[q * rows * width..]);
            let work = Strip::new(self.out_features, smaller(width, inputs - q * width), rows, left, right);
            strip(&Strip { end: End::Sum, ..work }, &mut dw[q * panel..]);
            q += 1;
        }
        if ones {
            let column = self.form.weight_at::<R>(self.in_features, 0, self.in_features, self.out_features);
            for j in 0..self.out_features {
                gradients[self.bias.start + j] = gradients[self.weight.start + column + j * width];
            }
        }
    }

    /// dxᵀ(k,n) = Σⱼ w(k,j)·dz(n,j)
    #[inline(always)]
    fn input_gradient<R: Real>(&self, rows: usize, dz: &[R], w: &[R], dx: &mut [R]) {
        let width = panel_width::<R>();
        let (dx_panel, panel) = (self.in_features * width, self.out_features * width);
        let mut p = 0;
        while p * width < rows {
            let mut q = 0;
            while q * width < self.in_features {
                let units = smaller(width, self.in_features - q * width);
                let left = Left::Down { values: &w[q * panel..] };
                let columns = smaller(width, rows - p * width);
                let work = Strip::new(units, columns, self.out_features, left, &dz[p * panel..]);
                strip(&work, &mut dx[p * dx_panel + q * width * width..]);
                q += 1;
            }
            p += 1;
        }
    }
}

/// As `min`, which would be a call where the caller's instruction set differs from the library's.
#[inline(always)]
fn smaller(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}
