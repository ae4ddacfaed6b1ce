# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""compile(): a function that is recorded once for each path, and evaluated by programs."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar, overload

import numpy as np

from ad_core import _core
from ad_core.errors import DtypeError, TracedValueError
from ad_core.errors.integers import integer
from ad_core.inspect.spy import File
from ad_core.programs.arguments import CallArguments
from ad_core.programs.batch_groups import evaluated, parts_of
from ad_core.programs.build import SEEDS, WHOLE
from ad_core.programs.evaluation import Evaluation
from ad_core.programs.products import by_argnums
from ad_core.programs.recordings import BY_SWEEP, Recordings
from ad_core.programs.verify import verified
from ad_core.programs.within_trace import transformed
from ad_core.recording.argnums import Argnums, is_single
from ad_core.recording.trees import flatten, map_leaves
from ad_core.transforms import first_order

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array as _csr_array

__all__ = ["Function", "compile"]


MAX_BYTES = 1 << 30
P = ParamSpec("P")
Y = TypeVar("Y")


def compile(
    fun: Callable[P, Y], *, max_paths: int = 64, max_bytes: int = MAX_BYTES, verify: int = 0
) -> Function[P, Y]:
    """Return a :class:`Function`, which records fun once for each shape and path and then evaluates
    it and its derivatives by compiled programs.

    Arguments that are floats, complex numbers or arrays of them (or nested containers of these) are
    inputs.  Others (ints, strings, None, integer arrays) become part of the recording, which is
    used again only for arguments that no function can distinguish from them: of the same classes,
    bits, dtypes, shapes, memory order and order of keys.  Objects of classes written in Python are
    compared by all that they hold, functions and classes by identity.  If an argument cannot be
    compared (random generators, iterators, objects of classes written in C), fun is recorded in
    every call, as by :func:`grad`; :meth:`Function.explain` says so.

    What fun reads besides its arguments is read when it is recorded, and keeps that value.  So
    compile() is for functions of their arguments alone.

    max_paths: how many paths are kept for arguments of one kind (shapes, and values of arguments
        that are part of the recording).
    max_bytes: how much memory the recordings and programs of all kinds may take.
    verify: how many calls (points, in a batch) are compared with fun itself, called with the same
    arguments; a difference beyond rounding raises RuntimeError.  0: none.

    The least recently used recordings are dropped first, with a PerformanceWarning that names the
    limit.  There is such a warning too if fun is recorded for the eighth value of one argument.

    Raises TypeError if fun is not callable.  Cost: nothing before the first call, then one
    recording for each shape and path, and one program for each method that is used.  If a path
    is met for the first time, its results come from the recording, at the cost of :func:`grad`;
    from the second time on it has programs.  The path of a point is found by its tests, so that a
    call costs the same few microseconds for two paths and for fifty.

    >>> import numpy as np, ad_core
    >>> f = ad_core.compile(lambda x: np.sin(x) * x[0] if x[0] > 0 else x * x)
    >>> f.jacobian(np.array([0.5, 1.0])).round(3)
    array([[0.918, 0.   ],
           [0.841, 0.27 ]])
    >>> f(np.array([-2.0, 1.0]))
    array([4., 1.])
    """
    if not callable(fun):
        raise TypeError(f"compile() takes a function, got {type(fun).__name__}")
    max_paths = integer(max_paths, "max_paths", "a positive int", least=1)
    verify = integer(verify, "verify", "a number of calls >= 0", least=0)
    max_bytes = integer(max_bytes, "max_bytes", "a number of bytes >= 1", least=1)
    return Function(fun, max_paths, verify, max_bytes)


