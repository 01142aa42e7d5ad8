//! The shape of one example, without the batch axis.

use std::fmt;

/// The sizes of one example's axes, outermost first, without the batch: `[784]`, or `[channels, height, width]`.
///
/// # Example
/// ```
/// use thalweg::Shape;
/// let image = Shape::from([3, 64, 64]);
/// assert_eq!(image.len(), 12_288);
/// assert_eq!(image.to_string(), "[3, 64, 64]");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// The sizes, outermost first.
    pub fn axes(&self) -> &[usize] {
        &self.0
    }

    /// How many values one example has: the product of the axes, 1 for no axes.
    #[expect(clippy::len_without_is_empty, reason = "a shape is not a collection")]
    pub fn len(&self) -> usize {
        self.0.iter().product()
    }

    /// The same values as one axis.
    pub fn flattened(&self) -> Shape {
        Shape(vec![self.len()])
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(axes: [usize; N]) -> Self {
        Shape(axes.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(axes: Vec<usize>) -> Self {
        Shape(axes)
    }
}

impl From<&[usize]> for Shape {
    fn from(axes: &[usize]) -> Self {
        Shape(axes.to_vec())
    }
}

impl From<usize> for Shape {
    fn from(features: usize) -> Self {
        Shape(vec![features])
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
