# SPDX-License-Identifier: Apache-2.0
"""Points at which a program's derivatives depend on undetermined results.

These are results that are not functions of their arguments, such as eigenvectors of equal
eigenvalues (see ad_core/recording/undetermined.py).
"""

import numpy as np

from ad_core import _core
from ad_core.programs.fallback import row_of
from ad_core.recording.trees import flatten
from ad_core.recording.undetermined import depends

__all__ = ["Watch", "watched"]


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
        route = self.replayed()
        arrays = [np.asarray(x) for x in arguments]
        wide = [np.broadcast_to(x, lead + s) for x, s in zip(arrays, route.in_shapes, strict=True)]
        for at in np.ndindex(lead):
            leaves = [x[at] for x in wide]
            recording, flipped = route.at(row_of(leaves[: route.count]))
            if flipped or not recording.dependences:
                continue
            found = flatten(route.results(recording, leaves[route.count :]))[0]
            for y, part in zip(results, found, strict=True):
                y[at] = part
