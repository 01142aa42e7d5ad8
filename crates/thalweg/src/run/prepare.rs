//! From an experiment to a network, its data and its loss.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::fitted_layers;
use super::start::Start;
use crate::data::sources::named_folder;
use crate::data::{
    self, DataNotice, DataSettings, Dataset, LoadOptions, Preprocessing, Scaling, Source, Split, Task,
    TaskKind,
};
use crate::error::Result;
use crate::experiment::{Experiment, RandomSource};
use crate::init::Init;
use crate::layers::Layer;
use crate::losses::Loss;
use crate::model_file::{Model, TrainingSummary};
use crate::network::{AnyNetwork, Draw, Parameter, either};
use crate::team::default_threads;
use crate::train::{
    self, Ending, Observer, Outcome, Part, Parts, RateCurve, RateRange, ReportedMetrics, State, Subject,
    Trainer, TrainingSettings, default_loss, rate_range,
};

/// An experiment ready to train: its data loaded, its network drawn, its loss chosen.
///
/// # Example
/// ```
/// use thalweg::experiment::Draft;
/// use thalweg::run;
/// let experiment = Draft::builtin("spiral-linear")?.set("steps", "1")?.check()?;
/// let mut prepared = run::prepare(experiment, None)?;
/// let outcome = prepared.train(Vec::new(), None, None)?;
/// // Three classes, and a start near zero: the loss begins at log 3 = 1.0986.
/// assert!((outcome.history.reports[0].parts[0].data_loss - 1.0986).abs() < 1e-2);
/// # Ok::<(), thalweg::Error>(())
/// ```
#[derive(Debug)]
pub struct Prepared {
    /// The experiment with loss, learning rate, split and scale written out as they are used, and paths that do not depend
    /// on the folder it is run in.
    pub experiment: Experiment,
    /// The network; after training, with the weights that were kept.
    pub network: AnyNetwork,
    /// The loss: the experiment's, else by the target.
    pub loss: Loss,
    /// The rows that are trained on.
    pub train: Dataset,
    /// The rows that decide which weights are kept.
    pub validation: Option<Dataset>,
    /// The rows that decide nothing.
    pub test: Option<Dataset>,
    /// What was fitted on the training part.
    pub preprocessing: Preprocessing,
    /// What is learned.
    pub task: Task,
    /// Every data file that was read, with the SHA-256 of its bytes.
    pub files: Vec<(PathBuf, String)>,
    /// What a person should know about the data.
    pub notices: Vec<DataNotice>,
    /// The folder in which the files of a set known by name were found; without such a set, the one given.
    pub data_folder: Option<PathBuf>,
    /// The most threads that training works on: one per processor, if nobody sets another number. It changes the speed,
    /// never a result.
    pub threads: usize,
    /// Where the run begins, if not at the drawn start; `network` then has its weights.
    pub start: Option<Start>,
}

/// Loads an experiment's data, builds its network and draws the start. Sets known by name are looked for in
/// `data_folder` first.
///
/// # Errors
/// As [`data::load`], [`Network::new`](crate::Network::new) and [`Network::start`](crate::Network::start), and
/// [`NetworkProblem`](crate::network::NetworkProblem) when network, loss, data and metrics do not fit each other.
pub fn prepare(mut experiment: Experiment, data_folder: Option<&Path>) -> Result<Prepared> {
    let options = load_options(&experiment, data_folder);
    let parts = data::load(&experiment.data, &options)?;
    fitted_layers::fit(&mut experiment.network.layers, &parts.preprocessing, &parts.train)?;
    let data_folder = found_in(&experiment.data, data_folder);
    let settings = &experiment.network;
    let input_shape = settings.input_shape.clone().unwrap_or_else(|| parts.train.feature_shape().clone());
    let mut network = AnyNetwork::new(experiment.precision, input_shape, settings.layers.clone())?;
    let mut numpy = parts.numpy;
    either!(&mut network, network => {
        let draw = match numpy.as_mut() {
            Some(stream) => Draw::Numpy(stream),
            None => Draw::Philox { seed: experiment.seed },
        };
        network.start(settings.init.as_ref(), draw)?;
    });
    let loss = match &experiment.training.loss {
        Some(loss) => loss.clone(),
        None => either!(&network, network => default_loss(network, &parts.train)),
    };
    either!(&network, network => {
        for part in [Some(&parts.train), parts.validation.as_ref(), parts.test.as_ref()].into_iter().flatten() {
            crate::plan::fit::check(network, &loss, part)?;
        }
    });
    if let Some(augmentation) = experiment.training.augment.filter(|augmentation| !augmentation.is_off()) {
        augmentation.check(&parts.train, network.input_shape())?;
    }
    let given =
        Parts { train: &parts.train, validation: parts.validation.as_ref(), test: parts.test.as_ref() };
    let subject = Subject::new(network.layers(), &loss, &parts.train);
    let settings = &experiment.training;
    ReportedMetrics::new(settings, subject, &given, &settings.custom_metrics)?;
    either!(&network, network => train::check_settings(network, settings, &loss, parts.train.rows()))?;
    Ok(Prepared {
        experiment: resolved(experiment, &loss, parts.split, parts.scale),
        network,
        loss,
        train: parts.train,
        validation: parts.validation,
        test: parts.test,
        preprocessing: parts.preprocessing,
        task: parts.task,
        files: parts.files,
        notices: parts.notices,
        data_folder,
        threads: default_threads(),
        start: None,
    })
}

