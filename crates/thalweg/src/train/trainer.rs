//! The trainer: a network, settings, and `fit`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::observer::Observer;
use super::session::{Outcome, Parts, Session, Setup};
use super::settings::{BatchSize, Every, TrainingSettings};
use super::state::State;
use crate::custom::CustomMetric;
use crate::data::{Dataset, DatasetTargets};
use crate::error::{Error, Result};
use crate::losses::Loss;
use crate::metrics::Metric;
use crate::network::Network;
use crate::optimizers::Optimizer;
use crate::real::Real;
use crate::schedules::Schedule;
use crate::team::default_threads;

/// Trains a network.
///
/// # Example
/// ```
/// use thalweg::data::{Dataset, DatasetTargets, Features};
/// use thalweg::{Loss, Network, Optimizer, Shape, Trainer};
///
/// // t = 2x + 1
/// let x = Features::F64(vec![0.0, 1.0, 2.0, 3.0]);
/// let t = DatasetTargets::Values { values: vec![1.0, 3.0, 5.0, 7.0], outputs: 1 };
/// let data = Dataset::new(x, Shape::from(1), t)?;
/// let mut line = Network::<f64>::builder(1).dense(1).build(0)?;
/// let outcome = Trainer::new()
///     .loss(Loss::MeanSquaredError)
///     .optimizer(Optimizer::Sgd)
///     .learning_rate(0.1)
///     .full_batch()
///     .epochs(500)
///     .fit(&mut line, &data)?;
/// assert!(outcome.parts[0].loss < 1e-12);
/// assert!((line.parameter("0.weight")?[0] - 2.0).abs() < 1e-6);
/// # Ok::<(), thalweg::Error>(())
/// ```
#[must_use = "a trainer does nothing until `fit`"]
pub struct Trainer<'a> {
    settings: TrainingSettings,
    /// Whether somebody said how many epochs, so that steps do not take their place.
    says_epochs: bool,
    seed: u64,
    metrics: Vec<Arc<dyn CustomMetric>>,
    observers: Vec<Box<dyn Observer + 'a>>,
    interrupt: Option<&'a AtomicBool>,
    failure: Option<Arc<AtomicBool>>,
    threads: Option<usize>,
    /// Whether every part is evaluated at the end.
    evaluates: bool,
    /// Whether reports are brief.
    is_brief: bool,
}

impl Default for Trainer<'_> {
    fn default() -> Self {
        Trainer::new()
    }
}

impl<'a> Trainer<'a> {
    /// A trainer with the defaults of [`TrainingSettings`] and seed 0.
    pub fn new() -> Self {
        Trainer { says_epochs: false, ..Trainer::with_settings(TrainingSettings::default()) }
    }

    /// A trainer with these settings and seed 0.
    pub fn with_settings(settings: TrainingSettings) -> Self {
        Trainer {
            settings,
            says_epochs: true,
            seed: 0,
            metrics: Vec::new(),
            observers: Vec::new(),
            interrupt: None,
            failure: None,
            threads: None,
            evaluates: true,
            is_brief: false,
        }
    }

    /// The seed of shuffles and of dropout.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The loss; without it, softmax cross-entropy for classes (binary for one output), else the mean squared error.
    pub fn loss(mut self, loss: Loss) -> Self {
        self.settings.loss = Some(loss);
        self
    }

    /// The update rule; Adam without it.
    pub fn optimizer(mut self, optimizer: Optimizer) -> Self {
        self.settings.optimizer = optimizer;
        self
    }

