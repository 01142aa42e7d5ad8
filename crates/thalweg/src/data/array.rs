//! An array as a file holds it: a shape and values in their own type.

/// The values of an [`Array`], in the type that the file had.
///
/// Half-precision numbers are kept as `F32`, which holds each of them exactly.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Unsigned bytes, as images have.
    U8(Vec<u8>),
    /// 8-bit integers.
    I8(Vec<i8>),
    /// 16-bit integers.
    I16(Vec<i16>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit integers.
    I64(Vec<i64>),
    /// Unsigned 16-bit integers.
    U16(Vec<u16>),
    /// Unsigned 32-bit integers.
    U32(Vec<u32>),
    /// Unsigned 64-bit integers.
    U64(Vec<u64>),
    /// 32-bit floating point (and what was stored in 16 bits).
    F32(Vec<f32>),
    /// 64-bit floating point.
    F64(Vec<f64>),
    /// True or false.
    Bool(Vec<bool>),
    /// Strings.
    Text(Vec<String>),
}

/// Runs one expression for whichever type the values have.
macro_rules! with_values {
    ($values:expr, $v:ident => $body:expr) => {
        match $values {
            Values::U8($v) => $body,
            Values::I8($v) => $body,
            Values::I16($v) => $body,
            Values::I32($v) => $body,
            Values::I64($v) => $body,
            Values::U16($v) => $body,
            Values::U32($v) => $body,
            Values::U64($v) => $body,
            Values::F32($v) => $body,
            Values::F64($v) => $body,
            Values::Bool($v) => $body,
            Values::Text($v) => $body,
        }
    };
}

impl Values {
    /// How many values there are.
    pub fn len(&self) -> usize {
        with_values!(self, v => v.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type's name, as `thalweg inspect` prints it: `"u8"`, `"f64"`, `"bool"`, `"text"` ...
    pub const fn type_name(&self) -> &'static str {
        match self {
            Values::U8(_) => "u8",
            Values::I8(_) => "i8",
            Values::I16(_) => "i16",
            Values::I32(_) => "i32",
            Values::I64(_) => "i64",
            Values::U16(_) => "u16",
            Values::U32(_) => "u32",
            Values::U64(_) => "u64",
            Values::F32(_) => "f32",
            Values::F64(_) => "f64",
            Values::Bool(_) => "bool",
            Values::Text(_) => "text",
        }
    }

    /// One value as a number: integers beyond 2⁵³ become the nearest `f64`, a boolean is 0 or 1, text is `None`.
    ///
    /// # Panics
    /// If there are not that many values.
    pub fn number(&self, index: usize) -> Option<f64> {
        Some(match self {
            Values::U8(v) => f64::from(v[index]),
            Values::I8(v) => f64::from(v[index]),
            Values::I16(v) => f64::from(v[index]),
            Values::I32(v) => f64::from(v[index]),
            Values::I64(v) => v[index] as f64,
            Values::U16(v) => f64::from(v[index]),
            Values::U32(v) => f64::from(v[index]),
            Values::U64(v) => v[index] as f64,
            Values::F32(v) => f64::from(v[index]),
            Values::F64(v) => v[index],
            Values::Bool(v) => f64::from(u8::from(v[index])),
            Values::Text(_) => return None,
        })
    }

    /// The same values from an order in which the first axis moves fastest (Fortran's, MATLAB's) to row-major.
    fn into_row_major(self, shape: &[usize]) -> Values {
        match self {
            Values::U8(v) => Values::U8(row_major(v, shape)),
            Values::I8(v) => Values::I8(row_major(v, shape)),
            Values::I16(v) => Values::I16(row_major(v, shape)),
            Values::I32(v) => Values::I32(row_major(v, shape)),
            Values::I64(v) => Values::I64(row_major(v, shape)),
            Values::U16(v) => Values::U16(row_major(v, shape)),
            Values::U32(v) => Values::U32(row_major(v, shape)),
            Values::U64(v) => Values::U64(row_major(v, shape)),
            Values::F32(v) => Values::F32(row_major(v, shape)),
            Values::F64(v) => Values::F64(row_major(v, shape)),
            Values::Bool(v) => Values::Bool(row_major(v, shape)),
            Values::Text(v) => Values::Text(row_major(v, shape)),
        }
    }
}

/// Row-major values from column-major ones. `index` counts the axes up, the last one fastest, and `from` follows it.
fn row_major<T: Clone>(column_major: Vec<T>, shape: &[usize]) -> Vec<T> {
    if shape.iter().filter(|&&size| size > 1).count() < 2 {
        return column_major;
    }
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut from = 0;
    let mut result = Vec::with_capacity(column_major.len());
    for _ in 0..column_major.len() {
        result.push(column_major[from].clone());
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            from += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
            from -= strides[axis] * shape[axis];
        }
    }
    result
}

