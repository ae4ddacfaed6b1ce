# SPDX-License-Identifier: Apache-2.0
"""Functions of properscoring: scores of probabilistic forecasts. Those of ensembles are compiled
where numba is installed, and left out."""

import numpy as np
import properscoring as ps
from scipy.stats import norm

from published import row

OBSERVED = np.array([0.4, -1.2, 2.3])

FUNCTIONS = [
    row(ps.crps_gaussian, 0.4, 0.1, 0.9),
    row(ps.crps_gaussian, OBSERVED, 0.1, np.array([0.5, 1.0, 1.5])),
    row(ps.brier_score, np.array([1, 0, 1]), np.array([0.7, 0.2, 0.9])),
    row(ps.crps_quadrature, 0.4, norm),
]
