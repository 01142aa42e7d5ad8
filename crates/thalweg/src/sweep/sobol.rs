//! Sobol's sequence: points that fill the space more evenly than random ones.

use super::problem::SweepProblem;
use crate::random::{Purpose, Stream};

/// How many binary digits a coordinate has.
const BITS: usize = 32;

/// One over 2^[`BITS`].
const UNIT: f64 = 1.0 / 4_294_967_296.0;

/// Which stream of [`Purpose::Sweep`] shifts the points; 0 draws those of the random search.
const SHIFT: u64 = 1;

/// What makes the direction numbers of a dimension.
struct Direction {
    /// The degree of its primitive polynomial.
    degree: usize,
    /// The polynomial's inner coefficients, read as a binary number.
    coefficients: u32,
    /// m₁ m₂ …: odd, mₖ below 2ᵏ.
    initial: &'static [u32],
}

const fn direction(coefficients: u32, initial: &'static [u32]) -> Direction {
    Direction { degree: initial.len(), coefficients, initial }
}

/// The dimensions after the first, whose mₖ are all 1.
///
/// # Source
/// S. Joe, F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM Journal on Scientific
/// Computing 30, 2008; the first lines of their table `new-joe-kuo-6.21201`.
const DIRECTIONS: [Direction; 20] = [
    direction(0, &[1]),
    direction(1, &[1, 3]),
    direction(1, &[1, 3, 1]),
    direction(2, &[1, 1, 1]),
    direction(1, &[1, 1, 3, 3]),
    direction(4, &[1, 3, 5, 13]),
    direction(2, &[1, 1, 5, 5, 17]),
    direction(4, &[1, 1, 5, 5, 5]),
    direction(7, &[1, 1, 7, 11, 19]),
    direction(11, &[1, 1, 5, 1, 1]),
    direction(13, &[1, 1, 1, 3, 11]),
    direction(14, &[1, 3, 5, 5, 31]),
    direction(1, &[1, 3, 3, 9, 7, 49]),
    direction(13, &[1, 1, 1, 15, 21, 21]),
    direction(16, &[1, 3, 1, 13, 27, 49]),
    direction(19, &[1, 1, 1, 15, 7, 5]),
    direction(22, &[1, 3, 1, 15, 13, 25]),
    direction(25, &[1, 1, 5, 5, 19, 61]),
    direction(1, &[1, 3, 7, 11, 23, 15, 103]),
    direction(4, &[1, 3, 7, 13, 13, 15, 69]),
];

/// The most dimensions.
pub const MOST_DIMENSIONS: usize = DIRECTIONS.len() + 1;

/// Sobol's sequence in some dimensions.
///
/// ```text
/// with vₖ = mₖ·2^(32-k), and for k above the degree s of the polynomial, whose inner coefficients are a₁ … aₛ₋₁:
///     vₖ = a₁·vₖ₋₁ ⊕ … ⊕ aₛ₋₁·vₖ₋ₛ₊₁ ⊕ vₖ₋ₛ ⊕ (vₖ₋ₛ >> s)
/// coordinate of point i = ⊕ of the vₖ whose digit is set in the Gray code i ⊕ (i >> 1), divided by 2³²
/// ```
///
/// Point 0 is the corner where all coordinates are 0. A search shifts all points, see [`Sobol::shifted`].
///
/// # Source
/// I. M. Sobol', "On the distribution of points in a cube and the approximate evaluation of integrals", 1967; in the order of
/// I. A. Antonov, V. M. Saleev, "An economic method of computing LPτ-sequences", 1979.
///
/// # Example
/// ```
/// use thalweg::sweep::Sobol;
/// let sobol = Sobol::new(2)?;
/// let points: Vec<Vec<f64>> = (0..4).map(|i| sobol.point(i)).collect();
/// assert_eq!(points, [[0.0, 0.0], [0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]);
/// # Ok::<(), thalweg::sweep::SweepProblem>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sobol {
    /// v₁ … v₃₂ of each dimension.
    directions: Vec<[u32; BITS]>,
    /// What is added, digit by digit, to each coordinate.
    shifts: Vec<u32>,
}

