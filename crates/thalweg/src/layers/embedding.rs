//! The embedding: each category has a row of numbers, which training finds.

use super::columns::Chosen;
use super::{Backward, Forward, Layer, LayerProblem, ParameterRole, ParameterShape};
use crate::init::Init;
use crate::kernels::columns::{self, Place, TableSizes};
use crate::real::Real;
use crate::shape::Shape;

/// Each category of a column has a row of `dimension` numbers, which training finds; the other columns pass by.
///
/// ```text
/// forward   y[n] = the columns that pass by, then for each column c its row w_c[x[n,c],:]
/// backward  dw_c[k,:] = Σₙ dy[n,c,:] over the rows n with x[n,c] = k
/// ```
///
/// It is a dense layer over columns of 0 and 1 without the multiplications by 0, and its results are those of one to the bit. An id is a whole
/// number from 0 to `categories` - 1. The id -1 stands for none of them (a value that is missing, or that training did not see): y is 0 there, and no
/// row learns from it. Ids have no gradient: dx is 0 there. They must come from the data as they are, so that the layer stands first, or after
/// others that pass its columns by.
///
/// # Shapes
/// `x` `[batch, columns]`, `y` `[batch, others + chosen·dimension]`. `weight` `[Σ categories, dimension]`: the rows of the first column's table, then
/// those of the second.
///
/// # Units and ranges
/// `dimension` 1 or more. The rows start from a normal distribution with standard deviation 1, as PyTorch's do, whatever the network's
/// `init`; penalties touch them as weights.
///
/// # Memory
/// Nothing is kept. Backward works with one more table.
///
/// # Source
/// Bengio, Ducharme, Vincent, Jauvin, "A neural probabilistic language model" (2003), section 2: the mapping C. For tables: Guo, Berkhahn,
/// "Entity embeddings of categorical variables" (2016).
///
/// # Example
/// ```
/// use thalweg::layers::Embedding;
/// use thalweg::{Loss, Network};
///
/// // Column 0 is a number and passes by; column 1 has three categories.
/// let embedding = Embedding { columns: Some(vec![1]), ..Embedding::new(vec![3], 2) };
/// let mut network = Network::<f64>::builder(2).layer(embedding).build(0)?;
/// network.set_parameter("0.weight", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// let mut y = [9.0; 6];
/// network.predictor(&Loss::HalfSquares)?.predict(&[0.5, 2.0, 0.25, -1.0], &mut y)?;
/// assert_eq!(y, [0.5, 5.0, 6.0, 0.25, 0.0, 0.0]);
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Which columns of the input hold ids, ascending from 0; `None` for all. An experiment leaves it out to have the data's columns of categories.
    pub columns: Option<Vec<usize>>,
    /// How many categories each of these columns has. An experiment leaves it empty to have them counted.
    pub categories: Vec<usize>,
    /// How many numbers stand for a category.
    pub dimension: usize,
    /// How the rows start; `None` is normal with standard deviation 1.
    pub init: Option<Init>,
}

/// The most categories that all columns together may have: ids are exact in `f32`.
pub(crate) const MOST_CATEGORIES: usize = 1 << 24;

impl From<Embedding> for Layer {
    fn from(embedding: Embedding) -> Self {
        Layer::Embedding(embedding)
    }
}

impl Embedding {
    /// An embedding of all columns, which have so many categories.
    pub fn new(categories: Vec<usize>, dimension: usize) -> Self {
        Embedding { columns: None, categories, dimension, init: None }
    }

    pub(super) fn output_shape(&self, input: &Shape) -> Result<Shape, LayerProblem> {
        let chosen = Chosen::check(&self.columns, input)?;
        if self.dimension == 0 {
            return Err(LayerProblem::NoDimension);
        }
        let total = self.categories.iter().try_fold(0_usize, |total, &count| total.checked_add(count));
        let is_right = self.categories.len() == chosen.count() && !self.categories.contains(&0);
        if !is_right || total.is_none_or(|total| total > MOST_CATEGORIES) {
            let (categories, columns) = (self.categories.clone(), chosen.count());
            return Err(LayerProblem::Categories { categories, columns });
        }
        chosen.checked_width(self.dimension)
    }

    fn width(&self, chosen: Chosen<'_>) -> usize {
        chosen.rest() + chosen.count() * self.dimension
    }

    pub(super) fn parameters(&self) -> Vec<ParameterShape> {
        vec![ParameterShape {
            name: "weight".into(),
            shape: Shape::from([self.categories.iter().sum(), self.dimension]),
            role: ParameterRole::Table,
        }]
    }

    pub(super) fn scratch_len(&self) -> usize {
        self.categories.iter().max().map_or(0, |most| most * self.dimension)
    }

    /// Which value of the input a value of the output is, if it is one unchanged.
    pub(super) fn origin(&self, input: &Shape, value: usize) -> Option<usize> {
        Chosen::new(&self.columns, input).origin(value)
    }

    /// The columns of the input that hold ids, and how many categories each has.
    pub(crate) fn ids(&self, input: &Shape) -> impl Iterator<Item = (usize, usize)> {
        let chosen = Chosen::new(&self.columns, input);
        self.categories.iter().enumerate().map(move |(i, &categories)| (chosen.column(i), categories))
    }

    /// The sizes of the `i`th column's look-up.
    fn sizes(&self, rows: usize, chosen: Chosen<'_>, i: usize) -> TableSizes {
        let first = chosen.rest() + i * self.dimension;
        TableSizes {
            rows,
            categories: self.categories[i],
            dimension: self.dimension,
            x: chosen.place(i),
            y: Place { first, stride: self.width(chosen) },
        }
    }

    /// y = the columns that pass by, then the rows of the tables
    pub(super) fn forward<R: Real>(&self, pass: Forward<'_, R>) {
        let chosen = Chosen::new(&self.columns, pass.input);
        chosen.pass_by(pass.x, pass.y, self.width(chosen));
        let mut start = 0;
        for (i, categories) in self.categories.iter().enumerate() {
            let table = start..start + categories * self.dimension;
            start = table.end;
            let sizes = self.sizes(pass.rows, chosen, i);
            columns::look_up(sizes, pass.x, &pass.parameters[table], pass.y);
        }
    }

    pub(super) fn backward<R: Real>(&self, pass: Backward<'_, R>) {
        let chosen = Chosen::new(&self.columns, pass.input);
        let mut start = 0;
        for (i, categories) in self.categories.iter().enumerate() {
            let table = start..start + categories * self.dimension;
            start = table.end;
            let sizes = self.sizes(pass.rows, chosen, i);
            // dw[k,:] += Σₙ dy[n,:] over the rows with x[n] = k
            columns::add_to_table(sizes, pass.x, pass.dy, &mut pass.dparameters[table], pass.scratch);
        }
        if let Some(dx) = pass.dx {
            // dx = dy of what passes by; an id has no gradient
            dx.fill(R::ZERO);
            chosen.pass_back(pass.dy, dx, self.width(chosen));
        }
    }
}
