# SPDX-License-Identifier: Apache-2.0
"""A down-and-out call by Monte Carlo, with its sensitivities to market and contract (the Greeks).

Size: 20,000 paths of 50 steps in `main`, 6 inputs: spot, strike, barrier, volatility, rate, time.

Source: P. Glasserman, Monte Carlo Methods in Financial Engineering (2003), sections 6.4 (the
barrier between two steps) and 7.2 (derivatives path by path); the closed form is Merton's,
J. Hull, Options, Futures, and Other Derivatives, 8th ed. (2012), on barrier options.
"""

import math
from functools import partial

import numpy as np

import ad_core

CONTRACT = {"spot": 100.0, "strike": 100.0, "barrier": 85.0, "volatility": 0.25}
MARKET = {"rate": 0.03, "time": 1.0}


def simulate(spot, volatility, rate, time, normals):
    """Geometric Brownian motion from draws of shape (paths, steps): (paths, steps + 1)."""
    dt = time / normals.shape[1]
    increments = (rate - 0.5 * volatility**2) * dt + volatility * np.sqrt(dt) * normals
    paths = np.empty((normals.shape[0], normals.shape[1] + 1))
    paths[:, 0] = spot
    paths[:, 1:] = spot * np.exp(np.cumsum(increments, axis=1))
    return paths


def softplus(x, width):
    """max(x, 0) with a kink that is smoothed over the width."""
    return width * np.logaddexp(0.0, x / width)


def hard_price(p, normals, width=0.5):
    """The payoff is 0 for a path below the barrier at a step: a mask, without a derivative."""
    paths = simulate(p["spot"], p["volatility"], p["rate"], p["time"], normals)
    alive = np.all(paths > p["barrier"], axis=1)
    payoff = softplus(paths[:, -1] - p["strike"], width)
    return np.exp(-p["rate"] * p["time"]) * np.mean(np.where(alive, payoff, 0.0))


def bridge_price(p, normals):
    """The payoff times the probability that the path stays above the barrier between the steps.

    It goes to zero continuously when a path touches the barrier, so the mean of its derivatives on
    the paths is the derivative of the price, unlike that of the mask alone.
    """
    paths = simulate(p["spot"], p["volatility"], p["rate"], p["time"], normals)
    above = np.maximum(np.log(paths / p["barrier"]), 0.0)
    variance = p["volatility"] ** 2 * p["time"] / normals.shape[1]
    touched = np.exp(-2.0 * above[:, :-1] * above[:, 1:] / variance)
    survival = np.prod(1.0 - touched, axis=1)
    payoff = np.maximum(paths[:, -1] - p["strike"], 0.0)
    return np.exp(-p["rate"] * p["time"]) * np.mean(survival * payoff)


def asian_worst_of(spots, volatilities, correlation, normals):
    """An option on the average of the worse of two assets, with strike 95; draws of shape
    (2, paths, steps)."""
    first, second = normals
    second = correlation * first + np.sqrt(1.0 - correlation**2) * second
    both = [
        simulate(s, v, 0.03, 1.0, z)
        for s, v, z in zip(spots, volatilities, (first, second), strict=True)
    ]
    worst = np.minimum(*both)
    payoff = worst[:, 1:].mean(axis=1) - 95.0
    payoff[payoff < 0.0] = 0.0
    return payoff.sum() / len(payoff)


def knock_out_loop(spot, volatility, normals, barrier=85.0, width=2.0):
    """The price by a loop over paths and steps that stops at the barrier."""
    steps = normals.shape[1]
    total = 0.0
    for path in normals:
        s = spot
        for z in path:
            s *= math.exp(-0.5 / steps * 0.04) * np.exp(volatility * z / np.sqrt(steps))
            if s <= barrier:
                break
        else:
            total += softplus(s - 100.0, width)
    return total / len(normals)


def closed_form(p):
    """Merton's price, for a barrier below the strike."""
    S, K, H, sigma, r, T = (
        p[k] for k in ("spot", "strike", "barrier", "volatility", "rate", "time")
    )

    def call(S):
        d = (math.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * math.sqrt(T))
        below, above = (0.5 * math.erfc(-x / math.sqrt(2)) for x in (d, d - sigma * math.sqrt(T)))
        return S * below - K * math.exp(-r * T) * above

    return call(S) - (S / H) ** (1 - 2 * r / sigma**2) * call(H * H / S)


def main():
    normals = np.random.default_rng(0).standard_normal((10_000, 50))
    normals = np.concatenate([normals, -normals])  # antithetic
    p = CONTRACT | MARKET
    price, greeks = ad_core.value_and_grad(partial(bridge_price, normals=normals))(p)
    hard = ad_core.grad(partial(hard_price, normals=normals))(p)
    print(f"price {price:.4f}, closed form {closed_form(p):.4f}")
    print(f"{'':11}{'paths':>9}{'formula':>10}{'mask alone':>12}")
    for name, greek in greeks.items():
        h = 1e-5 * p[name]
        up, down = (closed_form(p | {name: p[name] + s}) for s in (h, -h))
        print(f"{name:11}{greek:9.3f}{(up - down) / (2 * h):10.3f}{hard[name]:12.3f}")


_normals = np.random.default_rng(4).standard_normal((2, 16, 6))
_p = CONTRACT | MARKET

CASES = [
    ("mask", partial(hard_price, normals=_normals[0]), (_p,)),
    ("bridge", partial(bridge_price, normals=_normals[0]), (_p,)),
    (
        "worst of two",
        partial(asian_worst_of, normals=_normals),
        (np.array([100.0, 104.0]), [0.2, 0.3], 0.4),
    ),
    ("loop", partial(knock_out_loop, normals=_normals[1]), (100.0, 0.3)),
]

if __name__ == "__main__":
    main()
