//! The names by which flags reach the keys of an experiment.

use super::nearest::nearest;
use super::problem::{ExperimentProblem, Kind};

/// The keys of the file's top level.
pub(super) const ROOT_KEYS: &[&str] =
    &["name", "description", "seed", "random", "precision", "data", "network", "training"];

/// Short names and the keys they stand for.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("learning_rate", "training.optimizer.learning_rate"),
    ("lr", "training.optimizer.learning_rate"),
    ("optimizer", "training.optimizer"),
    ("schedule", "training.schedule"),
    ("loss", "training.loss"),
    ("l2", "training.l2"),
    ("l1", "training.l1"),
    ("weight_decay", "training.weight_decay"),
    ("clip_value", "training.clip_value"),
    ("clip_norm", "training.clip_norm"),
    ("max_norm", "training.max_norm"),
    ("batch_size", "training.batch_size"),
    ("accumulate", "training.accumulate"),
    ("shuffle", "training.shuffle"),
    ("augment", "training.augment"),
    ("epochs", "training.epochs"),
    ("steps", "training.steps"),
    ("early_stopping", "training.early_stopping"),
    ("reduce_on_plateau", "training.reduce_on_plateau"),
    ("average", "training.average"),
    ("metrics", "training.metrics"),
    ("report_every", "training.report_every"),
    ("checkpoint_every", "training.checkpoint_every"),
    ("keep_checkpoints", "training.keep_checkpoints"),
    ("shards", "training.shards"),
    ("features", "data.features"),
    ("target", "data.target"),
    ("weight", "data.weight"),
    ("class_weight", "data.class_weight"),
    ("split", "data.split"),
    ("scale", "data.scale"),
    ("scale_target", "data.scale_target"),
    ("init", "network.init"),
];

/// Names that stand for a change of several layers.
const LAYER_CHANGES: [(&str, Target); 3] =
    [("hidden", Target::Hidden), ("activation", Target::Activation), ("dropout", Target::Dropout)];

/// What a setting changes, in the order in which settings are applied: whole tables before what is inside them, and
/// the layers of `hidden` before what is done to each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A key, by its path.
    Key(usize, Vec<String>),
    /// All hidden layers.
    Hidden,
    /// The activation of all hidden layers.
    Activation,
    /// A dropout after each hidden layer.
    Dropout,
}

/// Finds what a setting's name stands for: a key's path, a top-level key or a short name; dashes count as underscores.
pub(super) fn target(name: &str) -> Result<Target, ExperimentProblem> {
    let path = |key: &str| {
        let parts: Vec<_> = key.split('.').map(str::to_owned).collect();
        Target::Key(parts.len(), parts)
    };
    let plain = name.trim().replace('-', "_");
    if let Some((_, key)) = SHORT_NAMES.iter().find(|(short, _)| *short == plain) {
        return Ok(path(key));
    }
    if let Some((_, target)) = LAYER_CHANGES.iter().find(|(short, _)| *short == plain) {
        return Ok(target.clone());
    }
    let first = plain.split('.').next().unwrap_or_default();
    let parts = plain.split('.').count();
    if ROOT_KEYS.contains(&first) && parts <= 16 && !plain.split('.').any(str::is_empty) {
        return Ok(path(&plain));
    }
    let known: Vec<_> = ROOT_KEYS
        .iter()
        .chain(SHORT_NAMES.iter().map(|(short, _)| short))
        .chain(LAYER_CHANGES.iter().map(|(short, _)| short))
        .copied()
        .collect();
    let given: String = name.chars().take(60).collect();
    Err(ExperimentProblem::NoSuchName { kind: Kind::Setting, nearest: nearest(&plain, &known), given, known })
}

/// Cuts `a,b,c` at the commas that are outside of brackets, braces and quotes: the values of `--vary KEY=a,b,c`.
///
/// # Example
/// ```
/// use thalweg::experiment::split_values;
/// assert_eq!(split_values("0.1, 0.01"), ["0.1", "0.01"]);
/// assert_eq!(split_values("[64, 64],[128]"), ["[64, 64]", "[128]"]);
/// ```
pub fn split_values(text: &str) -> Vec<&str> {
    let (mut values, mut start, mut depth, mut quote) = (Vec::new(), 0, 0usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                values.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    values.push(text[start..].trim());
    values
}
