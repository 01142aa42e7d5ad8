//! Which rows are looked at where all would be too many.

/// The most rows of a sample: shares are then good to a few percent.
const MOST_ROWS: usize = 1000;

/// The fewest, however wide a row is.
const FEWEST_ROWS: usize = 32;

/// About how many values are held at once: 64 MB in f64.
const MOST_VALUES: usize = 1 << 23;

/// Rows spread evenly over all, as many as can be held when each needs so many values.
pub(super) fn rows(count: usize, values_per_row: usize) -> Vec<u32> {
    let most = (MOST_VALUES / values_per_row.max(1)).clamp(FEWEST_ROWS, MOST_ROWS);
    spread(count, most)
}

/// At most `most` rows, spread evenly over all.
pub(super) fn spread(count: usize, most: usize) -> Vec<u32> {
    let taken = count.min(most);
    (0..taken).map(|i| (i * count / taken) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_all_rows() {
        assert_eq!(rows(3, 10), [0, 1, 2]);
        let some = rows(4000, 10);
        assert_eq!((some.len(), some[1], some[999]), (1000, 4, 3996));
        assert_eq!(rows(4000, 1 << 20).len(), 32);
    }
}
