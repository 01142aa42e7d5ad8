//! Which plan trains a network: the first of the fast ones that takes it, else the plain one.

use super::lanes::LanePlan;
use super::layers::{LayerForward, LayerPlan};
use super::lbfgs::LbfgsSteps;
use super::narrow_hidden::NarrowHiddenPlan;
use super::one_output::OneOutputPlan;
use super::panels::{PanelForward, PanelPlan};
use super::{ForwardPlan, GradientPlan, PlainForward, PlainSteps, Rules, StepPlan, fit};
use crate::data::{Dataset, DatasetTargets, TargetScale};
use crate::error::Result;
use crate::kernels;
use crate::network::{Network, NetworkProblem};
use crate::optimizers::Optimizer;
use crate::real::Real;

/// What the choice of a plan for training depends on, beside the network.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub(crate) rules: &'a Rules,
    /// Data like that of the steps, or that of a full batch.
    pub(crate) data: &'a Dataset,
    /// How many rows a batch has at most.
    pub(crate) largest_batch: usize,
    /// Whether every batch has all rows of the data in order.
    pub(crate) is_full_batch: bool,
    /// How many threads a plan may work on; fewer where they are of no use.
    pub(crate) threads: usize,
}

/// The fast plans are asked in turn, the one that suits the fewest networks first. None of them takes a network with a
/// part of a user's own, or shards.
fn fast_plan<R: Real>(network: &Network<R>, wanted: Wanted<'_>) -> Result<Option<Box<dyn StepPlan<R>>>> {
    if !is_tame::<R>(wanted.data.target_scale(), wanted.data.outputs()) {
        return Ok(None);
    }
    let Wanted { rules, data, threads, .. } = wanted;
    // The plans for a full batch count every row once and know no limits but that of the gradient's norm.
    let is_usual = data.weights().is_none() && rules.clip_value.is_none() && rules.max_norm.is_none();
    if wanted.is_full_batch && is_usual && kernels::has_plans_for_registers() {
        if let Some(plan) = OneOutputPlan::new(network, rules, data, threads) {
            return Ok(Some(Box::new(plan)));
        }
        if let Some(plan) = NarrowHiddenPlan::new(network, rules, data, threads) {
            return Ok(Some(Box::new(plan)));
        }
        if let Some(plan) = LanePlan::new(network, rules, data) {
            return Ok(Some(Box::new(plan)));
        }
    }
    if let Some(plan) = PanelPlan::new(network, wanted)? {
        return Ok(Some(Box::new(plan)));
    }
    Ok(LayerPlan::new(network, wanted)?.map(|plan| Box::new(plan) as _))
}

/// The plan for training `network`. Which plan it is changes the speed, never a bit.
///
/// # Errors
/// [`NetworkProblem`](crate::network::NetworkProblem) when the network's input or output does not fit the data;
/// [`Error::Threads`](crate::Error::Threads).
pub(crate) fn choose<R: Real>(network: &Network<R>, wanted: Wanted<'_>) -> Result<Box<dyn StepPlan<R>>> {
    let Wanted { rules, data, largest_batch, is_full_batch, .. } = wanted;
    fit::check(network, &rules.loss, data)?;
    if let DatasetTargets::None = data.targets() {
        return Err(NetworkProblem::NoTargets.into());
    }
    if let Optimizer::Lbfgs { .. } = rules.optimizer {
        return Ok(Box::new(LbfgsSteps::new(network, wanted)?));
    }
    match fast_plan(network, wanted)? {
        Some(plan) => Ok(plan),
        None => Ok(Box::new(PlainSteps::new(network, rules, data, largest_batch, is_full_batch)?)),
    }
}

/// The plan that takes gradients of batches, for an optimizer that looks along lines; `None` where only the plain one does.
///
/// # Errors
/// [`Error::Threads`](crate::Error::Threads).
pub(super) fn choose_gradients<R: Real>(
    network: &Network<R>,
    wanted: Wanted<'_>,
) -> Result<Option<Box<dyn GradientPlan<R>>>> {
    if let Some(plan) = PanelPlan::new(network, wanted)? {
        return Ok(Some(Box::new(plan)));
    }
    Ok(LayerPlan::new(network, wanted)?.map(|plan| Box::new(plan) as _))
}

/// The plan for predicting with `network`, at most `largest_batch` rows at a time, on at most `threads` threads; it
/// has the network's parameters.
///
/// # Errors
/// [`Error::Threads`](crate::Error::Threads).
pub(crate) fn choose_forward<R: Real>(
    network: &Network<R>,
    largest_batch: usize,
    threads: usize,
) -> Result<Box<dyn ForwardPlan<R>>> {
    if let Some(plan) = PanelForward::new(network, largest_batch, threads)? {
        return Ok(Box::new(plan));
    }
    match LayerForward::new(network, largest_batch, threads)? {
        Some(plan) => Ok(Box::new(plan)),
        None => Ok(Box::new(PlainForward::new(network, largest_batch))),
    }
}

/// Whether a loss that is finite in the units of training is finite in the target's own too: where these are not of
/// astronomical size.
fn is_tame<R: Real>(scale: &TargetScale, outputs: usize) -> bool {
    let bound = R::LARGEST.to_f64().cbrt();
    scale.is_none()
        || (0..outputs).all(|j| scale.width(j).abs() < bound && scale.to_own_units(j, 0.0).abs() < bound)
}
