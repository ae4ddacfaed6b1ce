# SPDX-License-Identifier: Apache-2.0
"""The exceptions that ad_core raises of its own.

What can not be differentiated is a :class:`NotDifferentiable` of the kind that fits.  Everything
else is a built-in: ``TypeError`` for an argument of the wrong type, ``ValueError`` for one of the
wrong shape, ``MemoryError`` when memory is out.
"""

__all__ = [
    "BranchChanged",
    "DtypeError",
    "EscapedTraceError",
    "NoDerivativeError",
    "NotDifferentiable",
    "TapeFullError",
    "TracedAttributeError",
    "TracedIndexError",
    "TracedValueError",
]


class BranchChanged(RuntimeError):
    """A comparison, a text or a caught exception that decided which way the function went came out
    otherwise at a new point.

    A tape holds the one path that was recorded; :func:`ad_core.compile` records each.

    >>> import ad_core
    >>> tape = ad_core.trace(lambda x: x * x if x > 0 else -x, 2.0)
    >>> tape(-1.0)
    Traceback (most recent call last):
        ...
    ad_core.errors.BranchChanged: at this point a comparison of <lambda> comes out otherwise...
    """


class NotDifferentiable(Exception):
    """What all refusals of ad_core have in common: a derivative was asked for that it can not give.

    Each is also an exception of the kind that Python or NumPy has for such a case.  One that is
    made while a function is traced is remembered: if the function catches it and returns, its
    derivative is refused (see :func:`ad_core.allow_refusals`).

    >>> import math, ad_core
    >>> try:
    ...     ad_core.grad(lambda x: math.sin(x))(3.0)
    ... except ad_core.errors.NotDifferentiable as refusal:
    ...     print(type(refusal).__name__)
    TracedValueError
    """

    _remember = None  # remember(error), of the running trace; the core sets it

    def __init__(self, *args):
        super().__init__(*args)
        if NotDifferentiable._remember is not None:
            NotDifferentiable._remember(self)

    @classmethod
    def as_numpy_raises(cls, message):
        """An error where NumPy raises one of plain numbers too: whoever catches it takes the path
        that plain numbers take, so it is not remembered."""
        return cls.__new__(cls, message)


class TracedValueError(NotDifferentiable, TypeError):
    """A traced value was put where only a plain number fits.

    Going on would lose its derivative, so the conversion is refused.

    >>> import ad_core
    >>> ad_core.grad(lambda x: float(x) ** 2)(3.0)
    Traceback (most recent call last):
        ...
    ad_core.errors.TracedValueError: float() of a traced value would lose its derivative...
    """


class TracedIndexError(TracedValueError, IndexError):
    """A traced value was used as an index: an element's position has no derivative.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: x[x[0]])(np.array([1.0, 2.0]))
    Traceback (most recent call last):
        ...
    ad_core.errors.TracedIndexError: a traced value can not be an index...
    """


class TracedAttributeError(TracedValueError, AttributeError):
    """The memory of a traced value was asked for, which holds no numbers.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: x.ctypes)(np.array([1.0, 2.0]))
    Traceback (most recent call last):
        ...
    ad_core.errors.TracedAttributeError: a traced value has no memory to hand out...
    """


class NoDerivativeError(NotDifferentiable, NotImplementedError):
    """A function, or a way of calling it, that has no derivative in ad_core.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: np.frexp(x)[0])(3.0)
    Traceback (most recent call last):
        ...
    ad_core.errors.NoDerivativeError: the ufunc frexp has no derivative in ad_core...
    """


class DtypeError(NotDifferentiable, TypeError):
    """An argument, operand or result is no array of real float64 numbers.

    >>> import ad_core
    >>> ad_core.grad(lambda x: x * x)(3)
    Traceback (most recent call last):
        ...
    ad_core.errors.DtypeError: argument 0 of <lambda> must be real float64...
    """


class EscapedTraceError(NotDifferentiable, RuntimeError):
    """A traced value was used after its trace had ended, or in another thread.

    >>> import ad_core
    >>> kept = []
    >>> ad_core.grad(lambda x: kept.append(x) or x * x)(3.0)
    np.float64(6.0)
    >>> kept[0] + 1.0
    Traceback (most recent call last):
        ...
    ad_core.errors.EscapedTraceError: a traced value was used after its trace ended...
    """


class TapeFullError(MemoryError):
    """A recording needs more nodes than a 32-bit index can name (about 4.29e9).

    >>> issubclass(TapeFullError, MemoryError)
    True
    """
