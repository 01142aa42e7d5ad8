//! Successive halving, asynchronous and yet decided the same way every time.

use serde::{Deserialize, Serialize};

use super::problem::SweepProblem;

/// Into how many parts the epochs of a whole run are cut by default: three times by the reduction.
const DEFAULT_HALVINGS: u32 = 3;

/// Successive halving: every setting is trained for a few epochs, and the best share of them goes on to the next rung.
///
/// A setting goes on as soon as enough others are there to judge it, not when all of its rung are: so no thread waits for the slowest
/// run. In the paper a promotion depends on which runs happen to be done when a thread becomes free. Here each rung has an
/// order of its own: the first rung that of the plan, each later one the order of the promotions into it. The results of a rung count in that order
/// alone ([`promoted`]), however long each took, so that the settings that go on are the same on any number of threads and after
/// any stop.
///
/// At the end at least the best 1/reduction of each rung have gone on, and a few more that were among the best when they were judged.
///
/// # Source
/// L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, J. Ben-tzur, M. Hardt, B. Recht, A. Talwalkar, "A system for massively parallel
/// hyperparameter tuning", MLSys 2020, algorithm 2 (ASHA); there the order of results is that of their arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halving {
    /// One of how many goes on, at least 2.
    pub reduction: usize,
    /// For how many epochs in all a run is trained at each rung, ascending; the last are those of a whole run.
    pub epochs: Vec<u64>,
}

impl Halving {
    /// The default reduction.
    pub const REDUCTION: usize = 3;

    /// The rungs of runs with `full` epochs in all.
    ///
    /// ```text
    /// first·reductionᵏ, as long as reduction times as many are not more than full; then full
    /// ```
    ///
    /// Without `first` it is full / reduction³, at least 1.
    ///
    /// # Errors
    /// [`SweepProblem::Reduction`], and [`SweepProblem::NothingToHalve`] where that is one rung only.
    ///
    /// # Example
    /// ```
    /// use thalweg::sweep::Halving;
    /// assert_eq!(Halving::new(3, Some(1), 10).unwrap().epochs, [1, 3, 10]);
    /// assert_eq!(Halving::new(3, None, 100).unwrap().epochs, [3, 9, 27, 100]);
    /// ```
    pub fn new(reduction: usize, first: Option<u64>, full: u64) -> Result<Halving, SweepProblem> {
        if reduction < 2 {
            return Err(SweepProblem::Reduction { given: reduction });
        }
        let times = reduction as u64;
        let by_default = || times.checked_pow(DEFAULT_HALVINGS).map_or(0, |parts| full / parts).max(1);
        let first = first.unwrap_or_else(by_default);
        let next = |epochs: &u64| epochs.checked_mul(times);
        let mut epochs: Vec<u64> = std::iter::successors(Some(first), next)
            .take_while(|epochs| *epochs > 0 && epochs.checked_mul(times).is_some_and(|next| next <= full))
            .collect();
        if epochs.is_empty() {
            return Err(SweepProblem::NothingToHalve { first, full, reduction });
        }
        epochs.push(full);
        Ok(Halving { reduction, epochs })
    }
}

