//! The metrics by their names: which there are, whether more is better, what each needs.

/// How many of the most likely classes [`Metric::TopK`] looks at.
pub const TOP_K: usize = 5;

/// One of the metrics that reports, JSON and early stopping know by name.
///
/// # Example
/// ```
/// use thalweg::metrics::Metric;
///
/// let metric = Metric::from_name("f1_macro").unwrap();
/// assert!(metric.more_is_better() && metric.is_for_classes());
/// assert_eq!(Metric::from_name("f1"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// The share of rows whose class was predicted.
    Accuracy,
    /// In how many rows the class was predicted.
    Correct,
    /// The mean squared error.
    Mse,
    /// The mean absolute error.
    Mae,
    /// The share of variance explained.
    R2,
    /// The root of the mean squared error.
    Rmse,
    /// The mean absolute error as a share of the target.
    Mape,
    /// The mean precision of all classes.
    PrecisionMacro,
    /// The mean recall of all classes.
    RecallMacro,
    /// The mean F1 of all classes.
    F1Macro,
    /// The precision of all classes, each by its rows.
    PrecisionWeighted,
    /// The recall of all classes, each by its rows.
    RecallWeighted,
    /// The F1 of all classes, each by its rows.
    F1Weighted,
    /// The share of rows whose class is among the [`TOP_K`] most likely.
    TopK,
    /// The area under the ROC curve: of class 1 for two classes, else the mean of each class against the others.
    RocAuc,
    /// The same, each class by its rows.
    RocAucWeighted,
    /// The average precision: of class 1 for two classes, else the mean of each class against the others.
    AveragePrecision,
    /// The mean of -log of the probability of the right class.
    LogLoss,
    /// The Brier score.
    Brier,
    /// The expected calibration error.
    CalibrationError,
}

/// How many metrics there are.
const COUNT: usize = 20;

impl Metric {
    /// All of them, in the order in which reports have them.
    pub const ALL: [Metric; COUNT] = [
        Metric::Accuracy,
        Metric::Correct,
        Metric::Mse,
        Metric::Mae,
        Metric::R2,
        Metric::Rmse,
        Metric::Mape,
        Metric::PrecisionMacro,
        Metric::RecallMacro,
        Metric::F1Macro,
        Metric::PrecisionWeighted,
        Metric::RecallWeighted,
        Metric::F1Weighted,
        Metric::TopK,
        Metric::RocAuc,
        Metric::RocAucWeighted,
        Metric::AveragePrecision,
        Metric::LogLoss,
        Metric::Brier,
        Metric::CalibrationError,
    ];

    /// Their names, in the same order.
    pub const NAMES: [&'static str; COUNT] = {
        let mut names = [""; COUNT];
        let mut i = 0;
        while i < COUNT {
            names[i] = Metric::ALL[i].name();
            i += 1;
        }
        names
    };

    /// The key in reports, JSON and experiment files.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::Accuracy => "accuracy",
            Metric::Correct => "correct",
            Metric::Mse => "mse",
            Metric::Mae => "mae",
            Metric::R2 => "r2",
            Metric::Rmse => "rmse",
            Metric::Mape => "mape",
            Metric::PrecisionMacro => "precision_macro",
            Metric::RecallMacro => "recall_macro",
            Metric::F1Macro => "f1_macro",
            Metric::PrecisionWeighted => "precision_weighted",
            Metric::RecallWeighted => "recall_weighted",
            Metric::F1Weighted => "f1_weighted",
            Metric::TopK => "top_k",
            Metric::RocAuc => "roc_auc",
            Metric::RocAucWeighted => "roc_auc_weighted",
            Metric::AveragePrecision => "average_precision",
            Metric::LogLoss => "log_loss",
            Metric::Brier => "brier",
            Metric::CalibrationError => "calibration_error",
        }
    }

    /// The metric of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Metric::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// Whether more of it is better: false for errors and losses.
    pub const fn more_is_better(self) -> bool {
        !matches!(
            self,
            Metric::Mse
                | Metric::Mae
                | Metric::Rmse
                | Metric::Mape
                | Metric::LogLoss
                | Metric::Brier
                | Metric::CalibrationError
        )
    }

    /// Whether it is for classes; the others are for numbers.
    pub const fn is_for_classes(self) -> bool {
        !matches!(self, Metric::Mse | Metric::Mae | Metric::R2 | Metric::Rmse | Metric::Mape)
    }

    /// Whether every report has it, asked for or not, where it fits the targets.
    pub const fn is_always_there(self) -> bool {
        matches!(self, Metric::Accuracy | Metric::Correct | Metric::Mse | Metric::Mae | Metric::R2)
    }

    /// Whether it can be added up batch by batch from the outputs as they are, so that the training part has it too.
    pub const fn is_added_up(self) -> bool {
        !self.needs_probabilities() && !self.needs_ranking()
    }

    /// Whether it is a statement about probabilities, which not every loss makes of the outputs.
    pub const fn needs_probabilities(self) -> bool {
        matches!(self, Metric::LogLoss | Metric::Brier | Metric::CalibrationError)
    }

    /// Whether it needs the predictions of all rows at once, in their order.
    pub const fn needs_ranking(self) -> bool {
        matches!(self, Metric::RocAuc | Metric::RocAucWeighted | Metric::AveragePrecision)
    }

    /// Whether it is made of the counts of every class.
    pub const fn needs_class_counts(self) -> bool {
        matches!(
            self,
            Metric::PrecisionMacro
                | Metric::RecallMacro
                | Metric::F1Macro
                | Metric::PrecisionWeighted
                | Metric::RecallWeighted
                | Metric::F1Weighted
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name() {
        for (metric, name) in Metric::ALL.into_iter().zip(Metric::NAMES) {
            assert_eq!((Metric::from_name(name), metric.name()), (Some(metric), name));
        }
        assert!(Metric::ALL.is_sorted(), "the order of the enum is that of reports");
    }

    #[test]
    fn less_of_an_error_is_better() {
        let less: Vec<_> = Metric::ALL.into_iter().filter(|metric| !metric.more_is_better()).collect();
        assert_eq!(
            less.iter().map(|metric| metric.name()).collect::<Vec<_>>(),
            ["mse", "mae", "rmse", "mape", "log_loss", "brier", "calibration_error"]
        );
    }
}
