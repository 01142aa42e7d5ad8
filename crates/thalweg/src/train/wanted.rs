//! Which metrics are computed on a part, and which make sense there, asked before any work.

use std::sync::Arc;

use super::report::Part;
use super::session::Parts;
use super::settings::TrainingSettings;
use crate::activations::Activation;
use crate::custom::CustomMetric;
use crate::data::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::layers::Layer;
use crate::losses::Loss;
use crate::metrics::{MOST_RANKED, Metric, TOP_K, Undefined, label};
use crate::network::{NetworkProblem, PlacedLayer};

/// What is asked of an evaluation beside loss and the metrics that are always there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// These metrics, in the order of [`Metric::ALL`].
    Only(&'a [Metric]),
    /// Every metric that fits, and the figures of each class.
    All,
}

/// What decides which metrics make sense, before any prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// How many classes there are; `None` for numbers.
    classes: Option<usize>,
    /// Whether the predictions say how likely each class is.
    are_probabilities: bool,
}

impl Subject {
    /// Of a network with these layers, trained by this loss on targets such as `data` has.
    pub(crate) fn new(layers: &[PlacedLayer], loss: &Loss, data: &Dataset) -> Self {
        let classes = match data.targets() {
            DatasetTargets::Classes { count, .. } => Some(*count),
            DatasetTargets::Values { .. } | DatasetTargets::None => None,
        };
        let last = layers.last();
        let is_one = last.is_some_and(|layer| layer.output.len() == 1);
        let ends_with = match (loss.prediction_activation(), last.map(|layer| &layer.layer)) {
            (Some(activation), _) => Some(activation),
            // A score or the logarithm of a rate is none, whatever layer it comes from.
            (None, _) if loss.gives_scores() || loss.from_log_rates() => None,
            (None, Some(Layer::Activation(activation))) => Some(activation.clone()),
            (None, _) => None,
        };
        let are_probabilities = match ends_with {
            Some(Activation::Softmax) => !is_one,
            Some(Activation::Sigmoid) => is_one,
            _ => false,
        };
        Subject { classes, are_probabilities }
    }

    /// Why a metric makes no sense here, whatever the rows.
    pub(crate) fn refuses(self, metric: Metric) -> Option<Undefined> {
        match self.classes {
            None => metric.is_for_classes().then_some(Undefined::ForClasses),
            Some(_) if !metric.is_for_classes() => Some(Undefined::ForNumbers),
            Some(classes) if metric == Metric::TopK && classes <= TOP_K => {
                Some(Undefined::FewClasses { classes })
            }
            Some(_) if metric.needs_probabilities() && !self.are_probabilities => {
                Some(Undefined::NotProbabilities)
            }
            Some(_) => None,
        }
    }

    /// Every metric that goes with the targets. Some may have no value; with two classes there is but one ROC curve.
    pub(crate) fn all(self) -> Vec<Metric> {
        let suits = |metric: &Metric| match self.refuses(*metric) {
            None => self.classes != Some(2) || *metric != Metric::RocAucWeighted,
            Some(why) => why == Undefined::NotProbabilities,
        };
        Metric::ALL.into_iter().filter(suits).collect()
    }
}

/// Why a metric that makes sense of the targets has no value on these rows, whatever is predicted.
pub(crate) fn undefined_on(metric: Metric, data: &Dataset) -> Option<Undefined> {
    match data.targets() {
        DatasetTargets::Values { values, outputs } => match metric {
            Metric::Mape => values
                .iter()
                .position(|&value| value == 0.0)
                .map(|index| Undefined::ZeroTarget { row: data.row_numbers()[index / outputs] }),
            Metric::R2 => (data.rows() < 2).then_some(Undefined::OneRow),
            _ => None,
        },
        DatasetTargets::Classes { ids, count } if metric.needs_ranking() => {
            let classes = (*count).max(2);
            // The precision of class 1 needs no others.
            let mut needed = match (metric, classes) {
                (Metric::AveragePrecision, 2) => 1..2,
                _ => 0..classes,
            };
            let mut has_rows = vec![false; classes];
            ids.iter().for_each(|&id| has_rows[id as usize] = true);
            let absent = needed.find(|&class| !has_rows[class]);
            let values = ids.len().saturating_mul(classes);
            match absent {
                Some(class) => Some(Undefined::ClassWithoutRows { class: label(data.label_names(), class) }),
                None => (values > MOST_RANKED).then_some(Undefined::TooMany { values, most: MOST_RANKED }),
            }
        }
        DatasetTargets::Classes { .. } | DatasetTargets::None => None,
    }
}

