"""The rows of the op table as functions and as test parameters."""

import numpy as np
import pytest

import ad_core
from ad_core import _core

ROWS = _core.op_table()
SMOOTH = [row for row in ROWS if not row["is_test"]]
NUMPYS = [row for row in ROWS if hasattr(np, row["ufunc"])]
UFUNCS = [row for row in NUMPYS if isinstance(getattr(np, row["ufunc"]), np.ufunc)]


def each(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row["ufunc"].replace(" ", "-"))


def edges_of(rows):
    """A test for each row and operand."""
    cases = [(row, j) for row in rows for j in range(row["arity"])]
    return pytest.mark.parametrize(
        ("row", "j"),
        cases,
        ids=[f"{row['ufunc']}-{'abc'[j]}".replace(" ", "-") for row, j in cases],
    )


def function(row):
    """The row as a function of traced values or numbers: its ufunc, if NumPy has one."""
    ufunc = getattr(np, row["ufunc"], None)
    if isinstance(ufunc, np.ufunc):
        return ufunc
    return lambda *x: _core.record_op(row["name"], *x)


def of_vector(row):
    """The row as a function of one vector that holds its operands."""
    return lambda x: function(row)(*(x[j] for j in range(row["arity"])))


def partial_of_vector(row, j):
    """The recorded text of a partial derivative of a row, as a function of one vector."""

    def partial(x):
        operands = [x[k] for k in range(row["arity"])]
        value = _core.record_op(row["name"], *operands)
        absent = [None] * (3 - row["arity"])
        return _core.op_expanded(row["name"], j, *operands, *absent, value)

    return partial


def one_way(mode):
    return ad_core.jacfwd if mode == "fwd" else ad_core.jacrev


def assert_ulps(actual, expected, ulps):
    """The arrays are equal within this number of units in the last place; NaN equals NaN."""
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    distance = np.abs(actual[finite] - expected[finite])
    assert np.all(distance <= ulps * np.spacing(np.abs(expected[finite])))
