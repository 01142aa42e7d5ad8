//! What the rules look at.

use super::course::Course;
use super::finding::{Finding, Kind, Severity};
use super::inputs::Inputs;
use super::moment::{self, Moment};
use crate::data::Dataset;
use crate::layers::Layer;
use crate::run::Prepared;
use crate::train::TrainingSettings;

/// A run or an experiment, with all that was measured of it.
#[derive(Debug)]
pub(super) struct Patient<'a> {
    pub(super) prepared: &'a Prepared,
    /// The inputs of the training part.
    pub(super) inputs: Inputs,
    /// The network at its start; `None` where its loss is not finite there.
    pub(super) start: Option<Moment>,
    /// The network after the last step that was made.
    pub(super) end: Option<Moment>,
    /// How training went.
    pub(super) course: Course,
    /// What was found so far: a rule may leave to a cause what it explains.
    pub(super) found: Vec<Finding>,
}

impl Patient<'_> {
    pub(super) fn train(&self) -> &Dataset {
        &self.prepared.train
    }

    pub(super) fn training(&self) -> &TrainingSettings {
        &self.prepared.experiment.training
    }

    /// The base learning rate.
    pub(super) fn rate(&self) -> f64 {
        let training = self.training();
        training.learning_rate.unwrap_or_else(|| training.optimizer.default_learning_rate())
    }

    /// Whether a problem of one of these kinds was found, which explains what follows from it.
    pub(super) fn is_explained_by(&self, kinds: &[Kind]) -> bool {
        self.found
            .iter()
            .any(|finding| finding.severity == Severity::Problem && kinds.contains(&finding.kind))
    }

    /// Whether something of this kind was found, as a problem or as a hint.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.found.iter().any(|finding| finding.kind == kind)
    }

    /// The layers of the network in order.
    pub(super) fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.prepared.network.layers().iter().map(|placed| &placed.layer)
    }

    /// Whether there is a hidden layer.
    pub(super) fn has_hidden_layers(&self) -> bool {
        self.prepared.network.layers().iter().filter(|placed| moment::weight(placed).is_some()).count() > 1
    }
}
