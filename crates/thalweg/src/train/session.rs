//! The loop: one state machine for every kind of run.
//!
//! A full-batch run reports the loss of the parameters *before* the update, so that its first line is the loss of the
//! start; a mini-batch run reports the mean over the epoch's batches so far.

mod averaging;
mod best_weights;
mod ending;
mod exact;
mod moments;
mod plateau;
mod reporting;
mod step;
#[cfg(test)]
mod tests;
mod watching;

pub(crate) use ending::sha256;
pub(crate) use exact::BegunStep;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::evaluate::{LateEvaluator, metrics_for};
use super::observer::Observer;
use super::report::{History, PartReport};
use super::settings::{Every, TrainingSettings};
use super::state::{Counters, State, from_bytes};
use super::wanted::{ReportedMetrics, Subject};
use crate::custom::CustomMetric;
use crate::data::augmentation::AugmentedBatch;
use crate::data::{Batches, Dataset};
use crate::error::Result;
use crate::losses::Loss;
use crate::network::{Network, NetworkProblem};
use crate::optimizers::Optimizer;
use crate::plan::{self, OwnUnits, Plan, Rates, Rules, StepPlan, Wanted};
use crate::real::Real;

use moments::Moments;

/// Steps of a full-batch run between reports, where nothing is said.
const FULL_BATCH_REPORT_STEPS: u64 = 100;

/// The parts that a run is given.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The rows that are trained on.
    pub train: &'a Dataset,
    /// The rows that decide which weights are kept and when to stop.
    pub validation: Option<&'a Dataset>,
    /// The rows that decide nothing.
    pub test: Option<&'a Dataset>,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs or steps were made.
    Finished,
    /// Early stopping or an observer ended it.
    Stopped,
    /// The interrupt flag was raised, or a part of a user's own failed ([`Trainer::failure`](crate::Trainer::failure)).
    Interrupted,
}

/// What a run leaves behind, beside the network.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why it ended.
    pub ending: Ending,
    /// Every report made.
    pub history: History,
    /// Epochs completed and updates made.
    pub epochs: u64,
    /// Updates made.
    pub steps: u64,
    /// Wall time of training.
    pub seconds: f64,
    /// The epoch whose weights were kept, where validation decided.
    pub best_epoch: Option<u64>,
    /// SHA-256 of the last parameters, little-endian, in layer order; empty where reports are
    /// [brief](crate::Trainer::brief_reports).
    pub parameters_sha256: String,
    /// Loss and metrics of every part with the weights that were kept.
    pub parts: Vec<PartReport>,
    /// The state at the end, from which the run could go on.
    pub state: State,
}

/// What decides a run, beside the network and its data.
pub(crate) struct Setup<'a> {
    pub(crate) settings: &'a TrainingSettings,
    pub(crate) loss: Loss,
    pub(crate) seed: u64,
    /// Metrics of a user's own.
    pub(crate) custom: &'a [Arc<dyn CustomMetric>],
    /// The most threads that a plan may work on.
    pub(crate) threads: usize,
    /// Raised by a part of a user's own that failed.
    pub(crate) failure: Option<Arc<AtomicBool>>,
}

/// A run in progress.
pub(crate) struct Session<'a, R: Real> {
    parts: Parts<'a>,
    settings: &'a TrainingSettings,
    rules: Rules,
    custom: &'a [Arc<dyn CustomMetric>],
    /// The metrics of every report.
    metrics: ReportedMetrics,
    /// The network, with the parameters that were last read from the plan.
    network: Network<R>,
    /// What makes the steps, and has the parameters while it does.
    plan: Box<dyn StepPlan<R>>,
    /// The plain plan, made at the first step whose loss is not certain to be finite.
    exact: Option<Box<Plan<R>>>,
    /// Where the optimizer's state goes at a checkpoint.
    optimizer_state: Vec<R>,
    /// The last state that was noted, whose memory the next one takes.
    saved: State,
    batches: Batches,
    /// The rows of the current batch as they are changed, if they are.
    augmented: Option<AugmentedBatch<R>>,
    is_full_batch: bool,
    steps_per_epoch: u64,
    rates: Rates,
    layer_rates: Vec<Option<f64>>,
    /// The first step that `rates` are not for.
    rates_until: u64,
    evaluator: LateEvaluator<R>,
    own_units: OwnUnits<R>,
    has_targets: bool,
    counters: Counters,
    last_loss: f64,
    best: Option<Vec<R>>,
    /// The average of the weights as the plan lays it out, and row-major.
    average: Vec<R>,
    judged: Vec<R>,
    total_steps: u64,
    started: Instant,
    seconds_before: f64,
    history: History,
    reports: Moments,
    checkpoints: Moments,
    /// Whether an observer asked for a checkpoint that was not made yet.
    is_save_asked: bool,
    /// Whether every part is evaluated at the end.
    pub(crate) evaluates: bool,
    /// Whether reports are brief ([`Trainer::brief_reports`](super::Trainer::brief_reports)).
    pub(crate) is_brief: bool,
}

