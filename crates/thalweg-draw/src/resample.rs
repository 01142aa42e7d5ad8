//! Smooth values between the points of a grid.

/// Values on a finer grid over the same rectangle, ends included, by Catmull-Rom splines in both directions.
pub(crate) fn resampled(values: &[f64], from: (usize, usize), to: (usize, usize)) -> Vec<f64> {
    let (columns, rows) = from;
    let across: Vec<f64> = values.chunks_exact(columns).flat_map(|row| stretched(row, to.0)).collect();
    let mut out = vec![0.0; to.0 * to.1];
    let mut column = vec![0.0; rows];
    for c in 0..to.0 {
        (0..rows).for_each(|r| column[r] = across[r * to.0 + c]);
        stretched(&column, to.1).enumerate().for_each(|(r, v)| out[r * to.0 + c] = v);
    }
    out
}

fn stretched(values: &[f64], count: usize) -> impl Iterator<Item = f64> + '_ {
    let last = values.len() - 1;
    (0..count).map(move |i| {
        let place = i as f64 * last as f64 / (count - 1).max(1) as f64;
        let k = (place as usize).min(last.saturating_sub(1));
        let t = place - k as f64;
        // Beyond the ends the slope goes on.
        let (b, c) = (values[k], values[(k + 1).min(last)]);
        let a = if k > 0 { values[k - 1] } else { 2.0 * b - c };
        let d = if k + 2 <= last { values[k + 2] } else { 2.0 * c - b };
        b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_stays_a_plane() {
        // Values x + 10 y on 3 by 2 points, asked for on 5 by 3.
        let fine = resampled(&[0.0, 1.0, 2.0, 10.0, 11.0, 12.0], (3, 2), (5, 3));
        let expected: Vec<f64> =
            (0..3).flat_map(|r| (0..5).map(move |c| f64::from(c) / 2.0 + 5.0 * f64::from(r))).collect();
        assert_eq!(fine, expected);
    }
}