/// An array of any shape, row-major: the last axis moves fastest.
///
/// # Example
/// ```
/// use thalweg::data::{Array, Values};
/// let images = Array::new(vec![2, 1, 2], Values::U8(vec![0, 64, 128, 255]));
/// assert_eq!((images.rows(), images.row_len()), (2, 2));
/// assert_eq!(images.numbers().unwrap().sum::<f64>(), 447.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    values: Values,
}

impl Array {
    /// An array of this shape; no axes at all mean one value.
    ///
    /// # Panics
    /// If the shape's product is not the number of values.
    pub fn new(shape: Vec<usize>, values: Values) -> Array {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "shape {shape:?} and number of values");
        Array { shape, values }
    }

    /// The same from values in column-major order: the first axis moves fastest.
    ///
    /// # Panics
    /// If the shape's product is not the number of values.
    pub fn from_column_major(shape: Vec<usize>, values: Values) -> Array {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "shape {shape:?} and number of values");
        let values = values.into_row_major(&shape);
        Array { shape, values }
    }

    /// The sizes of all axes, rows first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, row-major.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The shape and the values, without a copy.
    pub fn into_parts(self) -> (Vec<usize>, Values) {
        (self.shape, self.values)
    }

    /// How many values there are in all.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The size of the first axis; 1 for a single number without axes.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// How many values one row has: the product of all axes but the first.
    pub fn row_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// All values as `f64` in row-major order, or `None` for text. See [`Values::number`].
    pub fn numbers(&self) -> Option<impl ExactSizeIterator<Item = f64> + '_> {
        match &self.values {
            Values::Text(_) => None,
            values => Some((0..values.len()).map(move |index| values.number(index).unwrap_or(f64::NAN))),
        }
    }

    /// The sum of the finite values, added up in order; 0 for text.
    pub fn sum(&self) -> f64 {
        self.numbers().map_or(0.0, |numbers| numbers.filter(|v| v.is_finite()).fold(0.0, |sum, v| sum + v))
    }

    /// The smallest and the largest value, NaN left out; `None` for text or where no number is left.
    pub fn range(&self) -> Option<(f64, f64)> {
        range(self.numbers()?)
    }

    /// How many values are NaN.
    pub fn missing(&self) -> usize {
        match &self.values {
            Values::F32(v) => v.iter().filter(|v| v.is_nan()).count(),
            Values::F64(v) => v.iter().filter(|v| v.is_nan()).count(),
            _ => 0,
        }
    }
}

/// The smallest and the largest of some numbers, NaN left out.
pub(super) fn range(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    numbers.filter(|v| !v.is_nan()).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((min, max)) => Some((if v < min { v } else { min }, if v > max { v } else { max })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_major_matrix_becomes_row_major() {
        // [[1, 2, 3], [4, 5, 6]] by columns: 1 4, 2 5, 3 6.
        let array = Array::from_column_major(vec![2, 3], Values::I32(vec![1, 4, 2, 5, 3, 6]));
        assert_eq!(array.values(), &Values::I32(vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn column_major_cube_becomes_row_major() {
        // value = 100 i + 10 j + k at shape [2, 3, 2], i fastest.
        let value = |i: i64, j: i64, k: i64| 100 * i + 10 * j + k;
        let mut stored = Vec::new();
        for k in 0..2 {
            for j in 0..3 {
                for i in 0..2 {
                    stored.push(value(i, j, k));
                }
            }
        }
        let array = Array::from_column_major(vec![2, 3, 2], Values::I64(stored));
        assert_eq!(array.values(), &Values::I64(vec![0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121]));
    }

    #[test]
    fn sums_and_ranges_leave_out_what_is_not_a_number() {
        let array = Array::new(vec![4], Values::F64(vec![1.0, f64::NAN, -2.0, f64::INFINITY]));
        assert_eq!(array.sum(), -1.0);
        assert_eq!(array.range(), Some((-2.0, f64::INFINITY)));
        assert_eq!(array.missing(), 1);
        assert!(Array::new(vec![1], Values::Text(vec!["a".into()])).numbers().is_none());
    }
}
