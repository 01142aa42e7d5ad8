//! What can be wrong with an experiment file, as fields; each problem displays as one sentence.

use std::fmt;
use std::path::Path;

use super::parts::MOST;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file, from 1.
    Line(usize),
    /// A flag laid over the file, as the user wrote it: `--set seed=-1`.
    Flag(String),
    /// The file as a whole.
    Whole,
}

impl Origin {
    /// What an error's sentence begins with: `spiral.toml, line 3: `.
    pub(crate) fn prefix(&self, file: Option<&Path>) -> String {
        match (self, file) {
            (Origin::Flag(flag), _) => format!("{flag}: "),
            (Origin::Line(line), Some(file)) => format!("{}, line {line}: ", file.display()),
            (Origin::Line(line), None) => format!("experiment, line {line}: "),
            (Origin::Whole, Some(file)) => format!("{}: ", file.display()),
            (Origin::Whole, None) => String::new(),
        }
    }
}

/// What kind of name was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// One of `Activation`'s names.
    Activation,
    /// One of `Loss`'s names.
    Loss,
    /// One of `Optimizer`'s names.
    Optimizer,
    /// One of `Schedule`'s names.
    Schedule,
    /// One of `Init`'s names.
    Init,
    /// One of the initialisations that a bias can have.
    BiasInit,
    /// One of `Scaling`'s names.
    Scaling,
    /// A layer's name or key.
    Layer,
    /// A set's or generator's name.
    Source,
    /// A file format's name.
    Format,
    /// Where random numbers come from.
    RandomSource,
    /// `f32` or `f64`.
    Precision,
    /// A rule for what classes weigh.
    ClassWeight,
    /// A way to turn images over.
    Flip,
    /// A way to average weights.
    Average,
    /// A part of the data and one of its metrics.
    Metric,
    /// A metric that reports can have.
    ReportedMetric,
    /// A built-in experiment.
    Experiment,
    /// A key of the file or one of the short names.
    Setting,
}

impl Kind {
    fn singular(self) -> &'static str {
        match self {
            Kind::Activation => "an activation",
            Kind::Loss => "a loss",
            Kind::Optimizer => "an optimizer",
            Kind::Schedule => "a schedule",
            Kind::Init => "an initialisation",
            Kind::BiasInit => "an initialisation of biases",
            Kind::Scaling => "a scaling",
            Kind::Layer => "a layer",
            Kind::Source => "a data set or generator",
            Kind::Format => "a file format",
            Kind::RandomSource => "a source of random numbers",
            Kind::Precision => "a precision",
            Kind::ClassWeight => "a rule for what classes weigh",
            Kind::Flip => "a way to turn images over",
            Kind::Average => "a way to average weights",
            Kind::Metric => "a metric that can stop a run",
            Kind::ReportedMetric => "a metric",
            Kind::Experiment => "a built-in experiment",
            Kind::Setting => "a setting",
        }
    }
}

/// Between which bounds a number must lie; every number must be finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bounds {
    /// Any finite number.
    Any,
    /// Above 0.
    Positive,
    /// 0 or more.
    NotNegative,
    /// 0 or more and less than 1.
    BelowOne,
    /// Above 0 and less than 1.
    Inside,
    /// From 0 to 1.
    Share,
    /// Above 0 and at most 1.
    PositiveShare,
    /// Degrees from 0 to 180.
    HalfTurn,
    /// Above this number.
    Above(f64),
    /// Above the first number and below the second.
    Between(f64, f64),
}

impl Bounds {
    /// Whether the number is finite and inside.
    pub(super) fn contain(self, number: f64) -> bool {
        number.is_finite()
            && match self {
                Bounds::Any => true,
                Bounds::Positive => number > 0.0,
                Bounds::NotNegative => number >= 0.0,
                Bounds::BelowOne => (0.0..1.0).contains(&number),
                Bounds::Inside => number > 0.0 && number < 1.0,
                Bounds::Share => (0.0..=1.0).contains(&number),
                Bounds::PositiveShare => number > 0.0 && number <= 1.0,
                Bounds::HalfTurn => (0.0..=180.0).contains(&number),
                Bounds::Above(bound) => number > bound,
                Bounds::Between(low, high) => number > low && number < high,
            }
    }
}

