# SPDX-License-Identifier: Apache-2.0
"""Functions of utide: harmonics of the tide."""

import numpy as np
import utide

from published import row

HOURS = np.arange(0.0, 24.0 * 16, 3.0)
DAYS = 738000.0 + HOURS / 24.0
HEIGHTS = 0.7 * np.cos(2 * np.pi * HOURS / 12.42) + 0.2 * np.sin(2 * np.pi * HOURS / 23.93) + 0.1
CURRENTS = 0.3 * np.sin(2 * np.pi * HOURS / 12.42 + 0.4) + 0.1 * np.cos(2 * np.pi * HOURS / 23.93)
OPTIONS = {
    "lat": 52.0,
    "nodal": False,
    "trend": False,
    "method": "ols",
    "conf_int": "none",
    "constit": ["M2", "K1"],
    "verbose": False,
    "epoch": "python",
}
SHARE = np.array([0.2, 0.9, 0.4])


def scaled(shares):
    """Heights that depend on a few numbers."""
    return HEIGHTS + shares[0] * CURRENTS + shares[1] * np.sin(HOURS / 3.82) + shares[2]


def harmonics(shares):
    found = utide.solve(DAYS, scaled(shares), **OPTIONS)
    return found.A, found.g, found.mean


def with_nodal_corrections(shares):
    found = utide.solve(DAYS, scaled(shares), **OPTIONS | {"nodal": True})
    return found.A, found.g


def with_trend(shares):
    return utide.solve(DAYS, scaled(shares), **OPTIONS | {"trend": True}).slope


def ellipses(shares):
    found = utide.solve(DAYS, scaled(shares), CURRENTS, **OPTIONS)
    return found.Lsmaj, found.Lsmin, found.theta


def reconstructed(shares):
    found = utide.solve(DAYS, scaled(shares), **OPTIONS)
    return utide.reconstruct(DAYS[:5] + 20.0, found, epoch="python", verbose=False).h


def predicted(amplitudes):
    """A prediction by the amplitudes of the constituents."""
    found = utide.solve(DAYS, HEIGHTS, **OPTIONS)
    found.A = amplitudes
    return utide.reconstruct(DAYS[:5] + 20.0, found, epoch="python", verbose=False).h


FUNCTIONS = [
    row(harmonics, SHARE),
    row(with_nodal_corrections, SHARE),
    row(with_trend, SHARE),
    row(ellipses, SHARE),
    row(reconstructed, SHARE),
    row(predicted, np.array([0.7, 0.2])),
]
