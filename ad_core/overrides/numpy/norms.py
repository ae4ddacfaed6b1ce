# SPDX-License-Identifier: Apache-2.0
"""np.linalg.norm of the orders that are singular values, whose kinks NumPy's own code does not
know; the others run by that code."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy import reductions
from ad_core.overrides.numpy.complex.functions import implements as implements_complex
from ad_core.overrides.numpy.dispatch import implements
from ad_core.overrides.numpy.own_code import own_code
from ad_core.recording.arrays import as_array
from ad_core.rules.polar import nuclear

__all__ = ["norm"]

SINGULAR = {2: np.max, -2: np.min}  # order of a norm that is a singular value -> which one


@implements(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    x = as_array(x)
    axes = tuple(range(x.ndim)) if axis is None else reductions.axes_last(x, axis)[2]
    if len(axes) != 2 or not (ord in SINGULAR or ord == "nuc"):
        return own_code(np.linalg.norm)(x, ord, axis, keepdims)
    result = _singular_norm(np.moveaxis(x, axes, (-2, -1)), ord)
    return reductions.kept(result, x.shape, axes, keepdims)


@implements_complex(np.linalg.norm)
def complex_norm(*args, **kwargs):
    """Singular values of complex matrices are refused by name."""
    return own_code(np.linalg.norm)(*args, **kwargs)


def _singular_norm(x, ord):
    """Norms of singular values. A value that is zero up to rounding is a kink, as that of `abs` at
    0."""
    if x.size == 0:
        plain = _core.plain_function("zeros")(x.shape)
        # NumPy raises an error for some orders, before 2.3 for more
        np.linalg.norm(plain, ord, (-2, -1))
        return np.zeros(x.shape[:-2])[()]
    if ord == "nuc":
        return nuclear(x)[()]
    s = np.linalg.svdvals(x)
    cut = max(x.shape[-2:]) * np.finfo(np.float64).eps * s[..., :1]
    s = np.where(s > cut, s, 0.0)
    return SINGULAR[ord](s, axis=-1)
