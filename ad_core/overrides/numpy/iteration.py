# SPDX-License-Identifier: Apache-2.0
"""Functions of NumPy that call Python for each element: np.vectorize, np.frompyfunc, np.fromiter
and np.nditer. They see traced numbers, so each call is recorded."""

import itertools
import sys

import numpy as np
from numpy.lib import _function_base_impl as vectorizing

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.constants import any_involved
from ad_core.overrides.numpy.dispatch import any_traced, is_complex128, is_float64
from ad_core.recording.arrays import as_array

__all__ = ["call_python_ufunc", "is_python_ufunc"]

_nditer, _fromiter = np.nditer, np.fromiter
KINDS = {None: (), "d": (float,), "D": (complex,)}  # types of np.vectorize that traced values have
WRITING = {"readwrite", "writeonly", "allocate", "updateifcopy"}


def is_python_ufunc(ufunc):
    """Whether np.frompyfunc made a ufunc."""
    return ufunc.types == [f"{'O' * ufunc.nin}->{'O' * ufunc.nout}"] and (
        ufunc.__name__.endswith(" (vectorized)")
    )


def call_python_ufunc(ufunc, method, inputs, kwargs):
    """A ufunc of np.frompyfunc, or one of its methods. NumPy's result has dtype=object; here it is
    a traced array of float64 or complex128."""
    inputs = [_as_objects(x) for x in inputs]
    result = getattr(ufunc, method)(*inputs, **kwargs)
    return tuple(map(_as_traced, result)) if isinstance(result, tuple) else _as_traced(result)


def _as_objects(x):
    """A traced array as an array of traced numbers; other operands as they are."""
    if _core.traced(x):
        return np.asarray(x, dtype=object)
    if not _core.traced_complex(x):
        return x
    numbers = _core.plain_function("empty")(x.shape, dtype=object)
    for at in np.ndindex(x.shape):
        numbers[at] = x[at]
    return numbers


def _as_traced(x):
    if type(x) is not np.ndarray or x.dtype != object:
        return x
    if any(map(_core.traced_complex, x.flat)):
        return np.asarray(x.tolist(), dtype=complex)
    return np.asarray(x, dtype=float) if any_traced((x,)) else x


def _elements(a):
    return a.ravel().tolist() if type(a) is np.ndarray and a.dtype == object else (a,)


def _converting(name):
    """What the module of np.vectorize has as asarray and asanyarray: results that hold traced
    numbers become traced arrays."""
    original = getattr(vectorizing, name)

    def convert(a, dtype=None, *args, **kwargs):
        if not _core.is_tracing():
            return original(a, dtype, *args, **kwargs)
        if _core.traced_complex(a) and dtype is object:
            return _as_objects(a)
        kind = KINDS.get(dtype and np.dtype(dtype).char)
        if kind is not None and any_involved(_elements(a)):
            if any(map(_core.traced_complex, _elements(a))) and type(a) is np.ndarray:
                a = a.tolist()
            return getattr(np, name)(a, *kind, *args, **kwargs)
        return original(a, dtype, *args, **kwargs)

    return convert


def fromiter(iter, dtype, count=-1, **kwargs):
    """np.fromiter."""
    if not _core.is_tracing() or not (is_float64(dtype) or is_complex128(dtype)):
        return _fromiter(iter, dtype, count, **kwargs)
    items = list(iter if count < 0 else itertools.islice(iter, count))
    if not (any_traced(items) or (is_complex128(dtype) and any_involved(items))):
        return _fromiter(items, dtype, count, **kwargs)
    if count > len(items):
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)}")
    return np.array(items) if is_float64(dtype) else np.array(items, dtype=complex)


def nditer(op, flags=(), op_flags=None, *args, **kwargs):
    """np.nditer, which iterates over traced arrays if it only reads them."""
    several = isinstance(op, list | tuple)
    operands = list(op) if several else [op]
    # an array of objects is iterated by NumPy, which returns the objects as they are
    if not _core.is_tracing() or not any_traced([x for x in operands if type(x) is not np.ndarray]):
        return _nditer(op, flags or (), op_flags, *args, **kwargs)
    wanted = [op_flags] if op_flags and isinstance(op_flags[0], str) else op_flags or ()
    if any(x is None for x in operands) or any(WRITING & set(each) for each in wanted):
        raise NoDerivativeError(
            f"np.nditer does not write to traced arrays{_core.user_line()}; compute with the whole "
            f"array, or loop over np.ndindex(x.shape)"
        )
    return Iterator(operands, several, flags or (), *args, **kwargs)


class Iterator:
    """np.nditer over the positions of the elements of traced arrays."""

    def __init__(self, operands, several, flags, *args, **kwargs):
        self.operands = tuple([as_array(x) for x in operands])
        self._flat = [np.reshape(x, -1) for x in self.operands]
        places = [self._positions_of(x) for x in self.operands]
        kwargs.pop("op_dtypes", None)
        flags = [flag for flag in flags if flag not in ("refs_ok", "copy_if_overlap")]
        self._places = _nditer(places if several else places[0], flags, None, *args, **kwargs)
        self._several = several and len(operands) > 1

    @staticmethod
    def _positions_of(x):
        """The positions of the elements, in an array with the memory layout of x."""
        model = _core.index_array(x) if _core.traced(x) else x
        places = np.empty_like(model, dtype=np.intp, subok=False)
        places[...] = np.arange(x.size).reshape(x.shape)
        return places

    def _at(self, places):
        places = places if self._several else (places,)
        found = tuple([as_array(x[k]) for x, k in zip(self._flat, places, strict=True)])
        return found if self._several else found[0]

    def __iter__(self):
        return self

    def __next__(self):
        return self._at(next(self._places))

    @property
    def value(self):
        return self._at(self._places.value)

    def __getitem__(self, k):
        return self.value[k] if self._several else (self.value,)[k]

    def __len__(self):
        return len(self.operands)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._places.close()

    def __getattr__(self, name):
        return getattr(self._places, name)


for _name in ("asarray", "asanyarray"):
    _core.replace_while_tracing(vars(vectorizing), _name, _converting(_name))
for _function in (fromiter, nditer):
    _core.replace_while_tracing(vars(sys.modules["numpy"]), _function.__name__, _function)
