# SPDX-License-Identifier: Apache-2.0
"""Points at which a program's derivatives meet results that are no functions of their arguments."""

import numpy as np

from ad_core import _core
from ad_core.recording.trees import flatten
from ad_core.recording.undetermined import depends

__all__ = ["Watch", "watched"]


def watched(call, recording, replayed):
    """The Call, which asks for such points (see ad_core/undetermined.py) if its results may depend
    on them.  replayed() makes what carries the recording out again at one point."""
    if isinstance(call, _core.Call) and depends(recording):
        call.watch = Watch(recording, replayed)
    return call


class Watch:
    """What a Call asks: how often such results were met, before and after it ran, and if that
    differs for the points' derivatives."""

    def __init__(self, recording, replayed):
        self.recording = recording
        self.replayed = replayed

    def count(self):
        return _core.undetermined_met(self.recording.trace)

    def mend(self, arguments, results, lead):
        """Write the derivatives of such points, taken one after the other, into the results."""
        route = self.replayed()
        arrays = [np.asarray(x) for x in arguments]
        wide = [np.broadcast_to(x, lead + s) for x, s in zip(arrays, route.in_shapes, strict=True)]
        for at in np.ndindex(lead):
            leaves = [x[at] for x in wide]
            recording, flipped = route.at(leaves[: route.count])
            if flipped or not recording.dependences:
                continue
            found = flatten(route.results(recording, leaves[route.count :]))[0]
            for y, part in zip(results, found, strict=True):
                y[at] = part
