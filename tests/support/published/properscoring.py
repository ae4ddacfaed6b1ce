# SPDX-License-Identifier: Apache-2.0
"""Functions of properscoring: scores of probabilistic forecasts."""

import numpy as np
import properscoring as ps
from published import row
from scipy.stats import norm

OBSERVED = np.array([0.4, -1.2, 2.3])
ENSEMBLE = np.array([[0.1, 0.5, 1.2, -0.4], [-1.0, -0.2, 0.4, 0.9], [1.8, 2.9, 2.2, 0.3]])

FUNCTIONS = [
    row(ps.crps_gaussian, 0.4, 0.1, 0.9),
    row(ps.crps_gaussian, OBSERVED, 0.1, np.array([0.5, 1.0, 1.5])),
    row(ps.crps_ensemble, OBSERVED, ENSEMBLE),
    row(ps.crps_ensemble, 0.4, ENSEMBLE[0], np.array([0.2, 0.3, 0.1, 0.4])),
    row(ps.brier_score, np.array([1, 0, 1]), np.array([0.7, 0.2, 0.9])),
    row(ps.crps_quadrature, 0.4, norm),
]
