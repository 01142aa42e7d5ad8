//! Data: from a file or generator to batches of rows.

pub mod array;
mod arrays;
pub(crate) mod augmentation;
pub mod batches;
mod class_weight;
pub mod dataset;
mod embedded;
mod features;
pub mod formats;
pub mod generators;
mod images;
pub mod notice;
pub mod preprocessing;
pub mod problem;
mod raw;
mod row_weights;
pub mod scale;
pub mod settings;
mod shared_features;
pub mod sources;
pub mod splits;
mod stored;
pub mod table;
pub mod task;
#[cfg(test)]
mod test_files;

pub use array::{Array, Values};
pub use augmentation::{Augmentation, Flip};
pub use batches::{Batch, Batches};
pub use class_weight::ClassWeight;
pub use dataset::{Dataset, DatasetTargets};
pub use features::Features;
pub(crate) use features::FeaturesView;
pub use formats::{Contents, FileProblem, Format, Notice, Reading, read};
pub use notice::DataNotice;
pub use preprocessing::Preprocessing;
pub use problem::DataProblem;
pub use scale::{FittedScale, TargetScale};
pub use settings::{DataSettings, Fold, Generator, Scaling, Source, Split};
pub use shared_features::{SharedFeatures, SharedSlice, SharedValues};
pub use sources::{LoadOptions, Parts, load, load_for};
pub use splits::{SplitRows, fold_rows, split_rows};
pub use stored::{ByteScales, Stored};
pub use table::{Column, ColumnValues, Table};
pub use task::{TargetSchema, Task, TaskKind};
