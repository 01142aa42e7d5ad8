"""Writes the fixture of the Sobol points: SciPy's, not scrambled, as 128ths.

    python reference/sobol.py > crates/thalweg/tests/fixtures/sobol.txt
"""

from scipy.stats import qmc

POINTS = 128
DIMENSIONS = 21

for point in qmc.Sobol(DIMENSIONS, scramble=False).random(POINTS):
    print(*(int(value * POINTS) for value in point))
