//! Training: the settings, the loop, its events, history, early stopping and checkpoints.

pub mod settings;

pub use settings::{BatchSize, EarlyStopping, Every, LayerTraining, TrainingSettings};