impl Sobol {
    /// The sequence itself.
    ///
    /// # Errors
    /// [`SweepProblem::TooManyDimensions`] beyond [`MOST_DIMENSIONS`].
    pub fn new(dimensions: usize) -> Result<Sobol, SweepProblem> {
        if dimensions > MOST_DIMENSIONS {
            return Err(SweepProblem::TooManyDimensions { most: MOST_DIMENSIONS, given: dimensions });
        }
        let directions = (0..dimensions).map(|dimension| match dimension.checked_sub(1) {
            None => std::array::from_fn(|k| 1 << (BITS - 1 - k)),
            Some(line) => DIRECTIONS[line].numbers(),
        });
        Ok(Sobol { directions: directions.collect(), shifts: vec![0; dimensions] })
    }

    /// The sequence with the same random digits added, without carry, to each point's coordinates in a dimension: as even as before, but
    /// each point alone is drawn evenly, and the first is no corner.
    ///
    /// # Errors
    /// As [`Sobol::new`].
    pub fn shifted(dimensions: usize, seed: u64) -> Result<Sobol, SweepProblem> {
        let shift = |column| Stream::new(seed, Purpose::Sweep, column, SHIFT).word(0);
        let shifts = (0..dimensions as u32).map(shift).collect();
        Ok(Sobol { shifts, ..Sobol::new(dimensions)? })
    }

    /// Point `number`, from 0: a coordinate per dimension, each from 0 up to, but without, 1.
    pub fn point(&self, number: u32) -> Vec<f64> {
        let gray = number ^ (number >> 1);
        let coordinate = |(directions, &shift): (&[u32; BITS], &u32)| {
            let digits = directions.iter().enumerate().filter(|(k, _)| gray >> k & 1 == 1);
            f64::from(digits.fold(shift, |sum, (_, v)| sum ^ v)) * UNIT
        };
        self.directions.iter().zip(&self.shifts).map(coordinate).collect()
    }
}

impl Direction {
    fn numbers(&self) -> [u32; BITS] {
        let s = self.degree;
        let mut v = [0; BITS];
        for (k, m) in self.initial.iter().enumerate() {
            v[k] = m << (BITS - 1 - k);
        }
        for k in s..BITS {
            v[k] = v[k - s] ^ (v[k - s] >> s);
            for j in 1..s {
                if self.coefficients >> (s - 1 - j) & 1 == 1 {
                    v[k] ^= v[k - j];
                }
            }
        }
        v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy's points, as 128ths (`reference/sobol.py`).
    #[test]
    fn the_first_points_are_those_of_scipy() {
        let sobol = Sobol::new(MOST_DIMENSIONS).unwrap();
        let mut points = 0;
        for (number, line) in (0..).zip(include_str!("../../tests/fixtures/sobol.txt").lines()) {
            let theirs: Vec<f64> = line.split(' ').map(|part| part.parse::<f64>().unwrap() / 128.0).collect();
            assert_eq!(sobol.point(number), theirs, "point {number}");
            points += 1;
        }
        assert_eq!(points, 128);
        assert_eq!(sobol.point(0).len(), 21);
    }

    #[test]
    fn a_shift_keeps_the_points_even() {
        let shifted = Sobol::shifted(3, 7).unwrap();
        assert_ne!(shifted.point(0), Sobol::new(3).unwrap().point(0));
        assert_eq!(shifted.point(9), Sobol::shifted(3, 7).unwrap().point(9));
        assert_ne!(shifted.point(9), Sobol::shifted(3, 8).unwrap().point(9));
        // Of 16 points, each sixteenth of an axis has one, and each quarter by quarter of the first two dimensions.
        let points: Vec<Vec<f64>> = (0..16).map(|number| shifted.point(number)).collect();
        for dimension in 0..3 {
            let mut strips: Vec<u32> = points.iter().map(|point| (point[dimension] * 16.0) as u32).collect();
            strips.sort_unstable();
            assert_eq!(strips, (0..16).collect::<Vec<_>>());
        }
        let mut boxes: Vec<u32> =
            points.iter().map(|point| (point[0] * 4.0) as u32 * 4 + (point[1] * 4.0) as u32).collect();
        boxes.sort_unstable();
        assert_eq!(boxes, (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn too_many_dimensions_are_refused() {
        assert!(Sobol::new(21).is_ok());
        insta::assert_snapshot!(Sobol::new(22).unwrap_err(), @"--search sobol varies at most 21 settings at once, not 22; use --search random");
    }
}
