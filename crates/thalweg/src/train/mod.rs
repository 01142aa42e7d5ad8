//! Training: the settings, the loop, its events, history, early stopping and checkpoints.

mod cure;
mod evaluate;
mod observer;
mod predict;
mod predictor;
mod rate_range;
mod report;
mod session;
pub mod settings;
mod state;
mod trainer;
mod wanted;

pub use cure::Cure;
pub(crate) use evaluate::Evaluator;
pub use observer::{Command, Observer, Progress, Saving, Snapshot};
pub use predictor::Predictor;
pub use rate_range::{RateCurve, RatePoint, RateRange, rate_range};
pub use report::{History, Part, PartReport, Report, more_is_better};
pub(crate) use session::sha256;
pub(crate) use session::{BegunStep, Session, Setup, check_settings};
pub use session::{Ending, Outcome, Parts};
pub use settings::{
    BatchSize, EarlyStopping, Every, LayerTraining, ReduceOnPlateau, TrainingSettings, WeightAverage,
};
pub use state::{Counters, PlateauCounters, SeenRows, State};
pub(crate) use state::{from_bytes, to_bytes};
pub use trainer::{Trainer, default_loss};
pub(crate) use wanted::{ReportedMetrics, Subject, Wanted};
