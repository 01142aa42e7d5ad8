//! What can be wrong with a data set as a whole: counts, labels, columns, parts.

use std::path::PathBuf;

/// What is wrong with a data set, beyond the single file; rows are counted from 0.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataProblem {
    /// Nothing to train on.
    #[error("there are no rows")]
    NoRows,
    /// No input column is left.
    #[error("no column is left as an input; give at least one besides the target")]
    NoFeatures,
    /// The features do not fill whole rows.
    #[error("{values} values do not fill rows of {columns}")]
    RaggedFeatures {
        /// How many values there are.
        values: usize,
        /// How many a row needs.
        columns: usize,
    },
    /// Row numbers are 32 bits wide.
    #[error("{rows} rows are more than the 4,294,967,295 that a data set can hold")]
    TooManyRows {
        /// How many there are.
        rows: usize,
    },
    /// A feature that is NaN or infinite.
    #[error(
        "row {row} (counted from 0), column {column} is {value}, which a network cannot be trained on; leave the row out or replace the value"
    )]
    NotFinite {
        /// The row.
        row: usize,
        /// The column's name or number.
        column: String,
        /// What stands there.
        value: f64,
    },
    /// A numeric target that is NaN or infinite.
    #[error(
        "the target of row {row} (counted from 0) is {value}, which a network cannot learn; leave the row out or replace the value"
    )]
    TargetNotFinite {
        /// The row.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// Not a weight for each row.
    #[error("{rows} rows but {weights} weights; each row needs exactly one")]
    WeightCount {
        /// How many rows there are.
        rows: usize,
        /// How many weights.
        weights: usize,
    },
    /// A weight that is none.
    #[error(
        "the weight of row {row} (counted from 0) is {weight}; a weight is a finite number, 0 or more: replace it or leave the row out"
    )]
    BadWeight {
        /// The row.
        row: usize,
        /// What stands there.
        weight: f64,
    },
    /// Nothing counts.
    #[error("all weights are 0, so that no row counts; give at least one row a weight above 0")]
    NoWeight,
    /// A column of weights that holds text.
    #[error(
        "row {row} (counted from 0) of the weight column {column:?} holds {text:?}; weights are numbers, 0 or more"
    )]
    TextWeight {
        /// The row.
        row: usize,
        /// The weight column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// One column in two roles.
    #[error("the column {name:?} is the weight and {role}; name another for one of them")]
    WeightTwice {
        /// The column.
        name: String,
        /// What else it is: `"the target"` or `"a feature"`.
        role: &'static str,
    },
    /// Weights for a source that has no columns.
    #[error(
        "data.weight names {name:?}, but this source has no columns or arrays to take weights from; leave it out"
    )]
    NoWeightColumn {
        /// The name given.
        name: String,
    },
    /// Class weights where there are no classes.
    #[error(
        "data.class_weight needs classes, but the target is numbers; use data.weight to weigh single rows"
    )]
    ClassWeightWithoutClasses,
    /// A class weight for a class that there is not.
    #[error("data.class_weight names the class {name:?}, but the classes are {}", known.join(", "))]
    UnknownClassWeight {
        /// The name given.
        name: String,
        /// The classes.
        known: Vec<String>,
    },
    /// A row without a target.
    #[error(
        "row {row} (counted from 0) has no value in the target column {target:?}; fill it in or leave the row out"
    )]
    MissingTarget {
        /// The row.
        row: usize,
        /// The target column.
        target: String,
    },
    /// Features and targets have different counts.
    #[error("{rows} rows of features but {targets} target{}; each row needs exactly one", plural(*targets))]
    CountsDiffer {
        /// Rows of features.
        rows: usize,
        /// Rows of targets.
        targets: usize,
    },
    /// A class id above the number of classes, or not a whole number.
    #[error("row {row} (counted from 0) has label {label}, but with {classes} classes labels go from 0 to {}", classes.saturating_sub(1))]
    LabelOutOfRange {
        /// The row.
        row: usize,
        /// The label.
        label: String,
        /// How many classes there are.
        classes: usize,
    },
    /// More classes than the network has outputs for.
    #[error(
        "the target {target:?} has {found} different labels, but the network has outputs for {classes} classes"
    )]
    TooManyClasses {
        /// The target.
        target: String,
        /// How many different labels there are.
        found: usize,
        /// How many classes there may be.
        classes: usize,
    },
    /// A label that training did not know.
    #[error(
        "row {row} (counted from 0) has the label {label:?}, which is none of the classes known from training: {}",
        listed(known)
    )]
    UnknownLabel {
        /// The row.
        row: usize,
        /// The label.
        label: String,
        /// The classes known.
        known: Vec<String>,
    },
    /// All labels or targets are the same.
    #[error("every label in {target:?} is {label}: there is nothing to learn; choose another target")]
    ConstantTarget {
        /// The target.
        target: String,
        /// The one label.
        label: String,
    },
    /// No two rows have the same label.
    #[error(
        "each of the {rows} rows has a label of its own in {target:?}: nothing learned from one would hold for another; choose another target"
    )]
    EveryLabelDiffers {
        /// The target.
        target: String,
        /// How many rows there are.
        rows: usize,
    },
    /// Text where the target has to be numbers.
    #[error(
        "the target {target:?} is text ({example:?} in row {row}, counted from 0); a loss for numbers needs numbers"
    )]
    TextTarget {
        /// The target.
        target: String,
        /// The row of the example.
        row: usize,
        /// One of the values.
        example: String,
    },
    /// Several targets, one of which is text.
    #[error("several targets have to be numbers, but {target:?} is text")]
    SeveralTargets {
        /// The column that is text.
        target: String,
    },
    /// A part would be empty.
    #[error("{rows} row{} cannot be split: the {part} part, {share} of the rows, would be empty; give more rows, or a split without it", plural(*rows))]
    TooFewRows {
        /// How many there are.
        rows: usize,
        /// The part that would be empty.
        part: &'static str,
        /// Its share of the rows.
        share: f64,
    },
    /// A fold that there is not.
    #[error("there is no fold {number} of {of}: folds are at least 2, and numbered from 1")]
    NoSuchFold {
        /// Which was asked for.
        number: usize,
        /// Of how many.
        of: usize,
    },
    /// A fold would be empty.
    #[error("{rows} row{} outside the test part cannot be cut into {folds} folds; take fewer", plural(*rows))]
    FewerRowsThanFolds {
        /// How many there are.
        rows: usize,
        /// How many folds were asked for.
        folds: usize,
    },
    /// A fold is the validation part, and there is another one.
    #[error("it has a validation part of its own, whose place a fold would take; leave one of the two out")]
    FoldBesideValidation,
    /// Shares that are no shares.
    #[error(
        "the parts' shares (validation {validation}, test {test}) have to be 0 or more and together below 1"
    )]
    Shares {
        /// The validation part's.
        validation: f64,
        /// The test part's.
        test: f64,
    },
    /// The target is not given and cannot be guessed.
    #[error("which column is the target? give --target with one of: {}", listed(columns))]
    NoTarget {
        /// The columns.
        columns: Vec<String>,
    },
    /// An array of inputs without targets.
    #[error(
        "these are inputs without targets; give the file of targets as well: source = [\"images\", \"labels\"]"
    )]
    NoLabels,
    /// A folder that holds no set that is known.
    #[error(
        "this is a folder without {}; give files, or a pattern such as \"folder/*.csv\"",
        listed(missing)
    )]
    Folder {
        /// The files of a known set that a folder could hold.
        missing: Vec<String>,
    },
    /// A format that does not exist.
    #[error("there is no format {format:?}; there are: {}", listed(known))]
    UnknownFormat {
        /// What was asked for.
        format: String,
        /// The formats that are read.
        known: Vec<String>,
    },
    /// A column or array that does not exist.
    #[error("there is no {role} {name:?}{}; there are: {}", did_you_mean(nearest), listed(available))]
    UnknownColumn {
        /// "feature", "target", "column" or "array".
        role: &'static str,
        /// The name that was asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        available: Vec<String>,
    },
    /// A name that several columns have.
    #[error(
        "{count} columns are called {name:?}, so that the {role} is ambiguous; give each column a name of its own"
    )]
    AmbiguousColumn {
        /// "feature column" or "target column".
        role: &'static str,
        /// The name.
        name: String,
        /// How many columns have it.
        count: usize,
    },
    /// A column that is named twice in one role.
    #[error("{name:?} is named twice as a {role}; name it once")]
    NamedTwice {
        /// "feature column" or "target column".
        role: &'static str,
        /// The name.
        name: String,
    },
    /// The target is to be an input too.
    #[error(
        "{name:?} is the target and cannot be an input too; leave it out of the features, or choose another target"
    )]
    TargetAmongFeatures {
        /// The name.
        name: String,
    },
    /// A number of columns that training did not see.
    #[error("{found} columns, but the model was trained on {expected}")]
    ColumnCount {
        /// How many there were in training.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Text in a column that holds numbers.
    #[error(
        "row {row} (counted from 0) has {text:?} in the column {column:?}, which held numbers in training"
    )]
    TextInNumbers {
        /// The row.
        row: usize,
        /// The column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// Files that should make one table have different columns.
    #[error("{} has the columns {}, but the first file has {}; files of one table need the same", path.display(), listed(found), listed(expected))]
    ColumnsDiffer {
        /// The file that differs.
        path: PathBuf,
        /// The first file's columns.
        expected: Vec<String>,
        /// This one's.
        found: Vec<String>,
    },
    /// Files that are no tables cannot make one.
    #[error("{} is not a table; only tables can be given as several files", path.display())]
    NotATable {
        /// The file.
        path: PathBuf,
    },
    /// Rows of another shape than the training part's or the model's.
    #[error("one row has the shape {found:?}, but {expected:?} in training")]
    ShapesDiffer {
        /// The shape in training.
        expected: Vec<usize>,
        /// The shape here.
        found: Vec<usize>,
    },
    /// An array of text cannot be a feature.
    #[error("the array {array:?} holds text and cannot be an input")]
    TextArray {
        /// The array.
        array: String,
    },
    /// Array features given by column name, or several arrays.
    #[error("inputs from arrays have to be one array; {} were given", listed(names))]
    SeveralArrays {
        /// What was asked for.
        names: Vec<String>,
    },
    /// A pattern that matches no file.
    #[error("no file matches the pattern")]
    NoMatch,
    /// A pattern that cannot be understood.
    #[error("the pattern cannot be understood: {reason}")]
    BadPattern {
        /// Why.
        reason: String,
    },
    /// Files of a named set that are not on this machine.
    #[error("{} not found; looked in {}. {cure}", listed(missing), listed_paths(looked))]
    NotFound {
        /// The files that are missing.
        missing: Vec<String>,
        /// All folders that were looked at.
        looked: Vec<PathBuf>,
        /// How to get the files.
        cure: &'static str,
    },
    /// A named set or generator that does not exist.
    #[error("no data set has this name{}; known are {}", did_you_mean(nearest), listed(known))]
    UnknownName {
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// An option that a generator does not have, or a value that it cannot take.
    #[error("{option} = {value} is not possible: {expected}")]
    GeneratorOption {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What can be given.
        expected: String,
    },
    /// NumPy's streams take seeds of 32 bits.
    #[error("NumPy's streams take seeds from 0 to 4294967295, not {seed}")]
    NumpySeed {
        /// What was given.
        seed: u64,
    },
    /// A generator that has no NumPy original.
    #[error("this generator cannot draw from NumPy's streams; curve, regression and spiral can")]
    NoNumpyOriginal,
    /// The preprocessing of a model file does not hold together.
    #[error("the model's preprocessing is not valid: {reason}")]
    Preprocessing {
        /// What is wrong.
        reason: String,
    },
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// At most this many names are listed in a message.
const LISTED: usize = 12;

/// "a, b and c", cut to fit a line.
fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(LISTED).map(|name| shortened(name)).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    text
}

/// A name cut to 40 characters and without line ends.
fn shortened(name: &str) -> String {
    let clean: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
    if clean.is_empty() { "\"\"".to_owned() } else { clean }
}

fn listed_paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!(" (did you mean {:?}?)", shortened(name)),
        None => String::new(),
    }
}

/// The name most similar to `wanted`, if one is similar at all.
pub(crate) fn nearest(wanted: &str, names: &[String]) -> Option<String> {
    let wanted = wanted.to_lowercase();
    names
        .iter()
        .take(10_000) // a file may have a hundred thousand columns
        .map(|name| (strsim::damerau_levenshtein(&wanted, &shortened(name).to_lowercase()), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 1 + wanted.chars().count() / 3)
        .map(|(_, name)| name.clone())
}
