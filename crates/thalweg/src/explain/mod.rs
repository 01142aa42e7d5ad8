//! One training step in full: every matrix with its formula, its shape and its numbers, in the order of the step.
//!
//! The batch; each layer forward; the loss; each layer backward, from the last to the first; penalties and clipping,
//! where there are any; the update. The numbers are those of the plan that trains: a later step is reached by training
//! up to it.
//!
//! # Example
//! ```
//! use thalweg::data::{Dataset, DatasetTargets, Features};
//! use thalweg::explain::explain;
//! use thalweg::train::{BatchSize, Parts, TrainingSettings};
//! use thalweg::{Loss, Network, Optimizer, Shape};
//!
//! // One example x = (1, 2) with the target 5.
//! let targets = DatasetTargets::Values { values: vec![5.0], outputs: 1 };
//! let data = Dataset::new(Features::F64(vec![1.0, 2.0]), Shape::from(2), targets)?;
//! let mut line = Network::<f64>::builder(2).dense(1).build(0)?;
//! line.set_parameter("0.weight", &[3.0, -1.0])?;
//! let settings = TrainingSettings {
//!     loss: Some(Loss::SumOfSquares),
//!     optimizer: Optimizer::Sgd,
//!     batch_size: BatchSize::Full,
//!     ..TrainingSettings::default()
//! };
//! let parts = Parts { train: &data, validation: None, test: None };
//! let explanation = explain(&line, &settings, parts, 0, 0)?;
//! // ŷ = 1·3 - 2·1 = 1, so dŷ = 2·(1 - 5) = -8 and dw = (1, 2)·(-8).
//! assert_eq!(explanation.matrix("dw0").expect("a dense layer has weights").values, [-8.0, -16.0]);
//! # Ok::<(), thalweg::Error>(())
//! ```

mod names;
pub(crate) mod number;
mod render;
mod sections;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use serde::Serialize;

use crate::error::Result;
use crate::network::{Network, NetworkProblem};
use crate::real::Real;
use crate::train::{
    Command, Observer, Parts, Progress, Session, Setup, Snapshot, State, Trainer, TrainingSettings,
    default_loss,
};

/// One training step, told in titled sections.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// How many updates were made before this one.
    pub step: u64,
    /// The epoch that the step belongs to, from 1.
    pub epoch: u64,
    /// The batch within the epoch, from 1.
    pub batch: u64,
    /// The step's stages in order.
    pub sections: Vec<Section>,
}

impl Explanation {
    /// The first matrix of this name, as `"w0"`, `"dlogits"` or `"a1"`.
    pub fn matrix(&self, name: &str) -> Option<&Matrix> {
        self.sections.iter().flat_map(|section| &section.entries).find_map(|entry| match entry {
            Entry::Matrix(matrix) if matrix.name == name => Some(matrix),
            _ => None,
        })
    }
}

/// One stage of a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    /// What happens here: `"forward, layer 0: dense"`.
    pub title: String,
    /// What is said of it, in order.
    pub entries: Vec<Entry>,
}

/// One thing that is said of a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A sentence.
    Text(String),
    /// A formula, perhaps with the one number that comes out.
    Formula {
        /// The formula.
        formula: Formula,
        /// What comes out, if it is one number.
        value: Option<f64>,
    },
    /// A matrix in full.
    Matrix(Matrix),
}

/// A line of mathematics, and the shapes of what stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Formula {
    /// As in a textbook: `"z0 = x·w0 + b0"`.
    pub text: String,
    /// The shapes in the same order: `"[300, 100] = [300, 2]·[2, 100] + [100]"`; empty where there is one number.
    pub shapes: String,
}

impl Formula {
    /// A formula with the shapes of its matrices.
    pub fn new(text: impl Into<String>, shapes: impl Into<String>) -> Self {
        Formula { text: text.into(), shapes: shapes.into() }
    }
}

/// A matrix, a vector or an array of more axes, with all its values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matrix {
    /// What it is called in the formulas.
    pub name: String,
    /// Its axes.
    pub shape: Vec<usize>,
    /// How many values stand in a row when it is printed; a vector is one row.
    pub columns: usize,
    /// The values, row-major.
    pub values: Vec<f64>,
}