    /// The base learning rate; the optimizer's default without it.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.settings.learning_rate = Some(learning_rate);
        self
    }

    /// The rate as a function of the step.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings.schedule = schedule;
        self
    }

    /// Adds ½·l2·Σw² to the loss.
    pub fn l2(mut self, l2: f64) -> Self {
        self.settings.l2 = l2;
        self
    }

    /// Adds l1·Σ|w| to the loss.
    pub fn l1(mut self, l1: f64) -> Self {
        self.settings.l1 = l1;
        self
    }

    /// Takes rate·weight_decay·w off the weights at each step, apart from the gradient.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.settings.weight_decay = weight_decay;
        self
    }

    /// Cuts each value of the gradient to this magnitude, above 0.
    pub fn clip_value(mut self, clip_value: f64) -> Self {
        self.settings.clip_value = Some(clip_value);
        self
    }

    /// Shortens a longer gradient to this norm, above 0.
    pub fn clip_norm(mut self, clip_norm: f64) -> Self {
        self.settings.clip_norm = Some(clip_norm);
        self
    }

    /// Shortens the weights that come into a unit to this norm, above 0, after each update.
    pub fn max_norm(mut self, max_norm: f64) -> Self {
        self.settings.max_norm = Some(max_norm);
        self
    }

    /// How often a report is made; each epoch, or every 100 steps of a full-batch run, without it.
    pub fn report_every(mut self, every: Every) -> Self {
        self.settings.report_every = Some(every);
        self
    }

    /// How many rows an update sees; 32 without it.
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.settings.batch_size = BatchSize::Rows(rows);
        self
    }

    /// Every update sees all rows.
    pub fn full_batch(mut self) -> Self {
        self.settings.batch_size = BatchSize::Full;
        self
    }

    /// Whether the rows are reordered each epoch; they are without it.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.settings.shuffle = shuffle;
        self
    }

    /// How many passes over the training set; 100 without it and without [`steps`](Trainer::steps).
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.says_epochs = true;
        self.settings.epochs = Some(epochs);
        self
    }

    /// How many updates. Where epochs are said too, the first that is reached ends the run.
    pub fn steps(mut self, steps: u64) -> Self {
        if !self.says_epochs {
            self.settings.epochs = None;
        }
        self.settings.steps = Some(steps);
        self
    }

    /// Adds metrics to every report of validation and test; those that can be added up batch by batch to training's too.
    pub fn metrics(mut self, metrics: impl IntoIterator<Item = Metric>) -> Self {
        self.settings.metrics.extend(metrics);
        self
    }

    /// Adds a metric of one's own to every report: of the training part from what its steps said, as other metrics there.
    pub fn metric(mut self, metric: impl CustomMetric + 'static) -> Self {
        self.metrics.push(Arc::new(metric));
        self
    }

    /// Adds an observer.
    pub fn observer(mut self, observer: impl Observer + 'a) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Ends the run after the step in which somebody sets this flag.
    pub fn interrupt(mut self, flag: &'a AtomicBool) -> Self {
        self.interrupt = Some(flag);
        self
    }

    /// Lets parts of one's own fail: a step or a report in which one of them raises this flag is left out as if it had not begun, and the
    /// run ends before it as an interrupted one does. So a loss, a layer or a metric that cannot go on costs nothing that was learned:
    /// it raises the flag and gives whatever it likes.
    pub fn failure(mut self, flag: Arc<AtomicBool>) -> Self {
        self.failure = Some(flag);
        self
    }

    /// Whether every part is evaluated once more at the end, with every metric and the weights that are kept; it is without this.
    /// Otherwise [`Outcome::parts`] is empty, and a short run is shorter.
    pub fn evaluate_at_end(mut self, evaluates: bool) -> Self {
        self.evaluates = evaluates;
        self
    }

    /// Whether a report costs next to nothing, for whoever wants a figure of every short epoch and will not compare runs by checksums;
    /// without it, reports are whole. A brief one has no [`checksum`](super::Report::checksum), the outcome no SHA-256, and a full
    /// batch is reported after its update, as any other batch is, with the loss that its step saw.
    pub fn brief_reports(mut self, is_brief: bool) -> Self {
        self.is_brief = is_brief;
        self
    }

    /// The most threads to work on, at least 1; without it, one per processor. A step too small to gain from several
    /// stays on one. The result is the same to the bit.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// Trains on all rows of `train`.
    ///
    /// # Errors
    /// When network, loss and data do not fit each other, and [`Error::Diverged`] when the loss stops being finite.
    pub fn fit<R: Real>(self, network: &mut Network<R>, train: &'a Dataset) -> Result<Outcome> {
        self.fit_parts(network, Parts { train, validation: None, test: None })
    }

    /// Trains on one part, watching the others.
    ///
    /// Afterwards the network has the weights of the best report by validation, or else the last.
    ///
    /// # Errors
    /// As [`Trainer::fit`].
    pub fn fit_parts<R: Real>(self, network: &mut Network<R>, parts: Parts<'a>) -> Result<Outcome> {
        R::train(self, network, parts, None)
    }

    /// Goes on from a saved state, to the same bits as if the run had never stopped.
    ///
    /// # Errors
    /// As [`Trainer::fit`], and [`Error::State`] when the state is another network's.
    pub fn resume<R: Real>(
        self,
        network: &mut Network<R>,
        parts: Parts<'a>,
        state: &State,
    ) -> Result<Outcome> {
        R::train(self, network, parts, Some(state))
    }

    /// The run itself, from the start or from a saved state.
    pub(crate) fn go<R: Real>(
        mut self,
        network: &mut Network<R>,
        parts: Parts<'a>,
        state: Option<&State>,
    ) -> Result<Outcome> {
        let loss = self.settings.loss.clone().unwrap_or_else(|| default_loss(network, parts.train));
        // The session borrows settings, metrics and the data alike for the run.
        let settings = self.settings.clone();
        let mut metrics = settings.custom_metrics.clone();
        metrics.append(&mut self.metrics);
        let threads = self.threads.unwrap_or_else(default_threads);
        let setup = Setup {
            settings: &settings,
            loss,
            seed: self.seed,
            custom: &metrics,
            threads,
            failure: self.failure,
        };
        let mut session = Session::new(network, parts, setup)?;
        session.evaluates = self.evaluates;
        session.is_brief = self.is_brief;
        if let Some(state) = state {
            session.restore(state).ok_or(Error::State)?;
            restore_observers(&mut self.observers, state)?;
        }
        session.run(network, &mut self.observers, self.interrupt)
    }
}

