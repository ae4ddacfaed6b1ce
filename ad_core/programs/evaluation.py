# SPDX-License-Identifier: Apache-2.0
"""One call of a Function, which finds for every point the recording of its own path."""

import contextlib
import math

import numpy as np

from ad_core import _core
from ad_core.programs.batch_paths import follow
from ad_core.programs.build import SEEDS, Labels, joins, pack_of, seed_leaves
from ad_core.programs.fallback import into
from ad_core.programs.purity import difference
from ad_core.programs.recordings import BY_SWEEP, MISSES, MOST_TRIED, Path
from ad_core.recording.complex_leaves import refuse_complex_out
from ad_core.recording.plain import difference as place_of_difference
from ad_core.recording.plain import flatten_numbers
from ad_core.recording.record import record
from ad_core.recording.trees import flatten

__all__ = ["Evaluation"]


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
        self.known = function._recordings.of(given.key)

    def run(self, out, workers, progress):
        """Return (pack, results), where pack nests the results as the caller gets them (None: there
        is one array).  Afterwards self.path is the recording that was used last."""
        given, known = self.given, self.known
        path = known.last
        if path is None:
            return self.on_new_path(out, workers, progress)
        if not given.batch_dims and not known.is_searched():
            return self.recorded_at_the_point(out, searched=False)
        return self.on_path(path, False, out, workers, progress)

    def on_new_path(self, out, workers, progress):
        """The results if no path of this key is known."""
        given, key = self.given, self.given.key
        # Programs check workers and progress, and give sparse results their structure.
        at_one_point = workers is None and progress is None
        at_one_point = at_one_point and not (given.batch_dims or self.name.startswith("sparse"))
        function, once = self.function, None
        put_off = at_one_point and key is not None and self.is_put_off()
        if put_off:
            once = self.once() if out is None else None
            function._many_new = function._many_new or function._owner is None
        if once is None:
            path = self.path = self.record(0)
        if key is not None and self.places is None:
            function._recordings.count_values(key, given.fixed_arguments())
        if once is not None:
            with self.noting(0):
                return None, [once(*given.example(0))]
        if put_off or (at_one_point and key is None):
            # No other call can use the recording, or none is expected to.
            return self.here(path, self.arrays(path), out)
        return self.on_path(path, True, out, workers, progress)

    def is_put_off(self):
        """Whether there is no program for the key yet, since many before it were new too."""
        function, given = self.function, self.given
        kind = function._kind(self.name, tuple(given.args)) if function._owner is None else None
        return function._recordings.is_put_off(kind or given.key)

    def on_path(self, path, fresh, out, workers, progress):
        """The results if a path is tried first; fresh: whether it was recorded for this call."""
        given = self.given
        self.path = path
        arrays, call = self.arrays(path), self.call_of(path)
        outs = self.outs(path, call.pack, out)
        if given.key is None and given.points() > 1:
            return call.pack, self.record_each_point(path, arrays, outs, progress)
        results, missed = call.batch(arrays, outs, workers, progress)
        if missed is None or not missed.any():
            self.use(path)
            return call.pack, results
        if given.batch_dims:
            return call.pack, follow(self, path, fresh, arrays, results, missed)
        if not fresh:
            return self.on_another_path(path, int(missed) - 1, arrays, outs, out)
        self.check_pure(path, 0)
        found = self.here(path, arrays, out)
        self.use(path)
        return found

    def at_numbers(self):
        """The return value where all inputs are numbers, by the program of the path that was used
        last; NotImplemented if it does not fit, or if there is none."""
        path = self.known.last
        if path is None or not self.known.is_searched():
            return NotImplemented
        call = self.call_of(path)
        if type(call) is not _core.Call:
            return NotImplemented
        result = call.at_numbers(tuple(self.given.leaves))
        if result is not NotImplemented:
            self.use(path)
        return result

    def call_of(self, path):
        return path.call_of(self.name, self.argnums)

    def arrays(self, path):
        """The inputs, followed by the tangents or cotangents."""
        source, leaves = path._lowered, self.given.leaves
        cores = source.arguments.shapes
        if not self.given.bulk:
            self.check_axes(path, leaves, cores, self.given.batch_dims)
        if not self.seeds:
            return leaves
        seeds = seed_leaves(source, self.name, self.seeds)
        seeds = [x if isinstance(x, np.ndarray) else np.asarray(x) for x in seeds]
        cores = [
            core
            for side in SEEDS[self.name]
            for core in (source.result if side == "result" else source.arguments).shapes
        ]
        self.check_axes(path, seeds, cores, self.whole.batch_dims, len(leaves))
        if self.places is not None:
            seeds = [self.selected(x, core) for x, core in zip(seeds, cores, strict=True)]
        return [*leaves, *seeds]

    def check_axes(self, path, arrays, cores, dims, first=0):
        for k, (x, core) in enumerate(zip(arrays, cores, strict=True)):
            if x.ndim - len(core) not in (0, dims):
                what = Labels(path._lowered, self.name)[first + k]
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
        with self.noting(number):
            recording = record(*function._called(given.example(number), given.kwargs, argnums))
        return Path(recording, function._label)

    def once(self):
        """The one-shot transform of the method if it is by argument 0, else None."""
        given = self.given
        simple = self.argnums == 0 and 0 in given.inputs and not given.kwargs
        return self.function._once(self.name) if simple else None

    def swept(self, number):
        """The result at point `number` on a path that was not met before, by one call of the core.
        None if there is no such call, or if the path was met."""
        if self.name not in BY_SWEEP or len(self.given.args) > 1 or self.once() is None:
            return None
        with self.noting(number):
            result, path = self.once().with_path(tuple(self.given.example(number)))
        return result if self.known.is_new(path) else None

    @contextlib.contextmanager
    def noting(self, number):
        """A context in which exceptions get a note that names the point of a batch."""
        try:
            yield
        except Exception as error:
            if self.whole.batch_dims and self.whole.points():
                place = number if self.places is None else self.places[number]
                at = tuple(map(int, np.unravel_index(place, self.whole.batch)))
                error.add_note(
                    f"raised by {self.function._label} at point {at[0] if len(at) == 1 else at} "
                    f"of the batch"
                )
            raise

    def use(self, path, again=True):
        """Keep a path that a point took; again: whether it was met before.  The next call tries the
        path that was used last."""
        given, known, function = self.given, self.known, self.function
        if given.key is None:
            return
        recordings = function._recordings
        kept, dropped = recordings.keep(given.key, known, path, function._tick(), again)
        if dropped:
            function._forget_calls()
        if not kept:
            return
        with recordings.lock:
            if known.root is None:
                known.root = path
                path.entered = True
            if path.entered:
                known.last = path
        if path.entered:
            self.offer(path)

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

    def offer(self, path):
        """Let the core handle further calls with such arguments, if it can."""
        given, function = self.given, self.function
        alone = len(given.inputs) == len(given.args)
        if given.batch_dims or self.argnums != 0 or not given.usual or function._to_verify:
            return
        if given.kwargs or function._owner is not None:
            return
        call, root = path.made(self.name, 0), self.known.root
        if call is None or root is None:  # another thread may have dropped the root
            return
        root = root.made(self.name, 0)
        if alone and not (type(call) is _core.Call and call.bare):
            nesting = self.nesting(call)
            function._set_nested_call(self.name, call, given.numbers, nesting)
            if type(call) is not _core.Call and nesting is not None and not any(nesting):
                function._set_stand_in(self.name, tuple(given.args), call)
            return
        if type(call) is not _core.Call or not call.bare or (self.seeds and not alone):
            return
        call.set_numbers(given.numbers)
        root = root if type(root) is _core.Call else None
        inputs = None if alone else tuple(given.inputs)
        args = (*given.args, *self.seeds)
        function._set_call(self.name, args, inputs, call, root, self.known)

    def on_another_path(self, path, guard, arrays, outs, out):
        """(pack, results) at a single point that does not take the path that was used last."""
        found, place = self.search(path, guard, arrays, outs)
        if found is not None:
            return found
        return self.recorded_at_the_point(out, place)

    def search(self, tried, guard, arrays, outs):
        """((pack, results) of the known path that fits, or None; the place (path, guard) at which
        a further path is to be entered, or None)."""
        path, before, place = self.known.root, None, None
        for _ in range(MOST_TRIED):
            if path is None:
                break
            call = self.call_of(path)
            if before is not None and type(before) is type(call) is _core.Call:
                before.branches.setdefault(place[1], call)
                call.set_numbers(self.given.numbers)
            if path is not tried:
                found, changed = self.at_point(call, arrays, outs)
                if found is not None:
                    self.path = path
                    self.use(path)
                    return found, None
            else:
                changed = guard
            place, before = (path, changed), call
            path = path.branches.get(changed)
        return None, place if path is None else None

    def at_point(self, call, arrays, outs):
        """((pack, results) at a single point, None), or (None, the guard that changed)."""
        if type(call) is _core.Call and outs is None:
            numbers = self.given.numbers
            leaves = [float(x) if n else x for x, n in zip(arrays, numbers, strict=False)]
            found, changed = call.try_point((*leaves, *arrays[len(leaves) :]))
            if found is not NotImplemented:
                return (None, [found]), None
            if changed >= 0:
                return None, changed
        results, missed = call.batch(arrays, outs, None, None)
        if missed is None or not missed.any():
            return (call.pack, results), None
        return None, int(missed) - 1

    def recorded_at_the_point(self, out, place=None, searched=True):
        """(pack, results) of a single point from a new recording.  Its path is entered at a place
        when a second point takes it, and has a program from then on.  searched: whether known paths
        were tried, and the place found."""
        recorded = self.path = self.record(0)
        needed = self.seeds or out is not None or self.name.startswith("sparse")
        arrays = self.arrays(recorded) if needed else []
        found = self.here(recorded, arrays, out)
        if not searched:
            if self.known.is_new(recorded.identity):
                return found
            other, place = self.search(None, -1, self.arrays(recorded), None)
            if other is not None:
                return found
        self.meet(recorded, place)
        return found

    def meet(self, recorded, place):
        """Keep the path of a new recording.  If it was met before, it is entered at the place, and
        returned if it was not entered elsewhere."""
        known, given = self.known, self.given
        recordings = self.function._recordings
        path, again = recordings.meet(known, recorded)
        with recordings.lock:
            entered = again and place is not None and not path.entered
            if again and place is not None:
                place[0].branch_off(place[1], path)
            if again and not path.entered:
                path.out_of_reach = True
                known.new = MISSES
        if not (again and path.entered) and not given.batch_dims and self.argnums == 0:
            self.function._note_new_path(self.name, (*given.args, *self.seeds))
        self.use(path, again)
        return path if entered else None

    def here(self, path, arrays, out=None):
        """(pack, results) at the point where a recording was made, from the recording itself."""
        label = f"{self.name} of {self.function._label}"
        if self.name.startswith("sparse"):
            call = self.call_of(path)
            return call.pack, call.own.results(call, arrays, self.outs(path, call.pack, out))
        seeds = arrays[len(self.given.leaves) :]
        parts, tree = flatten_numbers(path.results_here(self.name, self.argnums, seeds))
        pack = None if tree.kind is None else tree.fill
        if path.is_complex:
            pack = pack_of(path._lowered, self.name, self.argnums)
        return pack, into(parts, self.outs(path, pack, out), label, arrays)

    def outs(self, path, pack, out):
        """The caller's arrays for the results of a path as a list, or None."""
        if out is not None and path.is_complex and joins(path._lowered, self.name, self.argnums):
            refuse_complex_out(f"{self.name} of {self.function._label}")
        return outs_of(pack, out)

    def record_each_point(self, path, arrays, outs, progress):
        """The results with a recording at each point, since an argument may have changed in between
        (such as a random generator)."""
        batch, first, results = self.given.batch, path, None
        points = self.given.points()
        flat = self.flat(path, arrays, batch)
        for number in range(points):
            path = self.record(number) if number else first
            self.check_like(path, first)
            _, parts = self.here(path, [x[number] for x in flat])
            if results is None:
                results = [np.empty((points, *np.shape(part))) for part in parts]
            for y, part in zip(results, parts, strict=True):
                self.put(y, 1, [number], np.asarray(part)[None])
            if progress is not None:
                progress.update(1)
        results = [y.reshape(batch + y.shape[1:]) for y in results]
        return into(results, outs, f"{self.name} of {self.function._label}", arrays)

    def flat(self, path, arrays, batch):
        """The arguments of a method with one batch axis."""
        return [
            np.broadcast_to(x, batch + core).reshape(math.prod(batch), *core)
            for x, core in zip(arrays, self.call_of(path).in_shapes, strict=True)
        ]

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

    def check_like(self, path, first=None):
        """Raise ValueError for results of another structure, which do not fit a batch's arrays."""
        first = self.path if first is None else first
        if path._recording.outputs.tree != first._recording.outputs.tree:
            why = place_of_difference(first._recording.outputs.tree, path._recording.outputs.tree)
            raise ValueError(
                f"{self.function._label} returns structures that differ within the batch: {why}; "
                f"evaluate such points in separate calls"
            )
        if not self.name.startswith("sparse"):
            return
        packs = self.call_of(path).pack, self.call_of(first).pack
        found, known = (getattr(pack, "structure", None) for pack in packs)
        if known is not None and not known.same(found):
            raise ValueError(
                f"derivatives of {self.function._label} have sparsity patterns that differ within "
                f"the batch; evaluate such points in separate calls, or use sparse=False"
            )

    def put(self, y, dims, places, part):
        """Store the results of some points of a batch that has `dims` axes."""
        core = y.shape[dims:]
        if part.shape[1:] != core:
            raise ValueError(
                f"{self.function._label} returns shapes that differ within the batch: {core} and "
                f"{part.shape[1:]} do not fit one array; evaluate such points in separate calls"
            )
        y.reshape(math.prod(y.shape[:dims]), *core)[places] = part


def outs_of(pack, out):
    """The caller's arrays for the results as a list."""
    if out is None:
        return None
    return [out] if pack is None else list(flatten(out)[0])
