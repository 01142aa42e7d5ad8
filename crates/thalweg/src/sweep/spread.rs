//! What several runs of one setting came to together.

use serde::Serialize;

/// Mean and spread of some values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// Their sum by their number.
    pub mean: f64,
    /// √(Σ(x - mean)² / (count - 1)); none of one value.
    pub std: Option<f64>,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of these values, added in their order; `None` where there are none.
    ///
    /// # Example
    /// ```
    /// use thalweg::sweep::Spread;
    /// let spread = Spread::of(&[2.0, 4.0, 9.0]).unwrap();
    /// assert_eq!((spread.mean, spread.std), (5.0, Some(13f64.sqrt())));
    /// assert_eq!((spread.min, spread.max), (2.0, 9.0));
    /// ```
    pub fn of(values: &[f64]) -> Option<Spread> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Some(Spread {
            count,
            mean,
            std: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()),
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_no_spread_and_none_has_nothing() {
        let one = Spread::of(&[0.5]).unwrap();
        assert_eq!((one.mean, one.std, one.min, one.max), (0.5, None, 0.5, 0.5));
        assert_eq!(Spread::of(&[]), None);
    }
}
