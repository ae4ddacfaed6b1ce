# SPDX-License-Identifier: Apache-2.0
"""The recordings that a compiled function keeps, by keys, within limits.

The recordings of one key form a tree.  Two paths through a function agree up to the first test that
has different outcomes.  So if the program of one path shows which guard changed first at a point,
the path of the point is among those that branch off there, and ``branches`` holds one of them.
"""

import threading
from collections import OrderedDict
from functools import cached_property

from ad_core import _core
from ad_core.programs.build import WHOLE, check_scalar
from ad_core.programs.cache_keys import Owner
from ad_core.programs.compiled import Compiled
from ad_core.programs.fallback import leaves_of, results_of
from ad_core.programs.limit_warnings import warn_bytes, warn_paths, warn_values
from ad_core.recording.record import Recording
from ad_core.recording.trees import LEAF

__all__ = ["BY_SWEEP", "Known", "Path", "Recordings"]

BY_SWEEP = ("grad", "value_and_grad", "jacobian")  # what the core records and sweeps in one call
NEED_SCALAR = ("grad", "value_and_grad", "hessian", "hvp")
OBJECTS = 1 << 12  # bytes of the Python objects of a recording
SEEN = 1 << 12  # paths of a key, and keys, of which it is only known that they were met once
NEW_KEYS = 8  # new keys in a row, after which a key has no program before it is met again
MOST_TRIED = _core.MOST_TRIED_PATHS  # at a point, before the function is recorded
VALUES = 8  # recordings that differ in the value of one argument, after which there is a warning
ADMITTED = 32  # while there are max_paths paths, one of so many that are met again is taken in
MISSES = _core.MOST_MISSES  # new paths in a row, after which known ones are not tried


class Path(Compiled):
    """One recorded path through a function's branches.

    The first path of a key has programs at once.  Another one has them from its second visit on;
    the results of the first visit come from the recording, which was made at that point.
    """

    def __init__(self, recording, label):
        super().__init__(recording, label)
        self.branches = {}  # number of a guard -> a path that differs there first
        self.entered = False  # whether it is part of the tree
        self.out_of_reach = False  # whether it is too deep in the tree to be found
        self.ready = {}  # (method, argnums) -> a Call that is not replaced any more
        self.counted = 0  # its bytes in Recordings.bytes
        self.last_kept = 0

    @cached_property
    def identity(self):
        """What tells this path from others: the choices that were made, but no values."""
        return _core.path_of(self._recording.trace)

    @property
    def settled(self):
        """Whether further visits change nothing."""
        return self.entered or self.out_of_reach

    @property
    def used(self):
        """The time of the last use, on the function's clock."""
        return max([self.last_kept, *(getattr(call, "used", 0) for call in self._calls())])

    def branch_off(self, guard, path):
        """Enter a path that differs from this one first at a guard."""
        if path is not self:
            self.branches.setdefault(guard, path)
            path.entered = True

    def call_of(self, name, argnums):
        """The Call of a method, or its stand-in."""
        key = name, argnums
        call = self.ready.get(key)
        if call is None:
            call = self._build(name, argnums)
            if type(call) is _core.Call:
                self.ready[key] = call
        return call

    def results_here(self, name, argnums, seeds):
        """A dense method's results at the point where the recording was made.  Complex numbers are
        pairs of their parts."""
        r = self._recording.paired()
        scalar = r.outputs.shapes == [()] and r.outputs.tree == LEAF
        if name in NEED_SCALAR and not scalar:
            check_scalar(self._lowered, name)
        if len(r.inputs.tree.trees) == 1 and (argnums == 0 or name in WHOLE):
            return results_of(name, r, seeds)
        source = self._lowered
        wrt, single = r.inputs, False
        if name not in WHOLE:
            numbers, single = source.wrt(argnums)
            wrt = leaves_of(r, source.arguments, numbers)
        return results_of(name, Recording(r.trace, wrt, r.outputs, single, None), seeds)

    def forget_branches(self):
        self.branches = {}
        self.entered = self.out_of_reach = False
        for call in self._calls():
            if type(call) is _core.Call:
                call.branches.clear()

    def bytes(self):
        """The memory of the recording and of what was made from it."""
        held = OBJECTS + _core.tape_size(self._recording.trace)["bytes"]
        source = self._source
        if source is not None and source.made_graph is not None:
            held += source.made_graph.bytes
        calls = [getattr(call, "call", None) or call for call in self._calls()]  # of a ByCost
        programs = [getattr(call, "program", None) for call in calls]
        return held + sum(program.bytes for program in programs if program is not None)

    def _calls(self):
        return list(self._built.values())