impl<'a, R: Real> Session<'a, R> {
    /// Checks the settings against network and data and lays out the plan.
    pub(crate) fn new(network: &Network<R>, parts: Parts<'a>, setup: Setup<'a>) -> Result<Self> {
        let threads = setup.threads;
        Session::with_plan(network, parts, setup, |network, rules, batches, data| {
            // Changed rows are others at every step, even if there is but one batch.
            let is_full_batch = batches.is_full() && std::ptr::eq(data, parts.train);
            let largest_batch = batches.largest();
            R::plan(network, Wanted { rules, data, largest_batch, is_full_batch, threads })
        })
    }

    /// As [`new`](Session::new), with a plan of the caller's choice.
    fn with_plan(
        network: &Network<R>,
        parts: Parts<'a>,
        setup: Setup<'a>,
        plan: impl FnOnce(&Network<R>, &Rules, &Batches, &Dataset) -> Result<Box<dyn StepPlan<R>>>,
    ) -> Result<Self> {
        let Setup { settings, loss, seed, custom, threads, failure } = setup;
        check_settings(network, settings, &loss, parts.train.rows())?;
        let count = network.layers().len();
        let batches = Batches::new(parts.train.rows(), settings.rows_per_update(), settings.shuffle, seed);
        let rules = Rules { failure, ..rules(settings, loss, seed) };
        let outputs = network.output_shape().len();
        let augmented = match settings.augment.filter(|augmentation| !augmentation.is_off()) {
            Some(augmentation) => {
                plan::fit::check(network, &rules.loss, parts.train)?;
                let (input, largest) = (network.input_shape(), batches.largest());
                Some(AugmentedBatch::new(augmentation, seed, parts.train, largest, input, outputs)?)
            }
            None => None,
        };
        let data = augmented.as_ref().map_or(parts.train, AugmentedBatch::data);
        // The session's network, and the plan's parameters, gradients and optimizer state.
        let copies = 3 + rules.optimizer.state_slots();
        crate::network::has_memory_for::<R>(network.parameter_count(), copies)?;
        let plan = plan(network, &rules, &batches, data)?;
        for part in [parts.validation, parts.test].into_iter().flatten() {
            plan::fit::check(network, &rules.loss, part)?;
        }
        let steps_per_epoch = batches.per_epoch() as u64;
        let subject = Subject::new(network.layers(), &rules.loss, parts.train);
        let metrics = ReportedMetrics::new(settings, subject, &parts, custom)?;
        let counters = Counters::new(metrics_for(&rules.loss, parts.train, outputs).with(&metrics.train));
        let total_steps = last_step(settings, steps_per_epoch, &counters);
        let is_full_batch = batches.is_full();
        let report_every = settings.report_every.unwrap_or(match is_full_batch {
            true => Every::Steps(FULL_BATCH_REPORT_STEPS),
            false => Every::Epochs(1),
        });
        let average_len = match settings.average {
            Some(_) => plan.average_len(network.parameter_count()),
            None => 0,
        };
        Ok(Session {
            evaluator: LateEvaluator::new(threads),
            own_units: OwnUnits::new(&rules.loss, parts.train, outputs, batches.largest()),
            has_targets: false,
            rates: Rates { step: 0, learning_rates: vec![0.0; count] },
            layer_rates: (0..count)
                .map(|number| settings.layer.get(&number).and_then(|layer| layer.learning_rate))
                .collect(),
            rates_until: 0,
            counters,
            last_loss: f64::NAN,
            best: None,
            average: vec![R::ZERO; average_len],
            judged: vec![R::ZERO; if settings.average.is_some() { network.parameter_count() } else { 0 }],
            total_steps,
            started: Instant::now(),
            seconds_before: 0.0,
            history: History::default(),
            reports: Moments::new(Some(report_every)),
            checkpoints: Moments::new(settings.checkpoint_every),
            is_save_asked: false,
            evaluates: true,
            is_brief: false,
            parts,
            settings,
            rules,
            custom,
            metrics,
            network: network.clone(),
            plan,
            exact: None,
            optimizer_state: Vec::new(),
            saved: State { optimizer: settings.optimizer.name().to_owned(), ..State::empty() },
            batches,
            augmented,
            is_full_batch,
            steps_per_epoch,
        })
    }

