"""One step of a training, written out."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Explanation"]


class Explanation:
    """One training step with every matrix: ``print`` shows it, ``matrices`` holds the numbers.

    :meth:`Network.explain` gives it. ``text`` is what is printed, ``content`` the same as dictionaries.

    >>> import thalweg
    >>> net = thalweg.Network([thalweg.layers.dense(1)], input_shape=2, init="zeros", precision="f64")
    >>> step = net.explain(np.array([[1.0, 2.0]]), [3.0], optimizer={"name": "sgd", "learning_rate": 0.5})
    >>> step.matrices["w0"].tolist(), step.matrices["dw0"].tolist()
    ([[0.0], [0.0]], [[-6.0], [-12.0]])
    """

    def __init__(self, text: str, content: dict[str, Any]) -> None:
        self.text = text
        self.content = content

    @property
    def matrices(self) -> dict[str, Any]:
        """Every matrix by its name in the formulas: ``"w0"``, ``"dlogits"`` ...; values that are not finite are NaN."""
        found: dict[str, Any] = {}
        for section in self.content["sections"]:
            for entry in section["entries"]:
                matrix = entry.get("matrix")
                if matrix is not None:
                    values = np.asarray([np.nan if v is None else v for v in matrix["values"]])
                    found.setdefault(matrix["name"], values.reshape(matrix["shape"]))
        return found

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__