class Known:
    """The recordings of one key.  lock: that of the Recordings."""

    def __init__(self, lock):
        self.lock = lock
        self.paths = {}  # identity -> Path
        self.root = None  # of the tree
        self.last = None  # the path that was used last
        self.seen = set()  # identities of paths that were met once and not kept
        self.new = 0  # recordings of new paths in a row
        self.full = False  # whether there are max_paths, all with programs
        self.refused = 0  # paths that were met again while it was full
        self.stamp = 0  # time of the last use that Recordings.keys takes into account

    def is_searched(self):
        """Whether known paths are tried before the function is recorded.  After many new paths in
        a row this is not done until one is met again."""
        return self.new < MISSES

    def is_new(self, identity):
        """Whether a path was not met before.  It is remembered."""
        with self.lock:
            path = self.paths.get(identity)
            if path is not None:
                return path.out_of_reach
            if identity in self.seen and self.admits():
                return False
            note(self.seen, identity)
            return True

    def admits(self):
        """Whether a path that is met again gets programs.  While there is no room, few do, since
        more paths than there is room for may come round again and again."""
        if not self.full:
            return True
        self.refused += 1
        return self.refused % ADMITTED == 0

    def forget_branches(self):
        self.root = None
        for path in list(self.paths.values()):
            path.forget_branches()


def note(seen, what):
    """Remember what was met once, within a limit."""
    if len(seen) >= SEEN:
        seen.clear()
    seen.add(what)


