//! Runs that begin from another run, at any of its steps, or from the weights of a model.

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::RunFolder;
use super::prepare::Prepared;
use super::problem::RunProblem;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::layers::Layer;
use crate::model_file::{ModelProblem, load_state, tensor_names};
use crate::network::{Network, either};
use crate::real::{Precision, Real};
use crate::train::{Parts, Session, Setup, State, TrainingSettings, from_bytes, sha256};

/// What a run began from, as `environment.json` has it under `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The folder of the other run, or the model's file, from the root.
    pub path: PathBuf,
    /// After how many steps of the other run; `None` for the weights of a model, with which steps are counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// SHA-256 of the parameters, little-endian, in layer order.
    pub parameters_sha256: String,
}

/// Where a run begins, if not at a start that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// What it begins from.
    pub origin: Origin,
    /// The state that it begins with.
    pub state: State,
}

/// What a run that begins from another does not take over, because settings are not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartNotice {
    /// The optimizer is another one: it begins without what the first had gathered.
    Optimizer,
    /// The data or the batches are others: the epoch is begun anew.
    Epoch,
    /// What the best is measured by is another loss, part or metric: the best weights are looked for anew.
    Best,
}

impl fmt::Display for StartNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StartNotice::Optimizer => {
                "the optimizer is another one: it begins without what the first had gathered"
            }
            StartNotice::Epoch => "the data or the batches are others: the epoch is begun anew",
            StartNotice::Best => {
                "the best is measured by another loss, part or metric: the best weights are looked for anew"
            }
        })
    }
}

impl Prepared {
    /// The step after which the run begins: 0, unless it begins from another run.
    pub fn first_step(&self) -> u64 {
        self.start.as_ref().map_or(0, |start| start.state.counters.step)
    }

    /// Lets the run begin from a state of another one, which [`RunFolder::state_at`] gave: with its weights, the memory of its
    /// optimizer, its place in the epoch and its best weights. Steps and epochs are counted on. With the same settings the run
    /// goes the same way as the other did; settings that differ apply from here, and what they leave without a meaning is said and
    /// left behind.
    ///
    /// # Errors
    /// [`RunProblem::OtherNetwork`], [`RunProblem::OtherPrecision`] and [`RunProblem::NothingLeft`].
    ///
    /// # Example
    /// ```
    /// use thalweg::experiment::Draft;
    /// use thalweg::run::{self, Place, RunFolder};
    /// # let runs = std::env::temp_dir().join(format!("thalweg-doc-fork-{}", std::process::id()));
    /// let draft = Draft::builtin("spiral-linear")?.set("steps", "20")?;
    /// let mut prepared = run::prepare(draft.check()?, None)?;
    /// let place = Place { runs: runs.clone(), ..Place::default() };
    /// let mut folder = RunFolder::create(&prepared, &place, Vec::new())?;
    /// folder.train(&mut prepared, Vec::new(), None, None)?;
    ///
    /// // From step 8 on with another rate.
    /// let state = folder.state_at(&mut folder.prepare()?, 8, Vec::new(), None)?.expect("nobody interrupts");
    /// let mut other = run::prepare(draft.set("lr", "0.1")?.check()?, None)?;
    /// other.begin_from_run(&folder, state)?;
    /// let mut fork = RunFolder::create(&other, &place, Vec::new())?;
    /// let (_, result) = fork.train(&mut other, Vec::new(), None, None)?;
    /// assert_eq!((other.first_step(), result.summary.steps), (8, 20));
    /// # std::fs::remove_dir_all(&runs).unwrap();
    /// # Ok::<(), thalweg::Error>(())
    /// ```
    pub fn begin_from_run(&mut self, run: &RunFolder, mut state: State) -> Result<Vec<StartNotice>> {
        let refuse = |problem| Err(Error::Run { path: run.path().to_owned(), problem });
        let (theirs, ours) = (state.precision, self.experiment.precision);
        if theirs != ours {
            return refuse(RunProblem::OtherPrecision { theirs, ours });
        }
        let count = state.parameters.len() / size(theirs);
        let theirs = in_words(&run.experiment().network.layers, count);
        let ours = in_words(&self.experiment.network.layers, self.network.parameter_count());
        if theirs != ours {
            return refuse(RunProblem::OtherNetwork { theirs, ours });
        }
        let notices = self.adapt(run, &mut state)?;
        let (step, end) = (state.counters.step, self.end_from(&state)?);
        if end <= step {
            return refuse(RunProblem::NothingLeft { step, end });
        }
        self.begin_from(Start { origin: origin(run.path(), Some(step), &state), state })?;
        Ok(notices)
    }