/// Which of a rung go on, in the order of their promotion, given the first results of that rung: smaller is better, and a run that
/// failed has none.
///
/// ```text
/// after each result, the m-th: whoever is among the best ⌊m / reduction⌋ so far, and was not promoted before, goes on;
/// of equals the earlier one is better, and who failed never goes on
/// ```
///
/// More results never change the beginning of the list.
///
/// # Example
/// ```
/// use thalweg::sweep::promoted;
/// // Of the first three the second is best. Of all six so far the best two are the fifth and the second.
/// let scores = [0.5, 0.3, 0.4, 0.9, 0.2, 0.8].map(Some);
/// assert_eq!(promoted(&scores[..3], 3), [1]);
/// assert_eq!(promoted(&scores, 3), [1, 4]);
/// ```
pub fn promoted(scores: &[Option<f64>], reduction: usize) -> Vec<usize> {
    let mut promoted = Vec::new();
    let mut is_promoted = vec![false; scores.len()];
    // The results so far, best first.
    let mut ranked: Vec<usize> = Vec::with_capacity(scores.len());
    for (place, score) in scores.iter().enumerate() {
        let rank = match score {
            Some(score) => {
                ranked.partition_point(|&other| scores[other].is_some_and(|other| other <= *score))
            }
            None => ranked.len(),
        };
        ranked.insert(rank, place);
        // Only two can be new among the best: this result, or the one at the end of a list that grew.
        let best = ranked.len() / reduction;
        for rank in [rank, best.saturating_sub(1)] {
            let Some(&candidate) = ranked[..best].get(rank) else { continue };
            if scores[candidate].is_some() && !is_promoted[candidate] {
                is_promoted[candidate] = true;
                promoted.push(candidate);
            }
        }
    }
    promoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotions_are_worked_by_hand() {
        // Nine results by three. After the third: best one of 7 5 6 -> 1 (score 5). After the fourth, 4 is the best one: -> 3.
        // After the sixth, best two of 7 5 6 4 9 3: 3 (new, -> 5) and 4. After the seventh, 1: best two 1 and 3 -> 6.
        let scores = [7.0, 5.0, 6.0, 4.0, 9.0, 3.0, 1.0, 8.0, 2.5].map(Some);
        assert_eq!(promoted(&scores[..2], 3), [0; 0]);
        assert_eq!(promoted(&scores[..3], 3), [1]);
        assert_eq!(promoted(&scores[..4], 3), [1, 3]);
        assert_eq!(promoted(&scores[..5], 3), [1, 3]);
        assert_eq!(promoted(&scores[..6], 3), [1, 3, 5]);
        assert_eq!(promoted(&scores[..7], 3), [1, 3, 5, 6]);
        assert_eq!(promoted(&scores[..8], 3), [1, 3, 5, 6]);
        // Of all nine the best three are 1, 2.5 and 3.
        assert_eq!(promoted(&scores, 3), [1, 3, 5, 6, 8]);
    }

    #[test]
    fn a_list_that_grows_takes_in_who_stood_at_its_end() {
        // By two: after the second result 2 is the best one; the third is last, the fourth too: the best two are 2 and 3.
        assert_eq!(promoted(&[3.0, 2.0, 8.0, 9.0].map(Some), 2), [1, 0]);
        // The fourth result takes the place by which the list grows.
        assert_eq!(promoted(&[3.0, 2.0, 8.0, 1.0].map(Some), 2), [1, 3]);
        assert_eq!(promoted(&[3.0, 4.0, 5.0, 1.0].map(Some), 2), [0, 3]);
        assert_eq!(promoted(&[3.0, 3.0, 3.0, 3.0].map(Some), 2), [0, 1], "of equals the earlier");
    }

    #[test]
    fn who_failed_counts_and_never_goes_on() {
        assert_eq!(promoted(&[None, Some(2.0), None], 3), [1]);
        assert_eq!(promoted(&[None, None, None], 3), [0; 0]);
        assert_eq!(promoted(&[None, None, None, None, Some(1.0), None], 3), [4]);
    }

    /// The same by the definition: sort what is there after each result.
    fn by_definition(scores: &[Option<f64>], reduction: usize) -> Vec<usize> {
        let mut promoted = Vec::new();
        for m in 1..=scores.len() {
            let mut ranked: Vec<usize> = (0..m).collect();
            let key = |place: usize| scores[place].unwrap_or(f64::INFINITY);
            ranked.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
            for &place in &ranked[..m / reduction] {
                if scores[place].is_some() && !promoted.contains(&place) {
                    promoted.push(place);
                }
            }
        }
        promoted
    }

    #[test]
    fn the_short_way_is_the_definition() {
        for seed in 0..200 {
            let draws = crate::random::Stream::new(seed, crate::random::Purpose::Custom, 0, 0);
            let score = |i| match draws.word(i) % 17 {
                0 => None,
                number => Some(f64::from(number)),
            };
            let scores: Vec<Option<f64>> = (0..40).map(score).collect();
            for reduction in 2..5 {
                assert_eq!(promoted(&scores, reduction), by_definition(&scores, reduction), "{scores:?}");
                let all = promoted(&scores, reduction);
                for m in 0..scores.len() {
                    assert!(
                        all.starts_with(&promoted(&scores[..m], reduction)),
                        "no promotion is taken back"
                    );
                }
            }
        }
    }

    #[test]
    fn rungs_grow_by_the_reduction_up_to_the_whole_run() {
        let epochs =
            |reduction, first, full| Halving::new(reduction, first, full).map(|halving| halving.epochs);
        assert_eq!(epochs(3, Some(1), 27).unwrap(), [1, 3, 9, 27]);
        assert_eq!(epochs(3, Some(3), 100).unwrap(), [3, 9, 27, 100]);
        assert_eq!(epochs(4, Some(5), 20).unwrap(), [5, 20]);
        assert_eq!(epochs(3, None, 5).unwrap(), [1, 5]);
        assert_eq!(epochs(2, None, 8).unwrap(), [1, 2, 4, 8]);
        assert!(epochs(1, None, 8).is_err() && epochs(3, Some(0), 8).is_err());
        insta::assert_snapshot!(epochs(3, Some(4), 10).unwrap_err(), @"--first-epochs 4: with 10 epochs in all and a reduction of 3 there is nothing to halve; give at most 3 epochs, or more --epochs");
    }
}
