# SPDX-License-Identifier: Apache-2.0
"""Functions of empyrical: performance and risk of returns."""

import empyrical as ep
import numpy as np

from published import row

RETURNS = np.array([0.01, 0.02, -0.013, 0.004, -0.021, 0.017, 0.008, -0.002])
MARKET = np.array([0.008, 0.011, -0.009, 0.006, -0.015, 0.012, 0.003, 0.001])

FUNCTIONS = [
    row(ep.cum_returns, RETURNS),
    row(ep.cum_returns_final, RETURNS),
    row(ep.annual_return, RETURNS),
    row(ep.annual_volatility, RETURNS),
    row(ep.sharpe_ratio, RETURNS, 0.0001),
    row(ep.sortino_ratio, RETURNS, 0.0001),
    row(ep.calmar_ratio, RETURNS),
    row(ep.omega_ratio, RETURNS),
    row(ep.max_drawdown, RETURNS),
    row(ep.downside_risk, RETURNS, 0.0001),
    row(ep.alpha_beta, RETURNS, MARKET),
    row(ep.beta, RETURNS, MARKET),
    row(ep.excess_sharpe, RETURNS, MARKET),
    row(ep.value_at_risk, RETURNS),
    row(ep.conditional_value_at_risk, RETURNS),
    row(ep.tail_ratio, RETURNS),
    row(ep.stability_of_timeseries, RETURNS),
    row(ep.up_capture, RETURNS, MARKET),
]
