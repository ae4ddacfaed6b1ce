# SPDX-License-Identifier: Apache-2.0
"""One call of a Function, which finds for every point the recording of its own path."""

import math

import numpy as np

from ad_core import _core
from ad_core.programs.build import SEEDS, Labels, seed_leaves
from ad_core.programs.compiled import Compiled
from ad_core.programs.fallback import into
from ad_core.programs.own_point import Once
from ad_core.programs.purity import difference
from ad_core.recording.record import record
from ad_core.recording.trees import flatten

__all__ = ["Evaluation", "Path"]


class Path(Compiled):
    """One recorded path through a function's branches."""

    @property
    def outcomes(self):
        """The outcomes of the tests that decided this path, in their order."""
        return _core.guard_outcomes(self._recording.trace)

    def once(self, name, argnums):
        """The stand-in for a method's Call if the recording is used for one call only."""
        key = name, argnums
        if key not in self._built:
            report = None  # all outcomes are those of the recording
            self._built[key] = Once(self._recording, self._lowered, name, argnums, report)
        return self._built[key]


class Evaluation:
    """A method at points that have one key.

    whole and places: the call that these points belong to, and their places in it; None if the
    points are all of the call.
    """

    def __init__(self, function, given, name, argnums, seeds, whole=None, places=None):
        self.function = function
        self.given = given
        self.name = name
        self.argnums = argnums
        self.seeds = seeds
        self.whole = given if whole is None else whole
        self.places = places
        self.known = function._known(given.key)
        # A recording that no other call can use needs no program, unless a structure is needed.
        self.anew = given.key is None and not given.batch_dims and not name.startswith("sparse")

    def run(self, out, workers, progress):
        """Return (Call, its results).  Afterwards self.tape is the recording that was used last."""
        fresh = not self.known
        tape = self.record(0) if fresh else self.known[0]
        call = self.call_of(tape)
        outs = None
        if out is not None:
            outs = [out] if call.pack is None else list(flatten(out)[0])
        arrays = self.arrays(tape, call)
        self.tape = tape
        if self.given.key is None and self.given.points() > 1:
            return call, self.record_each_point(tape, arrays, outs, progress)
        results, missed = call.batch(arrays, outs, workers, progress)
        if missed is None or not missed.any():
            self.use(tape)
        elif self.given.batch_dims:
            results = self.follow_other_paths(tape, fresh, arrays, results, missed)
        else:
            call, results = self.another_path(tape, fresh, arrays, outs)
        return call, results

    def at_numbers(self):
        """The return value where all inputs are numbers, by the program of the path that was used
        last; NotImplemented if it does not fit, or if there is none."""
        if not self.known or self.anew:
            return NotImplemented
        tape = self.known[0]
        call = self.call_of(tape)
        if type(call) is not _core.Call:
            return NotImplemented
        result = call.at_numbers(tuple(self.given.leaves))
        if result is not NotImplemented:
            self.use(tape)
        return result

    def call_of(self, tape):
        how = tape.once if self.anew else tape._build
        return how(self.name, self.argnums)

    def arrays(self, tape, call):
        """The inputs, followed by the tangents or cotangents."""
        leaves = self.given.leaves
        n = len(leaves)
        if not self.given.bulk:
            self.check_axes(tape, leaves, call.in_shapes[:n], self.given.batch_dims)
        if not self.seeds:
            return leaves
        seeds = seed_leaves(tape._lowered, self.name, self.seeds)
        seeds = [x if isinstance(x, np.ndarray) else np.asarray(x) for x in seeds]
        cores = call.in_shapes[n:]
        self.check_axes(tape, seeds, cores, self.whole.batch_dims, n)
        if self.places is not None:
            seeds = [self.selected(x, core) for x, core in zip(seeds, cores, strict=True)]
        return [*leaves, *seeds]

    def check_axes(self, tape, arrays, cores, dims, first=0):
        for k, (x, core) in enumerate(zip(arrays, cores, strict=True)):
            if x.ndim - len(core) not in (0, dims):
                what = Labels(tape._lowered, self.name)[first + k]
                raise ValueError(
                    f"{what} must have shape {core}, with {dims} batch axes (batch_dims) before "
                    f"it, got shape {x.shape}"
                )

    def selected(self, x, core):
        """The part of a tangent or cotangent that belongs to these points."""
        if x.ndim == len(core):
            return x
        batch = self.whole.batch
        return np.broadcast_to(x, batch + core).reshape(self.whole.points(), *core)[self.places]

    def record(self, number):
        """A new recording at point `number` of the batch."""
        given, function = self.given, self.function
        argnums = tuple(given.inputs)
        argnums = argnums[0] if len(argnums) == 1 else argnums
        try:
            recording = record(function.__wrapped__, given.example(number), {}, argnums)
        except Exception as error:
            if self.whole.batch_dims and self.whole.points():
                place = number if self.places is None else self.places[number]
                at = tuple(map(int, np.unravel_index(place, self.whole.batch)))
                error.add_note(
                    f"raised by {function._label} at point {at[0] if len(at) == 1 else at} of the "
                    f"batch"
                )
            raise
        return Path(recording, function._label)

    def use(self, tape):
        """Make a recording, and its program, the first that the next call tries."""
        given = self.given
        if given.key is None:
            return
        self.function._keep(given.key, tape)
        usual = len(given.inputs) == len(given.args) and given.usual
        if given.batch_dims or self.argnums != 0 or not usual or self.function._to_verify:
            return
        call = self.call_of(tape)
        self.function._set_call(self.name, call, given.numbers, self.nesting(call))

    def nesting(self, call):
        """For each argument the class and the number of its leaves if it is a list or a tuple of
        leaves, or None if it is a leaf.  None for arguments that are nested deeper, for methods
        with tangents or cotangents, and if there are arrays without axes, which are not told from
        numbers by their shape."""
        found = []
        for shape, number in zip(call.in_shapes, self.given.numbers, strict=False):
            if not number and shape == ():
                return None
        for tree in self.given.trees:
            if not tree.flat or tree.kind not in (None, list, tuple) or self.name in SEEDS:
                return None
            found.append(None if tree.kind is None else (tree.kind, tree.leaves))
        return tuple(found)

    def record_each_point(self, tape, arrays, outs, progress):
        """The results with a recording at each point, since an argument may have changed in between
        (such as a random generator)."""
        batch, shapes = self.given.batch, self.call_of(tape).in_shapes
        points, results = self.given.points(), None
        flat = [
            np.broadcast_to(x, batch + core).reshape(points, *core)
            for x, core in zip(arrays, shapes, strict=True)
        ]
        for number in range(points):
            path = self.record(number) if number else tape
            self.check_like(path, tape)
            _, parts = self.at_own_point(path, [x[number] for x in flat])
            if results is None:
                results = [np.empty((points, *np.shape(part))) for part in parts]
            for y, part in zip(results, parts, strict=True):
                self.put(y, 1, [number], np.asarray(part)[None])
            if progress is not None:
                progress.update(1)
        results = [y.reshape(batch + y.shape[1:]) for y in results]
        return into(results, outs, f"{self.name} of {self.function._label}", arrays)

    def another_path(self, tape, fresh, arrays, outs):
        """(Call, its results) at a single point that takes another branch."""
        for path in [path for path in self.known if path is not tape]:
            results, missed = self.call_of(path).batch(arrays, outs, None, None)
            if missed is None or not missed.any():
                self.use(path)
                self.tape = path
                return self.call_of(path), results
        path = tape if fresh else self.record(0)
        self.tape = path
        if not fresh and not self.is_known_path(path):
            results, missed = self.call_of(path).batch(arrays, outs, None, None)
            if missed is None or not missed.any():
                self.use(path)
                return self.call_of(path), results
        self.check_pure(path, 0)
        return self.at_own_point(path, arrays, outs)

    def is_known_path(self, path):
        """Whether a new recording takes a known path, whose program did not fit: then a test was
        decided by the last bit of a value, in which function and program differ."""
        return any(path.outcomes == other.outcomes for other in self.known)

    def at_own_point(self, path, arrays, outs=None):
        """(Call, its results) from the recording itself, at the point where it was made."""
        if self.name.startswith("sparse"):
            call = self.call_of(path)
            return call, call.own.results(call, arrays, outs)
        call = path.once(self.name, self.argnums)
        return call, call.batch(arrays, outs, None, None)[0]

    def check_pure(self, path, number):
        """Raise RuntimeError if a second run of the function at a point differs."""
        found = difference(path, self.record(number))
        if found:
            raise RuntimeError(
                f"{self.function._label} is not a function of its arguments alone: called twice "
                f"at the same point, {found}; pass what changes (random numbers, counters, values "
                f"of globals and closures) as an argument, or use transforms that record in every "
                f"call (ad_core.grad, ad_core.jacobian, ...)"
            )

    def follow_other_paths(self, tape, fresh, arrays, results, missed):
        """The results, in which those of points that take another branch are replaced."""
        shapes = self.call_of(tape).in_shapes
        flat = [
            np.broadcast_to(x, missed.shape + core).reshape(missed.size, *core)
            for x, core in zip(arrays, shapes, strict=True)
        ]
        others = [path for path in self.known if path is not tape]
        rest = np.flatnonzero(missed)
        if fresh and rest[0] == 0:
            self.check_pure(tape, 0)
            self.put_own(tape, flat, results, missed, 0)
            rest = rest[1:]
        self.use(tape)
        self.known = (tape, *others)
        while rest.size:
            new = not others
            path = self.record(int(rest[0])) if new else others.pop(0)
            self.check_like(path, tape)
            if new and self.is_known_path(path):
                self.put_own(path, flat, results, missed, rest[0])
                rest = rest[1:]
                continue
            found, gone = self.call_of(path).batch([x[rest] for x in flat], None, None, None)
            fits = np.ones(rest.size, bool) if gone is None else ~gone
            for y, part in zip(results, found, strict=True):
                self.put(y, missed.ndim, rest[fits], part[fits])
            if new and not fits[0]:
                self.check_pure(path, int(rest[0]))
                self.put_own(path, flat, results, missed, rest[0])
                fits[0] = True
            if fits.any():
                self.use(path)
                self.known = (*self.known, path)
            rest = rest[~fits]
        return results

    def put_own(self, path, flat, results, missed, place):
        """Store the results of a point from the recording that was made there."""
        _, parts = self.at_own_point(path, [x[place] for x in flat])
        for y, part in zip(results, parts, strict=True):
            self.put(y, missed.ndim, [place], np.asarray(part)[None])

    def check_like(self, path, first=None):
        """Raise ValueError for results of another structure, which do not fit a batch's arrays."""
        tape = self.tape if first is None else first
        if path._recording.outputs.tree != tape._recording.outputs.tree:
            raise ValueError(
                f"{self.function._label} returns structures that differ within the batch: "
                f"{tape._recording.outputs.tree!r} and {path._recording.outputs.tree!r}; "
                f"evaluate such points in separate calls"
            )
        if not self.name.startswith("sparse"):
            return
        found, known = (getattr(self.call_of(one).pack, "structure", None) for one in (path, tape))
        if known is not None and not known.same(found):
            raise ValueError(
                f"derivatives of {self.function._label} have sparsity patterns that differ within "
                f"the batch; evaluate such points in separate calls, or use sparse=False"
            )

    def put(self, y, dims, places, part):
        core = y.shape[dims:]
        if part.shape[1:] != core:
            raise ValueError(
                f"{self.function._label} returns shapes that differ within the batch: {core} and "
                f"{part.shape[1:]} do not fit one array; evaluate such points in separate calls"
            )
        y.reshape(math.prod(y.shape[:dims]), *core)[places] = part
