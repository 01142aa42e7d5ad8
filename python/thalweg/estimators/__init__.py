"""scikit-learn's estimators for neural networks and linear models, trained by Thalweg."""

from .classifier import MLPClassifier
from .linear import LinearRegression, LogisticRegression
from .regressor import MLPRegressor

__all__ = ["LinearRegression", "LogisticRegression", "MLPClassifier", "MLPRegressor"]
