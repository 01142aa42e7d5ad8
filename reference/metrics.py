"""Predictions and what scikit-learn says of them, as a fixture for crates/thalweg/src/metrics/tests.rs.

    python reference/metrics.py > crates/thalweg/tests/fixtures/metrics.json

Needs scikit-learn (1.9) and NumPy. Scikit-learn has no calibration error: it is computed here as in Guo et al., "On calibration of
modern neural networks", 2017, equation 3. Its top-k accuracy takes the last of equal scores first, ours the first: the columns
are reversed for it. A metric that is undefined is null.
"""

import json

import numpy as np
from sklearn import metrics
from sklearn.preprocessing import label_binarize

K = 5
BINS = 15


def calibration_error(confidence, is_correct):
    total = 0.0
    for m in range(1, BINS + 1):
        inside = (confidence > (m - 1) / BINS) & (confidence <= m / BINS)
        if inside.any():
            total += inside.sum() * abs(is_correct[inside].mean() - confidence[inside].mean())
    return total / len(confidence)


def for_classes(name, predictions, labels, classes):
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    one_output = predictions.ndim == 1
    both = np.stack([1 - predictions, predictions], axis=1) if one_output else predictions
    predicted = (predictions > 0.5).astype(int) if one_output else predictions.argmax(axis=1)
    ids = np.arange(classes)
    has_rows = np.isin(ids, labels)
    expected = {"accuracy": metrics.accuracy_score(labels, predicted)}
    for average in ("macro", "weighted"):
        for key, score in (
            ("precision", metrics.precision_score),
            ("recall", metrics.recall_score),
            ("f1", metrics.f1_score),
        ):
            expected[f"{key}_{average}"] = score(labels, predicted, labels=ids, average=average, zero_division=0)
    by_class = metrics.precision_recall_fscore_support(labels, predicted, labels=ids, zero_division=0)
    expected["classes"] = [[float(value) for value in row] for row in zip(*by_class)]
    if classes == 2:
        score = both[:, 1]
        expected["roc_auc"] = metrics.roc_auc_score(labels, score) if has_rows.all() else None
        expected["average_precision"] = metrics.average_precision_score(labels, score) if has_rows[1] else None
        expected["brier"] = metrics.brier_score_loss(labels, score, pos_label=1)
    else:
        one_hot = label_binarize(labels, classes=ids)
        for key, average in (("roc_auc", "macro"), ("roc_auc_weighted", "weighted")):
            expected[key] = (
                metrics.roc_auc_score(labels, both, multi_class="ovr", average=average, labels=ids)
                if has_rows.all()
                else None
            )
        expected["average_precision"] = (
            metrics.average_precision_score(one_hot, both, average="macro") if has_rows.all() else None
        )
        expected["brier"] = metrics.brier_score_loss(labels, both, labels=ids)
    expected["log_loss"] = metrics.log_loss(labels, both, labels=ids)
    expected["calibration_error"] = calibration_error(both.max(axis=1), predicted == labels)
    if classes > K:
        expected["top_k"] = metrics.top_k_accuracy_score(classes - 1 - labels, both[:, ::-1], k=K, labels=ids)
    return {
        "name": name,
        "classes": classes,
        "outputs": 1 if one_output else classes,
        "predictions": predictions.ravel().tolist(),
        "labels": labels.tolist(),
        "expected": plain(expected),
    }


def for_values(name, predictions, targets):
    predictions, targets = np.asarray(predictions), np.asarray(targets)
    mse = metrics.mean_squared_error(targets, predictions)
    expected = {
        "mse": mse,
        # Ours is the root of the mean over all outputs; scikit-learn's own averages the roots.
        "rmse": metrics.root_mean_squared_error(targets, predictions) if targets.ndim == 1 else np.sqrt(mse),
        "mae": metrics.mean_absolute_error(targets, predictions),
        "r2": metrics.r2_score(targets, predictions),
        "mape": metrics.mean_absolute_percentage_error(targets, predictions),
    }
    return {
        "name": name,
        "outputs": 1 if targets.ndim == 1 else targets.shape[1],
        "predictions": predictions.ravel().tolist(),
        "targets": targets.ravel().tolist(),
        "expected": plain(expected),
    }


def plain(expected):
    return {key: float(value) if isinstance(value, np.floating) else value for key, value in expected.items()}


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def eighths(random, rows, classes):
    """Probabilities that are multiples of 1/8, so that many are equal."""
    return random.multinomial(8, np.full(classes, 1 / classes), size=rows) / 8


def main():
    random = np.random.default_rng(7)
    two = random.integers(0, 2, 60)
    near = 1 / (1 + np.exp(-(2.0 * two - 1 + 1.5 * random.normal(size=60))))
    three = random.integers(0, 3, 70)
    logits = random.normal(size=(70, 3)) + 1.2 * np.eye(3)[three]
    eight = random.integers(0, 8, 90)
    many = random.normal(size=(90, 8)) + 0.9 * np.eye(8)[eight]
    gap = random.integers(0, 5, 50)  # of seven classes: 5 is never predicted either, 6 sometimes is
    gap_logits = random.normal(size=(50, 7)) + np.eye(7)[gap]
    gap_logits[:, 5] = -9.0
    classes = [
        for_classes("one output", near, two, 2),
        for_classes("one output, ties", np.round(near, 1), two, 2),
        for_classes("two outputs, ties", np.stack([1 - np.round(near * 8) / 8, np.round(near * 8) / 8], axis=1), two, 2),
        for_classes("all scores equal", np.full(12, 0.25), two[:12], 2),
        for_classes("perfect", np.where(two == 1, 0.75, 0.125), two, 2),
        for_classes("the wrong way round", np.where(two == 1, 0.125, 0.75), two, 2),
        for_classes("certain and sometimes wrong", np.round(near), two, 2),
        for_classes("class 1 alone", near[:9], np.ones(9, dtype=int), 2),
        for_classes("class 0 alone", near[:9], np.zeros(9, dtype=int), 2),
        for_classes("three classes", softmax(logits), three, 3),
        for_classes("three classes, ties", eighths(random, 70, 3), three, 3),
        for_classes("three classes, one alone", softmax(logits)[:11], np.full(11, 1), 3),
        for_classes("eight classes", softmax(many), eight, 8),
        for_classes("eight classes, ties", eighths(random, 90, 8), eight, 8),
        for_classes("seven classes, two without rows", softmax(gap_logits), gap, 7),
    ]
    targets = random.normal(size=40) * 3 + 10
    several = random.normal(size=(30, 3)) * [1, 10, 100] + [5, -40, 700]
    values = [
        for_values("one output", targets + random.normal(size=40), targets),
        for_values("three outputs", several + random.normal(size=(30, 3)), several),
    ]
    print(json.dumps({"classes": classes, "values": values}, separators=(",", ":")).replace('{"name"', '\n{"name"'))


main()
