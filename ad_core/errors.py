# SPDX-License-Identifier: Apache-2.0
"""The exceptions that ad_core raises of its own.

Everything else is the built-in that fits: ``TypeError`` for a value of the wrong
type or dtype, ``ValueError`` for one of the wrong shape, ``MemoryError`` when
memory is out, ``NotImplementedError`` for a NumPy function without a derivative.
"""

__all__ = ["BranchChanged", "EscapedTraceError", "TapeFullError", "TracedValueError"]


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


class TracedValueError(TypeError):
    """A traced value was put where only a plain number fits.

    Going on would lose its derivative, so the conversion is refused.

    >>> import ad_core
    >>> ad_core.grad(lambda x: float(x) ** 2)(3.0)
    Traceback (most recent call last):
        ...
    ad_core.errors.TracedValueError: float() of a traced value would lose its derivative...
    """


class EscapedTraceError(RuntimeError):
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
