# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""np.interp. The interval of each point is kept as a guard, and the line in it is recorded."""

import numpy as np
from numpy.lib import _function_base_impl as functions

from ad_core import _core
from ad_core.overrides.numpy.complex.array import pair, parts
from ad_core.overrides.numpy.guards import holds, plain, tested
from ad_core.overrides.numpy.orders import searched
from ad_core.overrides.numpy.own_code import stands_for
from ad_core.recording.arrays import as_floats, as_traced

__all__ = ["interp"]


def _unsorted(x, xp, fp):
    """Interpolation in sample points that are not sorted everywhere, as tables of data may be:
    NumPy's search, which only compares x with sample points, finds an interval. None for points
    that do not lie within the interval that it finds."""
    at, ordered = plain(x.reshape(-1)), np.sort(xp)
    number = np.arange(xp.size, dtype=float)
    first = np.floor(_core.untraced(np.interp, at, xp, number)).astype(int)
    first = np.minimum(first, xp.size - 2)
    place = searched(ordered, at, "right")
    begins, ends = xp[first], xp[first + 1]
    if not np.all((begins < at) & (at < ends) & (ordered[place - 1] < at)):
        return None
    flat = x.reshape(-1)
    holds(np.greater, flat, ordered[place - 1])  # all comparisons are the same between these
    holds(np.less, flat, ordered[place])
    slope = (fp[first + 1] - fp[first]) / (ends - begins)
    return (fp[first] + slope * (flat - begins)).reshape(x.shape)[()]


def _slopes(xp, fp):
    """The slope of each interval, and 0 before the first and after the last one."""
    if xp.size == 1:
        return np.zeros(2)
    inner = (fp[1:] - fp[:-1]) / (xp[1:] - xp[:-1])
    if _core.traced(inner):
        return np.concatenate([[0.0], inner, [0.0]])
    slopes = _core.plain_function("zeros")(xp.size + 1)
    slopes[1:-1] = inner
    return slopes


def _slopes_at(knots, xp, slopes, ends):
    """The slope at sample points: the mean of the slopes on both sides. If one side has a jump, by
    left= or right= or by equal sample points, the slope is that of the other side."""
    values = plain(xp)
    flat = np.concatenate([[ends[0]], values[1:] > values[:-1], [ends[1]]])
    same = np.flatnonzero(~flat[1:-1])
    holds(np.equal, xp[same], xp[same + 1])
    before, after = flat[knots], flat[knots + 1]
    middle = (slopes[knots] + slopes[knots + 1]) / 2.0
    return np.where(
        before & after,
        middle,
        np.where(after, slopes[knots + 1], np.where(before, slopes[knots], 0.0)),
    )


def interp(x, xp, fp, left=None, right=None):
    """The compiled function that np.interp calls, after it has repeated periodic samples."""
    kinds = _core.traced_kinds((x, xp, fp), {})
    if kinds != _core.FLOATS:  # truth values and integers are plain here
        x, xp, fp = _core.plain_values((x, xp, fp))
        if not kinds & _core.FLOATS:
            return functions.compiled_interp(x, xp, fp, left, right)
    x, xp, fp = as_floats(x), as_floats(xp), as_floats(fp)
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if xp.shape != fp.shape:
        raise ValueError("fp and xp are not of the same length.")
    if not xp.size:
        none = _core.plain_function("zeros")(0)
        # raises NumPy's own error
        return functions.compiled_interp(_core.plain_function("zeros")(x.shape), none, none)
    if np.count_nonzero(tested(np.less, xp[1:], xp[:-1])):
        found = None if _core.traced(xp) else _unsorted(x, xp, fp)
        if found is not None:
            return found
        raise ValueError(
            f"np.interp takes sample points xp in increasing order, but these are not sorted"
            f"{_core.user_line()}; sort them: order = np.argsort(xp), xp[order], fp[order]"
        )
    flat, last = x.reshape(-1), xp.size - 1
    at, samples = plain(flat), plain(xp)
    place = searched(samples, at, "right")  # the interval: 0 before the first sample point
    first = np.maximum(place - 1, 0)  # the sample point at which it begins
    keep = tested if np.isnan(samples).any() else holds
    inside = (place > 0) & (place <= last) & (at != samples[first])  # no NaN, which is sorted last
    all_inside = np.count_nonzero(inside) == inside.size
    if all_inside and flat.size < xp.size:
        begins, ends, value = xp[first], xp[place], fp[first]
        keep(np.greater, flat, begins)
        keep(np.less, flat, ends)
        slope = (fp[place] - value) / (ends - begins)
        return (value + slope * (flat - begins)).reshape(x.shape)[()]
    slopes, moving = _slopes(xp, fp), _core.traced(flat) or _core.traced(xp)
    if _core.traced(flat) and flat.size > xp.size:  # so that many points share few constants
        slopes, xp, fp = as_traced(slopes), as_traced(xp), as_traced(fp)
    begins = xp[first]
    if all_inside:
        keep(np.greater, flat, begins)
        keep(np.less, flat, xp[place])
        return (fp[first] + slopes[place] * (flat - begins)).reshape(x.shape)[()]
    nan = np.isnan(at)
    knot = (at == samples[first]) & (place > 0)
    below, above = place == 0, (place > last) & ~knot & ~nan
    keep(np.greater, *_chosen_points(flat, begins, ~(knot | below | nan)))
    keep(np.less, *_chosen_points(flat, xp[np.minimum(place, last)], ~(knot | above | nan)))
    any_knot, any_nan = np.count_nonzero(knot), np.count_nonzero(nan)
    if any_knot:
        keep(np.equal, *_chosen_points(flat, begins, knot))
    if any_nan:
        holds(np.isnan, flat[nan])
    slope = slopes[place]
    if any_knot and moving:
        here = _slopes_at(place[knot] - 1, xp, slopes, (left is None, right is None))
        slope = _replaced(slope, knot, here)
    elif any_knot:
        slope = np.where(knot, 0.0, slope)
    value = fp[first] + slope * (flat - begins)
    for outside, given in ((below, left), (above, right)):
        if np.count_nonzero(outside):
            end = fp[0 if outside is below else -1]
            value = np.where(outside, end if given is None else given, value)
    if any_nan:
        value = np.where(nan, flat, value)
    return value.reshape(x.shape)[()]


def _chosen_points(points, samples, chosen):
    """The chosen points and their samples; the arrays themselves if all are chosen."""
    return (points, samples) if chosen.all() else (points[chosen], samples[chosen])


def _replaced(x, places, values):
    """A copy of x with other values where places is true."""
    x = _core.copy_of(x) if _core.traced(x) else np.array(x)
    x[places] = values
    return x


def _complex_interp(x, xp, fp, left=None, right=None):
    """The same with complex samples: their parts are interpolated."""
    ends = [(None, None) if end is None else parts(end) for end in (left, right)]
    sides = zip(parts(fp), *ends, strict=True)
    return pair(*(interp(x, xp, part, *outside) for part, *outside in sides))


stands_for(functions.compiled_interp, interp)
stands_for(functions.compiled_interp_complex, _complex_interp)
