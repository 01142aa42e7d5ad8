//! The nearest right name to a wrong one.

/// Names from other programs and old habits, and what they are called here.
const ALIASES: &[(&str, &str)] = &[
    ("lr", "learning_rate"),
    ("eta", "learning_rate"),
    ("bs", "batch_size"),
    ("wd", "weight_decay"),
    ("decay", "weight_decay"),
    ("reg", "l2"),
    ("iterations", "steps"),
    ("iters", "steps"),
    ("max_steps", "steps"),
    ("n_epochs", "epochs"),
    ("patience", "early_stopping"),
    ("eps", "epsilon"),
    ("units", "dense"),
    ("linear", "dense"),
    ("fully_connected", "dense"),
    ("lambda", "scale"),
    ("p", "dropout"),
    ("keep_prob", "dropout"),
    ("dropout_rate", "dropout"),
    ("val", "validation"),
    ("dev", "validation"),
    ("holdout", "test"),
    ("label", "target"),
    ("labels", "target"),
    ("file", "source"),
    ("path", "source"),
    ("normalize", "scale"),
    ("dtype", "precision"),
    ("random_state", "seed"),
    ("cost", "loss"),
    ("criterion", "loss"),
    ("scheduler", "schedule"),
    ("gradient_clip", "clip_norm"),
    ("swish", "silu"),
    ("logistic", "sigmoid"),
    ("linear", "identity"),
    ("none", "identity"),
    ("mse", "mean_squared_error"),
    ("l2_loss", "mean_squared_error"),
    ("mae", "mean_absolute_error"),
    ("sse", "sum_of_squares"),
    ("quadratic", "half_squares"),
    ("bce", "binary_cross_entropy"),
    ("cross_entropy", "softmax_cross_entropy"),
    ("categorical_crossentropy", "softmax_cross_entropy"),
    ("kaiming_normal", "he_normal"),
    ("kaiming_uniform", "he_uniform"),
    ("xavier_normal", "glorot_normal"),
    ("xavier_uniform", "glorot_uniform"),
    ("randn", "normal"),
    ("gaussian", "normal"),
    ("nesterov", "momentum"),
    ("standardize", "standard"),
    ("zscore", "standard"),
    ("minmax", "min-max"),
    ("float32", "f32"),
    ("single", "f32"),
    ("float64", "f64"),
    ("double", "f64"),
    ("h5", "hdf5"),
    ("f1", "f1_macro"),
    ("f1_score", "f1_macro"),
    ("precision", "precision_macro"),
    ("recall", "recall_macro"),
    ("balanced_accuracy", "recall_macro"),
    ("auc", "roc_auc"),
    ("roc", "roc_auc"),
    ("auroc", "roc_auc"),
    ("auprc", "average_precision"),
    ("ap", "average_precision"),
    ("ece", "calibration_error"),
    ("brier_score", "brier"),
    ("top_5", "top_k"),
    ("top5", "top_k"),
    ("mean_squared_error", "mse"),
    ("mean_absolute_error", "mae"),
    ("acc", "accuracy"),
    ("circle", "circles"),
    ("moon", "moons"),
];

/// The known name that `given` was most likely meant to be, if one is near enough: an old habit's name, the same but
/// for case and dashes, or at most one edit per three characters away.
pub(super) fn nearest(given: &str, known: &[&'static str]) -> Option<String> {
    if given.len() > 64 {
        return None;
    }
    let plain = |name: &str| name.to_lowercase().replace(['-', ' '], "_");
    let wanted = plain(given);
    if let Some(name) = known.iter().find(|name| plain(name) == wanted) {
        return Some((*name).to_owned());
    }
    if let Some((_, name)) = ALIASES.iter().find(|(alias, name)| *alias == wanted && known.contains(name)) {
        return Some((*name).to_owned());
    }
    let allowed = wanted.chars().count().div_ceil(3);
    known
        .iter()
        .map(|name| (strsim::osa_distance(&wanted, &plain(name)), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_found_or_nothing() {
        assert_eq!(nearest("learning_rat", &["learning_rate", "momentum"]).as_deref(), Some("learning_rate"));
        assert_eq!(nearest("lr", &["momentum", "learning_rate"]).as_deref(), Some("learning_rate"));
        assert_eq!(nearest("ReLU", &["relu", "selu"]).as_deref(), Some("relu"));
        assert_eq!(nearest("batch-size", &["batch_size"]).as_deref(), Some("batch_size"));
        assert_eq!(nearest("banana", &["sgd", "adam"]), None);
        assert_eq!(nearest("", &["sgd"]), None);
    }
}
