# SPDX-License-Identifier: Apache-2.0
"""The checks of np.testing on traced values. A check that holds is kept as a guard; one that fails
raises NumPy's own error."""

import functools
import operator

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import any_traced
from ad_core.recording.trees import map_leaves

__all__ = ["replacements"]


def replacements(public, private):
    """The functions of np.testing, and of the module in which it is written, that are replaced
    while a trace runs: (module, name, function).

    The checks themselves may have been imported before, so the functions that they call are
    replaced. Only assert_approx_equal is replaced itself, since it calls float() on its arguments.
    """
    return [
        (private, "assert_array_compare", _array_compare(private.assert_array_compare)),
        (private, "build_err_msg", _message(private.build_err_msg)),
        (public, "assert_approx_equal", _approx_equal(public.assert_approx_equal)),
    ]


def _traced(x):
    """x as a traced array if it is a traced value or an object array or list of them, else None."""
    if not _core.traced(x) and isinstance(x, (list, tuple)) and any_traced(x):
        x = np.asarray(x)
    elif type(x) is np.ndarray and x.dtype == object and any(map(_core.traced, x.flat)):
        x = _core.object_array(x)
    return x if _core.traced(x) else None


def _plain(x):
    """Nested containers with the plain values of their traced values."""
    if isinstance(x, (list, tuple, dict)):
        return map_leaves(_plain, x)
    found = _traced(x)
    return x if found is None else _core.current_values(found)[()]


def _array_compare(original):
    @functools.wraps(original)
    def compare(comparison, x, y, *args, **kwargs):
        __tracebackhide__ = True  # read by pytest, as in NumPy
        traced = [_traced(part) for part in (x, y)]
        if all(part is None for part in traced):
            return original(comparison, x, y, *args, **kwargs)
        left, right = (
            np.asarray(part) if found is None else found
            for part, found in zip((x, y), traced, strict=True)
        )
        if np.shape(left) == np.shape(right) or np.shape(left) == () or np.shape(right) == ():
            _keep(comparison, left, right, kwargs.get("equal_nan", True))
        return original(comparison, _plain(x), _plain(y), *args, **kwargs)

    return compare


def _keep(comparison, x, y, equal_nan):
    """Keep the outcome of a comparison of all elements as a guard."""
    if comparison in (operator.__lt__, operator.__le__, operator.__eq__):
        holds = comparison(x, y)
    else:
        names = getattr(getattr(comparison, "__code__", None), "co_freevars", ())
        if "decimal" in names and _core.traced(y):  # abs(x - y), but y cast to its own dtype
            holds = comparison(x - y, np.float64(0.0))
        else:
            holds = comparison(x, y)
        holds = holds | (x == y)  # infinities, whose difference is NaN
    if equal_nan:
        holds = holds | (np.isnan(x) & np.isnan(y))
    bool(np.all(holds))


def _message(original):
    @functools.wraps(original)
    def message(arrays, *args, **kwargs):
        return original([_plain(x) for x in arrays], *args, **kwargs)

    return message


def _approx_equal(original):
    @functools.wraps(original)
    def check(actual, desired, significant=7, *args, **kwargs):
        __tracebackhide__ = True
        if any_traced((actual, desired)):
            scale = 0.5 * (np.abs(desired) + np.abs(actual))
            scale = np.power(10.0, np.floor(np.log10(np.where(scale > 0, scale, 1.0))))
            bool(np.all(np.abs(desired / scale - actual / scale) < 10.0 ** -(significant - 1)))
        return original(_plain(actual), _plain(desired), significant, *args, **kwargs)

    return check
