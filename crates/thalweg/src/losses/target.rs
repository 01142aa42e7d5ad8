//! What the network should say.

use crate::real::Real;

/// What the network should say for one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target<'a, R> {
    /// The number of the right class.
    Class(usize),
    /// A value per output (or a probability per class).
    Values(&'a [R]),
}

impl<R: Real> Target<'_, R> {
    /// What output `j` of `outputs` should say. A class is 1 at its own output and 0 elsewhere; where there is but one
    /// output, it is the class's number.
    #[inline(always)]
    pub fn value(&self, j: usize, outputs: usize) -> R {
        match self {
            Target::Values(values) => values[j],
            Target::Class(class) if outputs == 1 => R::from_f64(*class as f64),
            Target::Class(class) if *class == j => R::ONE,
            Target::Class(_) => R::ZERO,
        }
    }
}

/// What the network should say for the rows of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Targets<'a, R> {
    /// `[rows]`: the number of the right class.
    Classes(&'a [u32]),
    /// `[rows, outputs]`, row-major: a value per output.
    Values(&'a [R]),
}

impl<'a, R: Real> Targets<'a, R> {
    /// How many rows there are for a network of `width` outputs.
    pub fn rows(&self, width: usize) -> usize {
        match self {
            Targets::Classes(classes) => classes.len(),
            Targets::Values(values) => values.len() / width,
        }
    }

    /// The target of row `n`.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn row(&self, n: usize, width: usize) -> Target<'a, R> {
        match self {
            Targets::Classes(classes) => Target::Class(classes[n] as usize),
            Targets::Values(values) => Target::Values(&values[n * width..][..width]),
        }
    }

    /// The targets of `rows` rows from row `first` on.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn piece(&self, first: usize, rows: usize, width: usize) -> Targets<'a, R> {
        match self {
            Targets::Classes(classes) => Targets::Classes(&classes[first..][..rows]),
            Targets::Values(values) => Targets::Values(&values[first * width..][..rows * width]),
        }
    }
}
