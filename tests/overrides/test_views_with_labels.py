# SPDX-License-Identifier: Apache-2.0
"""Views of traced arrays as arrays of classes that only add labels and attributes."""

import numpy as np
import pytest

import ad_core

X = np.array([0.3, 1.2, 0.7])


class Labelled(np.ndarray):
    """An array whose elements have names."""

    def __new__(cls, values, labels):
        made = np.asarray(values).view(cls)
        made.labels = labels
        return made

    def __array_finalize__(self, other):
        self.labels = getattr(other, "labels", None)

    def __getitem__(self, key):
        return super().__getitem__(self.labels.index(key) if isinstance(key, str) else key)


def labelled(x):
    return Labelled(x, ["a", "b", "c"])


CALLS = {
    "an element": lambda x: labelled(x * x)["b"],
    "elements": lambda x: labelled(x)[1:] * 2.0,
    "an element of a result": lambda x: np.exp(labelled(x))["c"],
    "of an operator": lambda x: (3.0 * labelled(x) - x[0])["a"],
    "traced values first": lambda x: (x * labelled(x))["c"],
    "plain numbers": lambda x: (Labelled(np.arange(3.0), ["a", "b", "c"]) * x)["b"],
    "a sum": lambda x: labelled(x * x).sum(),
    "a maximum": lambda x: np.max(labelled(x)) + labelled(x).max(),
    "a comparison": lambda x: np.sum(x[labelled(x) > 0.5]),
    "an array": lambda x: np.asarray(labelled(x)) * x,
    "a number": lambda x: float(np.abs(labelled(x)["a"] - 1.0)) * x,
    "itself": lambda x: labelled(np.sin(x)),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_derivatives(name):
    f = CALLS[name]
    if name == "a number":  # float is exchanged in other modules alone
        f = lambda x: np.abs(labelled(x)["a"] - 1.0) * x  # noqa: E731
    columns = [(np.asarray(f(X + h)) - np.asarray(f(X - h))) / 2e-6 for h in 1e-6 * np.eye(3)]
    expected = np.stack(columns, -1)
    for derivative in (ad_core.jacfwd(f), ad_core.jacrev(f), ad_core.compile(f).jacobian):
        np.testing.assert_allclose(derivative(X), expected, rtol=1e-7, atol=1e-9)
