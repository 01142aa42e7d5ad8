//! The loop: one state machine for every kind of run.
//!
//! A full-batch run reports the loss of the parameters *before* the update, so that its first line is the loss of the
//! start; a mini-batch run reports the mean over the epoch's batches so far.

mod best_weights;
mod reporting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::evaluate::{Evaluator, metrics_for};
use super::observer::{Command, Observer, Progress, Snapshot};
use super::report::{History, Part, PartReport};
use super::settings::{Every, TrainingSettings};
use super::state::{Counters, State, from_bytes, to_bytes};
use crate::custom::CustomMetric;
use crate::data::{Batches, Dataset};
use crate::error::{Error, Result};
use crate::losses::{Loss, Reduction};
use crate::network::{Network, NetworkProblem, PlacedLayer};
use crate::plan::{Plan, Rates, Rows, Rules};
use crate::real::Real;

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
    /// The interrupt flag was raised.
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
    /// SHA-256 of the last parameters, little-endian, in layer order.
    pub parameters_sha256: String,
    /// Loss and metrics of every part with the weights that were kept.
    pub parts: Vec<PartReport>,
    /// The state at the end, from which the run could go on.
    pub state: State,
}

/// A step that has come as far as its loss: backward and the update are left to do.
pub(crate) struct BegunStep<R: Real> {
    /// The plan, with every matrix of the forward pass.
    pub(crate) plan: Plan<R>,
    /// The rows of the batch.
    pub(crate) rows: Vec<u32>,
    /// The rates of the update.
    pub(crate) rates: Rates,
    /// The epoch, from 0.
    pub(crate) epoch: u64,
    /// The batch within the epoch, from 0.
    pub(crate) batch: u64,
    /// How many batches an epoch has.
    pub(crate) batches_per_epoch: u64,
}

/// A run in progress.
pub(crate) struct Session<'a, R: Real> {
    parts: Parts<'a>,
    settings: &'a TrainingSettings,
    loss: Loss,
    custom: &'a [Arc<dyn CustomMetric>],
    plan: Plan<R>,
    batches: Batches,
    rates: Rates,
    layer_rates: Vec<Option<f64>>,
    evaluator: Evaluator<R>,
    counters: Counters,
    last_loss: f64,
    has_gathered: bool,
    best: Option<Vec<R>>,
    total_steps: u64,
    started: Instant,
    seconds_before: f64,
    history: History,
    last_timed: TimedMarks,
}

/// When the last report and checkpoint by the clock were made.
#[derive(Clone, Copy)]
struct TimedMarks {
    report: Instant,
    checkpoint: Instant,
}

