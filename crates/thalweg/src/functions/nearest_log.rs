//! The logarithm rounded to the nearest number, for NumPy's normal numbers: slow, and right to the last bit.
//!
//! Every quantity is an unevaluated sum of two floats (about 106 bits), so the rounding at the end is the only one that
//! shows. Two numbers add and multiply exactly by the classical error-free transformations (Dekker 1971; Ogita, Rump and
//! Oishi, "Accurate sum and dot product", 2005, algorithms 3.1 and 3.5).

use super::log::{split_f64, whole_f64};

/// high + low, with |low| at most half a unit in the last place of high.
#[derive(Clone, Copy)]
struct Pair {
    high: f64,
    low: f64,
}

/// ln 2 to 107 bits.
const LN2: Pair = Pair { high: std::f64::consts::LN_2, low: 2.3190468138462996e-17 };

/// Terms of the series: s² ≤ 0.0295, so that the next is below 2^-115.
const TERMS: usize = 22;

/// a + b without error, for any order of magnitudes.
fn exact_sum(a: f64, b: f64) -> Pair {
    let high = a + b;
    let part = high - a;
    Pair { high, low: (a - (high - part)) + (b - part) }
}

/// a·b without error.
fn exact_product(a: f64, b: f64) -> Pair {
    let high = a * b;
    Pair { high, low: a.mul_add(b, -high) }
}

impl Pair {
    fn plus(self, other: Pair) -> Pair {
        let high = exact_sum(self.high, other.high);
        let low = exact_sum(self.low, other.low);
        let first = exact_sum(high.high, high.low + low.high);
        exact_sum(first.high, first.low + low.low)
    }

    fn times(self, other: Pair) -> Pair {
        let product = exact_product(self.high, other.high);
        let cross = self.high.mul_add(other.low, self.low * other.high);
        exact_sum(product.high, product.low + cross)
    }

    fn over(self, other: Pair) -> Pair {
        let high = self.high / other.high;
        let rest = (-high).mul_add(other.high, self.high) + (self.low - high * other.low);
        exact_sum(high, rest / other.high)
    }
}

/// The natural logarithm of a normal positive number, rounded to the nearest.
///
/// ```text
/// x = m·2^k,  √½ ≤ m < √2,  s = (m - 1) / (m + 1)
/// log x = k·ln 2 + 2·(s + s³/3 + s⁵/5 + …)
/// ```
pub(crate) fn nearest_log(x: f64) -> f64 {
    let (biased, m) = split_f64(x);
    let k = whole_f64(biased) - 1023.0;
    let s = Pair { high: m - 1.0, low: 0.0 }.over(exact_sum(m, 1.0));
    let square = s.times(s);
    let mut sum = Pair { high: 0.0, low: 0.0 };
    for term in (0..TERMS).rev() {
        let reciprocal = Pair { high: 1.0, low: 0.0 }.over(Pair { high: (2 * term + 1) as f64, low: 0.0 });
        sum = sum.times(square).plus(reciprocal);
    }
    let log_m = s.times(sum);
    let doubled = Pair { high: 2.0 * log_m.high, low: 2.0 * log_m.low };
    LN2.times(Pair { high: k, low: 0.0 }).plus(doubled).high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stored_value_to_the_last_bit() {
        let mut seen = 0;
        for line in include_str!("../../tests/fixtures/functions_f64.txt").lines() {
            let Some(numbers) = line.strip_prefix("log ") else { continue };
            let (x, wanted) = numbers.split_once(' ').unwrap();
            let x = f64::from_bits(u64::from_str_radix(x, 16).unwrap());
            if x >= f64::MIN_POSITIVE {
                assert_eq!(nearest_log(x).to_bits(), u64::from_str_radix(wanted, 16).unwrap(), "{x:e}");
                seen += 1;
            }
        }
        assert!(seen > 300, "{seen}");
    }
}
