"""Estimators in model files: what a file holds of one, and the one that is made of a file."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from os import PathLike
from typing import Any, Self

import numpy as np

from .. import _engine
from .._settings import to_json
from ..exceptions import NotFittedError, shared_class
from ..history import History
from ..network import Network
from .parameters import Parameters

__all__ = ["Stored"]


class Stored(Parameters, ABC):
    """What can be saved and loaded; there are no objects of it.

    >>> from thalweg import MLPClassifier
    >>> isinstance(MLPClassifier(), Stored)
    True
    """

    hidden_layer_sizes: Any
    activation: Any
    loss: Any

    network_: Network
    history_: History
    n_features_in_: int
    feature_names_in_: Any
    n_iter_: int
    t_: int
    best_validation_score_: float | None
    _fitted_loss: Any
    _state: _engine.State | None

    @abstractmethod
    def _target_schema(self) -> tuple[dict[str, Any], list[str], list[str]]: ...

    @abstractmethod
    def _take_targets(self, target: dict[str, Any], path: Any) -> None: ...

    def _fitted(self) -> Network:
        network: Network | None = getattr(self, "network_", None)
        if network is None:
            raise shared_class(NotFittedError)(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments before "
                "using this estimator."
            )
        return network

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a model file that the command line, Rust and :meth:`thalweg.Network.load` read; whole or not at all.

        Raises ``OSError`` where it cannot be written, and :class:`thalweg.NotFittedError` before ``fit``.

        >>> import os, tempfile
        >>> from thalweg import LinearRegression
        >>> line = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     line.save(os.path.join(folder, "line.safetensors"))
        ...     again = LinearRegression.load(os.path.join(folder, "line.safetensors"))
        >>> again.predict([[2.0]]).round(3).tolist()
        [5.0]
        """
        self._fitted()._engine.save(path, to_json(self._description()))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The estimator of a file that :meth:`save` wrote: it predicts as before, and can be trained on with ``partial_fit``.

        The file has layers, weights, loss, labels and the columns' names. Parameters of the training it does not have: they are the
        defaults. A function as the loss has to be given again before training. Raises ``ValueError`` where the file holds another kind of
        estimator or none, :class:`thalweg.FileError` where it is no model file, and ``OSError`` where it cannot be read.

        >>> import os, tempfile
        >>> from thalweg import MLPClassifier
        >>> mlp = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mlp.save(os.path.join(folder, "mlp.safetensors"))
        ...     again = MLPClassifier.load(os.path.join(folder, "mlp.safetensors"))
        >>> again.hidden_layer_sizes, again.predict([[0.5], [2.5]]).tolist()
        ((4,), ['a', 'b'])
        """
        network = Network.load(path)
        text = network._engine.preprocessing
        described: Any = {} if text is None else json.loads(text)
        inputs: Any = described.get("inputs", {})
        if inputs.get("kind") != "array" or len(inputs.get("shape", ())) != 1:
            raise ValueError(f"{path}: no estimator was saved in this file; load it with thalweg.Network.load")
        estimator = cls()
        estimator._take_layers(network, path)
        estimator.network_ = network
        estimator.n_features_in_ = int(inputs["shape"][0])
        if inputs.get("column_names"):
            estimator.feature_names_in_ = np.asarray(inputs["column_names"], dtype=object)
        estimator._take_targets(described["target"], path)
        estimator._take_loss(_absent_loss if network.loss == "custom" else network.loss)
        estimator._fitted_loss = estimator.loss
        estimator.history_ = History()
        estimator.best_validation_score_ = None
        estimator._state = None
        estimator.n_iter_ = estimator.t_ = 0
        return estimator

    def _take_layers(self, network: Network, path: Any) -> None:
        """The parameters that say which layers there are."""
        sizes: list[int] = []
        activations: list[Any] = []
        for layer in network.layers:
            if hasattr(layer, "keys") and "dense" in layer:
                sizes.append(int(layer["dense"]))
                activations.append("identity")
            elif hasattr(layer, "keys") and "activation" in layer:
                activations[-1] = layer["activation"]
            elif isinstance(layer, str) and sizes:
                activations[-1] = layer
        if "hidden_layer_sizes" in self._parameter_names():
            hidden = activations[:-1]
            self.hidden_layer_sizes = tuple(sizes[:-1])
            self.activation = hidden[0] if hidden and all(one == hidden[0] for one in hidden) else hidden or "identity"
        elif len(sizes) != 1:
            raise ValueError(f"{path}: the network has hidden layers; load it with MLPClassifier.load or MLPRegressor.load")

    def _take_loss(self, loss: Any) -> None:
        """The parameter that says this loss of a file."""
        self.loss = loss

    def _description(self) -> dict[str, Any]:
        names = [str(name) for name in getattr(self, "feature_names_in_", ())]
        inputs = {"kind": "array", "name": None, "shape": [self.n_features_in_], "column_names": names}
        target, labels, target_names = self._target_schema()
        return {
            "label_names": labels,
            "target_names": target_names,
            "preprocessing": {
                "version": 1,
                "inputs": inputs,
                "scale": {"kind": "none"},
                "target": target,
                "target_scale": {"shift": [], "width": []},
            },
        }


def _absent_loss(predictions: Any, targets: Any, weights: Any) -> Any:
    """Stands for a loss that was a function, which a file does not hold."""
    raise ValueError("the loss was a function, which a model file does not hold; give it again with set_params(loss=...)")
