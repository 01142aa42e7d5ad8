//! An experiment written as TOML, in two manners: resolved (every value, layers by number) or commented (to start from).

mod layers;

use std::fmt::Write as _;
use std::path::Path;

use super::data::is_word;
use super::{Experiment, augment};
use crate::activations::Activation;
use crate::custom::{CustomActivation, CustomLoss, CustomOptimizer, Options};
use crate::data::{ClassWeight, Fold, Generator, Scaling, Source, Split};
use crate::init::Init;
use crate::layers::Layer;
use crate::losses::Loss;
use crate::optimizers::Optimizer;
use crate::schedules::Schedule;
use crate::train::{BatchSize, Every, LayerTraining, TrainingSettings, WeightAverage};

pub(super) use layers::described;

/// The column at which comments begin.
const COMMENT_COLUMN: usize = 56;

/// Lines of keys.
struct Writer {
    text: String,
    commented: bool,
    /// The table that is open.
    table: &'static str,
    /// What was written, by its name with dots.
    settings: Vec<(String, String)>,
}

impl Writer {
    fn table(&mut self, name: &'static str) {
        self.table = name;
        let _ = writeln!(self.text, "\n[{name}]");
    }

    /// Notes a setting.
    fn setting(&mut self, key: &str, value: impl Into<String>) {
        let name = if self.table.is_empty() { key.to_owned() } else { format!("{}.{key}", self.table) };
        self.settings.push((name, value.into()));
    }

    /// `key = value`, with what it means where comments are wanted.
    fn key(&mut self, key: &str, value: impl AsRef<str>, meaning: &str) {
        let value = value.as_ref();
        self.line(&format!("{key} = {value}"), meaning);
        self.setting(key, value);
    }

    /// A key that may have no value: an example in a comment then, where comments are wanted.
    fn maybe(&mut self, key: &str, value: Option<String>, example: &str, meaning: &str) {
        match value {
            Some(value) => self.key(key, value, meaning),
            None if self.commented => self.line(&format!("# {key} = {example}"), meaning),
            None => {}
        }
    }

    fn line(&mut self, line: &str, meaning: &str) {
        if self.commented && !meaning.is_empty() {
            let _ = writeln!(self.text, "{line:<width$}  # {meaning}", width = COMMENT_COLUMN);
        } else {
            let _ = writeln!(self.text, "{line}");
        }
    }
}

pub(super) fn toml(experiment: &Experiment, commented: bool) -> String {
    written(experiment, commented).text
}

/// The settings of the resolved file, by their names with dots, in its order.
pub(super) fn settings(experiment: &Experiment) -> Vec<(String, String)> {
    written(experiment, false).settings
}

fn written(experiment: &Experiment, commented: bool) -> Writer {
    let mut w = Writer { text: String::new(), commented, table: "", settings: Vec::new() };
    if commented {
        w.text.push_str("# Train it with `thalweg train THIS_FILE`. What stands behind a # is optional.\n");
    }
    w.key("name", quoted(&experiment.name), "runs are named after it");
    if !experiment.description.is_empty() || commented {
        w.key("description", quoted(&experiment.description), "");
    }
    w.key("seed", experiment.seed.to_string(), "the one seed");
    w.key("random", quoted(experiment.random.name()), "\"philox\", or \"numpy\" for np.random.seed's stream");
    w.key("precision", quoted(experiment.precision.name()), "\"f32\" or \"f64\"");
    data(&mut w, experiment);
    network(&mut w, experiment);
    training(&mut w, &experiment.training);
    w
}

fn data(w: &mut Writer, experiment: &Experiment) {
    let data = &experiment.data;
    w.table("data");
    w.key("source", source(&data.source), "a name, a path or several, or a generator's table");
    w.maybe("validation", data.validation.as_ref().map(source), "\"validation.csv\"", "a source of its own");
    w.maybe("test", data.test.as_ref().map(source), "\"test.csv\"", "a source of its own");
    let names = |names: &[String]| (!names.is_empty()).then(|| list(names.iter().map(|name| quoted(name))));
    w.maybe(
        "features",
        names(&data.features),
        "[\"length\", \"width\"]",
        "the inputs; default: all but the target",
    );
    w.maybe("target", names(&data.target), "\"species\"", "what the network learns to say");
    w.maybe(
        "weight",
        data.weight.as_deref().map(quoted),
        "\"count\"",
        "the column that says what each row weighs",
    );
    w.maybe(
        "class_weight",
        data.class_weight.as_ref().map(class_weight),
        "\"balanced\"",
        "or { NAME = 2.0 }; for the training part",
    );
    w.maybe(
        "split",
        data.split.as_ref().map(split),
        "{ validation = 0.1, test = 0.1, stratify = true }",
        "shares of a source without parts",
    );
    w.maybe(
        "fold",
        data.fold.map(fold),
        "{ number = 1, of = 5 }",
        "held out in place of the validation share",
    );
    w.maybe("format", data.format.as_deref().map(quoted), "\"csv\"", "in place of detection");
    let scalings = "\"none\", \"divide-255\", \"standard\" or \"min-max\"";
    w.maybe("scale", data.scale.map(|scale| quoted(scaling(scale))), "\"standard\"", scalings);
    w.key(
        "scale_target",
        quoted(scaling(data.scale_target)),
        "losses are reported in the target's own units",
    );
}

