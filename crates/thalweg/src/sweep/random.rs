//! Random search: points drawn evenly from the whole space.

use crate::random::{Purpose, Stream};

/// Point `number` of the random search of a seed: a coordinate per dimension, each from 0 up to, but without, 1.
///
/// Coordinate d is uniform number `number` of the seed's stream for [`Purpose::Sweep`], column d, so that a longer search begins
/// with the points of a shorter one.
///
/// # Source
/// J. Bergstra, Y. Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
pub fn random_point(seed: u64, dimensions: usize, number: u64) -> Vec<f64> {
    let coordinate = |column| Stream::new(seed, Purpose::Sweep, column, 0).uniform(number);
    (0..dimensions as u32).map(coordinate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_depend_on_seed_and_number_alone() {
        assert_eq!(random_point(3, 2, 5), random_point(3, 2, 5));
        assert_eq!(random_point(3, 2, 5), random_point(3, 4, 5)[..2]);
        assert_ne!(random_point(3, 2, 5), random_point(4, 2, 5));
        assert_ne!(random_point(3, 2, 5), random_point(3, 2, 6));
        let [x, y] = random_point(3, 2, 5)[..] else { panic!("two dimensions") };
        assert!((0.0..1.0).contains(&x) && (0.0..1.0).contains(&y) && x != y);
    }
}