    /// Goes on from a saved state.
    pub(crate) fn restore(&mut self, state: &State) -> Option<()> {
        if state.precision != R::PRECISION {
            return None;
        }
        let mut optimizer_state = vec![R::ZERO; self.optimizer_state_len()];
        from_bytes(&state.parameters, self.network.parameters_mut())?;
        from_bytes(&state.optimizer_state, &mut optimizer_state)?;
        self.best = match &state.best_parameters {
            None => None,
            Some(bytes) => {
                let mut best = vec![R::ZERO; self.network.parameter_count()];
                from_bytes(bytes, &mut best)?;
                Some(best)
            }
        };
        if !state.counters.epoch_metrics.is_of_same_kind(&self.counters.epoch_metrics) {
            return None; // of another task or number of outputs
        }
        let unseen = self.counters.epoch_metrics.clone();
        let mut metrics = state.counters.epoch_metrics.clone();
        metrics.clear();
        let seen = &state.counters.epoch_seen;
        let is_complete =
            seen.rows.len() as u64 == state.counters.epoch_rows && seen.are_of(self.parts.train);
        let lacks_own = !self.custom.is_empty() && !is_complete;
        let collects_others = metrics != unseen || lacks_own;
        let batch =
            usize::try_from(state.counters.batch).ok().filter(|batch| *batch < self.batches.per_epoch())?;
        self.plan.set_parameters(self.network.parameters());
        self.plan.set_state(&optimizer_state);
        if state.average.is_some() != (state.counters.averaged > 0)
            || state.average.is_some() && self.settings.average.is_none()
        {
            return None;
        }
        if let Some(bytes) = &state.average {
            let mut average = vec![R::ZERO; self.network.parameter_count()];
            from_bytes(bytes, &mut average)?;
            self.set_average(&average);
        }
        self.counters = state.counters.clone();
        if collects_others {
            // What the epoch has come to so far lacks what is asked for now: its figures begin anew.
            self.clear_epoch();
            self.counters.epoch_metrics = unseen;
        }
        if self.custom.is_empty() {
            self.counters.epoch_seen.clear();
        }
        self.counters.finished = false;
        self.seconds_before = state.counters.seconds;
        self.total_steps = last_step(self.settings, self.steps_per_epoch, &self.counters);
        self.batches.seek(state.counters.epoch, batch);
        Some(())
    }

    /// The state before the first step.
    pub(crate) fn into_state(mut self) -> State {
        self.note_state();
        self.saved
    }

    /// The step at which the run ends by itself.
    pub(crate) fn total_steps(&self) -> u64 {
        self.total_steps
    }

    /// Brings the state between two steps into `saved`; from the second time on nothing is allocated for it.
    fn note_state(&mut self) {
        self.counters.seconds = self.seconds();
        self.read_parameters();
        self.optimizer_state.resize(self.optimizer_state_len(), R::ZERO);
        self.plan.read_state(&mut self.optimizer_state);
        let has_average = self.counters.averaged > 0;
        if has_average {
            self.plan.read_average(&self.average, &mut self.judged);
        }
        let average = has_average.then_some(self.judged.as_slice());
        let best = self.best.as_deref();
        let parameters = self.network.parameters();
        self.saved.take(&self.counters, parameters, &self.optimizer_state, best, average);
    }

    /// Brings the parameters from the plan into the network.
    fn read_parameters(&mut self) {
        self.plan.read_parameters(self.network.parameters_mut());
    }

    fn optimizer_state_len(&self) -> usize {
        self.network.parameter_count() * self.rules.optimizer.state_slots()
    }

