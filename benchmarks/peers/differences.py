# SPDX-License-Identifier: Apache-2.0
"""SciPy's 2-point finite differences, as `scipy.optimize.least_squares` takes them."""

import numpy as np
from scipy.optimize._numdiff import approx_derivative

from benchmarks.peers.peer import Peer, Prepared
from benchmarks.tree import join, split


def prepare(scenario, args):
    fun = scenario.fun
    if scenario.what == "jacobian":
        return Prepared({"": lambda x: approx_derivative(fun, x, method="2-point")})

    def value_and_grad(flat, *data):
        value = fun(split(flat, args[0]), *data)
        step = approx_derivative(
            lambda x: fun(split(x, args[0]), *data), flat, method="2-point", f0=np.atleast_1d(value)
        )
        return value, step

    def convert(args):
        return join(args[0]), *args[1:]

    def answer(raw):
        return raw[0], split(np.ravel(raw[1]), args[0])

    return Prepared({"": value_and_grad}, convert, answer)


PEER = Peer("scipy", ("scipy", "numpy"), prepare, kind="differences")
