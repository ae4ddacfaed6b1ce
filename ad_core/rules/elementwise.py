# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions with rules: a function that computes the value, such as a ufunc of SciPy,
and one partial derivative for each operand."""

import math
import threading

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.recording.arrays import as_array
from ad_core.recording.record import record
from ad_core.rules.rule import flat, results_of, split

__all__ = ["elementwise"]

MOST_SHARED = 64  # sizes for which a call is kept and used in the next recordings

# slopes: whether this thread records partial derivatives. Calls in such a recording are not shared:
# a shared call might be the one that keeps the recording, and would keep itself.
_recording = threading.local()


def elementwise(name, value, *partials):
    """The function ``value`` of float arrays that broadcast, extended to traced arrays.

    partials: one for each operand, called as partial(*operands, result). They are written with
    functions that take traced arrays, which gives derivatives of any order. None means that there
    is no derivative: a traced operand in that position raises NoDerivativeError.
    """
    own = _ElementwiseFunction(name, value, partials)

    def function(*operands):
        result = _core.call_elementwise(own, operands)
        return own.of_arrays(operands) if result is NotImplemented else result

    function.__name__ = name.rpartition(".")[2]
    function.own = own  # the first argument of _core.call_elementwise()
    return function


class _ElementwiseFunction:
    """An elementwise function: the object that the core calls for numbers, and its calls on
    arrays."""

    __slots__ = ("last", "name", "partials", "shared", "value")

    def __init__(self, name, value, partials):
        self.name = name
        self.value = value
        self.partials = partials
        self.shared = {}  # number of elements -> call whose operands are all traced
        self.last = None  # the last call on numbers: its operands (None: traced) and its Called

    def of_arrays(self, operands):
        if len(operands) != len(self.partials):
            raise TypeError(f"{self.name} takes {len(self.partials)} arrays, got {len(operands)}")
        if isinstance(self.value, np.ufunc) and (
            not _core.all_operable(operands) or any(map(_is_complex, operands))
        ):
            return self.value(*operands)  # which calls the __array_ufunc__ of their classes
        arrays = [_plain_if_constant(x) for x in operands]
        places = [k for k, x in enumerate(arrays) if _core.traced(x)]
        if not places:
            result = _core.untraced(self.value, *arrays)
            # for constants of a trace: an array to which traced values can be written
            return np.array(result) if any(map(_core.traced, operands)) else result
        self.check(places)
        shape = np.broadcast_shapes(*(np.shape(x) for x in arrays))
        given = [np.broadcast_to(as_array(arrays[k]), shape) for k in places]
        # the rule keeps no traced values: they would keep the tape, which keeps the rule
        fixed = [None if k in places else _flat(x, shape) for k, x in enumerate(arrays)]
        rule = _Call(self, places, fixed, math.prod(shape))
        numbers = [np.ravel(_core.current_values(x)) for x in given]
        (result,) = _core.untraced(results_of, self.name, rule.values, [numbers], None)
        if not rule.m:
            return np.zeros(shape)
        (found,) = split(self.recorded(rule, given, result), [shape])
        return found[()]

    def recorded(self, rule, given, result):
        """The flat results of a call, recorded on the tape."""
        return _core.record_call(self.called(rule), tuple(given), rule.m, result)

    def of_operands(self, operands, m):
        """The call on numbers, if m is 1, or traced arrays of m elements and numbers."""
        places = [k for k, x in enumerate(operands) if _core.traced(x)]
        self.check(places)
        fixed = [None if k in places else x for k, x in enumerate(operands)]
        called = self.called(_Call(self, places, fixed, m))
        if m == 1:
            self.last = tuple(fixed), called
        return called

    def check(self, places):
        for k in places:
            if self.partials[k] is None:
                raise NoDerivativeError(
                    f"{self.name} has no derivative in ad_core with respect to argument {k}"
                    f"{_core.user_line()}; pass plain numbers there"
                )

    def called(self, rule):
        """A call as the core takes it, which is shared if all operands are traced."""
        if len(rule.places) < len(self.partials) or getattr(_recording, "slopes", False):
            return rule.called()
        called = self.shared.get(rule.m)
        if called is None:
            if len(self.shared) >= MOST_SHARED:
                self.shared.clear()
            called = self.shared[rule.m] = rule.called()
        return called


class _Call:
    """One call of m elements, as tapes keep it. The values of its traced operands are passed to it
    as flat arrays; the values of the other operands are kept in `fixed`, flat too."""

    __slots__ = ("fixed", "function", "m", "places")
    elementwise, undetermined, local = True, None, False

    def __init__(self, function, places, fixed, m):
        self.function = function
        self.places = places
        self.fixed = fixed
        self.m = m

    @property
    def name(self):
        return self.function.name

    def called(self):
        return _core.Called(self, None)

    def filled(self, given):
        """All operands: numbers, arrays of m elements, or m x points."""
        if len(given) == len(self.fixed):
            return given
        full = list(self.fixed)
        if np.ndim(given[0]) == 2:
            full = [x[:, None] if isinstance(x, np.ndarray) else x for x in full]
        for k, x in zip(self.places, given, strict=True):
            full[k] = x
        return full

    # Called by the core.

    def values(self, given):
        return self.function.value(*self.filled(given))

    def slopes(self, given, result):
        """The partial derivative by each of the traced operands."""
        full = self.filled(given)
        with _core.float_errors(all="ignore"):
            return [self.function.partials[k](*full, result) for k in self.places]

    def record(self, x, y, seeds, backward):
        shapes = [(self.m,)] * len(self.places)
        given = list(x) if self.m == 1 else split(x, shapes)  # numbers cost less than arrays
        slopes = self.slopes(given, y[0] if self.m == 1 else y)
        if backward:
            return flat([_scaled(slope, seeds) for slope in slopes])
        return sum(map(_scaled, slopes, split(seeds, shapes)))

    def recorded(self):
        """A recording of the slopes: (trace, nodes of the operands and the result, nodes of the
        slopes). None if the way they are computed depends on the values, or if they can not be
        recorded because they have no derivative of their own."""
        like = [np.full(self.m, 0.5)] * (len(self.places) + 1)

        def slopes(*numbers):
            *given, result = numbers
            return [np.broadcast_to(slope, (self.m,)) for slope in self.slopes(given, result)]

        before = getattr(_recording, "slopes", False)
        try:
            _recording.slopes = True
            recording = record(slopes, like, {}, tuple(range(len(like))))
        except NoDerivativeError:
            return None
        finally:
            _recording.slopes = before
        if _core.tape_size(recording.trace)["guards"]:
            return None
        return recording.trace, recording.inputs.nodes, recording.outputs.nodes


def _is_complex(x):
    return isinstance(x, complex) or getattr(getattr(x, "dtype", None), "kind", None) == "c"


def _plain_if_constant(x):
    """An operand as a traced array if it depends on an input, else as a plain array."""
    x = as_array(x)
    if _core.traced(x):
        if x.dtype == np.bool_:
            return x * 1.0
        return _core.current_values(x) if _core.is_constant(x) else x
    return x


def _flat(x, shape):
    """A plain operand as the rule keeps it: a number, or a flat copy."""
    return x.reshape(())[()] if x.size == 1 else np.broadcast_to(x, shape).flatten()


def _scaled(partial, tangent):
    """The product, which is 0 at a factor of exactly zero even if the other is infinite or NaN."""
    return _core.record_op("PRODUCT", partial, tangent)