/// Gives every observer that has a name what it knew.
fn restore_observers(observers: &mut [Box<dyn Observer + '_>], state: &State) -> Result<()> {
    for (name, known) in &state.observers {
        let own = observers.iter_mut().find(|observer| observer.name() == Some(name));
        let Some(observer) = own else { return Err(Error::NoObserver { name: name.clone() }) };
        observer.restore(known).map_err(|reason| Error::ObserverState { name: name.clone(), reason })?;
    }
    Ok(())
}

/// The loss that goes with the targets.
pub fn default_loss<R: Real>(network: &Network<R>, data: &Dataset) -> Loss {
    match data.targets() {
        DatasetTargets::Classes { .. } if network.output_shape().len() == 1 => Loss::BinaryCrossEntropy,
        DatasetTargets::Classes { .. } => Loss::SoftmaxCrossEntropy,
        DatasetTargets::Values { .. } | DatasetTargets::None => Loss::MeanSquaredError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Features;
    use crate::shape::Shape;

    #[test]
    fn the_last_evaluation_changes_nothing() {
        let targets = DatasetTargets::Values { values: vec![1.0, 3.0, 5.0], outputs: 1 };
        let data = Dataset::new(Features::F64(vec![0.0, 1.0, 2.0]), Shape::from(1), targets).unwrap();
        let fit = |evaluates| {
            let mut network = Network::<f64>::builder(1).dense(2).tanh().dense(1).build(0).unwrap();
            let trainer = Trainer::new().epochs(3).evaluate_at_end(evaluates);
            (trainer.fit(&mut network, &data).unwrap(), network)
        };
        let ((with, a), (without, b)) = (fit(true), fit(false));
        assert_eq!((with.parts.len(), without.parts.len()), (1, 0));
        assert_eq!(a.parameters(), b.parameters());
        assert_eq!(with.parameters_sha256, without.parameters_sha256);
    }
}
