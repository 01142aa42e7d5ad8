//! The parts that have names: activations, losses, optimizers, schedules, initialisations.

use super::item::{Item, Part};
use super::problem::{Bounds, Expected, Kind};
use super::tree::Fault;
use crate::activations::Activation;
use crate::custom::Registry;
use crate::init::Init;
use crate::losses::Loss;
use crate::optimizers::Optimizer;
use crate::schedules::Schedule;

pub(super) const ACTIVATIONS: &[&str] = &[
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "softplus",
    "mish",
    "softmax",
];
pub(super) const LOSSES: &[&str] = &[
    "sum_of_squares",
    "mean_squared_error",
    "half_squares",
    "mean_absolute_error",
    "huber",
    "log_cosh",
    "quantile",
    "poisson",
    "binary_cross_entropy",
    "focal",
    "hinge",
    "squared_hinge",
    "softmax_cross_entropy",
];
pub(super) const OPTIMIZERS: &[&str] = &[
    "sgd", "momentum", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam", "lion", "rprop", "muon",
    "lbfgs",
];
pub(super) const SCHEDULES: &[&str] =
    &["constant", "step", "exponential", "cosine", "polynomial", "one_cycle", "warm_restarts", "warm_up"];
pub(super) const INITS: &[&str] = &[
    "he_normal",
    "he_uniform",
    "glorot_normal",
    "glorot_uniform",
    "lecun_normal",
    "zeros",
    "normal",
    "uniform",
    "file",
];
/// A bias has no sizes of its own to scale by.
pub(super) const BIAS_INITS: &[&str] = &["zeros", "normal", "uniform"];

/// The largest count of steps, epochs and the like: all that TOML's whole numbers hold.
pub(super) const MOST: u64 = i64::MAX as u64;

const WHOLE: Expected = Expected::Whole { least: 1, most: MOST };

pub(super) fn activation(item: &Item<'_>, registry: &Registry) -> Result<Activation, Fault> {
    if let Some(own) = item.own_part()? {
        own.keys.only(&["custom", "options"])?;
        let made = registry.make_activation(&own.name, &own.options);
        return Ok(Activation::Custom(own.made("activation", made)?));
    }
    let part = item.part()?;
    let name = part.known(Kind::Activation, ACTIVATIONS)?;
    activation_part(name, &part)
}

/// An activation whose name is known to be one.
pub(super) fn activation_part(name: &str, part: &Part<'_>) -> Result<Activation, Fault> {
    part.only(match name {
        "leaky_relu" => &["slope"],
        "elu" => &["alpha"],
        _ => &[],
    })?;
    Ok(match name {
        "sigmoid" => Activation::Sigmoid,
        "tanh" => Activation::Tanh,
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu { slope: part.number("slope", 0.01, Bounds::Any)? },
        "elu" => Activation::Elu { alpha: part.number("alpha", 1.0, Bounds::Any)? },
        "selu" => Activation::Selu,
        "gelu" => Activation::Gelu,
        "gelu_tanh" => Activation::GeluTanh,
        "silu" => Activation::Silu,
        "softplus" => Activation::Softplus,
        "mish" => Activation::Mish,
        "softmax" => Activation::Softmax,
        _ => Activation::Identity,
    })
}

pub(super) fn loss(item: &Item<'_>, registry: &Registry) -> Result<Loss, Fault> {
    if let Some(own) = item.own_part()? {
        own.keys.only(&["custom", "options"])?;
        return Ok(Loss::Custom(own.made("loss", registry.make_loss(&own.name, &own.options))?));
    }
    let part = item.part()?;
    let name = part.known(Kind::Loss, LOSSES)?;
    part.only(match name {
        "huber" => &["delta"],
        "quantile" => &["quantile"],
        "focal" => &["gamma", "alpha"],
        "binary_cross_entropy" | "softmax_cross_entropy" => &["label_smoothing"],
        _ => &[],
    })?;
    let label_smoothing = part.number("label_smoothing", 0.0, Bounds::BelowOne)?;
    Ok(match name {
        "binary_cross_entropy" if label_smoothing > 0.0 => {
            Loss::SmoothedBinaryCrossEntropy { label_smoothing }
        }
        "softmax_cross_entropy" if label_smoothing > 0.0 => {
            Loss::SmoothedSoftmaxCrossEntropy { label_smoothing }
        }
        "sum_of_squares" => Loss::SumOfSquares,
        "half_squares" => Loss::HalfSquares,
        "mean_absolute_error" => Loss::MeanAbsoluteError,
        "huber" => Loss::Huber { delta: part.number("delta", 1.0, Bounds::Positive)? },
        "log_cosh" => Loss::LogCosh,
        "quantile" => Loss::Quantile { quantile: part.number("quantile", 0.5, Bounds::Inside)? },
        "poisson" => Loss::Poisson,
        "hinge" => Loss::Hinge,
        "squared_hinge" => Loss::SquaredHinge,
        "binary_cross_entropy" => Loss::BinaryCrossEntropy,
        "focal" => Loss::Focal {
            gamma: part.number("gamma", 2.0, Bounds::NotNegative)?,
            alpha: part.number("alpha", 0.25, Bounds::Share)?,
        },
        "softmax_cross_entropy" => Loss::SoftmaxCrossEntropy,
        _ => Loss::MeanSquaredError,
    })
}

