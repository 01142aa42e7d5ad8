//! What is compiled in this crate once for each scalar type, and not again in every crate that trains a network.
//!
//! A generic function is compiled where it is used, and all that it calls with it. Behind the functions here stand the sessions, the plans
//! and the kernels of every instruction set, some megabytes: whoever calls them gets the ones that are here already.

use crate::error::Result;
use crate::explain::{self, Explanation};
use crate::layers::{Backward, Forward, Layer};
use crate::network::Network;
use crate::plan::{self, ForwardPlan, StepPlan, Wanted};
use crate::real::Real;
use crate::train::{Outcome, Parts, State, Trainer, TrainingSettings};

/// The ways into the code of a scalar type.
pub trait Compiled: Sized {
    /// A run of a trainer, from the start or from a saved state.
    #[doc(hidden)]
    fn train<'a>(
        trainer: Trainer<'a>,
        network: &mut Network<Self>,
        parts: Parts<'a>,
        state: Option<&State>,
    ) -> Result<Outcome>
    where
        Self: Real;

    /// The step after so many updates, or the next from a state, with all its numbers.
    #[doc(hidden)]
    fn explain(
        network: &Network<Self>,
        settings: &TrainingSettings,
        parts: Parts<'_>,
        seed: u64,
        start: Option<&State>,
        step: Option<u64>,
    ) -> Result<Explanation>
    where
        Self: Real;

    /// The plan for training.
    #[doc(hidden)]
    fn plan(network: &Network<Self>, wanted: Wanted<'_>) -> Result<Box<dyn StepPlan<Self>>>
    where
        Self: Real;

    /// The plan for predicting, at most `largest_batch` rows at a time.
    #[doc(hidden)]
    fn forward_plan(
        network: &Network<Self>,
        largest_batch: usize,
        threads: usize,
    ) -> Result<Box<dyn ForwardPlan<Self>>>
    where
        Self: Real;

    /// A layer's forward pass.
    #[doc(hidden)]
    fn forward(layer: &Layer, pass: Forward<'_, Self>)
    where
        Self: Real;

    /// A layer's backward pass.
    #[doc(hidden)]
    fn backward(layer: &Layer, pass: Backward<'_, Self>)
    where
        Self: Real;
}

macro_rules! compiled {
    ($real:ty) => {
        impl Compiled for $real {
            #[inline(never)]
            fn train<'a>(
                trainer: Trainer<'a>,
                network: &mut Network<Self>,
                parts: Parts<'a>,
                state: Option<&State>,
            ) -> Result<Outcome> {
                trainer.go(network, parts, state)
            }

            #[inline(never)]
            fn explain(
                network: &Network<Self>,
                settings: &TrainingSettings,
                parts: Parts<'_>,
                seed: u64,
                start: Option<&State>,
                step: Option<u64>,
            ) -> Result<Explanation> {
                explain::at_step(network, settings, parts, seed, start, step)
            }

            #[inline(never)]
            fn plan(network: &Network<Self>, wanted: Wanted<'_>) -> Result<Box<dyn StepPlan<Self>>> {
                plan::choose(network, wanted)
            }

            #[inline(never)]
            fn forward_plan(
                network: &Network<Self>,
                largest_batch: usize,
                threads: usize,
            ) -> Result<Box<dyn ForwardPlan<Self>>> {
                plan::choose_forward(network, largest_batch, threads)
            }

            #[inline(never)]
            fn forward(layer: &Layer, pass: Forward<'_, Self>) {
                layer.pass_forward(pass);
            }

            #[inline(never)]
            fn backward(layer: &Layer, pass: Backward<'_, Self>) {
                layer.pass_backward(pass);
            }
        }
    };
}

compiled!(f32);
compiled!(f64);
