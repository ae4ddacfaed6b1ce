# SPDX-License-Identifier: Apache-2.0
"""Functions of vollib (py_vollib): option prices, greeks, implied volatilities."""

from vollib.black import black
from vollib.black.greeks import analytical as greeks_black
from vollib.black_scholes import black_scholes
from vollib.black_scholes.greeks import analytical as greeks
from vollib.black_scholes.greeks import numerical as numerical
from vollib.black_scholes.implied_volatility import implied_volatility
from vollib.black_scholes_merton import black_scholes_merton
from vollib.black_scholes_merton.greeks import analytical as greeks_merton

from published import row

FUNCTIONS = [
    row(black_scholes, "c", 100.0, 90.0, 0.5, 0.01, 0.2),
    row(black_scholes, "p", 100.0, 90.0, 0.5, 0.01, 0.2),
    row(black, "c", 100.0, 95.0, 0.2, 0.5, 0.02),
    row(black, "p", 100.0, 95.0, 0.2, 0.5, 0.02),
    row(black_scholes_merton, "c", 100.0, 90.0, 0.5, 0.01, 0.2, 0.02),
    row(greeks.delta, "c", 49.0, 50.0, 0.3846, 0.05, 0.2),
    row(greeks.gamma, "c", 49.0, 50.0, 0.3846, 0.05, 0.2),
    row(greeks.theta, "p", 49.0, 50.0, 0.3846, 0.05, 0.2),
    row(greeks.vega, "c", 49.0, 50.0, 0.3846, 0.05, 0.2),
    row(greeks.rho, "c", 49.0, 50.0, 0.3846, 0.05, 0.2),
    row(greeks_black.delta, "p", 49.0, 50.0, 0.3846, 0.05, 0.2),
    row(greeks_black.theta, "c", 49.0, 50.0, 0.3846, 0.05, 0.2),
    row(greeks_merton.vega, "c", 49.0, 50.0, 0.3846, 0.05, 0.2, 0.01),
    row(greeks_merton.theta, "p", 49.0, 50.0, 0.3846, 0.05, 0.2, 0.01),
    row(numerical.delta, "c", 49.0, 50.0, 0.3846, 0.05, 0.2),
    row(implied_volatility, 5.0, 100.0, 100.0, 0.5, 0.02, flag="c"),
    row(implied_volatility, 9.0, 100.0, 104.0, 0.5, 0.02, flag="p"),
]
