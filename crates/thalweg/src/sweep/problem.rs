//! Why a sweep cannot be planned or gone on with.

use std::path::PathBuf;

/// Why a sweep cannot be planned or gone on with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SweepProblem {
    /// Something that is not `KEY=VALUES`.
    #[error(
        "--vary {given}: this is not KEY=VALUES, such as learning_rate=0.1,0.01 or learning_rate=1e-4..1e-1"
    )]
    NotASetting {
        /// What was given.
        given: String,
    },
    /// Two commas without a value between them.
    #[error("--vary {given}: a value between the commas is missing")]
    MissingValue {
        /// What was given.
        given: String,
    },
    /// A key that is varied twice.
    #[error(
        "--vary {given}: `{before}` is varied already; give all its values at once: --vary {before}=A,B,C"
    )]
    VariedTwice {
        /// What was given.
        given: String,
        /// How the key was spelled before.
        before: String,
    },
    /// A range that is none.
    #[error(
        "--vary {given}: a range goes from a number up to a larger one, such as 1e-4..1e-1, log:8..512 or linear:0..0.9{}",
        if *is_log { ", and with log: both are above 0" } else { "" }
    )]
    Range {
        /// What was given.
        given: String,
        /// Whether it was to be a range of magnitudes.
        is_log: bool,
    },
    /// A range beside other values.
    #[error("--vary {given}: a range stands alone; give a range or values, not both")]
    RangeAmongValues {
        /// What was given.
        given: String,
    },
    /// A grid over a range.
    #[error(
        "`{key}` is varied over a range, which has no end of values; add --samples 20 to draw some of them, or list the values with commas"
    )]
    GridOfRange {
        /// The key.
        key: String,
    },
    /// Nobody said how many to draw.
    #[error("--search {search} draws settings; say how many, such as --samples 20")]
    NoSamples {
        /// The search.
        search: &'static str,
    },
    /// A grid with a number of samples.
    #[error("a grid has all combinations; --samples goes with --search random or --search sobol")]
    SamplesOfGrid,
    /// More settings or runs than anybody waits for.
    #[error("this sweep has more than {most} runs; vary less at once")]
    TooMany {
        /// The most.
        most: usize,
    },
    /// More dimensions than there are direction numbers.
    #[error("--search sobol varies at most {most} settings at once, not {given}; use --search random")]
    TooManyDimensions {
        /// The most.
        most: usize,
        /// How many were given.
        given: usize,
    },
    /// Nothing to do more than once.
    #[error("nothing is varied; give --vary KEY=VALUES, --seeds or --folds")]
    NothingVaried,
    /// Seeds that are none.
    #[error("--seeds {given}: give how many, such as 5, or which, such as 0,1,2, each once")]
    Seeds {
        /// What was given.
        given: String,
    },
    /// Seeds beside a seed that is varied.
    #[error("`seed` is varied and --seeds is given; leave one of the two out")]
    SeedVaried,
    /// Folds that are none.
    #[error("--folds {given}: a cross-validation needs at least 2 folds")]
    Folds {
        /// What was given.
        given: usize,
    },
    /// A reduction that keeps all.
    #[error("--reduction {given}: of how many runs one goes on must be 2 or more")]
    Reduction {
        /// What was given.
        given: usize,
    },
    /// A first budget that leaves nothing to decide.
    #[error(
        "--first-epochs {first}: with {full} epochs in all and a reduction of {reduction} there is nothing to halve; \
         give at most {} epochs, or more --epochs", full / *reduction as u64
    )]
    NothingToHalve {
        /// The first budget.
        first: u64,
        /// The epochs of a whole run.
        full: u64,
        /// The reduction.
        reduction: usize,
    },
    /// A run that does not count epochs.
    #[error("--halving counts epochs, and this experiment ends by steps; give it --epochs")]
    HalvingBySteps,
    /// The length of the run is varied, which halving decides.
    #[error("`{key}` is varied, but --halving decides how long each run lasts; leave one of the two out")]
    LengthVaried {
        /// `epochs` or `steps`.
        key: String,
    },
    /// A metric that is not there.
    #[error("there is no metric {metric:?} here; there are {known}")]
    UnknownMetric {
        /// What was asked for.
        metric: String,
        /// The metrics that there are, joined by commas.
        known: String,
    },
    /// Promotions by the test part.
    #[error(
        "{metric} cannot decide which runs go on: the test part decides nothing; take a metric of the validation part"
    )]
    DecidedByTest {
        /// The metric.
        metric: String,
    },
    /// A folder without a sweep in it.
    #[error("{}: it is not a sweep: there is no {missing} in it", path.display())]
    NotASweep {
        /// The folder.
        path: PathBuf,
        /// The file that is missing.
        missing: &'static str,
    },
    /// A sweep's file that is not valid.
    #[error("{}: it is not valid: {reason}", path.display())]
    NotValid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of a later version.
    #[error("{}: a sweep of version {found}; this program knows version {known} and goes on with no other", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// A folder that is taken.
    #[error("{}: a sweep is in this folder; go on with it: thalweg sweep --resume {}; or choose another with --out, or replace it with --force", path.display(), path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that something else is in.
    #[error("{}: the folder already exists, and there is no sweep in it; choose another with --out", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
}

impl SweepProblem {
    /// Whether a file is wrong, rather than what was asked for.
    pub fn is_about_a_file(&self) -> bool {
        matches!(
            self,
            SweepProblem::NotASweep { .. } | SweepProblem::NotValid { .. } | SweepProblem::Version { .. }
        )
    }
}
