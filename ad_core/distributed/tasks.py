# SPDX-License-Identifier: Apache-2.0
"""What runs on a worker: a method at the points of one chunk, and sums of such results."""

import os
import pickle
import socket
import traceback
from typing import NamedTuple

import numpy as np

import ad_core
from ad_core.programs.by_cost import LANES
from ad_core.programs.function import Function
from ad_core.recording.trees import flatten

__all__ = ["Failed", "Missing", "Request", "added", "evaluate", "identity"]


class Request(NamedTuple):
    """A method of the evaluator and how it is called.

    threads: of one task.  summed: whether results are added over the points.
    """

    method: str
    argnums: int | tuple | None
    threads: int
    summed: bool = False

    def on(self, evaluator, arguments, shared, part=None):
        """The result at the points of a chunk, at the points of a slice of it, or at one point.

        arguments and shared map the number of an argument to its value.
        """
        dims = 0 if isinstance(part, int) else 1
        options = {} if self.argnums is None else {"argnums": self.argnums}
        if isinstance(evaluator, Function):
            options["batch_dims"] = dims
            if dims:
                shared = {k: _each(x, lambda leaf: leaf[None]) for k, x in shared.items()}
        if part is not None:
            arguments = {k: _each(x, lambda leaf: leaf[part]) for k, x in arguments.items()}
        given = arguments | shared
        run = evaluator if self.method == "value" else getattr(evaluator, self.method)
        return run(*(given[k] for k in range(len(given))), workers=self.threads, **options)


class Missing:
    """The answer of a worker that does not have the tape and cannot read its file."""


class Failed(NamedTuple):
    """The answer of a worker on which an exception was raised.

    point: the number of the first point at which it is raised, or None.
    """

    error: Exception
    place: str
    point: int | None
    first: int
    last: int

    def raised(self):
        """The exception, with a note that says where and at which point."""
        if self.point is not None:
            where = f"at point {self.point} of the batch"
        else:
            where = f"for points {self.first} to {self.last} of the batch"
        self.error.add_note(f"ad_core.distributed: raised {where}, by {self.place}")
        return self.error


def evaluate(payload, request, shared, arguments, first):
    """The result at the points of a chunk, whose first one has the number first in the batch; a
    Failed or Missing in its place."""
    count = _points(arguments)
    try:
        evaluator = payload.open(request.method, request.argnums)
    except Exception as error:  # is raised by the caller
        return _failed(error, None, first, count)
    if evaluator is None:
        return Missing()
    # A program adds inner products in another order for fewer points than LANES.
    short = count < LANES <= payload.points and payload.kind == "tape"
    given = {k: _each(x, _lengthened) for k, x in arguments.items()} if short else arguments
    try:
        found = request.on(evaluator, given, shared)
    except Exception as error:  # is raised by the caller
        point, error = _first_failing(request, evaluator, arguments, shared, count, error)
        return _failed(error, None if point is None else first + point, first, count)
    if short:
        found = _each(found, lambda leaf: leaf[:count])
    return _each(found, lambda leaf: np.add.reduce(leaf, axis=0)) if request.summed else found


def added(one, two):
    """The sum of two results of equal structure; the first failure if there is one."""
    for given in (one, two):
        if isinstance(given, Failed):
            return given
    (leaves, tree), others = flatten(one), flatten(two)[0]
    return tree.fill([x + y for x, y in zip(leaves, others, strict=True)])


def identity(x):
    """x, as a task whose result other tasks share."""
    return x


def _each(value, function):
    """The argument with function(array) in the place of each array; other entries stay."""
    leaves, tree = flatten(value)
    return tree.fill([function(x) if isinstance(x, np.ndarray) else x for x in leaves])


def _lengthened(leaf):
    """The rows of an array, the last one repeated until there are LANES of them."""
    return leaf[np.minimum(np.arange(LANES), len(leaf) - 1)]


def _points(arguments):
    for x in arguments.values():
        for leaf in flatten(x)[0]:
            if isinstance(leaf, np.ndarray):
                return len(leaf)
    return 0


def _first_failing(request, evaluator, arguments, shared, count, error):
    """(number, exception) of the first point of a chunk at which the method raises, by halving;
    (None, error) if it raises at no single point."""

    def failure(part):
        try:
            request.on(evaluator, arguments, shared, part)
        except Exception as found:  # is returned
            return found
        return None

    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        if failure(slice(low, middle)) is None:
            low = middle
        else:
            high = middle
    found = failure(low)
    return (None, error) if found is None else (low, found)


def _failed(error, point, first, count):
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # an exception that does not survive the way to the caller
        unpicklable = error
        error = RuntimeError(f"{type(error).__name__}: {error}")
        error.__traceback__ = unpicklable.__traceback__
    place = f"process {os.getpid()} on {socket.gethostname()}{_line(error)}"
    error.__traceback__ = error.__cause__ = None
    return Failed(error, place, point, first, first + count - 1)


def _line(error):
    """The line of the user's code that raised an exception, as text."""
    frames = traceback.extract_tb(error.__traceback__)
    own = os.path.dirname(ad_core.__file__)
    if not frames or frames[-1].filename.startswith((own, "ad_core/")):
        return ""
    return f" ({frames[-1].filename}, line {frames[-1].lineno}, in {frames[-1].name})"