/// What a key's value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Expected {
    /// Text that is not empty.
    Text,
    /// A word that can name a folder.
    Name,
    /// `true` or `false`.
    Truth,
    /// A table.
    Table,
    /// A list.
    List,
    /// A name, or a table with one.
    Part,
    /// A text or a list of texts.
    Texts,
    /// A whole number.
    Whole {
        /// The smallest that is allowed.
        least: u64,
        /// The largest that is allowed.
        most: u64,
    },
    /// A number.
    Number(Bounds),
    /// A number of rows or `"full"`.
    BatchSize,
    /// A number with `steps`, `epochs` or `minutes`.
    Every,
    /// A size or a list of sizes.
    Sizes,
    /// The sizes of hidden layers.
    HiddenSizes,
    /// A whole number for both axes of an image, or one for each.
    Pair {
        /// The smallest that is allowed.
        least: u64,
    },
    /// What surrounds an image.
    Padding,
    /// What surrounds a sequence.
    Ends,
    /// A layer.
    Layer,
    /// A source of data.
    Source,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Text => f.write_str("text that is not empty"),
            Expected::Name => {
                f.write_str("a name of at most 100 characters, without slashes, not beginning with a dot")
            }
            Expected::Truth => f.write_str("true or false"),
            Expected::Table => f.write_str("a table"),
            Expected::List => f.write_str("a list that is not empty"),
            Expected::Part => f.write_str("a name, or a table like { name = \"...\" }"),
            Expected::Texts => f.write_str("text, or a list of texts"),
            Expected::Whole { least: least @ 1.., most: MOST } => write!(f, "a whole number from {least}"),
            Expected::Whole { least, most } => write!(f, "a whole number from {least} to {most}"),
            Expected::Number(Bounds::Any) => f.write_str("a finite number"),
            Expected::Number(Bounds::Positive) => f.write_str("a finite number above 0"),
            Expected::Number(Bounds::NotNegative) => f.write_str("a finite number, 0 or more"),
            Expected::Number(Bounds::BelowOne) => f.write_str("a number, 0 or more and less than 1"),
            Expected::Number(Bounds::Inside) => f.write_str("a number above 0 and less than 1"),
            Expected::Number(Bounds::Share) => f.write_str("a number from 0 to 1"),
            Expected::Number(Bounds::PositiveShare) => f.write_str("a number above 0 and at most 1"),
            Expected::Number(Bounds::HalfTurn) => f.write_str("a number of degrees from 0 to 180"),
            Expected::Number(Bounds::Above(bound)) => write!(f, "a finite number above {bound}"),
            Expected::Number(Bounds::Between(low, high)) => {
                write!(f, "a number above {low} and below {high}")
            }
            Expected::BatchSize => f.write_str("a whole number from 1, or \"full\""),
            Expected::Every => f.write_str(
                "a number above 0 with its unit, like \"100 steps\", \"1 epoch\" or \"2 minutes\"",
            ),
            Expected::Sizes => f.write_str("a list of sizes from 1, like [784] or [3, 64, 64]"),
            Expected::HiddenSizes => f.write_str("sizes from 1, like 64,64, or none"),
            Expected::Pair { least } => {
                write!(f, "a whole number from {least}, or two of them like [3, 5], the height first")
            }
            Expected::Ends => {
                f.write_str("\"valid\", \"same\", a whole number, or two of them like [1, 2] (before, after)")
            }
            Expected::Padding => f.write_str(
                "\"valid\", \"same\", a whole number, or whole numbers like [1, 2] (height, width) or [[1, 1], [0, 2]] (above, below, left, right)",
            ),
            Expected::Layer => {
                f.write_str("a layer, like { dense = 30, activation = \"relu\" } or \"flatten\"")
            }
            Expected::Source => f.write_str(
                "a name, a path, a list of paths, or a table like { name = \"spiral\", rows = 300 }",
            ),
        }
    }
}

