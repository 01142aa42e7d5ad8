//! A user's own parts, from outside the crate: layers, activations, losses, optimizers and metrics.
//!
//! Each trait is generic over the scalar type. A type that implements one for both `f32` and `f64` (write
//! `impl<R: Real> CustomLoss<R> for Mine`) can be put into the `Custom` variant of the matching enum, and from then on
//! it trains in either precision, is gradient-checked in `f64`, and is explained like a built-in part.
//!
//! Files name such parts: a model, a run's experiment. A [`Registry`] says what the names mean.

mod registry;

pub(crate) use registry::PartProblem;
pub use registry::Registry;
/// The options of a part of a user's own, as files have them: JSON, without null inside and with whole numbers below 2⁶³.
pub use serde_json::Value as Options;

use std::fmt::Debug;

use crate::layers::{Backward, Forward, ParameterShape};
use crate::losses::{Reduction, Target, Targets};
use crate::optimizers::Update;
use crate::real::Real;
use crate::shape::Shape;

/// An activation of a user's own: a function of one value and its derivative.
pub trait CustomActivation<R: Real>: Debug + Send + Sync {
    /// The name in summaries and messages.
    fn name(&self) -> &str;
    /// What a file keeps beside the name, and what [`Registry`] makes the part from again; null: nothing.
    fn options(&self) -> Options {
        Options::Null
    }
    /// a = f(z).
    fn value(&self, z: R) -> R;
    /// f'(z), given z and a = f(z).
    fn derivative(&self, z: R, a: R) -> R;
}

