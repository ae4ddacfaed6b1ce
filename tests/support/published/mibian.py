# SPDX-License-Identifier: Apache-2.0
"""Functions of mibian: prices and sensitivities of options."""

import mibian

from published import row


def black_scholes(price, strike, rate, days, volatility):
    c = mibian.BS([price, strike, rate, days], volatility=volatility)
    return c.callPrice, c.putPrice


def black_scholes_greeks(price, strike, rate, days, volatility):
    c = mibian.BS([price, strike, rate, days], volatility=volatility)
    return (c.callDelta, c.putDelta, c.callDelta2, c.callTheta, c.putTheta, c.callRho, c.putRho,
            c.vega, c.gamma)  # fmt: skip


def garman_kohlhagen(price, strike, domestic, foreign, days, volatility):
    c = mibian.GK([price, strike, domestic, foreign, days], volatility=volatility)
    return c.callPrice, c.putPrice, c.exerciceProbability


def garman_kohlhagen_greeks(price, strike, domestic, foreign, days, volatility):
    c = mibian.GK([price, strike, domestic, foreign, days], volatility=volatility)
    return c.callDelta, c.putDelta2, c.callTheta, c.putRhoD, c.callRhoF, c.vega, c.gamma


def merton(price, strike, rate, dividends, days, volatility):
    c = mibian.Me([price, strike, rate, dividends, days], volatility=volatility)
    return c.callPrice, c.putPrice


def merton_greeks(price, strike, rate, dividends, days, volatility):
    c = mibian.Me([price, strike, rate, dividends, days], volatility=volatility)
    return c.callDelta, c.callTheta, c.putRho, c.vega, c.gamma


def parity(price, strike, rate, days, call, put):
    return mibian.BS([price, strike, rate, days], callPrice=call, putPrice=put)._parity()


def implied(price, strike, rate, days, call):
    return mibian.BS([price, strike, rate, days], callPrice=call).impliedVolatility


FUNCTIONS = [
    row(black_scholes, 52.0, 50.0, 5.0, 60.0, 20.0),
    row(black_scholes, 81.0, 80.0, 6.0, 60.0, 30.0),
    row(black_scholes_greeks, 52.0, 50.0, 5.0, 60.0, 20.0),
    row(garman_kohlhagen, 1.4565, 1.45, 1.0, 2.0, 30.0, 20.0),
    row(garman_kohlhagen_greeks, 1.4565, 1.45, 1.0, 2.0, 30.0, 20.0),
    row(merton, 52.0, 50.0, 1.0, 1.0, 30.0, 20.0),
    row(merton_greeks, 52.0, 50.0, 1.0, 1.0, 30.0, 20.0),
]