/// What is wrong with an experiment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentProblem {
    /// The text is not TOML.
    #[error("this is not TOML: {message}")]
    Syntax {
        /// What the TOML library says of it.
        message: String,
    },
    /// The file is not text.
    #[error("byte {byte} is not UTF-8 text; an experiment file is TOML")]
    NotText {
        /// The offset of the first wrong byte.
        byte: usize,
    },
    /// The file is far larger than an experiment can be.
    #[error("an experiment file has at most {limit} bytes, and this one has {bytes}")]
    TooLarge {
        /// How many bytes the file has.
        bytes: u64,
        /// How many are read.
        limit: u64,
    },
    /// A key that does not exist.
    #[error("`{key}` is not a key{}", cure(nearest, &known_keys(known)))]
    UnknownKey {
        /// The key with its path.
        key: String,
        /// The nearest right one.
        nearest: Option<String>,
        /// All that exist there.
        known: Vec<&'static str>,
    },
    /// A name that does not exist.
    #[error("`{key}`: \"{given}\" is not {}{}", kind.singular(), cure(nearest, &format!("known: {}", known.join(", "))))]
    UnknownName {
        /// The key with its path.
        key: String,
        /// What kind of name was expected.
        kind: Kind,
        /// The name as given.
        given: String,
        /// The nearest right one.
        nearest: Option<String>,
        /// All that exist.
        known: Vec<&'static str>,
    },
    /// A bare word that is no data set, and may have been meant as a path.
    #[error(
        "`{key}`: \"{given}\" is not a data set or generator{} (a file or folder of that name is written \"./{given}\")",
        cure(nearest, &format!("known: {}", known.join(", ")))
    )]
    UnknownSource {
        /// The key with its path.
        key: String,
        /// The word.
        given: String,
        /// The nearest right one.
        nearest: Option<String>,
        /// All that exist.
        known: Vec<&'static str>,
    },
    /// A name that does not exist, where no key says it: a built-in experiment or a setting.
    #[error("\"{given}\" is not {}{}", kind.singular(), cure(nearest, &format!("known: {}", known.join(", "))))]
    NoSuchName {
        /// What kind of name was expected.
        kind: Kind,
        /// The name as given.
        given: String,
        /// The nearest right one.
        nearest: Option<String>,
        /// All that exist.
        known: Vec<&'static str>,
    },
    /// A value of the wrong type or out of range.
    #[error("`{key}` must be {expected}, not {given}")]
    WrongValue {
        /// The key with its path.
        key: String,
        /// What it must be.
        expected: Expected,
        /// What it is.
        given: String,
    },
    /// A key that must be there is not.
    #[error("{} needs `{missing}`: {expected}", owner(key))]
    MissingKey {
        /// The table that lacks it; empty for the file itself.
        key: String,
        /// The key that is missing.
        missing: &'static str,
        /// What it must be.
        expected: Expected,
    },
    /// One table describes two layers.
    #[error("`{key}` is a `{first}` and a `{second}` layer at once; write two layers")]
    TwoLayers {
        /// The layer's place in the list.
        key: String,
        /// The first layer's key.
        first: &'static str,
        /// The second layer's key.
        second: &'static str,
    },
    /// A part of a program's own that this program does not have.
    #[error(
        "`{key}`: the {kind} \"{name}\" is of a program's own, and this program does not have it; read the file in the program that defines it, with a Registry that has the name"
    )]
    NotRegistered {
        /// The key with its path.
        key: String,
        /// Which kind of part.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A part of a program's own that does not take the options in the file.
    #[error("`{key}`: the {kind} \"{name}\" cannot be made from its options: {reason}")]
    NotMade {
        /// The key with its path.
        key: String,
        /// Which kind of part.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What it says of them.
        reason: String,
    },
    /// No layer has parameters.
    #[error("`network.layers` has no layer that learns; add one like {{ dense = 10 }}")]
    NothingLearns,
    /// A setting of hidden layers, and there are none.
    #[error("the network has no hidden layer to change; give --hidden too")]
    NoHiddenLayer,
    /// `training.layer` names a layer that does not exist.
    #[error("`{key}`: there is no layer {number}; with activations counted, the layers are 0 to {}", count - 1)]
    NoSuchLayer {
        /// The key with its path.
        key: String,
        /// The number given.
        number: usize,
        /// How many layers there are.
        count: usize,
    },
    /// A key of `training.layer` is not a number.
    #[error("`training.layer`: \"{given}\" is not a layer's number; with activations counted, the layers are 0 to {}", count - 1)]
    NotALayersNumber {
        /// The key as given.
        given: String,
        /// How many layers there are.
        count: usize,
    },
    /// `training.layer` names a layer without parameters.
    #[error(
        "`{key}`: layer {number} ({kind}) has no parameters; the layers that learn are {}",
        list(learning)
    )]
    LayerWithoutParameters {
        /// The key with its path.
        key: String,
        /// The number given.
        number: usize,
        /// What the layer is.
        kind: &'static str,
        /// The numbers of the layers that learn.
        learning: Vec<usize>,
    },
    /// The parts leave nothing to train on.
    #[error(
        "`{key}`: validation = {validation} and test = {test} leave no rows to train on; together they must be below 1"
    )]
    NothingToTrainOn {
        /// The key with its path.
        key: String,
        /// The share of the validation part.
        validation: f64,
        /// The share of the test part.
        test: f64,
    },
    /// The split would cut off a part that has a source of its own.
    #[error("`data.split` cuts off a {part} part, and `data.{part}` gives one; leave one of the two out")]
    PartGivenTwice {
        /// `"validation"` or `"test"`.
        part: &'static str,
    },
    /// NumPy's seeds have 32 bits.
    #[error("`seed` is {seed}, and with random = \"numpy\" it must be a whole number from 0 to 4294967295")]
    SeedNotNumpys {
        /// The seed given.
        seed: u64,
    },
    /// Decay is given to AdamW and to the trainer.
    #[error(
        "`training.weight_decay` is {training} and `training.optimizer.weight_decay` is {optimizer}; keep one of the two"
    )]
    TwoDecays {
        /// The trainer's.
        training: f64,
        /// The optimizer's.
        optimizer: f64,
    },
}

/// `; did you mean ...?`, or what is known.
fn cure(nearest: &Option<String>, otherwise: &str) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => format!("; {otherwise}"),
    }
}

fn known_keys(known: &[&str]) -> String {
    match known {
        ["name"] => "nothing but the name goes here".to_owned(),
        _ => format!("known here: {}", known.join(", ")),
    }
}

fn owner(key: &str) -> String {
    if key.is_empty() { "the experiment".to_owned() } else { format!("`{key}`") }
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
