# SPDX-License-Identifier: Apache-2.0
"""The exception classes of ad_core.

A function that can not be differentiated raises a subclass of :class:`NotDifferentiable`.  All
other errors are built-in exceptions: ``TypeError`` for an argument of the wrong type,
``ValueError`` for an argument of the wrong shape, ``MemoryError`` if memory is exhausted.
"""

from typing import Any

__all__ = [
    "BranchChanged",
    "DtypeError",
    "EscapedTraceError",
    "NoDerivativeError",
    "NotDifferentiable",
    "PerformanceWarning",
    "TapeFullError",
    "TracedAttributeError",
    "TracedIndexError",
    "TracedValueError",
]


class BranchChanged(RuntimeError):
    """The function takes another branch at a new point than when it was recorded.

    A comparison, a text or a caught exception that decided the branch has another outcome there.  A
    tape contains only the branch that was recorded.  :func:`ad_core.compile` records every branch.

    >>> import ad_core
    >>> tape = ad_core.trace(lambda x: x * x if x > 0 else -x, 2.0)
    >>> tape(-1.0)
    Traceback (most recent call last):
        ...
    ad_core.errors.BranchChanged: at this point a comparison of <lambda>...
    """


class PerformanceWarning(UserWarning):
    """A compiled function is recorded more often than its caller may expect.

    The results are right.  The message names the limit or the argument that is the cause, and what
    to change.

    >>> import warnings, ad_core
    >>> f = ad_core.compile(lambda x, n: x * n)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     values = [float(f(2.0, n)) for n in range(20)]
    >>> len(caught), caught[0].category.__name__
    (1, 'PerformanceWarning')
    """


class NotDifferentiable(Exception):
    """The base class of the exceptions for functions that ad_core can not differentiate.

    These exceptions are called refusals.  Each is also an instance of the exception that Python or
    NumPy raises in such a case.  A refusal that is raised while a function is traced is remembered:
    if the function catches it and returns, its differentiation raises an exception of the same type
    (see :func:`ad_core.allow_refusals`).

    >>> import math, ad_core
    >>> try:
    ...     ad_core.grad(lambda x: math.sin(x))(3.0)
    ... except ad_core.errors.NotDifferentiable as refusal:
    ...     print(type(refusal).__name__)
    TracedValueError
    """

    # remember(error): a function of the core that keeps it on the running trace
    _remember: Any = None

    def __init__(self, *args):
        super().__init__(*args)
        if NotDifferentiable._remember is not None:
            NotDifferentiable._remember(self)

    @classmethod
    def as_numpy_raises(cls, message):
        """An error that is not remembered, because NumPy raises one for plain numbers as well: code
        that catches it takes the same branch as for plain numbers."""
        return cls.__new__(cls, message)


class TracedValueError(NotDifferentiable, TypeError):
    """A traced value was used where only a plain number can be.

    The conversion to a plain number would lose the derivative.

    >>> import ad_core
    >>> ad_core.grad(lambda x: float(x) ** 2)(3.0)
    Traceback (most recent call last):
        ...
    ad_core.errors.TracedValueError: float() of a traced value would lose its derivative...
    """


class TracedIndexError(TracedValueError, IndexError):
    """A traced value was used as an index, but an element's position has no derivative.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: x[x[0]])(np.array([1.0, 2.0]))
    Traceback (most recent call last):
        ...
    ad_core.errors.TracedIndexError: a traced value can not be an index...
    """


class TracedAttributeError(TracedValueError, AttributeError):
    """An attribute gives access to the memory of an array, but a traced value has none.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: x.ctypes)(np.array([1.0, 2.0]))
    Traceback (most recent call last):
        ...
    ad_core.errors.TracedAttributeError: a traced value has no memory of numbers...
    """


class NoDerivativeError(NotDifferentiable, NotImplementedError):
    """A function, or a way to call it, has no derivative in ad_core.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: np.add(x, x, signature="dd->d"))(3.0)
    Traceback (most recent call last):
        ...
    ad_core.errors.NoDerivativeError: the ufunc add with signature has no derivative in ad_core...
    """


class DtypeError(NotDifferentiable, TypeError):
    """An argument, operand or result is not an array of real float64 numbers.

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