/// The optimizer, and its learning rate if it is given.
pub(super) fn optimizer(item: &Item<'_>, registry: &Registry) -> Result<(Optimizer, Option<f64>), Fault> {
    if let Some(own) = item.own_part()? {
        own.keys.only(&["custom", "options", "learning_rate"])?;
        let made = registry.make_optimizer(&own.name, &own.options);
        let rate = own.keys.maybe("learning_rate", |item| item.number(Bounds::Positive))?;
        return Ok((Optimizer::Custom(own.made("optimizer", made)?), rate));
    }
    let part = item.part()?;
    let name = part.known(Kind::Optimizer, OPTIMIZERS)?;
    part.only(match name {
        "momentum" => &["learning_rate", "momentum", "nesterov"],
        "rmsprop" => &["learning_rate", "rho", "epsilon"],
        "adagrad" => &["learning_rate", "epsilon"],
        "adadelta" => &["learning_rate", "rho", "epsilon"],
        "adam" | "nadam" => &["learning_rate", "beta1", "beta2", "epsilon"],
        "lion" => &["learning_rate", "beta1", "beta2"],
        "rprop" => &["learning_rate", "shrink", "grow", "least", "most"],
        "muon" => &["learning_rate", "momentum", "iterations", "adam_share"],
        "lbfgs" => &["learning_rate", "history"],
        "adamw" => &["learning_rate", "beta1", "beta2", "epsilon", "weight_decay"],
        _ => &["learning_rate"],
    })?;
    let beta1 = || part.number("beta1", 0.9, Bounds::BelowOne);
    let beta2 = || part.number("beta2", 0.999, Bounds::BelowOne);
    let epsilon = || part.number("epsilon", 1e-8, Bounds::Positive);
    let optimizer = match name {
        "momentum" => Optimizer::Momentum {
            momentum: part.number("momentum", 0.9, Bounds::BelowOne)?,
            nesterov: part.get("nesterov").map_or(Ok(false), |item| item.truth())?,
        },
        "rmsprop" => {
            Optimizer::RmsProp { rho: part.number("rho", 0.9, Bounds::BelowOne)?, epsilon: epsilon()? }
        }
        "adagrad" => Optimizer::Adagrad { epsilon: part.number("epsilon", 1e-10, Bounds::Positive)? },
        "adadelta" => Optimizer::Adadelta {
            rho: part.number("rho", 0.9, Bounds::BelowOne)?,
            epsilon: part.number("epsilon", 1e-6, Bounds::Positive)?,
        },
        "nadam" => Optimizer::Nadam { beta1: beta1()?, beta2: beta2()?, epsilon: epsilon()? },
        "muon" => Optimizer::Muon {
            momentum: part.number("momentum", 0.95, Bounds::BelowOne)?,
            iterations: part.get("iterations").map_or(Ok(5), |item| item.size(1, 100))?,
            adam_share: part.number("adam_share", 0.05, Bounds::Positive)?,
        },
        "lbfgs" => {
            Optimizer::Lbfgs { history: part.get("history").map_or(Ok(10), |item| item.size(1, 1000))? }
        }
        "lion" => Optimizer::Lion { beta1: beta1()?, beta2: part.number("beta2", 0.99, Bounds::BelowOne)? },
        "rprop" => {
            // The larger one is checked against the smaller, whichever of them is given.
            let least = match part.get("most") {
                Some(_) => part.number("least", 1e-6, Bounds::Positive)?,
                None => part.number("least", 1e-6, Bounds::Between(0.0, 50.0))?,
            };
            Optimizer::Rprop {
                shrink: part.number("shrink", 0.5, Bounds::Inside)?,
                grow: part.number("grow", 1.2, Bounds::Above(1.0))?,
                least,
                most: part.number("most", 50.0, Bounds::Above(least))?,
            }
        }
        "adam" => Optimizer::Adam { beta1: beta1()?, beta2: beta2()?, epsilon: epsilon()? },
        "adamw" => Optimizer::AdamW {
            beta1: beta1()?,
            beta2: beta2()?,
            epsilon: epsilon()?,
            weight_decay: part.number("weight_decay", 0.01, Bounds::NotNegative)?,
        },
        _ => Optimizer::Sgd,
    };
    let learning_rate = part.get("learning_rate").map(|item| item.number(Bounds::Positive)).transpose()?;
    Ok((optimizer, learning_rate))
}