fn network(w: &mut Writer, experiment: &Experiment) {
    let network = &experiment.network;
    w.table("network");
    w.line("layers = [", "numbered from 0, an activation inside counts as the next");
    let mut number = 0;
    let mut layers = Vec::new();
    while let Some(layer) = network.layers.get(number) {
        let next = match network.layers.get(number + 1) {
            Some(Layer::Activation(next)) if w.commented => Some(next),
            _ => None,
        };
        let (text, taken) = described(layer, next);
        w.line(&format!("  {text},"), "");
        layers.push(text);
        number += taken;
    }
    w.line("]", "");
    w.setting("layers", list(layers.into_iter()));
    w.maybe(
        "input_shape",
        network.input_shape.as_ref().map(|shape| shape.to_string()),
        "[4]",
        "default: from the data",
    );
    w.maybe(
        "init",
        network.init.as_ref().map(init),
        "\"he_normal\"",
        "default: He before ReLU, Glorot otherwise",
    );
}

fn training(w: &mut Writer, training: &TrainingSettings) {
    w.table("training");
    w.maybe("loss", training.loss.as_ref().map(loss), "\"mean_squared_error\"", "default: by the target");
    let rate = training.learning_rate.unwrap_or_else(|| training.optimizer.default_learning_rate());
    w.key("optimizer", optimizer(&training.optimizer, rate), "sgd, momentum, rmsprop, adam or adamw");
    w.key("schedule", schedule(&training.schedule), "constant, step, exponential, cosine or warm_up");
    w.key("l2", number(training.l2), "adds ½·l2·Σw² to the loss; never biases");
    w.key("l1", number(training.l1), "adds l1·Σ|w| to the loss; never biases");
    // AdamW says its own.
    if !matches!(training.optimizer, Optimizer::AdamW { .. }) || training.weight_decay != 0.0 {
        w.key("weight_decay", number(training.weight_decay), "decoupled decay of weights");
    }
    w.maybe(
        "clip_value",
        training.clip_value.map(number),
        "0.5",
        "larger values of a gradient are cut to this",
    );
    w.maybe("clip_norm", training.clip_norm.map(number), "1.0", "longer gradients are shortened to this");
    w.maybe("max_norm", training.max_norm.map(number), "3.0", "what comes into a unit is shortened to this");
    let batch_size = match training.batch_size {
        BatchSize::Rows(rows) => rows.to_string(),
        BatchSize::Full => quoted("full"),
    };
    w.key("batch_size", batch_size, "rows per step, or \"full\"");
    if training.accumulate != 1 || w.commented {
        w.key("accumulate", training.accumulate.to_string(), "batches per step, added up");
    }
    w.key("shuffle", training.shuffle.to_string(), "a new order each epoch");
    w.maybe(
        "augment",
        training.augment.as_ref().map(augment::written),
        "{ shift = 2, rotate = 10.0 }",
        "images of the training part are changed each epoch",
    );
    w.maybe(
        "epochs",
        training.epochs.map(|epochs| epochs.to_string()),
        "100",
        "the first that is reached ends the run",
    );
    w.maybe(
        "steps",
        training.steps.map(|steps| steps.to_string()),
        "10000",
        "without epochs, steps alone end it",
    );
    let layers = (!training.layer.is_empty()).then(|| {
        let layers =
            training.layer.iter().map(|(number, layer)| format!("{number} = {}", layer_training(layer)));
        format!("{{ {} }}", layers.collect::<Vec<_>>().join(", "))
    });
    w.maybe("layer", layers, "{ 0 = { learning_rate = 0.01, frozen = false } }", "by layer number");
    let stop = training.early_stopping.as_ref().map(|stop| {
        let (metric, delta) = (quoted(&stop.metric), number(stop.min_delta));
        format!("{{ metric = {metric}, patience = {}, min_delta = {delta} }}", stop.patience)
    });
    w.maybe("early_stopping", stop, "{ metric = \"validation.loss\", patience = 10 }", "");
    let plateau = training.reduce_on_plateau.as_ref().map(|plateau| {
        let (metric, factor) = (quoted(&plateau.metric), number(plateau.factor));
        let (delta, least) = (number(plateau.min_delta), number(plateau.least_share));
        format!(
            "{{ metric = {metric}, factor = {factor}, patience = {}, min_delta = {delta}, least_share = {least} }}",
            plateau.patience
        )
    });
    w.maybe(
        "reduce_on_plateau",
        plateau,
        "{ factor = 0.1, patience = 10 }",
        "smaller rates where nothing gains",
    );
    let average = training.average.map(|average| match average {
        WeightAverage::Ema { decay } => part("ema", &[("decay", number(decay))]),
        WeightAverage::Swa { start } => part("swa", &[("start", number(start))]),
    });
    w.maybe("average", average, "\"ema\"", "of the weights, in place of the last: ema or swa");
    let metrics = training.metrics.iter().map(|metric| quoted(metric.name()));
    let own = training.custom_metrics.iter().map(|own| own_part(own.name(), &own.options()));
    let metrics: Vec<String> = metrics.chain(own).collect();
    let metrics = (!metrics.is_empty()).then(|| list(metrics.into_iter()));
    w.maybe("metrics", metrics, "[\"f1_macro\", \"roc_auc\"]", "more of them in each report");
    w.maybe("report_every", training.report_every.map(every), "\"1 epoch\"", "in steps, epochs or minutes");
    w.maybe("checkpoint_every", training.checkpoint_every.map(every), "\"5 minutes\"", "default: at the end");
    w.key(
        "keep_checkpoints",
        training.keep_checkpoints.to_string(),
        "so many of the newest stay in the folder",
    );
    w.key("shards", training.shards.to_string(), "cuts each batch for several ranks");
}

