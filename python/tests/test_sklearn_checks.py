"""scikit-learn's own checker, with no expected failures."""

import warnings

import pytest

from conftest import needs

pytestmark = needs("sklearn")

try:
    from sklearn.utils.estimator_checks import parametrize_with_checks
except ImportError:  # the tests are skipped then

    def parametrize_with_checks(estimators):
        return pytest.mark.parametrize(("estimator", "check"), [])


from thalweg import LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor


@parametrize_with_checks([MLPClassifier(), MLPRegressor(), LogisticRegression(), LinearRegression()])
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Maximum iterations")
        check(estimator)