pub(super) fn schedule(item: &Item<'_>) -> Result<Schedule, Fault> {
    schedule_of(item, SCHEDULES)
}

fn schedule_of(item: &Item<'_>, known: &[&'static str]) -> Result<Schedule, Fault> {
    let part = item.part()?;
    let name = part.known(Kind::Schedule, known)?;
    part.only(match name {
        "step" => &["every", "factor"],
        "exponential" => &["decay"],
        "cosine" => &["final_share"],
        "polynomial" => &["power", "final_share"],
        "one_cycle" => &["rise", "start_share", "final_share"],
        "warm_restarts" => &["first", "longer", "final_share"],
        "warm_up" => &["steps", "then"],
        _ => &[],
    })?;
    Ok(match name {
        "step" => Schedule::Step {
            every: part.required("every", WHOLE)?.whole(1, MOST)?,
            factor: part.number("factor", 0.1, Bounds::Positive)?,
        },
        "exponential" => Schedule::Exponential { decay: part.number("decay", 0.95, Bounds::Positive)? },
        "cosine" => Schedule::Cosine { final_share: part.number("final_share", 0.0, Bounds::Share)? },
        "polynomial" => Schedule::Polynomial {
            power: part.number("power", 1.0, Bounds::Positive)?,
            final_share: part.number("final_share", 0.0, Bounds::Share)?,
        },
        "one_cycle" => Schedule::OneCycle {
            rise: part.number("rise", 0.3, Bounds::Inside)?,
            start_share: part.number("start_share", 0.04, Bounds::Share)?,
            final_share: part.number("final_share", 4e-6, Bounds::Share)?,
        },
        "warm_restarts" => Schedule::WarmRestarts {
            first: part.required("first", WHOLE)?.whole(1, MOST)?,
            longer: part.get("longer").map_or(Ok(2), |longer| longer.whole(1, MOST))?,
            final_share: part.number("final_share", 0.0, Bounds::Share)?,
        },
        "warm_up" => Schedule::WarmUp {
            steps: part.required("steps", WHOLE)?.whole(1, MOST)?,
            // One rise is enough: a second one inside the first is refused as a name that does not fit.
            then: Box::new(match part.get("then") {
                Some(then) => schedule_of(&then, &SCHEDULES[..SCHEDULES.len() - 1])?,
                None => Schedule::Constant,
            }),
        },
        _ => Schedule::Constant,
    })
}

/// How weights start.
pub(super) fn init(item: &Item<'_>) -> Result<Init, Fault> {
    let part = item.part()?;
    let name = part.known(Kind::Init, INITS)?;
    part.only(match name {
        "normal" => &["std"],
        "uniform" => &["low", "high"],
        "file" => &["path"],
        _ => &[],
    })?;
    Ok(match name {
        "he_uniform" => Init::HeUniform,
        "glorot_normal" => Init::GlorotNormal,
        "glorot_uniform" => Init::GlorotUniform,
        "lecun_normal" => Init::LecunNormal,
        "file" => Init::File { path: part.required("path", Expected::Text)?.text()?.into() },
        "zeros" | "normal" | "uniform" => drawn(name, &part)?,
        _ => Init::HeNormal,
    })
}

/// How a bias starts.
pub(super) fn bias_init(item: &Item<'_>) -> Result<Init, Fault> {
    let part = item.part()?;
    let name = part.known(Kind::BiasInit, BIAS_INITS)?;
    part.only(match name {
        "normal" => &["std", "rows"],
        "uniform" => &["low", "high", "rows"],
        _ => &[],
    })?;
    let init = drawn(name, &part)?;
    Ok(match part.get("rows") {
        Some(rows) => Init::FirstRow { rows: rows.size(1, 1_000_000_000)?, of: Box::new(init) },
        None => init,
    })
}

/// The initialisations that weights and biases share.
fn drawn(name: &str, part: &Part<'_>) -> Result<Init, Fault> {
    Ok(match name {
        "normal" => {
            let std = part.required("std", Expected::Number(Bounds::Positive))?;
            Init::Normal { std: std.number(Bounds::Positive)? }
        }
        "uniform" => {
            let low = part.required("low", Expected::Number(Bounds::Any))?.number(Bounds::Any)?;
            let above = Bounds::Above(low);
            Init::Uniform { low, high: part.required("high", Expected::Number(above))?.number(above)? }
        }
        _ => Init::Zeros,
    })
}
