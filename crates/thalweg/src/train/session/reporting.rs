//! Reports: what the loop says of itself, and what it finds wrong then.

use super::super::observer::Observer;
use super::super::report::{Part, PartReport, Report};
use super::super::wanted::Wanted;
use super::exact::named;
use super::watching::{self, View};
use super::{Ending, Session};
use crate::data::DatasetTargets;
use crate::error::{Error, Result};
use crate::kernels::OrderedSum;
use crate::losses::{Reduction, Targets, Weights};
use crate::network::PlacedLayer;
use crate::real::Real;
use crate::train::cure::Symptoms;
use crate::train::evaluate::own_metrics;

/// A training loss so many times that of the first rows has exploded, if it is so many times that of predicting 0 everywhere too;
/// a loss below 1 counts as 1.
const EXPLODED: f64 = 1e6;

impl<R: Real> Session<'_, R> {
    /// A report at the end, where none was made for these parameters yet: a full-batch run needs one more forward pass,
    /// as the network predicts.
    pub(super) fn report_now(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<()> {
        if self.is_full_batch {
            self.read_parameters();
            self.clear_epoch();
            let evaluator = self.evaluator.get(&self.network, &self.rules.loss, self.parts.train)?;
            evaluator.set_parameters(self.network.parameters());
            self.last_loss = evaluator.data_loss(self.parts.train, &mut self.counters.epoch_metrics);
            if self.rules.has_failed() {
                return Ok(());
            }
            if !self.last_loss.is_finite() {
                return self.forward_exactly(false);
            }
            let train = self.parts.train;
            if !self.custom.is_empty() {
                let rows: Vec<u32> = (0..train.rows() as u32).collect();
                self.counters.epoch_seen.add(&rows, &evaluator.predict(train));
            }
            let weight = train.weights().map(|weights| Weights::Each(weights).total());
            self.add_loss_to_epoch(train.rows(), weight);
        } else if self.counters.epoch_rows == 0 {
            return Ok(());
        }
        self.report(observers)?;
        if self.is_full_batch {
            self.clear_epoch();
        }
        Ok(())
    }

    /// Makes a report, keeps the best weights, tells the observers. An ending: the run is over.
    pub(super) fn report(&mut self, observers: &mut [Box<dyn Observer + '_>]) -> Result<Option<Ending>> {
        self.report_with(observers, None)
    }

    /// As [`report`](Self::report), where `penalty` is that of the parameters whose loss the epoch knows; `None`: those of now.
    pub(super) fn report_with(
        &mut self,
        observers: &mut [Box<dyn Observer + '_>],
        penalty: Option<f64>,
    ) -> Result<Option<Ending>> {
        watching::is_saving(observers);
        let others = [(Part::Validation, self.parts.validation), (Part::Test, self.parts.test)];
        let has_others = others.iter().any(|(_, data)| data.is_some());
        // Whoever is called with the report reads them for himself.
        if !self.is_brief || has_others || penalty.is_none() && self.rules.has_penalty() {
            self.read_parameters();
        }
        let penalty =
            penalty.unwrap_or_else(|| self.rules.penalty(self.network.layers(), self.network.parameters()));
        let data_loss = match self.rules.loss.reduction() {
            Reduction::Sum => self.counters.epoch_loss,
            Reduction::Mean => {
                let weight = self.counters.epoch_weight.unwrap_or(self.counters.epoch_rows as f64);
                // An epoch of rows that weigh nothing has no loss.
                if weight == 0.0 { self.counters.epoch_loss } else { self.counters.epoch_loss / weight }
            }
        };
        self.check_exploded(data_loss)?;
        let mut parts = vec![PartReport {
            part: Part::Train,
            loss: data_loss + penalty,
            data_loss,
            metrics: self.counters.epoch_metrics.values_with(&self.metrics.train),
            custom: self.own_of_epoch(),
        }];
        let mut judged_penalty = penalty;
        if has_others {
            let judged = self.judged().to_vec();
            let evaluator = self.evaluator.get(&self.network, &self.rules.loss, self.parts.train)?;
            evaluator.set_parameters(&judged);
            judged_penalty = self.rules.penalty(self.network.layers(), &judged);
        }
        for (part, data) in others {
            if let Some(data) = data {
                let wanted = Wanted::Only(self.metrics.of(part));
                let evaluator = self.evaluator.get(&self.network, &self.rules.loss, self.parts.train)?;
                parts.push(evaluator.evaluate(data, part, judged_penalty, wanted, self.custom));
                if !self.has_failed() {
                    self.check_finite(&parts)?;
                }
            }
        }
        if self.has_failed() {
            return Ok(Some(Ending::Interrupted)); // such a report says nothing
        }
        if !self.is_brief {
            self.counters.checksum = checksum(self.counters.checksum, data_loss, self.network.parameters());
        }
        self.counters.last_report = Some(self.counters.step);
        let mut report = Report {
            epoch: self.counters.epoch,
            step: self.counters.step,
            learning_rate: self.learning_rate(),
            seconds: self.seconds(),
            parts,
            checksum: self.counters.checksum,
        };
        let mut ending = self.keep_best(&report);
        self.watch_plateau(&report);
        report.learning_rate = self.learning_rate();
        for observer in observers.iter_mut() {
            let command = observer.on_report(&report, &mut View { session: self })?;
            ending = ending.or(self.obey(command));
        }
        self.history.reports.push(report);
        Ok(ending)
    }

    /// The metrics of a user's own on the rows of the epoch so far, from what the steps said of them.
    fn own_of_epoch(&self) -> Vec<(String, f64)> {
        let seen = &self.counters.epoch_seen;
        match seen.rows.is_empty() {
            true => Vec::new(),
            false => own_metrics(self.custom, self.parts.train, &seen.rows, &seen.predictions),
        }
    }

    /// Ends the run where the training loss is finite but beyond hope.
    fn check_exploded(&mut self, data_loss: f64) -> Result<()> {
        let per_row = self.counters.epoch_loss / self.counters.epoch_rows as f64;
        let Some(first_loss) = self.counters.first_loss else { return Ok(()) };
        let is_usual = |yardstick: f64| per_row <= EXPLODED * yardstick.abs().max(1.0);
        // The first rows may lack the targets that are far from the others.
        if is_usual(first_loss) || is_usual(self.loss_of_zeros()) {
            return Ok(());
        }
        self.read_parameters();
        let largest = |layer: &PlacedLayer| {
            let parameters = layer.parameters.iter().flat_map(|parameter| parameter.range.clone());
            let sizes = parameters.map(|i| self.network.parameters()[i].to_f64().abs());
            sizes.fold(0.0, f64::max)
        };
        let layers = self.network.layers();
        let first = (0..layers.len()).max_by(|&a, &b| largest(&layers[a]).total_cmp(&largest(&layers[b])));
        let is_within = self.is_full_batch || self.counters.batch < self.steps_per_epoch;
        let epoch = self.counters.epoch + u64::from(is_within);
        Err(self.ran_away(epoch, data_loss, first.map(|layer| (layer, "weights"))))
    }

    /// The training loss of a network that says 0 to every row, for one row.
    fn loss_of_zeros(&self) -> f64 {
        let (train, loss) = (self.parts.train, &self.rules.loss);
        let outputs = self.network.output_shape().len();
        let (zeros, mut targets) = (vec![R::ZERO; outputs], vec![R::ZERO; outputs]);
        let mut sum = OrderedSum::new();
        for row in 0..train.rows() {
            let weight = train.weights().map_or(1.0, |weights| weights[row]);
            let value = match train.targets() {
                DatasetTargets::Classes { ids, .. } => {
                    loss.row_value(&zeros, Targets::Classes(&ids[row..=row]).row(0, outputs))
                }
                DatasetTargets::Values { values, .. } => {
                    for (to, &value) in targets.iter_mut().zip(&values[row * outputs..(row + 1) * outputs]) {
                        *to = R::from_f64(value);
                    }
                    loss.row_value(&zeros, Targets::Values(&targets).row(0, outputs))
                }
                DatasetTargets::None => R::ZERO,
            };
            sum.push(weight * value.to_f64());
        }
        sum.total() / train.rows() as f64
    }

    /// Ends the run where the part that was evaluated last has a loss that is not finite (NUMERICS rule 17).
    pub(super) fn check_finite(&self, parts: &[PartReport]) -> Result<()> {
        match parts.last() {
            Some(report) if !report.data_loss.is_finite() => {
                let first = self.evaluator.first_not_finite(&self.network);
                Err(self.ran_away(self.counters.epoch, report.data_loss, first))
            }
            _ => Ok(()),
        }
    }

    /// The error of a loss that is not finite or has exploded in this epoch, and what of which layer went wrong first.
    pub(super) fn ran_away(&self, epoch: u64, loss: f64, first: Option<(usize, &'static str)>) -> Error {
        let layers = self.network.layers();
        let losses = self.history.losses(Part::Train);
        let symptoms = Symptoms {
            loss,
            first: first.map(|(_, what)| what),
            last_layer: layers.last().map(|placed| &placed.layer),
            train: self.parts.train,
            takes_scaled_targets: !self.rules.loss.from_log_rates(),
            is_clipped: self.settings.clip_norm.is_some(),
            had_learned: losses.first().zip(losses.last()).is_some_and(|(first, last)| last.1 < first.1),
            base_rate: self.base_learning_rate(),
        };
        Error::Diverged {
            epoch,
            step: self.counters.step,
            loss,
            learning_rate: self.learning_rate(),
            first: named(first, layers),
            cure: symptoms.cure(),
            checkpoint: None,
        }
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