class Function(_core.Evaluator, Generic[P, Y]):
    """What :func:`compile` returns: fun itself, and methods for its derivatives.

    Each method takes fun's arguments.  ``batch_dims`` (0) is the number of leading axes that are a
    batch, in all arrays, those of integers and truth values too: points that differ in the latter
    have recordings of their own.  A batch axis of size 1 is the same for all points.  Python
    numbers, strings and objects have no batch axes.  At every point of a batch the value and the
    derivative are those of that point's own path through fun's branches.

    >>> import numpy as np, ad_core
    >>> f = ad_core.compile(lambda x: x[0] * x[1] if x[0] < x[1] else x[1] ** 2)
    >>> f.grad(np.array([[1.0, 3.0], [3.0, 1.0]]), batch_dims=1)
    array([[3., 1.],
           [0., 2.]])
    >>> f.paths
    2
    """

    __name__: str
    __wrapped__: Callable[P, Y]

    if TYPE_CHECKING:  # the call is the Evaluator's

        @overload  # type: ignore[override]
        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Y: ...
        @overload
        def __call__(
            self, *args: Any, out: Any, batch_dims: int | None = None, workers: int | None = None,
            progress: Any = None, **kwargs: Any,
        ) -> NDArray[np.float64] | Any: ...  # fmt: skip
        @overload
        def __call__(
            self, *args: Any, batch_dims: int, workers: int | None = None, progress: Any = None,
            **kwargs: Any,
        ) -> NDArray[np.float64] | Any: ...  # fmt: skip
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def __init__(self, fun, max_paths, verify=0, max_bytes=MAX_BYTES):
        functools.update_wrapper(self, fun, updated=())
        for name, x in getattr(fun, "__dict__", {}).items():
            if not hasattr(type(self), name):  # a callable object may have a `grad` of its own
                self.__dict__.setdefault(name, x)
        self._verify = verify
        self._to_verify = verify  # points that are still to be compared with fun itself
        self._recordings = Recordings(fun, max_paths, max_bytes)
        self._transforms = {}  # of single methods, for points on new paths
        self._alone = _takes_one(fun)
        self._owner = None  # the object that a method belongs to
        self._set_adaptive()

    @property
    def _label(self):
        return _core.name_of(self.__wrapped__)

    def __repr__(self):
        return f"<compiled {self._label}, {self.paths} recorded>"

    @property
    def paths(self) -> int:
        """The number of recordings: one for each kind of arguments and path.

        >>> import ad_core
        >>> f = ad_core.compile(lambda x: x if x > 0 else -x)
        >>> f(2.0), f(-2.0), f.paths
        (np.float64(2.0), np.float64(2.0), 2)
        """
        return self._recordings.count

    def __get__(self, instance: object, owner: Any = None) -> Function[..., Y]:
        """The method of an object, if the function was compiled in the body of a class."""
        return self if instance is None else Method(self, instance)

    def clear(self) -> None:
        """Drop all recordings, for example after a change of what the function closes over.

        >>> import ad_core
        >>> f = ad_core.compile(lambda x: x * x)
        >>> f(2.0), f.paths
        (np.float64(4.0), 1)
        >>> f.clear()
        >>> f.paths
        0
        """
        self._recordings.clear()
        self._forget_calls()

    def __reduce__(self):
        fun = self.__wrapped__
        if _core.is_found_by_name(
            self, fun
        ):  # a decorated function is found by its name, like any other function
            return fun.__qualname__
        kept = self._recordings
        return _restored, (fun, kept.max_paths, self._verify, kept.max_bytes)

    _by_argnums = by_argnums

    def _called(self, args, kwargs, argnums):
        """The function, its arguments and their argnums, to be recorded."""
        return self.__wrapped__, args, kwargs, argnums

    def _arguments(self, primals):
        """The arguments of a product, which are given by a tuple if there are several, and whether
        they were."""
        several = isinstance(primals, tuple) and not self._alone
        return (primals if several else (primals,)), several

    def _inputs_among(self, args, numbers):
        """The positions of the inputs among the arguments, which hold those in numbers."""
        given = self._given(args, 0, None)
        given.argnums(tuple(numbers))
        return list(given.inputs)

    def _takes_tuples(self, several):
        return False

    def jacobian_sparsity(self, *args: Any, argnums: Argnums = 0, **kwargs: Any) -> _csr_array:
        """Return the sparsity pattern of the Jacobian on the path at these arguments, a Boolean
        scipy.sparse.csr_array (K, D).

        Its indices are those of ``jacobian(*args, sparse=True)``.  Errors are those of
        :meth:`Tape.jacobian_sparsity`, and TypeError without arguments, since a pattern belongs to
        a recording, which is made at a point.

        >>> import numpy as np, ad_core
        >>> f = ad_core.compile(lambda x: x[:2] * x[2] if x[0] > 0 else x[:2])
        >>> f.jacobian_sparsity(np.ones(3)).nnz, f.jacobian_sparsity(-np.ones(3)).nnz
        (4, 2)
        """
        path, numbers, _ = self._path("jacobian_sparsity", args, argnums, kwargs)
        return path.jacobian_sparsity(numbers)

    def hessian_sparsity(self, *args: Any, argnums: Argnums = 0, **kwargs: Any) -> _csr_array:
        """Return the sparsity pattern of the Hessian of a scalar function, (D, D), both triangles.

        >>> import numpy as np, ad_core
        >>> ad_core.compile(lambda x: np.sum(x**3)).hessian_sparsity(np.ones(5)).nnz
        5
        """
        path, numbers, _ = self._path("hessian_sparsity", args, argnums, kwargs)
        return path.hessian_sparsity(numbers)

    def spy(
        self,
        path: File,
        *args: Any,
        argnums: Argnums = 0,
        what: Literal["jacobian", "hessian"] = "jacobian",
        **kwargs: Any,
    ) -> int:
        """Draw the sparsity pattern on the path at these arguments to a file, as :meth:`Tape.spy`
        does, and return the number of colours.

        >>> import io, numpy as np, ad_core
        >>> ad_core.compile(lambda x: np.diff(x, 2)).spy(io.BytesIO(), np.ones(50))
        3
        """
        recorded, numbers, _ = self._path("spy", args, argnums, kwargs)
        return recorded.spy(path, numbers, what)

    def explain(
        self,
        *args: Any,
        argnums: Argnums = 0,
        what: Literal["jacobian", "hessian"] = "jacobian",
        sparse: bool = False,
        **kwargs: Any,
    ) -> str:
        """Return a text that describes the program for the path at these arguments, as
        :meth:`Tape.explain` does.

        If the function is recorded in every call, the text says so and names the argument that is
        the reason.

        >>> import numpy as np, ad_core
        >>> f = ad_core.compile(lambda x: np.diff(x**2))
        >>> print(f.explain(np.ones(50), sparse=True))
        function ...
        inputs D                          50
        outputs K                         49
        route forward                     ...
        """
        path, numbers, given = self._path("explain", args, argnums, kwargs)
        text = path.explain(numbers, what, sparse)
        return text if given.why_anew is None else f"{text}\n{given.why_recorded_anew()}"

    def _path(self, name, args, argnums, kwargs):
        """(recording, its argnums, CallArguments) of the path at these arguments."""
        if not args:
            raise TypeError(
                f"{name} of {self._label} needs the function's arguments: it describes a "
                f"recording, which is made at a point; pass a point, "
                f"{name}({'path, ' * (name == 'spy')}x)"
            )
        if _core.any_traced_number(flatten(args)[0]):
            raise TracedValueError(
                f"{name} of {self._label} needs numbers, got traced values; call it outside the "
                f"function that is recorded"
            )
        given = self._given(args, 0, kwargs)
        evaluation = Evaluation(self, given, "value", 0, ())
        evaluation.run(None, None, None)
        return evaluation.path, given.argnums(argnums), given

    def _given(self, args, batch_dims, kwargs):
        """The CallArguments of a call, of which at least one must be an input."""
        given = CallArguments(self, args, batch_dims, kwargs)
        if not given.inputs:
            if args:
                given.refuse_foreign(0)
            found = f"got {args[0]!r}; pass floats" if args else "but there is none"
            raise DtypeError(
                f"an argument of {self._label} (argument 0, or another) must be real float64 "
                f"numbers to be recorded, {found}"
            )
        return given

    def _adapt(self, name, args, argnums, out, workers, progress, batch_dims, kwargs=None):
        """Evaluate a call that does not fit the program of the last call."""
        seeds = ()
        if name in SEEDS:
            primals, *seeds = args
            args = self._arguments(primals)[0]
        if self._is_traced(args, seeds, kwargs):
            if out is not None or batch_dims:
                what = "out" if out is not None else "batch_dims"
                raise TracedValueError(
                    f"{what} cannot be used in {name} of {self._label} while it is traced, since "
                    f"the function itself is recorded then; leave {what} out"
                )
            args, seeds = map_leaves(_numbers, args), map_leaves(_numbers, seeds)
            fun = functools.partial(self.__wrapped__, **kwargs) if kwargs else self.__wrapped__
            return transformed(fun, self._label, name, args, argnums, seeds)
        given = self._given(args, 0 if batch_dims is None else batch_dims, kwargs)
        numbers = 0 if name in WHOLE else given.argnums(argnums)
        result = evaluated(self, given, name, numbers, seeds, out, workers, progress)
        if self._to_verify:
            self._compare(given)
        return result

    def _is_traced(self, args, seeds, kwargs):
        """Whether traced values of an enclosing trace are among the arguments."""
        given = (args, seeds, kwargs)
        found = _core.holds_traced(given)
        return _core.any_traced_number(flatten(given)[0]) if found is None else found

    def _compare(self, given):
        """Compare values at a call's points with fun's own, until `verify` points are compared."""
        for _, part in parts_of(given):
            if part.key is None:  # it is recorded in every call, so there is nothing to compare
                continue
            count = verified(self, part, self._to_verify)
            with self._recordings.lock:
                self._to_verify = max(self._to_verify - count, 0)

    def _sweep(self, name, args, known):
        """A method at a single point after many points in a row that no known path fitted.  If its
        path is new too, its results are those of a recording."""
        if name in BY_SWEEP and len(args) == 1:
            result, path = self._once(name).with_path(args)
            if known.is_new(path):
                return result
            known.new = 0
        return self._adapt(name, args, 0, None, None, None, None)

    def _sweep_new(self, name, args, kind):
        """A method at a single point after many points in a row with arguments of new kinds.  If
        theirs is new too, its results are those of the one-shot transform."""
        once = None if self._to_verify else self._once(name)
        if once is not None and self._recordings.is_put_off(kind):
            return once(*args)
        return self._adapt(name, args, 0, None, None, None, None)

    def _once(self, name):
        """The one-shot transform of a method; None for values, and for methods that take tangents,
        cotangents or sparse=True."""
        once, fun = self._transforms.get(name), self.__wrapped__
        if once is not None:
            return once
        if name in ("grad", "value_and_grad"):
            once = _core.gradient_function(fun, 0, name == "value_and_grad")
        elif name in ("jacobian", "value_and_jacobian", "hessian"):
            once = getattr(first_order, name)(fun)
        self._transforms[name] = once
        return once


