# SPDX-License-Identifier: Apache-2.0
"""A tape or compiled function on its way to workers, and what workers keep of it."""

import hashlib
import math
import os
import pickle
import sys
import tempfile
import threading
from collections import OrderedDict
from contextlib import contextmanager

import ad_core
from ad_core.programs.compiled import Compiled
from ad_core.programs.function import Function

__all__ = ["Parcel", "Payload"]

KEPT = 8  # evaluators that a worker process keeps, the last used ones
_kept: OrderedDict = OrderedDict()
_lock = threading.RLock()  # a finalizer that runs while it is held may evaluate chunks too


def _renew_lock():
    """In a forked child, where a thread of the parent may have held the lock."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class Payload:
    """What is sent with a task, or once to a worker: the bytes, or the file that holds them.

    kind: "tape" or "function".  points: the number of points of the whole batch, by which a tape
    chooses between its program and replays, so that the choice is the same on all workers.
    evaluator: the object itself, for threads of this process; it is not pickled.
    """

    def __init__(self, kind, name, limits, points, digest, data=None, path=None, evaluator=None):
        self.kind, self.name, self.points, self.digest = kind, name, points, digest
        self.limits = limits
        self.data, self.path, self.evaluator = data, path, evaluator
        self.version = ad_core.__version__

    def __getstate__(self):
        return self.__dict__ | {"evaluator": None}

    def open(self, method, argnums):
        """The evaluator, ready for a method; None if it is in a file of another machine.  Raises
        RuntimeError if it comes from another version of ad_core, and ValueError if its bytes are
        not those that were sent, or not a tape."""
        if self.version != ad_core.__version__:
            raise RuntimeError(
                f"this worker has ad_core {ad_core.__version__}, but {self.name} comes from "
                f"ad_core {self.version}; install the same version on all machines"
            )
        if self.evaluator is not None:
            return self.evaluator
        key = self.digest, self.points
        with _lock:
            found = _kept.get(key)
            if found is None:
                found = self._load()
                if found is None:
                    return None
                _kept[key] = found
                while len(_kept) > KEPT:
                    _kept.popitem(last=False)
            _kept.move_to_end(key)
            if isinstance(found, Compiled):
                found.decide(method, 0 if argnums is None else argnums, self.points)
        return found

    def _load(self):
        data = self.data
        if data is None:
            if self.path is None or not os.path.exists(self.path):
                return None
            with open(self.path, "rb") as file:
                data = file.read()
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise ValueError(
                f"the bytes of {self.name} on this worker are not those that were sent (their "
                f"SHA-256 differs): they were altered or cut short on the way"
            )
        # A tape is data, which is checked; a function is code, as in every task of the engine.
        if self.kind == "function":
            try:
                return pickle.loads(data)
            except (ImportError, AttributeError) as error:
                raise RuntimeError(
                    f"this worker cannot load {self.name} ({type(error).__name__}: {error}); the "
                    f"modules that it uses must be importable on all workers, in the same versions"
                ) from error
        return ad_core.Tape.from_bytes(data, *self.limits)


class Parcel:
    """A tape or compiled function at the caller, who makes payloads of it.

    shares_memory: whether workers are threads of this process.  Raises TypeError for other objects,
    and for those that cannot be sent.
    """

    def __init__(self, evaluator, points, shares_memory=False):
        self.evaluator, self.points = evaluator, points
        self.data, self.limits = None, (math.inf, math.inf)
        if isinstance(evaluator, ad_core.Tape):
            self.kind, self.name = "tape", evaluator._name
            if evaluator._limits is not None:
                self.limits = tuple(evaluator._limits)
            try:
                self.data = evaluator.to_bytes()
            except TypeError as error:
                if not shares_memory:
                    raise TypeError(
                        f"the tape of {self.name} cannot be sent to workers ({error}); a compiled "
                        f"function, ad_core.compile({self.name}), is sent as Python code and "
                        f"recorded on each worker"
                    ) from error
        elif isinstance(evaluator, Function):
            self.kind, self.name = "function", evaluator._label
            if not shares_memory:
                self.data = _pickled(evaluator, self.name)
        else:
            raise TypeError(
                f"tape must be a Tape or a compiled Function, got {type(evaluator).__name__}; "
                f"record the function by ad_core.trace(f, x) first"
            )
        self.digest = None if self.data is None else hashlib.sha256(self.data).hexdigest()

    def payload(self, **where):
        return Payload(self.kind, self.name, self.limits, self.points, self.digest, **where)

    def whole(self):
        """A Payload that holds the bytes."""
        return self.payload(data=self.data)

    @contextmanager
    def spooled(self):
        """A Payload that names a file with the bytes, which is removed afterwards: any number of
        tasks are small, and each worker of this machine reads it once."""
        if self.data is None:
            yield self.payload(evaluator=self.evaluator)
            return
        handle, path = tempfile.mkstemp(prefix="ad_core-", suffix=".tape")
        try:
            with open(handle, "wb") as file:
                file.write(self.data)
            yield self.payload(path=path)
        finally:
            os.unlink(path)


def _pickled(function, name):
    """The bytes of a compiled function; functions of __main__ and lambdas need cloudpickle."""
    for module in ("cloudpickle", "joblib.externals.cloudpickle"):
        if module in sys.modules:
            dumps = sys.modules[module].dumps
            break
    else:
        dumps = pickle.dumps
    try:
        return dumps(function)
    except Exception as error:  # a pickler passes on what the objects raise
        raise TypeError(
            f"{name} cannot be sent to workers, because Python cannot pickle it "
            f"({type(error).__name__}: {error}); define it at the top of a module that the workers "
            f"can import, without locks, files or lambdas in its variables (`import cloudpickle` "
            f"admits lambdas), or send a tape: ad_core.trace(f, x)"
        ) from error
