# SPDX-License-Identifier: Apache-2.0
"""NumPy's functions take objects of traced numbers once a function needs it; afterwards NumPy's
names are what they were."""

import sys

import numpy as np
import pytest

import ad_core

# The identities, since functions in this module's containers may be exchanged for stand-ins.
NAMES = {
    (module.__name__, name): id(x) for module in (np, np.linalg) for name, x in vars(module).items()
    if callable(x)
}  # fmt: skip


def by_eval(x):
    """Code that the trace cannot look through, so that all names are replaced."""
    return eval("np.zeros_like(x) + np.linalg.norm(x) + np.ones_like(x)", {"np": np, "x": x}) * x


FUNCTIONS = {
    "by eval": by_eval,
    "of lists": lambda x: np.sum(np.sqrt([x[0], 3.0])) * x,
    "of objects": lambda x: np.sum(np.array([x[0], x[1]], dtype=object)) * x,
    "creation": lambda x: np.zeros_like(x) + np.copy(x) * np.full_like(x, 2.0),
    "nested": lambda x: ad_core.grad(lambda y: np.sum(np.broadcast_arrays(y, x)[0] * y))(x),
}


@pytest.mark.usefixtures("objects_taken")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_names_are_numpys_after_a_trace(name):
    for transform in (ad_core.jacfwd, ad_core.jacrev, lambda f: ad_core.compile(f).jacobian):
        transform(FUNCTIONS[name])(np.array([1.0, 2.0]))
        changed = [key for key, x in NAMES.items() if id(vars(sys.modules[key[0]])[key[1]]) != x]
        assert changed == []