/// The folder that leads to the experiment's sets known by name wherever the run is gone on with, whatever the
/// environment says then.
fn found_in(settings: &DataSettings, given: Option<&Path>) -> Option<PathBuf> {
    let sources = [Some(&settings.source), settings.validation.as_ref(), settings.test.as_ref()];
    let found = sources.into_iter().flatten().find_map(|source| match source {
        Source::Named(name) => named_folder(name, given),
        _ => None,
    });
    found.or_else(|| given.map(Path::to_owned)).map(absolute)
}

/// How an experiment's data is loaded: its seed and streams, and what network and loss say about the target.
pub fn load_options(experiment: &Experiment, data_folder: Option<&Path>) -> LoadOptions {
    let outputs = outputs(&experiment.network.layers);
    let (task, classes) = match (&experiment.training.loss, outputs) {
        (Some(loss), outputs) if loss.is_from_softmax() => (Some(TaskKind::Classification), outputs),
        (Some(loss), Some(1)) if loss.is_from_sigmoid() => (Some(TaskKind::Classification), Some(2)),
        // One score tells two classes apart.
        (Some(loss), outputs) if loss.gives_scores() => {
            (Some(TaskKind::Classification), outputs.map(|outputs| outputs.max(2)))
        }
        (Some(loss), _) if loss.from_log_rates() => (Some(TaskKind::Regression), None),
        (Some(loss), _) if loss.is_from_sigmoid() || matches!(loss, Loss::Custom(_)) => (None, None),
        (Some(_), Some(1)) => (Some(TaskKind::Regression), None),
        (_, Some(outputs)) if outputs > 1 => (None, Some(outputs)),
        _ => (None, None),
    };
    LoadOptions {
        data_folder: data_folder.map(Path::to_owned),
        seed: experiment.seed,
        draws_from_numpy: experiment.random == RandomSource::Numpy,
        classes,
        task,
        ids: fitted_layers::ids(&experiment.network.layers),
        images: takes_images(&experiment.network.layers),
        input_shape: experiment.network.input_shape.clone(),
    }
}

/// Whether a layer for images comes before the rows are flat.
fn takes_images(layers: &[Layer]) -> bool {
    let mut before = layers.iter().take_while(|layer| !matches!(layer, Layer::Flatten | Layer::Dense(_)));
    let takes_sequences = |layer: &Layer| matches!(layer, Layer::Conv1d(_));
    !before.clone().any(|layer| layer.any(&takes_sequences))
        && before.any(|layer| layer.any(&Layer::takes_images))
}

/// How many outputs the layers have, where that does not depend on the data.
fn outputs(layers: &[Layer]) -> Option<usize> {
    outputs_before(layers, false)
}

/// The same before a mean over each channel, or before what keeps them.
fn outputs_before(layers: &[Layer], mut is_pooled: bool) -> Option<usize> {
    if layers.iter().any(|layer| layer.any(&|layer| matches!(layer, Layer::Custom(_)))) {
        return None;
    }
    for layer in layers.iter().rev() {
        match layer {
            Layer::Dense(dense) => return Some(dense.out_features),
            // A block without a layer that changes the shape gives what it takes.
            Layer::Residual(residual)
                if residual.layers().iter().any(|layer| layer.any(&Layer::has_weights)) =>
            {
                return outputs_before(residual.layers(), is_pooled);
            }
            // The channels themselves are what comes out.
            Layer::GlobalAveragePool(_) => is_pooled = true,
            Layer::Conv2d(conv) => return is_pooled.then_some(conv.out_channels),
            Layer::Conv1d(conv) => return is_pooled.then_some(conv.out_channels),
            Layer::ConvTranspose2d(conv) => return is_pooled.then_some(conv.out_channels),
            Layer::Embedding(_) | Layer::Periodic(_) | Layer::PiecewiseLinear(_) => return None,
            _ => {}
        }
    }
    None
}

/// The experiment with what it left open written out as it was used, and its paths made absolute, so that its file trains
/// the same run from anywhere.
fn resolved(mut experiment: Experiment, loss: &Loss, split: Split, scale: Option<Scaling>) -> Experiment {
    let training = &mut experiment.training;
    training.loss = Some(loss.clone());
    training.learning_rate.get_or_insert(training.optimizer.default_learning_rate());
    let data = &mut experiment.data;
    data.split = Some(split);
    data.scale = data.scale.or(scale);
    from_the_root(experiment)
}

