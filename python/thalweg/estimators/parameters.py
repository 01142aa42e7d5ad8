"""Parameters of an estimator, as scikit-learn handles them: without scikit-learn."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any, Self

__all__ = ["Parameters", "available"]


class available:  # noqa: N801 - a decorator
    """A method that is there under a condition only, so that ``hasattr`` and scikit-learn's choice of a method see it or do not.

    >>> class Model:
    ...     is_fast = False
    ...     @available("{0.is_fast} is not fast", lambda model: model.is_fast)
    ...     def run(self):
    ...         return "runs"
    >>> model = Model()
    >>> hasattr(model, "run")
    False
    >>> model.is_fast = True
    >>> model.run()
    'runs'
    """

    def __init__(self, otherwise: str, condition: Callable[[Any], bool]) -> None:
        self.otherwise = otherwise
        self.condition = condition
        self.method: Any = None

    def __call__(self, method: Any) -> Any:
        self.method = method
        functools.update_wrapper(self, method)  # so that help and doctest see the method
        return self

    def __get__(self, estimator: Any, owner: Any) -> Any:
        if estimator is not None and not self.condition(estimator):
            raise AttributeError(self.otherwise.format(estimator))
        return self.method.__get__(estimator, owner)


class Parameters:
    """``get_params``, ``set_params``, a short ``repr``, and what scikit-learn asks of an estimator when it is there."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        signature = inspect.signature(cls.__init__)
        return sorted(name for name in signature.parameters if name != "self")

    def _keep(self, arguments: dict[str, Any]) -> None:
        """Keeps what ``__init__`` was given, as it was given."""
        for name, value in arguments.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters of ``__init__`` by name, as they were given. ``deep`` changes nothing: none of them is an estimator.

        >>> from thalweg import LogisticRegression
        >>> LogisticRegression(C=0.5).get_params()["C"]
        0.5
        """
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Sets parameters by name, and returns the estimator. Values are checked by ``fit``; an unknown name is a ``ValueError``.

        >>> from thalweg import LogisticRegression
        >>> LogisticRegression().set_params(C=0.5, max_iter=50)
        LogisticRegression(C=0.5, max_iter=50)
        """
        known = self._parameter_names()
        for name, value in params.items():
            if name not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self!r}. Valid parameters are: {known!r}."
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        signature = inspect.signature(type(self).__init__)
        shown: list[str] = []
        for name, parameter in signature.parameters.items():
            if name == "self" or not hasattr(self, name):
                continue
            value = getattr(self, name)
            if value is not parameter.default and repr(value) != repr(parameter.default):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    # Metadata routing (https://scikit-learn.org/stable/metadata_routing.html). scikit-learn makes these methods by inspecting the
    # signatures of a subclass of its own; ours are made when they are first asked for, so that nothing imports scikit-learn before.

    def get_metadata_routing(self) -> Any:
        """Which of the arguments of ``fit``, ``partial_fit`` and ``score`` a meta-estimator of scikit-learn's passes on.

        >>> from thalweg import LogisticRegression
        >>> import sklearn
        >>> with sklearn.config_context(enable_metadata_routing=True):
        ...     model = LogisticRegression().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        ...     model.get_metadata_routing().fit.requests["sample_weight"]
        True
        """
        return _requests(self).get_metadata_routing()

    def _get_metadata_request(self) -> Any:
        return _requests(self)._get_metadata_request()

    def set_fit_request(self, **arguments: Any) -> Self:
        """Says which arguments of ``fit`` a meta-estimator of scikit-learn's passes on, and returns the estimator.

        Each is ``True`` (passed on), ``False`` (not), ``None`` (refused where it is given) or the name that it comes by. It needs
        ``sklearn.set_config(enable_metadata_routing=True)``, else scikit-learn raises ``RuntimeError``.

        >>> from thalweg import MLPRegressor
        >>> import sklearn
        >>> with sklearn.config_context(enable_metadata_routing=True):
        ...     regressor = MLPRegressor().set_fit_request(sample_weight="weights").set_partial_fit_request(sample_weight=True)
        ...     regressor.get_metadata_routing().fit.requests["sample_weight"]
        'weights'
        """
        return self._request("set_fit_request", arguments)

    def set_partial_fit_request(self, **arguments: Any) -> Self:
        """As :meth:`set_fit_request`, for ``partial_fit``: ``set_partial_fit_request(sample_weight=True)``."""
        return self._request("set_partial_fit_request", arguments)

    def set_score_request(self, **arguments: Any) -> Self:
        """As :meth:`set_fit_request`, for ``score``: ``set_score_request(sample_weight=True)``."""
        return self._request("set_score_request", arguments)

    def _request(self, method: str, arguments: dict[str, Any]) -> Self:
        requests = _requests(self)
        getattr(requests, method)(**arguments)
        self._metadata_request: Any = requests._metadata_request
        return self


def _requests(estimator: Parameters) -> Any:
    """scikit-learn's own bookkeeping of requests, for an estimator with our methods."""
    base: Any = import_module("sklearn.utils._metadata_requests")._MetadataRequester
    own = type(estimator)
    methods = {name: getattr(own, name) for name in ("fit", "partial_fit", "score") if hasattr(own, name)}
    requester: Any = type(own.__name__, (base,), methods)()
    known: Any = getattr(estimator, "_metadata_request", None)
    if known is not None:
        requester._metadata_request = known
    return requester