impl<'a, R: Real> Session<'a, R> {
    /// Checks the settings against network and data and lays out the plan.
    pub(crate) fn new(
        network: &Network<R>,
        settings: &'a TrainingSettings,
        loss: Loss,
        seed: u64,
        parts: Parts<'a>,
        custom: &'a [Arc<dyn CustomMetric>],
    ) -> Result<Self> {
        let count = network.layers().len();
        if let Some((&layer, _)) = settings.layer.iter().find(|(layer, _)| **layer >= count) {
            return Err(NetworkProblem::UnknownLayer { layer, last: count - 1 }.into());
        }
        let batches = Batches::new(parts.train.rows(), settings.batch_size, settings.shuffle, seed);
        let rules = Rules {
            loss: loss.clone(),
            optimizer: settings.optimizer.clone(),
            l2: settings.l2,
            l1: settings.l1,
            weight_decay: settings.weight_decay + settings.optimizer.weight_decay(),
            clip_norm: settings.clip_norm,
            shards: settings.shards,
            seed,
            frozen: settings
                .layer
                .iter()
                .filter(|(_, layer)| layer.frozen)
                .map(|(number, _)| *number)
                .collect(),
        };
        let plan = Plan::new(network, rules, parts.train, batches.largest())?;
        for part in [parts.validation, parts.test].into_iter().flatten() {
            crate::plan::fit::check(network, &loss, part)?;
        }
        let per_epoch = batches.per_epoch() as u64;
        let by_epochs = settings.epochs.map(|epochs| epochs.saturating_mul(per_epoch));
        let total_steps = match (by_epochs, settings.steps) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b).unwrap_or(100 * per_epoch),
        };
        let now = Instant::now();
        let mut session = Session {
            evaluator: Evaluator::new(network, &loss, parts.train)?,
            rates: Rates { step: 0, learning_rates: vec![0.0; count] },
            layer_rates: (0..count)
                .map(|number| settings.layer.get(&number).and_then(|layer| layer.learning_rate))
                .collect(),
            counters: Counters::new(metrics_for(&loss, parts.train, network.output_shape().len())),
            last_loss: f64::NAN,
            has_gathered: false,
            best: None,
            total_steps,
            started: now,
            seconds_before: 0.0,
            history: History::default(),
            last_timed: TimedMarks { report: now, checkpoint: now },
            parts,
            settings,
            loss,
            custom,
            plan,
            batches,
        };
        session.check_stopping_metric()?;
        Ok(session)
    }

    /// Goes on from a saved state.
    pub(crate) fn restore(&mut self, state: &State) -> Option<()> {
        if state.precision != R::PRECISION {
            return None;
        }
        from_bytes(&state.parameters, self.plan.parameters_mut())?;
        from_bytes(&state.optimizer_state, self.plan.optimizer_state_mut())?;
        self.best = match &state.best_parameters {
            None => None,
            Some(bytes) => {
                let mut best = vec![R::ZERO; self.plan.parameters().len()];
                from_bytes(bytes, &mut best)?;
                Some(best)
            }
        };
        let mut metrics = state.counters.epoch_metrics.clone();
        metrics.clear();
        if metrics != self.counters.epoch_metrics {
            return None; // of another task or number of outputs
        }
        self.counters = state.counters.clone();
        self.counters.finished = false;
        self.seconds_before = state.counters.seconds;
        let batch =
            usize::try_from(state.counters.batch).ok().filter(|batch| *batch <= self.batches.per_epoch())?;
        self.batches.seek(state.counters.epoch, batch);
        Some(())
    }

    /// The state between two steps.
    fn state(&mut self) -> State {
        self.counters.seconds = self.seconds();
        State {
            precision: R::PRECISION,
            counters: self.counters.clone(),
            parameters: to_bytes(self.plan.parameters()),
            optimizer_state: to_bytes(self.plan.optimizer_state()),
            best_parameters: self.best.as_deref().map(to_bytes),
        }
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    fn is_full_batch(&self) -> bool {
        self.batches.is_full()
    }

    /// Trains to the end, or until somebody stops it.
    pub(crate) fn run(
        mut self,
        network: &mut Network<R>,
        observers: &mut [Box<dyn Observer + '_>],
        interrupt: Option<&AtomicBool>,
    ) -> Result<Outcome> {
        let mut ending = Ending::Finished;
        let mut next_step = due(observers);
        loop {
            if next_step.is_some_and(|next| next <= self.counters.step) {
                let command = self.call_step(observers)?;
                next_step = due(observers);
                if self.obey(command, observers)? {
                    ending = Ending::Stopped;
                    break;
                }
            }
            if self.counters.step >= self.total_steps {
                break;
            }
            if interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                ending = Ending::Interrupted;
                break;
            }
            let stop = self.step(observers)?;
            if stop {
                ending = Ending::Stopped;
                break;
            }
        }
        if ending != Ending::Interrupted {
            if self.counters.last_report != Some(self.counters.step) {
                self.report_now(observers)?;
            }
            self.counters.finished = true;
        }
        self.finish(network, observers, ending)
    }

    /// One update, and the reports and checkpoints that are due around it. True: stop.
    fn step(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<bool> {
        let full = self.is_full_batch();
        self.look()?;
        if full {
            // The report shows this forward pass alone.
            self.clear_epoch();
        }
        let due_before_update = full && self.is_report_due();
        self.add_to_epoch(!full || due_before_update);
        if due_before_update && self.report(observers)? {
            return Ok(true);
        }
        let rows =
            Rows { data: self.parts.train, rows: self.batches.last_rows(), epoch: self.counters.epoch };
        self.plan.backward(rows);
        self.plan.update(&self.rates);
        self.counters.step += 1;
        self.counters.batch += 1;
        let epoch_ends = self.counters.batch == self.batches.per_epoch() as u64;
        if epoch_ends {
            self.counters.epoch += 1;
        }
        let stop = !full && self.is_report_due() && self.report(observers)?;
        if epoch_ends {
            self.counters.batch = 0;
            if !full {
                self.clear_epoch();
            }
            self.batches.seek(self.counters.epoch, 0);
        }
        if self.is_checkpoint_due() {
            self.save(observers)?;
        }
        Ok(stop)
    }

    /// The first half of a step: its rates, its batch, and forward as far as the loss.
    fn look(&mut self) -> Result<()> {
        self.set_rates();
        self.batches.next_batch();
        self.forward(true)
    }

    /// Begins the next step and hands it over, for whoever wants to see all of it.
    pub(crate) fn begin_step(mut self) -> Result<BegunStep<R>> {
        self.look()?;
        Ok(BegunStep {
            rows: self.batches.last_rows().to_vec(),
            epoch: self.counters.epoch,
            batch: self.counters.batch,
            batches_per_epoch: self.batches.per_epoch() as u64,
            rates: self.rates,
            plan: self.plan,
        })
    }

    /// Computes the outputs and the loss of the current batch.
    fn forward(&mut self, training: bool) -> Result<()> {
        let rows =
            Rows { data: self.parts.train, rows: self.batches.last_rows(), epoch: self.counters.epoch };
        // A full batch has the same rows at every step.
        if !self.batches.is_full() || !self.has_gathered {
            self.plan.gather(rows);
            self.has_gathered = true;
        }
        self.plan.forward(rows, training);
        self.last_loss = self.plan.data_loss(rows.data, rows.rows.len());
        if self.last_loss.is_finite() { Ok(()) } else { Err(self.diverged()) }
    }

    fn clear_epoch(&mut self) {
        self.counters.epoch_loss = 0.0;
        self.counters.epoch_rows = 0;
        self.counters.epoch_metrics.clear();
    }

    /// Adds the current batch to what is known of the epoch; its metrics only if somebody will see them.
    fn add_to_epoch(&mut self, metrics: bool) {
        let rows = self.batches.last_rows();
        self.counters.epoch_loss += match self.loss.reduction() {
            Reduction::Sum => self.last_loss,
            Reduction::Mean => self.last_loss * rows.len() as f64,
        };
        self.counters.epoch_rows += rows.len() as u64;
        if metrics {
            let (predictions, targets) = self.plan.in_own_units(self.parts.train, rows.len());
            self.counters.epoch_metrics.add(predictions, targets);
        }
    }

    fn set_rates(&mut self) {
        let base = self.base_learning_rate();
        let per_epoch = self.batches.per_epoch() as u64;
        let step = self.counters.step;
        self.rates.step = step + 1;
        for (rate, own) in self.rates.learning_rates.iter_mut().zip(&self.layer_rates) {
            *rate = self.settings.schedule.rate(own.unwrap_or(base), step, per_epoch, self.total_steps);
        }
    }

    fn base_learning_rate(&self) -> f64 {
        self.counters
            .learning_rate
            .or(self.settings.learning_rate)
            .unwrap_or_else(|| self.settings.optimizer.default_learning_rate())
    }

    fn learning_rate(&self) -> f64 {
        let step = self.counters.step.min(self.total_steps.saturating_sub(1));
        let per_epoch = self.batches.per_epoch() as u64;
        self.settings.schedule.rate(self.base_learning_rate(), step, per_epoch, self.total_steps)
    }

    fn is_report_due(&mut self) -> bool {
        let every = self.settings.report_every.unwrap_or(if self.is_full_batch() {
            Every::Steps(FULL_BATCH_REPORT_STEPS)
        } else {
            Every::Epochs(1)
        });
        let due = self.is_due(every, self.last_timed.report);
        if due {
            self.last_timed.report = Instant::now();
        }
        due && self.counters.last_report != Some(self.counters.step)
    }

    fn is_checkpoint_due(&mut self) -> bool {
        let Some(every) = self.settings.checkpoint_every else { return false };
        let due = self.is_due(every, self.last_timed.checkpoint);
        if due {
            self.last_timed.checkpoint = Instant::now();
        }
        due
    }

    fn is_due(&self, every: Every, last: Instant) -> bool {
        match every {
            Every::Steps(steps) => self.counters.step.is_multiple_of(steps.max(1)),
            Every::Epochs(epochs) => {
                let at_start_of_epoch =
                    self.counters.batch == 0 || self.counters.batch == self.batches.per_epoch() as u64;
                at_start_of_epoch && self.counters.epoch.is_multiple_of(epochs.max(1))
            }
            Every::Minutes(minutes) => last.elapsed() >= Duration::from_secs_f64(minutes.max(0.0) * 60.0),
        }
    }

    fn call_step(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<Vec<Command>> {
        let progress = Progress {
            epoch: self.counters.epoch,
            step: self.counters.step,
            total_steps: self.total_steps,
            steps_per_epoch: self.batches.per_epoch() as u64,
            loss: self.last_loss,
            learning_rate: self.learning_rate(),
            seconds: self.seconds(),
        };
        let mut commands = Vec::new();
        for observer in observers.iter_mut() {
            if observer.next_step().is_some_and(|next| next <= self.counters.step) {
                commands.push(observer.on_step(&progress, &mut View { session: self })?);
            }
        }
        Ok(commands)
    }

    /// Carries out what observers asked for; true: stop.
    fn obey(&mut self, commands: Vec<Command>, observers: &mut [Box<dyn Observer + '_>]) -> Result<bool> {
        let mut stop = false;
        for command in commands {
            match command {
                Command::Continue => {}
                Command::Stop => stop = true,
                Command::SetLearningRate(rate) => self.counters.learning_rate = Some(rate),
                Command::Save => self.save(observers)?,
            }
        }
        Ok(stop)
    }

    fn save(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<()> {
        let state = self.state();
        observers.iter_mut().try_for_each(|observer| observer.on_checkpoint(&state))
    }

    /// The error of a loss that is not finite on the current batch; one more backward pass finds where that began.
    fn diverged(&mut self) -> Error {
        let rows = self.batches.last_rows();
        let count = rows.len();
        self.plan.backward(Rows { data: self.parts.train, rows, epoch: self.counters.epoch });
        Error::Diverged {
            epoch: self.counters.epoch + 1,
            step: self.counters.step,
            loss: self.last_loss,
            learning_rate: self.learning_rate(),
            first: named(self.plan.first_not_finite(count), self.plan.layers()),
        }
    }

    /// Writes the last checkpoint, gives the kept weights to the network and evaluates them.
    fn finish(
        mut self,
        network: &mut Network<R>,
        observers: &mut [Box<dyn Observer + '_>],
        ending: Ending,
    ) -> Result<Outcome> {
        let last = self.plan.parameters().to_vec();
        if let Some(best) = &self.best {
            self.plan.parameters_mut().copy_from_slice(best);
        }
        let penalty = self.plan.penalty();
        self.evaluator.set_parameters(self.plan.parameters());
        let mut parts = Vec::new();
        let given = [
            (Part::Train, Some(self.parts.train)),
            (Part::Validation, self.parts.validation),
            (Part::Test, self.parts.test),
        ];
        for (part, data) in given {
            let Some(data) = data else { continue };
            parts.push(self.evaluator.evaluate(data, part, penalty, self.custom));
            self.check_finite(&parts)?;
        }
        network.parameters_mut().copy_from_slice(self.plan.parameters());
        self.plan.parameters_mut().copy_from_slice(&last);
        self.save(observers)?;
        let state = self.state();
        let parameters_sha256 = sha256(&state.parameters);
        Ok(Outcome {
            ending,
            history: self.history,
            epochs: self.counters.epoch,
            steps: self.counters.step,
            seconds: state.counters.seconds,
            best_epoch: self.counters.best_epoch,
            parameters_sha256,
            parts,
            state,
        })
    }
}

/// A layer with its kind, for an error.
fn named(
    first: Option<(usize, &'static str)>,
    layers: &[PlacedLayer],
) -> Option<(usize, String, &'static str)> {
    first.map(|(layer, what)| (layer, layers[layer].layer.kind().to_owned(), what))
}

/// The earliest step at which an observer wants to be called.
fn due(observers: &[Box<dyn Observer + '_>]) -> Option<u64> {
    observers.iter().filter_map(|observer| observer.next_step()).min()
}

/// What observers may look at.
struct View<'s, 'a, R: Real> {
    session: &'s mut Session<'a, R>,
}

impl<R: Real> Snapshot for View<'_, '_, R> {
    fn parameters(&self) -> Vec<f64> {
        self.session.plan.parameters().iter().map(|value| value.to_f64()).collect()
    }

    fn predict(&mut self, data: &Dataset) -> Result<Vec<f64>> {
        let session = &mut *self.session;
        session.evaluator.set_parameters(session.plan.parameters());
        Ok(session.evaluator.predict(data))
    }

    fn loss_at(&mut self, parameters: &[f64]) -> Result<f64> {
        let session = &mut *self.session;
        let parameters: Vec<R> = parameters.iter().map(|&value| R::from_f64(value)).collect();
        session.evaluator.set_parameters(&parameters);
        let report = session.evaluator.evaluate(session.parts.train, Part::Train, 0.0, &[]);
        Ok(report.data_loss)
    }
}

/// The next value of a run's running hash: FNV-1a over the one before, the loss and every parameter's bits.
fn checksum<R: Real>(before: u64, loss: f64, parameters: &[R]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = (OFFSET ^ before).wrapping_mul(PRIME);
    hash = (hash ^ loss.to_bits()).wrapping_mul(PRIME);
    for value in parameters {
        hash = (hash ^ value.bits()).wrapping_mul(PRIME);
        hash ^= hash >> 29;
    }
    hash
}

/// The SHA-256 of some bytes, in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
