//! What embedding layers share: each works on some columns of a table and lets the others by.

use super::{LayerProblem, MOST_IN_A_ROW};
use crate::kernels::columns as kernels;
use crate::kernels::columns::{ColumnSizes, Place};
use crate::real::Real;
use crate::shape::Shape;

/// Which columns of its input a layer works on: those listed, ascending, or all. The output has the other columns first, as they
/// are and in their order, then what each of these becomes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen<'a> {
    listed: Option<&'a [usize]>,
    /// Values in a row of the input.
    pub(super) width: usize,
}

impl<'a> Chosen<'a> {
    pub(super) fn new(columns: &'a Option<Vec<usize>>, input: &Shape) -> Self {
        Chosen { listed: columns.as_deref(), width: input.len() }
    }

    /// Checks that the input is a row of a table that has these columns.
    pub(super) fn check(columns: &'a Option<Vec<usize>>, input: &Shape) -> Result<Self, LayerProblem> {
        if input.axes().len() != 1 {
            return Err(LayerProblem::NotFlat { input: input.clone() });
        }
        let chosen = Chosen::new(columns, input);
        if let Some(listed) = chosen.listed {
            let is_ascending = listed.windows(2).all(|pair| pair[0] < pair[1]);
            if listed.is_empty() || !is_ascending || listed.last().is_some_and(|&last| last >= chosen.width) {
                return Err(LayerProblem::Columns { columns: listed.to_vec(), width: chosen.width });
            }
        }
        Ok(chosen)
    }

    /// How many columns the layer works on.
    pub(super) fn count(self) -> usize {
        self.listed.map_or(self.width, <[usize]>::len)
    }

    /// The output's shape where each of these columns becomes so many numbers.
    pub(super) fn checked_width(self, each: usize) -> Result<Shape, LayerProblem> {
        let total = self.count().checked_mul(each).and_then(|embedded| embedded.checked_add(self.rest()));
        match total {
            Some(total) if total <= MOST_IN_A_ROW => Ok(Shape::from(total)),
            _ => Err(LayerProblem::TooWide { columns: self.count(), each }),
        }
    }

    /// Where the `i`th of these columns stands in the input.
    pub(super) fn column(self, i: usize) -> usize {
        self.listed.map_or(i, |listed| listed[i])
    }

    /// How many columns pass by.
    pub(super) fn rest(self) -> usize {
        self.width - self.count()
    }

    /// Where the `i`th of these columns lies in the rows of x.
    pub(super) fn place(self, i: usize) -> Place {
        Place { first: self.column(i), stride: self.width }
    }

    /// The columns that pass by, in order.
    pub(super) fn others(self) -> impl Iterator<Item = usize> + use<'a> {
        let mut next = 0;
        let none: &[usize] = &[];
        let listed = self.listed.unwrap_or(none);
        let width = if self.listed.is_some() { self.width } else { 0 };
        (0..width).filter(move |column| {
            let is_chosen = listed.get(next) == Some(column);
            next += usize::from(is_chosen);
            !is_chosen
        })
    }

    /// Which value of the input a value of the output is, if it is one unchanged.
    pub(super) fn origin(self, value: usize) -> Option<usize> {
        if value >= self.rest() {
            return None;
        }
        // Each chosen column at or before the place where we are moves it on by one.
        let skip = |column: usize, &chosen: &usize| column + usize::from(chosen <= column);
        Some(self.listed.unwrap_or(&[]).iter().fold(value, skip))
    }

    /// y's first columns are the others of x.
    pub(super) fn pass_by<R: Real>(self, x: &[R], y: &mut [R], output: usize) {
        for (x, y) in x.chunks_exact(self.width).zip(y.chunks_exact_mut(output)) {
            for (y, column) in y.iter_mut().zip(self.others()) {
                *y = x[column];
            }
        }
    }

    /// The same backward: dx of the others is dy.
    pub(super) fn pass_back<R: Real>(self, dy: &[R], dx: &mut [R], output: usize) {
        for (dy, dx) in dy.chunks_exact(output).zip(dx.chunks_exact_mut(self.width)) {
            for (dy, column) in dy.iter().zip(self.others()) {
                dx[column] = *dy;
            }
        }
    }
}

