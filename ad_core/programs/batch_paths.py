# SPDX-License-Identifier: Apache-2.0
"""The points of a batch that do not take the path on which the batch was evaluated."""

import numpy as np

from ad_core.programs.recordings import MOST_TRIED

__all__ = ["follow"]


def follow(evaluation, path, fresh, arrays, results, missed):
    """The results of a batch, in which those of points that take another path are replaced.

    path: the one on which the batch was evaluated; fresh: whether it was recorded for this call, at
    the first point.  missed: for each point 0, or 1 + the guard that changed first.
    """
    return _Batch(evaluation, path, arrays, results, missed.shape).replaced(fresh, missed.ravel())


class _Batch:
    def __init__(self, evaluation, path, arrays, results, shape):
        self.evaluation = evaluation
        self.path = path
        self.flat = evaluation.flat(path, arrays, shape)
        self.results = results
        self.dims = len(shape)
        # Whether each result is one array, so that it needs no structure.
        self.alone = path._lowered.arguments.bare and path._lowered.result.bare
        self.waiting = np.zeros(np.prod(shape, dtype=int), bool)  # points that no known path fits
        self.place = np.zeros(len(self.waiting), int)  # the number in places
        self.places = [None]  # (path, guard) at which further paths are to be entered

    def replaced(self, fresh, missed):
        evaluation = self.evaluation
        rest = np.flatnonzero(missed)
        if fresh and rest[0] == 0:
            evaluation.check_pure(self.path, 0)
            self.put_here(self.path, 0)
            rest = rest[1:]
        evaluation.use(self.path)
        root = evaluation.known.root
        if root is self.path or root is None:
            self.branch(self.path, rest, missed[rest] - 1, 0)
        else:
            self.descend(root, rest, 1)
        for point in np.flatnonzero(self.waiting).tolist():
            if self.waiting[point]:
                self.record(point)
        return self.results

    def branch(self, path, points, guards, depth):
        """Distribute points at which guards of a path changed to the paths that branch off."""
        for guard in np.unique(guards).tolist():
            group = points[guards == guard]
            other = path.branches.get(guard)
            if other is not None and depth < MOST_TRIED:
                self.descend(other, group, depth + 1)
                continue
            self.waiting[group] = True
            self.place[group] = len(self.places)
            self.places.append((path, guard) if other is None else None)

    def descend(self, path, points, depth):
        """Evaluate points on a path, and those that do not fit on the paths that branch off."""
        if not len(points):
            return
        evaluation = self.evaluation
        evaluation.check_like(path, self.path)
        call = evaluation.call_of(path)
        found, missed = call.batch([x[points] for x in self.flat], None, None, None)
        fits = np.ones(len(points), bool) if missed is None else missed == 0
        for y, part in zip(self.results, found, strict=True):
            evaluation.put(y, self.dims, points[fits], part[fits])
        if fits.any():
            evaluation.use(path)
        if not fits.all():
            self.branch(path, points[~fits], missed[~fits] - 1, depth)

    def record(self, point):
        """Record the function at a point, and evaluate others there on its path if it is met for
        the second time."""
        evaluation = self.evaluation
        self.waiting[point] = False
        if self.alone and not evaluation.known.is_searched():
            found = evaluation.swept(point)
            parts = found if type(found) is tuple else (found,)
            if all(type(part) in (np.ndarray, np.float64) for part in parts):
                for y, part in zip(self.results, parts, strict=True):
                    evaluation.put(y, self.dims, [point], np.asarray(part)[None])
                return
        recorded = evaluation.record(point)
        evaluation.check_like(recorded, self.path)
        self.put_here(recorded, point)
        if not evaluation.known.is_searched() and evaluation.known.is_new(recorded.identity):
            return
        place = self.places[self.place[point]]
        entered = evaluation.meet(recorded, place)
        if entered is None or place is None:
            return
        peers = np.flatnonzero(self.waiting & (self.place == self.place[point]))
        self.waiting[peers] = False
        self.descend(entered, peers, 0)

    def put_here(self, path, point):
        """Store the results of a point from the recording that was made there."""
        _, parts = self.evaluation.here(path, [x[point] for x in self.flat])
        for y, part in zip(self.results, parts, strict=True):
            self.evaluation.put(y, self.dims, [point], np.asarray(part)[None])