/// Explains the step that comes after `step` updates of a run from this network, with these settings and this seed.
///
/// For `step` 0 nothing is trained; else the run is made up to there, reports, early stopping and all, so that the
/// numbers are its own to the bit. The network itself is left as it is.
///
/// # Errors
/// When network, loss and data do not fit each other, when the loss stops being finite, and
/// [`NetworkProblem::UnknownStep`] when the run ends before.
pub fn explain<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    parts: Parts<'_>,
    seed: u64,
    step: u64,
) -> Result<Explanation> {
    explain_after(network, settings, parts, seed, None, step)
}

/// Explains the step that a run would make next from a saved state.
///
/// # Errors
/// As [`explain`], and [`Error::State`](crate::Error::State) when the state is another network's.
pub fn explain_from<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    parts: Parts<'_>,
    seed: u64,
    state: &State,
) -> Result<Explanation> {
    R::explain(network, settings, parts, seed, Some(state), None)
}

/// As [`explain`], for a run that begins from a state if one is given, whose steps are counted on: `step` is not one before it.
///
/// # Errors
/// As [`explain_from`], and [`NetworkProblem::StepBefore`] for a step before the state's.
pub fn explain_after<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    parts: Parts<'_>,
    seed: u64,
    start: Option<&State>,
    step: u64,
) -> Result<Explanation> {
    R::explain(network, settings, parts, seed, start, Some(step))
}

/// The step after `step` updates, or the one that a run would make next from `start`.
pub(crate) fn at_step<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    parts: Parts<'_>,
    seed: u64,
    start: Option<&State>,
    step: Option<u64>,
) -> Result<Explanation> {
    let first = start.map_or(0, |state| state.counters.step);
    let step = step.unwrap_or(first);
    if step < first {
        return Err(NetworkProblem::StepBefore { step, first }.into());
    }
    if step == first {
        return one_step(network, settings, parts, seed, start);
    }
    let state = train_up_to(network, settings, parts, seed, start, step)?;
    one_step(network, settings, parts, seed, Some(&state))
}

fn one_step<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    parts: Parts<'_>,
    seed: u64,
    state: Option<&State>,
) -> Result<Explanation> {
    let loss = settings.loss.clone().unwrap_or_else(|| default_loss(network, parts.train));
    let setup = Setup { settings, loss, seed, custom: &settings.custom_metrics, threads: 1, failure: None };
    let mut session = Session::new(network, parts, setup)?;
    if let Some(state) = state {
        session.restore(state).ok_or(crate::Error::State)?;
    }
    let mut begun = session.begin_step()?;
    let sections = sections::sections(&mut begun, parts.train);
    Ok(Explanation { step: begun.rates.step - 1, epoch: begun.epoch + 1, batch: begun.batch + 1, sections })
}

/// The state of the run after `step` updates, which begins from `start` if it is given.
fn train_up_to<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    parts: Parts<'_>,
    seed: u64,
    start: Option<&State>,
    step: u64,
) -> Result<State> {
    let is_before_the_end = Cell::new(false);
    let mut trained = network.clone();
    let trainer = Trainer::with_settings(settings.clone())
        .seed(seed)
        .observer(StopAt { step, is_before_the_end: &is_before_the_end });
    let outcome = match start {
        Some(state) => trainer.resume(&mut trained, parts, state)?,
        None => trainer.fit_parts(&mut trained, parts)?,
    };
    if is_before_the_end.get() {
        return Ok(outcome.state);
    }
    Err(NetworkProblem::UnknownStep { step, steps: outcome.steps }.into())
}

/// Stops a run after so many updates.
struct StopAt<'a> {
    step: u64,
    is_before_the_end: &'a Cell<bool>,
}

impl Observer for StopAt<'_> {
    fn next_step(&self) -> Option<u64> {
        Some(self.step)
    }

    fn on_step(&mut self, progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.is_before_the_end.set(progress.step < progress.total_steps);
        Ok(Command::Stop)
    }
}