/// A loss of a user's own: value and gradient of one row.
pub trait CustomLoss<R: Real>: Debug + Send + Sync {
    /// The name in summaries and messages.
    fn name(&self) -> &str;
    /// What a file keeps beside the name, and what [`Registry`] makes the part from again; null: nothing.
    fn options(&self) -> Options {
        Options::Null
    }
    /// Whether the rows' values are added or averaged.
    fn reduction(&self) -> Reduction;
    /// The loss of one row.
    fn row_value(&self, predictions: &[R], target: Target<'_, R>) -> R;
    /// Writes the derivative of the row's loss by each prediction. The factor 1/rows of a mean is applied by the caller.
    fn row_gradient(&self, predictions: &[R], target: Target<'_, R>, dpredictions: &mut [R]);
    /// The same for many rows at once, if this loss can do that; it is then called in place of the two above wherever there is a
    /// batch.
    fn batch(&self) -> Option<&dyn CustomBatchLoss<R>> {
        None
    }
}

/// A loss of a user's own that works on many rows at once: for whom a call costs more than a row.
pub trait CustomBatchLoss<R: Real>: Send + Sync {
    /// Writes the loss of each row, and its derivative by each prediction. The caller multiplies by weights and by 1/rows.
    ///
    /// # Shapes
    /// `predictions`, `dpredictions`: `[rows, width]`, row-major; `losses`: `[rows]`. `weights`: what each row counts, their mean 1;
    /// `None` where each counts once.
    fn losses_and_gradient(
        &self,
        width: usize,
        predictions: &[R],
        targets: Targets<'_, R>,
        weights: Option<&[R]>,
        losses: &mut [R],
        dpredictions: &mut [R],
    );
}

/// A layer of a user's own.
pub trait CustomLayer<R: Real>: Debug + Send + Sync {
    /// The name in summaries and messages.
    fn name(&self) -> &str;
    /// What a file keeps beside the name, and what [`Registry`] makes the part from again; null: nothing.
    fn options(&self) -> Options {
        Options::Null
    }
    /// The shape of one example's output, or in words why this input shape does not fit.
    fn output_shape(&self, input: &Shape) -> Result<Shape, String>;
    /// The parameters that training changes, in the order in which they lie in the layer's slice.
    ///
    /// Their [role](crate::layers::ParameterRole) says what touches them: a `Weight` obeys `l2`, `l1`, `weight_decay` and `max_norm`, whose
    /// units its last axis counts, as in a dense layer's `[in_features, out_features]`: what lies at one place of that axis comes
    /// into one unit. A weight of one axis is a unit for each of its values.
    fn parameters(&self, input: &Shape) -> Vec<ParameterShape>;
    /// How many values per row `forward` keeps for `backward`.
    fn cache_len(&self, _input: &Shape) -> usize {
        0
    }
    /// Computes `y` from `x` and the parameters.
    fn forward(&self, pass: Forward<'_, R>);
    /// Overwrites `dx` (when asked for) and adds to `dparameters`.
    fn backward(&self, pass: Backward<'_, R>);
}

/// An update rule of a user's own.
pub trait CustomOptimizer<R: Real>: Debug + Send + Sync {
    /// The name in summaries and messages.
    fn name(&self) -> &str;
    /// What a file keeps beside the name, and what [`Registry`] makes the part from again; null: nothing.
    fn options(&self) -> Options {
        Options::Null
    }
    /// How many values of state each parameter has.
    fn state_slots(&self) -> usize;
    /// Changes the parameters `w` by the gradient `dw`; `state` holds the slots one after the other, each as long as `w`.
    fn update(&self, update: &Update, w: &mut [R], dw: &[R], state: &mut [R]);
}

/// A metric of a user's own: a number from all predictions and targets of a part of the data.
pub trait CustomMetric: Debug + Send + Sync {
    /// The key in reports and JSON.
    fn name(&self) -> &str;
    /// What a file keeps beside the name, and what [`Registry`] makes the part from again; null: nothing.
    fn options(&self) -> Options {
        Options::Null
    }
    /// The metric of `predictions`, row-major `[rows, outputs]`; the targets have one entry per row.
    fn value(&self, predictions: &[f64], outputs: usize, targets: &[Target<'_, f64>]) -> f64;
}

macro_rules! both_precisions {
    ($(#[$doc:meta])* $any:ident, $one:ident) => {
        $(#[$doc])*
        pub trait $any: $one<f32> + $one<f64> {}
        impl<T: $one<f32> + $one<f64>> $any for T {}
    };
}

both_precisions!(
    /// A [`CustomActivation`] for both scalar types; implemented by itself.
    AnyCustomActivation, CustomActivation);
both_precisions!(
    /// A [`CustomLoss`] for both scalar types; implemented by itself.
    AnyCustomLoss, CustomLoss);
both_precisions!(
    /// A [`CustomLayer`] for both scalar types; implemented by itself.
    AnyCustomLayer, CustomLayer);
both_precisions!(
    /// A [`CustomOptimizer`] for both scalar types; implemented by itself.
    AnyCustomOptimizer, CustomOptimizer);

/// Picks the half of a two-precision part that computes in `Self`. A supertrait of [`Real`]; not for users.
#[doc(hidden)]
pub trait Pick: Sized {
    fn activation(part: &dyn AnyCustomActivation) -> &dyn CustomActivation<Self>
    where
        Self: Real;
    fn loss(part: &dyn AnyCustomLoss) -> &dyn CustomLoss<Self>
    where
        Self: Real;
    fn layer(part: &dyn AnyCustomLayer) -> &dyn CustomLayer<Self>
    where
        Self: Real;
    fn optimizer(part: &dyn AnyCustomOptimizer) -> &dyn CustomOptimizer<Self>
    where
        Self: Real;
}

macro_rules! pick {
    ($t:ty) => {
        impl Pick for $t {
            fn activation(part: &dyn AnyCustomActivation) -> &dyn CustomActivation<Self> {
                part
            }
            fn loss(part: &dyn AnyCustomLoss) -> &dyn CustomLoss<Self> {
                part
            }
            fn layer(part: &dyn AnyCustomLayer) -> &dyn CustomLayer<Self> {
                part
            }
            fn optimizer(part: &dyn AnyCustomOptimizer) -> &dyn CustomOptimizer<Self> {
                part
            }
        }
    };
}
pick!(f32);
pick!(f64);