/// The linear layer that each column has of its own behind its numbers e, and the ReLU behind that.
///
/// ```text
/// forward   z[n,c,:] = e[n,c,:]·w[c] + b[c]       y = max(0, z) or z
/// backward  dz = dy where y > 0, else 0; or dy
///           de[n,c,:] = dz[n,c,:]·w[c]ᵀ      dw[c] = e[:,c,:]ᵀ·dz[:,c,:]      db[c] = Σₙ dz[n,c,:]
/// ```
///
/// w has the rows of the first column's matrix, then those of the second: `[Σ inputs, outputs]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear {
    pub(super) rows: usize,
    pub(super) outputs: usize,
    pub(super) relu: bool,
    /// Values in a row of e: the sum of all columns' inputs.
    pub(super) e_width: usize,
    /// Where y's columns begin in a row of the output, and how long that is.
    pub(super) y_first: usize,
    pub(super) y_width: usize,
}

impl Linear {
    /// The sizes for the `c`th column, whose numbers begin at `first` in a row of e.
    fn sizes(self, c: usize, first: usize, inputs: usize) -> ColumnSizes {
        let e = Place { first, stride: self.e_width };
        let y = Place { first: self.y_first + c * self.outputs, stride: self.y_width };
        ColumnSizes { rows: self.rows, inputs, outputs: self.outputs, e, y }
    }

    /// `inputs` says how many numbers each column has become.
    pub(super) fn forward<R: Real>(
        self,
        inputs: impl Iterator<Item = usize>,
        e: &[R],
        [w, b]: [&[R]; 2],
        y: &mut [R],
    ) {
        let mut first = 0;
        for (c, inputs) in inputs.enumerate() {
            let w = &w[first * self.outputs..(first + inputs) * self.outputs];
            let b = &b[c * self.outputs..(c + 1) * self.outputs];
            kernels::linear(self.sizes(c, first, inputs), self.relu, e, w, b, y);
            first += inputs;
        }
    }

    /// Writes de and adds to dw and db; `dz` `[rows, y_width]` is overwritten.
    pub(super) fn backward<R: Real>(
        self,
        inputs: impl Iterator<Item = usize>,
        LinearBackward { e, y, dy, w, dw, db, dz, de, scratch }: LinearBackward<'_, R>,
    ) {
        // dz = dy where y > 0, else 0
        for (dz, (&dy, &y)) in dz.iter_mut().zip(dy.iter().zip(y)) {
            *dz = if self.relu && y <= R::ZERO { R::ZERO } else { dy };
        }
        let mut first = 0;
        for (c, inputs) in inputs.enumerate() {
            let sizes = self.sizes(c, first, inputs);
            let weights = first * self.outputs..(first + inputs) * self.outputs;
            let biases = c * self.outputs..(c + 1) * self.outputs;
            // dw += eᵀ·dz, db += Σₙ dz
            kernels::linear_parameters(sizes, e, dz, &mut dw[weights.clone()], &mut db[biases], scratch);
            // de = dz·wᵀ
            kernels::linear_input(sizes, dz, &w[weights], de);
            first += inputs;
        }
    }
}

/// What [`Linear::backward`] reads and writes.
pub(super) struct LinearBackward<'a, R> {
    pub(super) e: &'a [R],
    pub(super) y: &'a [R],
    pub(super) dy: &'a [R],
    pub(super) w: &'a [R],
    pub(super) dw: &'a mut [R],
    pub(super) db: &'a mut [R],
    pub(super) dz: &'a mut [R],
    pub(super) de: &'a mut [R],
    pub(super) scratch: &'a mut [R],
}