class Recordings:
    """All recordings of a compiled function."""

    def __init__(self, fun, max_paths, max_bytes):
        self.fun = fun
        self.max_paths = max_paths
        self.max_bytes = max_bytes
        self.keys = OrderedDict()  # key -> Known, the last used last
        self.count = self.bytes = 0
        self.values = {}  # (argument, key of the other arguments) -> number of keys
        self.new_keys = 0  # in a row
        self.seen_keys = set()  # hashes of keys that were met once and not kept
        self.warned = set()  # what has been warned of
        self.ended = False  # whether an object that a key belongs to has ended
        self.lock = threading.RLock()  # nothing is recorded or evaluated under it

    def of(self, key):
        """The Known of a key; an empty one for the key None and for a new key."""
        with self.lock:
            if self.ended:
                self._drop_ended()
            known = self.keys.get(key)
            if known is None:
                return Known(self.lock)
            self.new_keys = 0
            return known

    def is_put_off(self, key):
        """Whether a new key gets no program yet, since many before it were new too."""
        with self.lock:
            self.new_keys += 1
            number = hash(key)
            if number in self.seen_keys:
                self.seen_keys.discard(number)
                self.new_keys = 0
            elif self.new_keys > NEW_KEYS:
                note(self.seen_keys, number)
                return True
            return False

    def note_end(self, reference):
        """An object that a key belongs to has ended.  This is called at any time, and changes
        nothing else."""
        self.ended = True

    def _drop_ended(self):
        """Drop the recordings of objects that have ended."""
        self.ended = False
        for key in [key for key in self.keys if type(key[-1]) is Owner and key[-1].ended]:
            known = self.keys.pop(key)
            for path in list(known.paths.values()):
                self._drop(known, path)

    def clear(self):
        with self.lock:
            for known in self.keys.values():
                known.paths.clear()
                known.root = known.last = None
            self.keys.clear()
            self.values.clear()
            self.count = self.bytes = 0

    def meet(self, known, recorded):
        """(the Path of the path that a new recording took, whether it was met before).

        It is the one that is known already, if there is one.
        """
        identity = recorded.identity
        with self.lock:
            path = known.paths.get(identity)
            again = path is not None or (identity in known.seen and known.admits())
            known.new = 0 if again else known.new + 1
            return path or recorded, again

    def keep(self, key, known, path, clock, again=True):
        """Keep a path that was used, unless it was met for the first time (again=False) and would
        take the place of one that has programs.  Returns (whether it is kept, whether others with
        programs were dropped)."""
        warnings = []
        with self.lock:
            identity = path.identity
            others = [p for p in known.paths.values() if p is not path]
            full = len(others) >= self.max_paths
            if full:
                warnings.append(warn_paths)
            if full and not again and all(p.settled for p in others):
                note(known.seen, identity)
                known.full = True
                kept = dropped = False
            else:
                kept = True
                known.seen.discard(identity)
                known = self._put(key, known, path, identity, clock)
                dropped = self._drop_paths(known, path)
                if self._drop_bytes(path):
                    warnings.append(warn_bytes)
                    dropped = True
                known.full = len(known.paths) >= self.max_paths and all(
                    p.settled or p is path for p in known.paths.values()
                )
        for warn in warnings:
            if warn not in self.warned:
                self.warned.add(warn)
                warn(self.fun, self.max_paths if warn is warn_paths else self.max_bytes)
        return kept, dropped

    def _put(self, key, known, path, identity, clock):
        known = self.keys.setdefault(key, known)  # another thread may have been first
        self.keys.move_to_end(key)
        if identity not in known.paths:
            known.paths[identity] = path
            self.count += 1
        path.last_kept = clock
        held = path.bytes()
        self.bytes += held - path.counted
        path.counted = held
        return known

    def _drop_paths(self, known, newest):
        """Drop paths of a key that has too many: first those without programs, the oldest of them,
        then the least recently used.  Returns whether one with programs was dropped."""
        dropped = False
        while len(known.paths) > self.max_paths:
            others = [p for p in known.paths.values() if p is not newest]
            oldest = next((p for p in others if not p.entered), None)
            if oldest is None:
                oldest = min(others, key=lambda p: p.used)
                dropped = True
            self._drop(known, oldest)
        return dropped

    def _drop_bytes(self, newest):
        """Drop the least recently used keys, and paths of the last one, until the rest fits."""
        dropped = False
        while self.bytes > self.max_bytes and self.count > 1:
            key, known = next(iter(self.keys.items()))
            last = max((p.used for p in known.paths.values()), default=0)
            if last > known.stamp and len(self.keys) > 1:  # used since it was moved
                known.stamp = last
                self.keys.move_to_end(key)
                continue
            others = [p for p in known.paths.values() if p is not newest]
            if others:
                self._drop(known, min(others, key=lambda p: p.used))
                dropped = True
            if not known.paths:
                del self.keys[key]
            elif not others:
                self.keys.move_to_end(key)
        return dropped

    def _drop(self, known, path):
        del known.paths[path.identity]
        self.count -= 1
        self.bytes -= path.counted
        path.counted = 0
        known.full = False
        if path.entered:
            known.forget_branches()
        if known.last is path:
            known.last = None

    def count_values(self, key, arguments):
        """Warn if a new key is one of many that differ in the value of one argument alone.
        arguments: (place in the key, number or name, value) of those that are part of it."""
        for k, name, value in arguments:
            with self.lock:
                others = k, key[:k] + key[k + 1 :]
                self.values[others] = count = self.values.get(others, 0) + 1
                warns = count == VALUES and k not in self.warned
                if warns:
                    self.warned.add(k)
            if warns:
                warn_values(self.fun, name, value, count)