    /// Whether a part of a user's own has failed.
    fn has_failed(&self) -> bool {
        self.rules.has_failed()
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    /// Trains to the end, or until somebody stops it.
    pub(crate) fn run(
        mut self,
        network: &mut Network<R>,
        observers: &mut [Box<dyn Observer + '_>],
        interrupt: Option<&AtomicBool>,
    ) -> Result<Outcome> {
        let never = AtomicBool::new(false);
        let interrupt = interrupt.unwrap_or(&never);
        if self.is_brief {
            self.plan.expect_recalls();
        } else {
            self.evaluator.get(&self.network, &self.rules.loss, self.parts.train)?;
        }
        if self.is_full_batch {
            self.batches.next_batch(); // it stays the current one
        }
        let mut ending = Ending::Finished;
        let mut next_call = watching::next_call(observers);
        loop {
            if self.counters.step >= next_call {
                let wanted = self.call_step(observers)?;
                next_call = watching::next_call(observers);
                if let Some(wanted) = wanted {
                    ending = wanted;
                    break;
                }
            }
            if self.counters.step >= self.total_steps {
                break;
            }
            if interrupt.load(Ordering::Relaxed) {
                ending = Ending::Interrupted;
                break;
            }
            match self.step(observers, next_call) {
                // Whatever else went wrong has no other reason, and nothing was changed.
                Err(_) if self.has_failed() => {
                    ending = Ending::Interrupted;
                    break;
                }
                made => {
                    if let Some(wanted) = made? {
                        ending = wanted;
                        break;
                    }
                }
            }
        }
        if ending != Ending::Interrupted {
            if self.counters.last_report != Some(self.counters.step) && !(self.is_brief && self.is_full_batch)
            {
                self.report_now(observers)?;
            }
            match self.has_failed() {
                true => ending = Ending::Interrupted,
                false => self.counters.finished = true,
            }
        }
        self.finish(network, observers, ending)
    }
}

/// The step at which a run ends. Epochs count from where it stands: a run that began from another with other batches has not made
/// whole epochs of its own steps until there.
fn last_step(settings: &TrainingSettings, steps_per_epoch: u64, counters: &Counters) -> u64 {
    let after = |epochs: u64| {
        let left = epochs.saturating_sub(counters.epoch).saturating_mul(steps_per_epoch);
        counters.step.saturating_add(left).saturating_sub(counters.batch)
    };
    match (settings.epochs.map(after), settings.steps) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b).unwrap_or_else(|| after(100)),
    }
}

/// What the settings say of a step.
/// Checks the settings that no plan could follow, for this network and so many rows: asked before a run leaves anything behind.
pub(crate) fn check_settings<R: Real>(
    network: &Network<R>,
    settings: &TrainingSettings,
    loss: &Loss,
    rows: usize,
) -> Result<()> {
    let count = network.layers().len();
    if let Some((&layer, _)) = settings.layer.iter().find(|(layer, _)| **layer >= count) {
        return Err(NetworkProblem::UnknownLayer { layer, last: count - 1 }.into());
    }
    if let Optimizer::Lbfgs { .. } = settings.optimizer {
        let rules = rules(settings, loss.clone(), 0);
        let batches = Batches::new(rows, settings.rows_per_update(), settings.shuffle, 0);
        plan::check_lbfgs(&rules, batches.is_full())?;
        if settings.augment.is_some_and(|augmentation| !augmentation.is_off()) {
            let optimizer = rules.optimizer.name().to_owned();
            return Err(NetworkProblem::NoClipping { optimizer, limit: "augment" }.into());
        }
    }
    Ok(())
}

fn rules(settings: &TrainingSettings, loss: Loss, seed: u64) -> Rules {
    let frozen = settings.layer.iter().filter(|(_, layer)| layer.frozen).map(|(number, _)| *number);
    Rules {
        loss,
        optimizer: settings.optimizer.clone(),
        l2: settings.l2,
        l1: settings.l1,
        weight_decay: settings.weight_decay + settings.optimizer.weight_decay(),
        clip_value: settings.clip_value,
        clip_norm: settings.clip_norm,
        max_norm: settings.max_norm,
        shards: settings.shards,
        seed,
        frozen: frozen.collect(),
        failure: None,
    }
}