fn class_weight(weight: &ClassWeight) -> String {
    match weight {
        ClassWeight::Balanced => quoted("balanced"),
        ClassWeight::Named(named) => {
            let named = named.iter().map(|(name, weight)| format!("{} = {}", quoted(name), number(*weight)));
            format!("{{ {} }}", named.collect::<Vec<_>>().join(", "))
        }
    }
}

/// `custom = "name", options = { ... }`: what says which part of a program's own it is.
fn own_keys(name: &str, options: &Options) -> String {
    match options {
        Options::Null => format!("custom = {}", quoted(name)),
        options => format!("custom = {}, options = {}", quoted(name), value(options)),
    }
}

fn own_part(name: &str, options: &Options) -> String {
    format!("{{ {} }}", own_keys(name, options))
}

/// JSON as a TOML value; what is null is left out of tables, and stands as text in lists.
fn value(json: &Options) -> String {
    match json {
        Options::Null => quoted("null"),
        Options::Bool(truth) => truth.to_string(),
        Options::Number(whole) if whole.is_i64() || whole.is_u64() => whole.to_string(),
        Options::Number(other) => number(other.as_f64().unwrap_or(f64::NAN)),
        Options::String(text) => quoted(text),
        Options::Array(items) => list(items.iter().map(value)),
        Options::Object(fields) => {
            let fields = fields.iter().filter(|(_, field)| !field.is_null());
            let fields = fields.map(|(key, field)| format!("{} = {}", quoted(key), value(field)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// `"name"` or `{ name = "name", option = value }`.
fn part(name: &str, options: &[(&str, String)]) -> String {
    if options.is_empty() {
        return quoted(name);
    }
    let mut text = format!("{{ name = {}", quoted(name));
    for (key, value) in options {
        let _ = write!(text, ", {key} = {value}");
    }
    text + " }"
}

fn activation(activation: &Activation) -> String {
    match activation {
        Activation::Identity => quoted("identity"),
        Activation::Sigmoid => quoted("sigmoid"),
        Activation::Tanh => quoted("tanh"),
        Activation::Relu => quoted("relu"),
        Activation::LeakyRelu { slope } => part("leaky_relu", &[("slope", number(*slope))]),
        Activation::Elu { alpha } => part("elu", &[("alpha", number(*alpha))]),
        Activation::Selu => quoted("selu"),
        Activation::Gelu => quoted("gelu"),
        Activation::GeluTanh => quoted("gelu_tanh"),
        Activation::Silu => quoted("silu"),
        Activation::Softplus => quoted("softplus"),
        Activation::Mish => quoted("mish"),
        Activation::Softmax => quoted("softmax"),
        Activation::Custom(own) => {
            own_part(CustomActivation::<f64>::name(&**own), &CustomActivation::<f64>::options(&**own))
        }
    }
}

pub(super) fn loss(loss: &Loss) -> String {
    match loss {
        Loss::SumOfSquares => quoted("sum_of_squares"),
        Loss::MeanSquaredError => quoted("mean_squared_error"),
        Loss::HalfSquares => quoted("half_squares"),
        Loss::MeanAbsoluteError => quoted("mean_absolute_error"),
        Loss::Huber { delta } => part("huber", &[("delta", number(*delta))]),
        Loss::LogCosh => quoted("log_cosh"),
        Loss::Quantile { quantile } => part("quantile", &[("quantile", number(*quantile))]),
        Loss::Poisson => quoted("poisson"),
        Loss::Hinge => quoted("hinge"),
        Loss::SquaredHinge => quoted("squared_hinge"),
        Loss::BinaryCrossEntropy => quoted("binary_cross_entropy"),
        Loss::SmoothedBinaryCrossEntropy { label_smoothing } => {
            part("binary_cross_entropy", &[("label_smoothing", number(*label_smoothing))])
        }
        Loss::Focal { gamma, alpha } => {
            part("focal", &[("gamma", number(*gamma)), ("alpha", number(*alpha))])
        }
        Loss::SoftmaxCrossEntropy => quoted("softmax_cross_entropy"),
        Loss::SmoothedSoftmaxCrossEntropy { label_smoothing } => {
            part("softmax_cross_entropy", &[("label_smoothing", number(*label_smoothing))])
        }
        Loss::Custom(own) => own_part(CustomLoss::<f64>::name(&**own), &CustomLoss::<f64>::options(&**own)),
    }
}

fn optimizer(optimizer: &Optimizer, learning_rate: f64) -> String {
    if let Optimizer::Custom(own) = optimizer {
        let keys = own_keys(CustomOptimizer::<f64>::name(&**own), &CustomOptimizer::<f64>::options(&**own));
        return format!("{{ {keys}, learning_rate = {} }}", number(learning_rate));
    }
    let mut options = vec![("learning_rate", number(learning_rate))];
    let name = match optimizer {
        Optimizer::Sgd => "sgd",
        Optimizer::Momentum { momentum, nesterov } => {
            options.extend([("momentum", number(*momentum)), ("nesterov", nesterov.to_string())]);
            "momentum"
        }
        Optimizer::RmsProp { rho, epsilon } => {
            options.extend([("rho", number(*rho)), ("epsilon", number(*epsilon))]);
            "rmsprop"
        }
        Optimizer::Adam { beta1, beta2, epsilon } => {
            options.extend([
                ("beta1", number(*beta1)),
                ("beta2", number(*beta2)),
                ("epsilon", number(*epsilon)),
            ]);
            "adam"
        }
        Optimizer::AdamW { beta1, beta2, epsilon, weight_decay } => {
            options.extend([
                ("beta1", number(*beta1)),
                ("beta2", number(*beta2)),
                ("epsilon", number(*epsilon)),
            ]);
            options.push(("weight_decay", number(*weight_decay)));
            "adamw"
        }
        Optimizer::Adagrad { epsilon } => {
            options.push(("epsilon", number(*epsilon)));
            "adagrad"
        }
        Optimizer::Adadelta { rho, epsilon } => {
            options.extend([("rho", number(*rho)), ("epsilon", number(*epsilon))]);
            "adadelta"
        }
        Optimizer::Nadam { beta1, beta2, epsilon } => {
            options.extend([
                ("beta1", number(*beta1)),
                ("beta2", number(*beta2)),
                ("epsilon", number(*epsilon)),
            ]);
            "nadam"
        }
        Optimizer::Lion { beta1, beta2 } => {
            options.extend([("beta1", number(*beta1)), ("beta2", number(*beta2))]);
            "lion"
        }
        Optimizer::Muon { momentum, iterations, adam_share } => {
            options.extend([
                ("momentum", number(*momentum)),
                ("iterations", iterations.to_string()),
                ("adam_share", number(*adam_share)),
            ]);
            "muon"
        }
        Optimizer::Lbfgs { history } => {
            options.push(("history", history.to_string()));
            "lbfgs"
        }
        Optimizer::Rprop { shrink, grow, least, most } => {
            options.extend([
                ("shrink", number(*shrink)),
                ("grow", number(*grow)),
                ("least", number(*least)),
                ("most", number(*most)),
            ]);
            "rprop"
        }
        Optimizer::Custom(_) => "custom",
    };
    part(name, &options)
}

fn schedule(rule: &Schedule) -> String {
    match rule {
        Schedule::Constant => quoted("constant"),
        Schedule::Step { every, factor } => {
            part("step", &[("every", every.to_string()), ("factor", number(*factor))])
        }
        Schedule::Exponential { decay } => part("exponential", &[("decay", number(*decay))]),
        Schedule::Cosine { final_share } => part("cosine", &[("final_share", number(*final_share))]),
        Schedule::Polynomial { power, final_share } => {
            part("polynomial", &[("power", number(*power)), ("final_share", number(*final_share))])
        }
        Schedule::OneCycle { rise, start_share, final_share } => part(
            "one_cycle",
            &[
                ("rise", number(*rise)),
                ("start_share", number(*start_share)),
                ("final_share", number(*final_share)),
            ],
        ),
        Schedule::WarmRestarts { first, longer, final_share } => part(
            "warm_restarts",
            &[
                ("first", first.to_string()),
                ("longer", longer.to_string()),
                ("final_share", number(*final_share)),
            ],
        ),
        Schedule::WarmUp { steps, then } => {
            part("warm_up", &[("steps", steps.to_string()), ("then", schedule(then))])
        }
    }
}

fn init(init: &Init) -> String {
    match init {
        Init::HeNormal => quoted("he_normal"),
        Init::HeUniform => quoted("he_uniform"),
        Init::GlorotNormal => quoted("glorot_normal"),
        Init::GlorotUniform => quoted("glorot_uniform"),
        Init::LecunNormal => quoted("lecun_normal"),
        Init::File { path } => part("file", &[("path", quoted(&path.to_string_lossy()))]),
        Init::FirstRow { rows, of } => {
            let (name, mut options) = drawn(of);
            options.push(("rows", rows.to_string()));
            part(name, &options)
        }
        Init::Zeros | Init::Normal { .. } | Init::Uniform { .. } => {
            let (name, options) = drawn(init);
            part(name, &options)
        }
    }
}

/// The name and options of an initialisation that a row can be drawn from; any other is zeros.
fn drawn(init: &Init) -> (&'static str, Vec<(&'static str, String)>) {
    match init {
        Init::Normal { std } => ("normal", vec![("std", number(*std))]),
        Init::Uniform { low, high } => ("uniform", vec![("low", number(*low)), ("high", number(*high))]),
        _ => ("zeros", Vec::new()),
    }
}

fn source(source: &Source) -> String {
    match source {
        Source::Named(name) => quoted(name),
        Source::Files(paths) => match paths.as_slice() {
            [path] => quoted(&as_path(path)),
            _ => list(paths.iter().map(|path| quoted(&path.to_string_lossy()))),
        },
        Source::Generator(Generator { name, rows, classes, noise, seed }) => {
            let options = [
                ("rows", rows.map(|rows| rows.to_string())),
                ("classes", classes.map(|classes| classes.to_string())),
                ("noise", noise.map(number)),
                ("seed", seed.map(|seed| seed.to_string())),
            ];
            let given: Vec<_> = options.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
            part(name, &given)
        }
    }
}

/// A path so that it cannot be taken for a name.
fn as_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    if is_word(&text) { format!("./{text}") } else { text.into_owned() }
}

fn fold(fold: Fold) -> String {
    format!("{{ number = {}, of = {} }}", fold.number, fold.of)
}

fn split(split: &Split) -> String {
    let (validation, test) = (number(split.validation), number(split.test));
    format!("{{ validation = {validation}, test = {test}, stratify = {} }}", split.stratify)
}

fn scaling(scaling: Scaling) -> &'static str {
    match scaling {
        Scaling::None => "none",
        Scaling::Divide255 => "divide-255",
        Scaling::Standard => "standard",
        Scaling::MinMax => "min-max",
    }
}

fn layer_training(layer: &LayerTraining) -> String {
    match layer.learning_rate {
        Some(rate) => format!("{{ learning_rate = {}, frozen = {} }}", number(rate), layer.frozen),
        None => format!("{{ frozen = {} }}", layer.frozen),
    }
}

fn every(every: Every) -> String {
    quoted(&match every {
        Every::Steps(1) => "1 step".to_owned(),
        Every::Steps(steps) => format!("{steps} steps"),
        Every::Epochs(1) => "1 epoch".to_owned(),
        Every::Epochs(epochs) => format!("{epochs} epochs"),
        Every::Minutes(minutes) => format!("{minutes:?} minutes"),
    })
}

/// The shortest decimal that reads back as the same number, always with a point or an exponent.
fn number(value: f64) -> String {
    format!("{value:?}")
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