/// The metrics of every report, beside those that are always there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReportedMetrics {
    /// Of the training part: those that can be added up.
    pub(crate) train: Vec<Metric>,
    /// Of the validation part.
    pub(crate) validation: Vec<Metric>,
    /// Of the test part.
    pub(crate) test: Vec<Metric>,
}

impl ReportedMetrics {
    /// What the settings ask for, and what early stopping and the learning rate go by.
    ///
    /// # Errors
    /// [`NetworkProblem::Metric`] for one that makes no sense here, [`NetworkProblem::UnknownMetric`] for one that does not exist.
    pub(crate) fn new(
        settings: &TrainingSettings,
        subject: Subject,
        parts: &Parts<'_>,
        custom: &[Arc<dyn CustomMetric>],
    ) -> Result<Self> {
        for &metric in &settings.metrics {
            let no_part = || {
                let is_alone = parts.validation.is_none() && parts.test.is_none();
                (is_alone && !metric.is_added_up()).then_some(Undefined::NoPart)
            };
            if let Some(why) = subject.refuses(metric).or_else(no_part) {
                return Err(NetworkProblem::Metric { metric: metric.name().to_owned(), why }.into());
            }
        }
        let stopping = settings.early_stopping.as_ref().map(|stopping| &stopping.metric);
        let plateau = settings.reduce_on_plateau.as_ref().map(|plateau| &plateau.metric);
        let mut deciding = Vec::new();
        for path in [stopping, plateau].into_iter().flatten() {
            deciding.extend(deciding_metric(path, subject, parts, custom)?);
        }
        let of = |part: Part| -> Vec<Metric> {
            let decides = |metric| deciding.contains(&(part, metric));
            let is_asked = |metric: &Metric| settings.metrics.contains(metric) || decides(*metric);
            let fits = |metric: &Metric| part != Part::Train || metric.is_added_up();
            let more = Metric::ALL.into_iter().filter(|metric| !metric.is_always_there());
            more.filter(is_asked).filter(fits).collect()
        };
        Ok(ReportedMetrics { train: of(Part::Train), validation: of(Part::Validation), test: of(Part::Test) })
    }

    /// Those of a part.
    pub(crate) fn of(&self, part: Part) -> &[Metric] {
        match part {
            Part::Train => &self.train,
            Part::Validation => &self.validation,
            Part::Test => &self.test,
        }
    }
}

/// The part and the metric of `"validation.f1_macro"`; `None` for a loss and for a user's own.
fn deciding_metric(
    path: &str,
    subject: Subject,
    parts: &Parts<'_>,
    custom: &[Arc<dyn CustomMetric>],
) -> Result<Option<(Part, Metric)>> {
    let (part, name) = path.split_once('.').unwrap_or((path, ""));
    let given = [(Part::Train, Some(parts.train)), (Part::Validation, parts.validation)];
    let found = given.into_iter().find(|(own, _)| own.name() == part);
    let Some((part, Some(data))) = found else { return Err(unknown(path, subject, parts, custom)) };
    let is_own = custom.iter().any(|metric| metric.name() == name);
    if is_own || matches!(name, "loss" | "data_loss") {
        return Ok(None);
    }
    let Some(metric) = Metric::from_name(name) else { return Err(unknown(path, subject, parts, custom)) };
    let not_here = (part == Part::Train && !metric.is_added_up()).then_some(Undefined::NotWhileTraining);
    match subject.refuses(metric).or(not_here).or_else(|| undefined_on(metric, data)) {
        None => Ok(Some((part, metric))),
        Some(why) => Err(NetworkProblem::Metric { metric: path.to_owned(), why }.into()),
    }
}

