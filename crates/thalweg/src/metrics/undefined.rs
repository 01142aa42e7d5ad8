//! Why a metric has no value.

use super::metric::TOP_K;

/// Why a metric has no value: of these outputs, on these rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undefined {
    /// A metric of classes, and the targets are numbers.
    #[error("it is for classes, and the target is numbers; for those there are mse, rmse, mae, mape and r2")]
    ForClasses,
    /// A metric of numbers, and the targets are classes.
    #[error(
        "it is for numbers, and the target is classes; for those there are accuracy, f1_macro, roc_auc, log_loss and others"
    )]
    ForNumbers,
    /// The right class is always among the most likely ones.
    #[error("it asks whether the class is among the {} most likely, and there are only {classes}", TOP_K)]
    FewClasses {
        /// How many there are.
        classes: usize,
    },
    /// The outputs do not say how likely a class is.
    #[error(
        "the outputs are not probabilities; softmax_cross_entropy makes such of them (one output: binary_cross_entropy), and so does a softmax layer at the end"
    )]
    NotProbabilities,
    /// The training part is seen batch by batch.
    #[error("it cannot be added up batch by batch; the validation and the test part have it")]
    NotWhileTraining,
    /// There is no part to compute it on.
    #[error("it is computed on a validation or test part, and there is none; `data.split` makes one")]
    NoPart,
    /// There are no rows of a class that it needs.
    #[error("no row is of class {class}")]
    ClassWithoutRows {
        /// The class, by its label.
        class: String,
    },
    /// A target is 0, and it divides by the targets.
    #[error("row {row} (counted from 0) has the target 0, of which nothing is a share")]
    ZeroTarget {
        /// The row's number in its source.
        row: u32,
    },
    /// One row has no variance.
    #[error("one row has no variance")]
    OneRow,
    /// So many predictions would take too much memory.
    #[error("{values} predictions are too many to be ordered; at most {most} are")]
    TooMany {
        /// Rows times classes.
        values: usize,
        /// How many are ordered at most.
        most: usize,
    },
    /// A prediction is not a number, or infinite.
    #[error("a prediction is not a finite number, or too large")]
    NotFinite,
}
