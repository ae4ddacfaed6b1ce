# SPDX-License-Identifier: Apache-2.0
"""Functions of scoringrules: scores of probabilistic forecasts."""

import numpy as np
import scoringrules as sr

from published import row

OBSERVED = np.array([0.4, -1.2, 2.3])
ENSEMBLE = np.array([[0.1, 0.5, 1.2, -0.4], [-1.0, -0.2, 0.4, 0.9], [1.8, 2.9, 2.2, 0.3]])
WIDE = np.array([[0.1, 0.5], [1.2, -0.4], [-0.6, 0.8]])
NUMPY = {"backend": "numpy"}

FUNCTIONS = [
    row(sr.crps_normal, 0.4, 0.1, 0.9, **NUMPY),
    row(sr.crps_normal, OBSERVED, OBSERVED - 0.2, np.array([0.5, 1.0, 1.5]), **NUMPY),
    row(sr.crps_lognormal, 1.4, 0.1, 0.9, **NUMPY),
    row(sr.crps_logistic, OBSERVED, 0.1, 0.9, **NUMPY),
    row(sr.crps_laplace, OBSERVED, 0.1, 0.9, **NUMPY),
    row(sr.crps_exponential, 1.4, 0.9, **NUMPY),
    row(sr.crps_gamma, 1.4, 2.1, 0.9, **NUMPY),
    row(sr.crps_gev, 1.4, 0.2, 0.1, 0.9, **NUMPY),
    row(sr.crps_gpd, 1.4, 0.2, 0.1, 0.9, **NUMPY),
    row(sr.crps_t, 1.4, 5.2, 0.1, 0.9, **NUMPY),
    row(sr.crps_beta, 0.4, 2.1, 3.2, **NUMPY),
    row(sr.crps_ensemble, OBSERVED, ENSEMBLE, **NUMPY),
    row(sr.crps_ensemble, OBSERVED, ENSEMBLE, estimator="fair", **NUMPY),
    row(sr.crps_ensemble, OBSERVED, ENSEMBLE, estimator="pwm", **NUMPY),
    row(sr.logs_normal, OBSERVED, 0.1, 0.9, **NUMPY),
    row(sr.logs_t, OBSERVED, 5.2, 0.1, 0.9, **NUMPY),
    row(sr.logs_ensemble, OBSERVED, ENSEMBLE, **NUMPY),
    row(sr.es_ensemble, np.array([0.2, 0.3]), WIDE, **NUMPY),
    row(sr.brier_score, np.array([1, 0, 1]), np.array([0.7, 0.2, 0.9]), **NUMPY),
    row(sr.interval_score, 0.4, -0.2, 0.3, 0.1, **NUMPY),
]