/// What a run that has no such metric does have.
fn unknown(
    path: &str,
    subject: Subject,
    parts: &Parts<'_>,
    custom: &[Arc<dyn CustomMetric>],
) -> crate::error::Error {
    let mut known = Vec::new();
    for (part, data) in [(Part::Train, Some(parts.train)), (Part::Validation, parts.validation)] {
        let Some(data) = data else { continue };
        let is_train = part == Part::Train;
        let fits = |metric: &Metric| {
            subject.refuses(*metric).is_none()
                && (metric.is_added_up() || !is_train)
                && undefined_on(*metric, data).is_none()
        };
        let path = |name: &str| format!("{}.{name}", part.name());
        known.extend(["loss", "data_loss"].map(path));
        known.extend(Metric::ALL.into_iter().filter(fits).map(|metric| path(metric.name())));
        known.extend(custom.iter().map(|metric| path(metric.name())));
    }
    NetworkProblem::UnknownMetric { metric: path.to_owned(), known: known.join(", ") }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Features;
    use crate::network::Network;
    use crate::shape::Shape;

    fn classes(ids: &[u32], count: usize) -> Dataset {
        let targets = DatasetTargets::Classes { ids: ids.to_vec(), count };
        Dataset::new(Features::F64(vec![0.5; ids.len()]), Shape::from(1), targets).unwrap()
    }

    fn numbers(values: &[f64]) -> Dataset {
        let targets = DatasetTargets::Values { values: values.to_vec(), outputs: 1 };
        Dataset::new(Features::F64(vec![0.5; values.len()]), Shape::from(1), targets).unwrap()
    }

    fn subject(network: &Network<f32>, loss: &Loss, data: &Dataset) -> Subject {
        Subject::new(network.layers(), loss, data)
    }

    fn names(metrics: &[Metric]) -> Vec<&'static str> {
        metrics.iter().map(|metric| metric.name()).collect()
    }

    #[test]
    fn outputs_are_probabilities_where_loss_or_last_layer_say_so() {
        let (one, three) = (classes(&[0, 1], 2), classes(&[0, 1, 2], 3));
        let plain = |outputs| Network::builder(1).dense(outputs).build(0).unwrap();
        let sigmoid = |outputs| Network::builder(1).dense(outputs).sigmoid().build(0).unwrap();
        let softmax = |outputs: usize| {
            Network::builder(1).dense(outputs).activation(Activation::Softmax).build(0).unwrap()
        };
        let cases = [
            (plain(3), Loss::SoftmaxCrossEntropy, &three, true),
            (plain(1), Loss::BinaryCrossEntropy, &one, true),
            (plain(3), Loss::BinaryCrossEntropy, &three, false),
            (plain(3), Loss::HalfSquares, &three, false),
            (sigmoid(3), Loss::HalfSquares, &three, false),
            (softmax(3), Loss::HalfSquares, &three, true),
            (sigmoid(1), Loss::MeanSquaredError, &one, true),
            (plain(1), Loss::MeanSquaredError, &one, false),
            (plain(1), Loss::Hinge, &one, false),
            (sigmoid(1), Loss::SquaredHinge, &one, false),
            (softmax(3), Loss::Hinge, &three, false),
        ];
        for (i, (network, loss, data, expected)) in cases.iter().enumerate() {
            let subject = subject(network, loss, data);
            assert_eq!(subject.refuses(Metric::LogLoss).is_none(), *expected, "case {i}");
            assert_eq!(subject.refuses(Metric::RocAuc), None);
        }
    }

    #[test]
    fn what_has_no_value_whatever_is_predicted() {
        let absent = |class: &str| Some(Undefined::ClassWithoutRows { class: class.to_owned() });
        let named = classes(&[1, 1], 2).with_label_names(vec!["no".to_owned(), "yes".to_owned()]);
        assert_eq!(undefined_on(Metric::RocAuc, &named), absent("no"));
        assert_eq!(undefined_on(Metric::AveragePrecision, &named), None);
        assert_eq!(undefined_on(Metric::AveragePrecision, &classes(&[0, 0], 2)), absent("1"));
        assert_eq!(undefined_on(Metric::AveragePrecision, &classes(&[0, 2], 3)), absent("1"));
        assert_eq!(undefined_on(Metric::RocAucWeighted, &classes(&[0, 2, 1], 3)), None);
        assert_eq!(undefined_on(Metric::F1Macro, &named), None);
        let zero = numbers(&[1.0, 2.0, 0.0]).select(&[1, 2]);
        assert_eq!(undefined_on(Metric::Mape, &zero), Some(Undefined::ZeroTarget { row: 2 }));
        assert_eq!(undefined_on(Metric::Mape, &numbers(&[1.0])), None);
        assert_eq!(undefined_on(Metric::R2, &numbers(&[1.0])), Some(Undefined::OneRow));
    }

    fn reported(
        stop: Option<&str>,
        metrics: &[Metric],
        data: &Dataset,
        has_validation: bool,
    ) -> Result<ReportedMetrics> {
        let settings = TrainingSettings {
            metrics: metrics.to_vec(),
            early_stopping: stop.map(|metric| super::super::EarlyStopping {
                metric: metric.to_owned(),
                patience: 1,
                min_delta: 0.0,
            }),
            ..TrainingSettings::default()
        };
        let network = Network::<f32>::builder(1).dense(data.outputs()).build(0).unwrap();
        let loss = super::super::default_loss(&network, data);
        let parts = Parts { train: data, validation: has_validation.then_some(data), test: None };
        ReportedMetrics::new(&settings, subject(&network, &loss, data), &parts, &[])
    }

    #[test]
    fn the_training_part_has_what_can_be_added_up() {
        let data = classes(&[0, 1, 2], 3);
        let asked = [Metric::RocAuc, Metric::F1Macro, Metric::Accuracy];
        let metrics = reported(Some("validation.brier"), &asked, &data, true).unwrap();
        assert_eq!(names(metrics.of(Part::Train)), ["f1_macro"]);
        assert_eq!(names(metrics.of(Part::Validation)), ["f1_macro", "roc_auc", "brier"]);
        assert_eq!(names(metrics.of(Part::Test)), ["f1_macro", "roc_auc"]);
        let metrics = reported(Some("train.recall_macro"), &[], &data, true).unwrap();
        assert_eq!(names(metrics.of(Part::Train)), ["recall_macro"]);
        assert_eq!(names(metrics.of(Part::Validation)), [""; 0]);
        assert!(reported(Some("validation.r2"), &[], &numbers(&[1.0, 2.0]), true).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_refused_in_one_sentence() {
        let (three, zero) = (classes(&[0, 1, 2], 3), numbers(&[0.0, 1.0]));
        let refused = |stop: Option<&str>, metrics: &[Metric], data: &Dataset, has_validation: bool| {
            reported(stop, metrics, data, has_validation).unwrap_err().to_string()
        };
        let said = [
            refused(Some("validation.r2"), &[], &three, true),
            refused(None, &[Metric::Rmse], &three, true),
            refused(None, &[Metric::RocAuc], &zero, true),
            refused(Some("validation.top_k"), &[], &three, true),
            refused(Some("train.roc_auc"), &[], &three, true),
            refused(None, &[Metric::LogLoss], &three, false),
            refused(Some("validation.mape"), &[], &zero, true),
            refused(Some("validation.roc_auc"), &[], &classes(&[0, 1, 1], 3), true),
            refused(Some("validation.loss"), &[], &zero, false),
            refused(Some("test.loss"), &[], &zero, true),
            refused(Some("validation.f1"), &[], &three, true),
        ];
        insta::assert_snapshot!(said.join("\n"));
    }
}
