# SPDX-License-Identifier: Apache-2.0
"""Functions of published packages, unmodified: each has the right derivatives in both modes,
compiled and in a batch, or is refused in ad_core's own words.

The rows are those of tests/support/published/. Packages that are not installed in the pinned
version (`pip install ".[wild]"`) are left out.
"""

import numpy as np
import pytest

import ad_core
from ad_core.errors import NotDifferentiable
from published import PINS, installed, names, rows_of

INSTALLED = [name for name in names() if installed(name)]
ROWS = {name: rows_of(name) for name in INSTALLED}
RIGHT, REFUSED = [], []
for name, rows in ROWS.items():
    for label, row in rows.items():
        (REFUSED if row.refused else RIGHT).append(pytest.param(row, id=f"{name}-{label}"))

pytestmark = pytest.mark.filterwarnings("ignore")


def differences(f, x):
    """The Jacobian by extrapolated central differences, and an estimate of their error.

    Ridders' method (Advances in Engineering Software 4, 1982, 75-76): each entry is the
    extrapolation on which two neighbours of the tableau agree best.
    """
    columns, errors = [], []
    for k in range(x.size):
        step = 0.02 * abs(x[k]) if x[k] else 0.02
        previous, best, error = [], None, None
        for _ in range(8):
            current = []
            for m in range(len(previous) + 1):
                if m == 0:
                    ahead, behind = x.copy(), x.copy()
                    ahead[k] += step
                    behind[k] -= step
                    entry = (f(ahead) - f(behind)) / (ahead[k] - behind[k])
                else:
                    entry = current[m - 1] + (current[m - 1] - previous[m - 1]) / (4.0**m - 1.0)
                    change = np.maximum(
                        np.abs(entry - current[m - 1]), np.abs(entry - previous[m - 1])
                    )
                    change[np.isnan(change)] = np.inf
                    if best is None:
                        best, error = entry.copy(), change
                    else:
                        better = change < error
                        best[better], error[better] = entry[better], change[better]
                current.append(entry)
            previous, step = current, step / 2.0
        columns.append(best)
        errors.append(error)
    return np.stack(columns, -1), np.stack(errors, -1)


def assert_close(actual, expected, tolerance, error=0.0):
    scale = np.max(np.abs(expected), initial=0.0)
    allowed = tolerance * (np.abs(expected) + 1e-3 * scale) + 20.0 * error
    wrong = ~(np.abs(actual - expected) <= allowed + 1e-300)
    assert not np.any(wrong), (
        f"at {np.argwhere(wrong)[:5].tolist()}: {actual[wrong][:5]}, expected {expected[wrong][:5]}"
    )


@pytest.mark.parametrize("row", RIGHT)
def test_right(row):
    x = row.x
    plain = row(x)
    assert np.all(np.isfinite(plain)), f"the row has no finite value: {plain}"
    expected, error = differences(row, x)
    scale = np.max(np.abs(expected), initial=0.0)
    assert np.all(error <= 1e-4 * scale + 1e-300), "differences do not converge at this point"
    assert scale > 0.0, "the row has no derivative but zero"
    value, forward = ad_core.value_and_jacobian(row, mode="fwd")(x)
    rounding = 1e-14 * np.max(np.abs(plain), initial=0.0)  # of results that cancel to zero
    np.testing.assert_allclose(value, plain, rtol=1e-12, atol=rounding)
    assert_close(forward, expected, row.tolerance, error)
    assert_close(ad_core.jacrev(row)(x), forward, 1e-8)
    compiled = ad_core.compile(row)
    assert_close(compiled.jacobian(x), forward, 1e-8)
    near = x * (1.0 + 1e-4)
    at_near = ad_core.jacfwd(row)(near)
    assert_close(compiled.jacobian(near), at_near, 1e-8)
    batch = compiled.jacobian(np.stack([x, near]), batch_dims=1)
    assert_close(batch[0], forward, 1e-8)
    assert_close(batch[1], at_near, 1e-8)


@pytest.mark.parametrize("row", REFUSED)
def test_refused_in_our_words(row):
    assert np.all(np.isfinite(np.asarray(row(row.x), float)))
    for transform in ad_core.jacfwd, ad_core.jacrev:
        with pytest.raises(NotDifferentiable, match="published"):
            transform(row)(row.x)


def test_most_are_right():
    """At least 85 of 100 functions of at least 25 packages, where all packages are installed."""
    if len(INSTALLED) < len(names()):
        pytest.skip(f"{len(INSTALLED)} of {len(names())} packages are installed")
    assert len(names()) >= 25
    assert len(RIGHT) >= 0.85 * (len(RIGHT) + len(REFUSED))


def test_every_file_has_a_pin():
    pinned = {pin.replace("-", "_").replace(".", "_").lower() for pin in PINS}
    assert set(names()) <= pinned