/// The experiment with paths that do not depend on the folder it is run in.
pub(crate) fn from_the_root(mut experiment: Experiment) -> Experiment {
    let data = &mut experiment.data;
    for source in [Some(&mut data.source), data.validation.as_mut(), data.test.as_mut()].into_iter().flatten()
    {
        if let Source::Files(paths) = source {
            for path in paths {
                *path = absolute(&*path);
            }
        }
    }
    experiment.network.layers.iter_mut().for_each(starts_from_the_root);
    experiment.network.init.iter_mut().for_each(start_from_the_root);
    experiment
}

fn starts_from_the_root(layer: &mut Layer) {
    match layer {
        Layer::Residual(residual) => residual.all_mut().for_each(starts_from_the_root),
        other => other.inits_mut().into_iter().flatten().flatten().for_each(start_from_the_root),
    }
}

fn start_from_the_root(init: &mut Init) {
    if let Init::File { path } = init {
        *path = absolute(&*path);
    }
}

/// The path from the root; a path that cannot be made one stays.
fn absolute(path: impl AsRef<Path>) -> PathBuf {
    std::path::absolute(path.as_ref()).unwrap_or_else(|_| path.as_ref().to_owned())
}

impl Prepared {
    /// Every part that exists, the training part first.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &Dataset)> {
        let parts = [
            (Part::Train, Some(&self.train)),
            (Part::Validation, self.validation.as_ref()),
            (Part::Test, self.test.as_ref()),
        ];
        parts.into_iter().filter_map(|(part, data)| Some((part, data?)))
    }

    /// Every parameter tensor of the network, in layer order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        either!(&self.network, network => Box::new(network.parameter_tensors()) as Box<dyn Iterator<Item = &Parameter>>)
    }

    /// The settings of the training, with the loss that was chosen.
    pub(super) fn settings(&self) -> TrainingSettings {
        TrainingSettings { loss: Some(self.loss.clone()), ..self.experiment.training.clone() }
    }

    /// Trains to the end, from a saved state if one is given, else from where the run begins. Afterwards the network has the weights that were kept: the
    /// best by validation, else the last.
    ///
    /// # Errors
    /// As [`Trainer::fit_parts`] and [`Trainer::resume`], and whatever an observer says.
    pub fn train<'a>(
        &'a mut self,
        observers: Vec<Box<dyn Observer + 'a>>,
        interrupt: Option<&'a AtomicBool>,
        from: Option<&State>,
    ) -> Result<Outcome> {
        let from = from.or(self.start.as_ref().map(|start| &start.state));
        // A run that was stopped early has nothing left to do, though steps are left: it is ended before the first, and
        // nobody has anything new to observe.
        let is_over = from.is_some_and(|state| state.counters.finished);
        let at_once = AtomicBool::new(true);
        let (observers, interrupt) =
            if is_over { (Vec::new(), Some(&at_once)) } else { (observers, interrupt) };
        let unobserved = from.filter(|_| is_over).map(|state| {
            let observers = Default::default();
            State { observers, ..state.clone() }
        });
        let from = unobserved.as_ref().or(from);
        let settings = self.settings();
        let mut trainer = Trainer::with_settings(settings).seed(self.experiment.seed).threads(self.threads);
        for observer in observers {
            trainer = trainer.observer(observer);
        }
        if let Some(flag) = interrupt {
            trainer = trainer.interrupt(flag);
        }
        let parts =
            Parts { train: &self.train, validation: self.validation.as_ref(), test: self.test.as_ref() };
        let mut outcome = either!(&mut self.network, network => match from {
            Some(state) => trainer.resume(network, parts, state),
            None => trainer.fit_parts(network, parts),
        })?;
        if is_over {
            outcome.state.counters.finished = true;
            if outcome.ending == Ending::Interrupted {
                outcome.ending = Ending::Stopped;
            }
        }
        Ok(outcome)
    }

    /// The learning rate range test on the training part: see [`rate_range`]. The network stays as it is.
    ///
    /// # Errors
    /// As [`rate_range`].
    pub fn rate_range(&self, range: RateRange) -> Result<RateCurve> {
        let settings = self.settings();
        let (data, seed) = (&self.train, self.experiment.seed);
        either!(&self.network, network => rate_range(network, &settings, data, seed, range))
    }

    /// The trained model, with what training came to.
    pub fn model(&self, outcome: &Outcome) -> Model {
        let summary = TrainingSummary::new(&self.experiment.name, self.network.parameter_count(), outcome);
        Model { summary: Some(summary), ..self.untrained_model() }
    }

    /// The network as it is now, with everything that predicting needs.
    pub fn untrained_model(&self) -> Model {
        Model {
            network: self.network.clone(),
            loss: Some(self.loss.clone()),
            l2: self.experiment.training.l2,
            l1: self.experiment.training.l1,
            preprocessing: Some(self.preprocessing.clone()),
            label_names: self.train.label_names().to_vec(),
            target_names: self.train.target_names().to_vec(),
            summary: None,
        }
    }
}
