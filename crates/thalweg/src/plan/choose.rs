//! Which plan trains a network: the first of the fast ones that takes it, else the plain one.

use super::{PanelPlan, PlainSteps, Rules, StepPlan, fit};
use crate::data::Dataset;
use crate::error::Result;
use crate::network::Network;
use crate::real::Real;

/// The plan for training `network` by `rules` on batches of up to `largest_batch` rows of data like `data`; if
/// `is_full_batch`, every batch has all its rows in order. A plan works on at most `threads` threads, and on fewer where
/// they are of no use. Which plan it is changes the speed, never a bit.
///
/// # Errors
/// [`NetworkProblem`](crate::network::NetworkProblem) when the network's input or output does not fit the data, and
/// [`Error::Threads`](crate::Error::Threads).
pub(crate) fn choose<R: Real>(
    network: &Network<R>,
    rules: &Rules,
    data: &Dataset,
    largest_batch: usize,
    is_full_batch: bool,
    threads: usize,
) -> Result<Box<dyn StepPlan<R>>> {
    fit::check(network, &rules.loss, data)?;
    // Each is asked in turn, the one for the fewest networks first. None takes parts of a user's own, or shards.
    if let Some(plan) = PanelPlan::new(network, rules, data.targets(), largest_batch, is_full_batch, threads)?
    {
        return Ok(Box::new(plan));
    }
    Ok(Box::new(PlainSteps::new(network, rules, data, largest_batch, is_full_batch)?))
}