    /// Lets the run begin with the weights of a model file, or from a state file, such as the `start.safetensors` of a run that began
    /// from another. With weights alone, steps are counted from 0 and the optimizer begins without a memory; the file's tensors
    /// must be those of the network, and their type is converted. A state of another optimizer is taken without what that had
    /// gathered, and that is said.
    ///
    /// # Errors
    /// [`Error::Model`] for a file that is not valid or whose tensors do not fit; [`Error::State`] and [`RunProblem::NothingLeft`]
    /// for a state.
    pub fn begin_from_file(&mut self, path: &Path) -> Result<Vec<StartNotice>> {
        let (tensors, _) = tensor_names(path)?;
        if tensors.iter().any(|(name, ..)| name == "optimizer_state") {
            let mut state = load_state(path)?;
            begin_anew(&mut state);
            let untrained = self.untrained_state()?;
            let is_other = !state.optimizer.is_empty() && state.optimizer != untrained.optimizer;
            if is_other {
                (state.optimizer, state.optimizer_state) = (untrained.optimizer, untrained.optimizer_state);
            }
            let (step, end) = (state.counters.step, self.end_from(&state)?);
            if end <= step {
                let problem = RunProblem::NothingLeft { step, end };
                return Err(Error::Run { path: path.to_owned(), problem });
            }
            self.begin_from(Start { origin: origin(path, Some(step), &state), state })?;
            return Ok(if is_other { vec![StartNotice::Optimizer] } else { Vec::new() });
        }
        either!(&mut self.network, network => {
            let is_known = |name: &str| network.parameter_tensors().any(|parameter| parameter.name == name);
            if let Some((name, ..)) = tensors.iter().find(|(name, ..)| !is_known(name)) {
                let problem = Box::new(ModelProblem::UnknownTensor { name: name.clone() });
                return Err(Error::Model { path: path.to_owned(), problem });
            }
            network.load_parameters(path)?;
        });
        let mut state = self.untrained_state()?;
        begin_anew(&mut state);
        self.begin_from(Start { origin: origin(path, None, &state), state })?;
        Ok(Vec::new())
    }

    /// Takes a start as it is.
    pub(super) fn begin_from(&mut self, start: Start) -> Result<()> {
        self.take_parameters(&start.state)?;
        self.start = Some(start);
        Ok(())
    }

    /// Gives the network a state's last parameters, which need not be those that a run keeps.
    pub(super) fn take_parameters(&mut self, state: &State) -> Result<()> {
        let is_ours = state.precision == self.network.precision();
        let taken = either!(&mut self.network, network => {
            from_bytes(&state.parameters, network.parameters_mut())
        });
        taken.filter(|()| is_ours).ok_or(Error::State)
    }

    /// Leaves behind what settings other than those of `run` leave without a meaning.
    fn adapt(&self, run: &RunFolder, state: &mut State) -> Result<Vec<StartNotice>> {
        let (before, now) = (run.experiment(), &self.experiment);
        let differ = |keys: &[&str]| settings(before, keys) != settings(now, keys);
        let untrained = self.untrained_state()?;
        let mut notices = Vec::new();

        let is_other_optimizer = before.training.optimizer.name() != now.training.optimizer.name()
            || state.optimizer_state.len() != untrained.optimizer_state.len();
        if is_other_optimizer {
            (state.optimizer, state.optimizer_state) = (untrained.optimizer, untrained.optimizer_state);
            notices.push(StartNotice::Optimizer);
        }
        if differ(&["training.optimizer"]) {
            state.counters.learning_rate = None; // an observer's, in place of the old one
        }

        let files = run.environment().data.iter().map(|file| &file.sha256);
        let is_other_data = differ(&["data."]) || !files.eq(self.files.iter().map(|(_, sha256)| sha256));
        let is_other_loss = differ(&["training.loss"]);
        let order = ["seed", "random", "training.batch_size", "training.accumulate", "training.shuffle"];
        let are_other_batches = is_other_data || differ(&order);
        let counters = &mut state.counters;
        if are_other_batches || is_other_loss {
            counters.epoch_loss = 0.0;
            counters.epoch_rows = 0;
            counters.epoch_weight = None;
            counters.epoch_metrics = untrained.counters.epoch_metrics;
        }
        if are_other_batches {
            if counters.batch > 0 {
                notices.push(StartNotice::Epoch);
            }
            counters.batch = 0;
        }
        if is_other_data || is_other_loss {
            counters.first_loss = None;
        }
        if is_other_data
            || is_other_loss
            || differ(&["training.l1", "training.l2"])
            || metric(before) != metric(now)
        {
            if counters.best_value.is_some() {
                notices.push(StartNotice::Best);
            }
            (counters.best_value, counters.best_epoch, counters.reports_without_gain) = (None, None, 0);
            state.best_parameters = None;
            if let Some(plateau) = &mut state.counters.plateau {
                (plateau.best, plateau.waited) = (None, 0);
            }
        }
        if differ(&["training.early_stopping"]) {
            state.counters.reports_without_gain = 0;
        }
        if differ(&["training.reduce_on_plateau"]) {
            state.counters.plateau = untrained.counters.plateau;
        }
        if differ(&["training.average"]) {
            (state.counters.averaged, state.average) = (0, None);
        }
        begin_anew(state);
        Ok(notices)
    }

