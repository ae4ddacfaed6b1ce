# SPDX-License-Identifier: Apache-2.0
"""Results at the point where a recording was made, from the recording itself.

A program computes values to rounding, not to NumPy's bits.  If a function's test depends on the
last bit of a value, the program may take another branch at the very point where the function was
recorded.  There the results are those that the function itself computed.
"""

import numpy as np

from ad_core import _core
from ad_core.programs.fallback import Replayed, into
from ad_core.programs.sparse import Compressed

__all__ = ["Once", "OwnPoint"]


class _InPlace:
    """A recording that is used at its own point, without a replay."""

    def at(self, flat):
        return self.of(self.recording.trace), []


class Once(_InPlace, Replayed):
    """A method by sweeps over the recording itself."""


class _SparseOnce(_InPlace, Compressed):
    """A sparse method by sweeps over the recording itself."""


class OwnPoint:
    """A method of one recording at the point where it was made.

    Called with the results of its Call and the points at which tests had another outcome than
    recorded, it replaces the results at the recording's own point.
    """

    def __init__(self, recording, source, name, argnums):
        self.recording = recording
        self.source = source
        self.name = name
        self.argnums = argnums

    def results(self, call, arrays, outs=None):
        """The arrays that the Call gives, for its arguments at this one point."""
        given = self.recording, self.source
        sparse = self.name.startswith("sparse")
        if not sparse:
            return Once(*given, self.name, self.argnums, None).batch(arrays, outs, None, None)[0]
        wanted = call.pack.structure
        once = _SparseOnce(*given, self.name, self.argnums, None)
        *parts, entries = once.batch(arrays, None, None, None)[0]
        entries = _moved(entries, once.swept.structure, wanted)
        return into([*parts, entries], outs, f"{self.name} of {self.source.name}", arrays)

    def __call__(self, call, missed, arguments, results):
        """(results, points that still have another outcome)."""
        missed = np.array(missed, bool)
        batch, count = np.shape(missed), len(self.source.arguments.shapes)
        wide = [
            np.broadcast_to(x, batch + core)
            for x, core in zip(arguments, call.in_shapes, strict=True)
        ]
        nodes = self.recording.inputs.nodes
        own = _core.values_at(self.recording.trace, nodes, nodes.shape)
        places = np.argwhere(missed)
        rows = [x[missed].reshape(len(places), -1) for x in wide[:count]]
        rows = np.concatenate([*rows, np.empty((len(places), 0))], axis=1)
        here = np.all(rows.view(np.int64) == own.view(np.int64), axis=1)
        results = list(results)
        for at in map(tuple, places[here].tolist()):
            missed[at] = False
            for k, part in enumerate(self.results(call, [x[at] for x in wide])):
                if isinstance(results[k], np.ndarray):
                    results[k][at] = part
                else:
                    results[k] = part
        return results, missed


def _moved(entries, structure, wanted):
    """Entries of one structure at the places of another; 0 where the first has none."""
    columns = structure.shape[1]
    places = structure.rows.astype(np.int64) * columns + structure.indices
    searched = wanted.rows.astype(np.int64) * columns + wanted.indices
    if len(places) == 0:
        return np.zeros(len(searched))
    at = np.minimum(np.searchsorted(places, searched), len(places) - 1)
    return np.where(places[at] == searched, entries[at], 0.0)
