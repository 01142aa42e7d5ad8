"""scikit-learn: MLPClassifier and MLPRegressor, the only trainers of networks that it has.

Where it differs: it has no quadratic cost over sigmoid outputs, so W2 is near and not equal (the same hidden layer, then
softmax); and no output of 100 times a sigmoid, so W0 is missing. Its squared loss is halved and averaged, so W1's learning
rate is scaled to the same update. Its `alpha` is divided by the number of rows: W3's is multiplied."""

import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from peers import data
from peers.timing import Clock, arguments, report
from peers.works import Work

# One sample of a full-batch work is one `fit` of so many steps, its checks of the arguments included.
FULL_BATCH_STEPS = 1000


def estimator(work: Work):
    """The estimator that does the work."""
    rate = work.learning_rate
    if work.loss == "sum_of_squares":
        rate *= 2 * work.rows  # half the squares, averaged over the rows
    elif work.loss == "half_squares":
        rate /= work.batch_size  # another loss: any rate will do, but this one learns
    options = {
        "hidden_layer_sizes": work.sizes[1:-1],
        "activation": "logistic" if work.hidden == "sigmoid" else "relu",
        "solver": "adam" if work.optimizer == "adam" else "sgd",
        "momentum": 0.9 if work.optimizer == "momentum" else 0.0,
        "nesterovs_momentum": False,
        "learning_rate_init": rate,
        "alpha": work.l2 * work.rows,
        "batch_size": work.batch_size or work.rows,
        "random_state": 0,
    }
    is_regression = work.loss in ("mean_squared_error", "sum_of_squares")
    return (MLPRegressor if is_regression else MLPClassifier)(**options)


def dataset(work: Work):
    """x, and targets as scikit-learn likes them: class ids, or values without a second axis of one."""
    x, targets = data.load(work)
    if work.loss == "half_squares":
        targets = targets.argmax(axis=1)
    elif work.loss == "binary_cross_entropy":
        targets = targets.ravel().astype(int)
    elif targets.shape[-1] == 1:
        targets = targets.ravel()
    return x, targets


def measure(work: Work, threads: int, clock: Clock) -> None:
    x, targets = dataset(work)
    model = estimator(work)
    classes = {"classes": np.unique(targets)} if isinstance(model, MLPClassifier) else {}
    if work.predicts:
        model.set_params(batch_size=1024)
        model.partial_fit(x, targets, **classes)
        rows = x[: work.batch_size]
        report(work, threads, clock.of_calls(lambda: model.predict_proba(rows)))
        return

    steps = work.sample_steps
    if work.unit == "step" and work.full_batch:
        steps = FULL_BATCH_STEPS if work.data != "pictures" else work.steps
        model.set_params(max_iter=steps, tol=0, n_iter_no_change=steps + 1, shuffle=False)
        run = lambda: model.fit(x, targets)  # noqa: E731
    elif work.full_batch:

        def run():
            for _ in range(steps):
                model.partial_fit(x, targets, **classes)
    else:
        x, targets = x[: work.sample_rows], targets[: work.sample_rows]  # partial_fit is an epoch
        run = lambda: model.partial_fit(x, targets, **classes)  # noqa: E731
    samples = clock.of_steps(run, steps)
    score = "accuracy" if classes else "r2"
    report(work, threads, samples, loss=model.loss_, **{score: model.score(x[:10_000], targets[:10_000])})


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # that a fit stopped before it converged
    settings = arguments(__doc__)
    for each in settings.works:
        measure(each, settings.threads, Clock(each, settings.seconds))