    /// The state before the first step of a run with the network as it is.
    fn untrained_state(&self) -> Result<State> {
        let settings = self.settings();
        either!(&self.network, network => Ok(self.session(network, &settings)?.into_state()))
    }

    /// The step at which a run from this state ends by itself.
    fn end_from(&self, state: &State) -> Result<u64> {
        let settings = self.settings();
        either!(&self.network, network => {
            let mut session = self.session(network, &settings)?;
            session.restore(state).ok_or(Error::State)?;
            Ok(session.total_steps())
        })
    }

    fn session<'a, R: Real>(
        &'a self,
        network: &Network<R>,
        settings: &'a TrainingSettings,
    ) -> Result<Session<'a, R>> {
        let parts =
            Parts { train: &self.train, validation: self.validation.as_ref(), test: self.test.as_ref() };
        let loss = self.loss.clone();
        let setup = Setup {
            settings,
            loss,
            seed: self.experiment.seed,
            custom: &settings.custom_metrics,
            failure: None,
            threads: 1,
        };
        Session::new(network, parts, setup)
    }
}

/// A run that begins here has no reports yet, and its own clock; one that had come to its end goes on with its patience renewed.
fn begin_anew(state: &mut State) {
    let counters = &mut state.counters;
    counters.last_report = None;
    counters.seconds = 0.0;
    if counters.finished {
        counters.finished = false;
        counters.reports_without_gain = 0;
        if let Some(plateau) = &mut counters.plateau {
            plateau.waited = 0;
        }
    }
}

fn origin(path: &Path, step: Option<u64>, state: &State) -> Origin {
    Origin {
        path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        step,
        parameters_sha256: sha256(&state.parameters),
    }
}

/// The settings whose names begin with one of these.
fn settings(experiment: &Experiment, keys: &[&str]) -> Vec<(String, String)> {
    let is_meant =
        |name: &str| keys.iter().any(|key| name == *key || (key.ends_with('.') && name.starts_with(key)));
    experiment.written_settings().into_iter().filter(|(name, _)| is_meant(name)).collect()
}

/// The metric that decides which weights are the best.
fn metric(experiment: &Experiment) -> &str {
    experiment.training.early_stopping.as_ref().map_or("validation.loss", |stopping| &stopping.metric)
}

/// `dense 64, dense 10: 8970 parameters`.
fn in_words(layers: &[Layer], count: usize) -> String {
    fn words(layer: &Layer) -> Option<String> {
        match layer {
            Layer::Dense(dense) => Some(format!("dense {}", dense.out_features)),
            Layer::Conv2d(conv) => Some(format!("conv2d {}", conv.out_channels)),
            Layer::Conv1d(conv) => Some(format!("conv1d {}", conv.out_channels)),
            Layer::ConvTranspose2d(conv) => Some(format!("conv_transpose2d {}", conv.out_channels)),
            Layer::Embedding(embedding) => Some(format!("embedding {}", embedding.dimension)),
            Layer::Residual(residual) => {
                let inner: Vec<String> = residual.all().filter_map(words).collect();
                Some(format!("residual ({})", inner.join(", ")))
            }
            Layer::Custom(_) | Layer::Periodic(_) | Layer::PiecewiseLinear(_) => {
                Some(layer.kind().to_owned())
            }
            _ => None,
        }
    }
    let layers: Vec<String> = layers.iter().filter_map(words).collect();
    format!("{}: {count} parameters", layers.join(", "))
}

fn size(precision: Precision) -> usize {
    match precision {
        Precision::F32 => size_of::<f32>(),
        Precision::F64 => size_of::<f64>(),
    }
}