class Method(Function):
    """A compiled method of one object, which is made when it is looked up, as Python's methods are.

    The object is part of the recording: its class, its identity if the class defines no __eq__, and
    all that it holds.  The recordings are those of the function in the class, and do not keep the
    object alive.
    """

    def __init__(self, function, instance):
        functools.update_wrapper(self, function.__wrapped__, updated=())
        self.__wrapped__ = types.MethodType(function.__wrapped__, instance)
        self._function = function
        self._verify = self._to_verify = function._to_verify
        self._recordings = function._recordings
        self._transforms = {}
        self._alone = _takes_one(self.__wrapped__)
        self._owner = instance
        self._set_adaptive()

    def __reduce__(self):
        return getattr, (self._owner, self.__wrapped__.__name__)

    def _called(self, args, kwargs, argnums):
        shifted = argnums + 1 if is_single(argnums) else tuple(k + 1 for k in argnums)
        return self._function.__wrapped__, [self._owner, *args], kwargs, shifted

    def _is_traced(self, args, seeds, kwargs):
        # The object may hold traced values: within a trace the method itself is called.
        return _core.is_tracing() or super()._is_traced(args, seeds, kwargs)

    def _tick(self):
        return self._function._tick()

    def _forget_calls(self):
        self._function._forget_calls()


def _takes_one(fun):
    """Whether a function takes one argument, so that a tuple is not a list of arguments."""
    try:
        parameters = inspect.signature(fun).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = [p.kind for p in parameters]
    return len(kinds) == 1 and kinds[0] in (
        inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    )  # fmt: skip


def _restored(fun, max_paths, verify=0, max_bytes=MAX_BYTES):
    return Function(fun, max_paths, verify, max_bytes)


def _numbers(leaf):
    """A leaf as the function itself takes it."""
    return np.asarray(leaf) if isinstance(leaf, _core.Gathered) else leaf
