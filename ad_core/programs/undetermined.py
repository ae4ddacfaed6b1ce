# SPDX-License-Identifier: Apache-2.0
"""Points at which a program's derivatives depend on undetermined results.

These are results that are not functions of their arguments, such as eigenvectors of equal
eigenvalues (see ad_core/recording/undetermined.py).
"""

import numpy as np

from ad_core import _core
from ad_core.programs.fallback import row_of
from ad_core.recording.plain import flatten_numbers
from ad_core.recording.undetermined import depends

__all__ = ["Failures", "Watch", "watched"]


def watched(call, recording, replayed):
    """The Call, with a Watch if its results may depend on undetermined ones.

    replayed() returns the Replayed that carries out the recording again at one point.
    """
    if isinstance(call, _core.Call) and depends(recording):
        call.watch = Watch(recording, replayed)
    return call


class Watch:
    """Counts undetermined results for a Call, before and after it runs; if the counts differ, the
    Call has the derivatives of its points computed again."""

    def __init__(self, recording, replayed):
        self.recording = recording
        self.replayed = replayed

    def count(self):
        return _core.undetermined_met(self.recording.trace)

    def recompute(self, arguments, results, lead):
        """Write the derivatives of such points, computed one after the other, into the results."""
        for at, recording, found in _each(self.replayed(), arguments, lead):
            if recording.dependences:
                _write(found(), results, at)


class Failures:
    """Counts the calls of rules that raise in a Call of which they are only a part of the
    derivative, so that they are no guards.  If there are any, the points where results are not
    finite are computed again, which raises what the function's own derivative raises."""

    def __init__(self, calls, replayed):
        self.calls = calls
        self.replayed = replayed

    def count(self):
        return sum(call.missed for call in self.calls)

    def recompute(self, arguments, results, lead):
        for at, _, found in _each(self.replayed(), arguments, lead):
            if not all(np.isfinite(y[at]).all() for y in results):
                _write(found(), results, at)


def _each(route, arguments, lead):
    """(index, recording, function that returns the results) of each point whose guards hold."""
    arrays = [np.asarray(x) for x in arguments]
    wide = [np.broadcast_to(x, lead + s) for x, s in zip(arrays, route.in_shapes, strict=True)]
    for at in np.ndindex(lead):
        leaves = [x[at] for x in wide]
        recording, flipped = route.at(row_of(leaves[: route.count]))
        if not flipped:
            seeds = leaves[route.count :]
            yield (
                at,
                recording,
                lambda r=recording, s=seeds: flatten_numbers(route.results(r, s))[0],
            )


def _write(found, results, at):
    for y, part in zip(results, found, strict=True):
        y[at] = part
