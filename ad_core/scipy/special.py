# SPDX-License-Identifier: Apache-2.0
"""Functions of ``scipy.special`` for traced arrays: those that have a derivative, and the others
as SciPy has them.

SciPy's own ufuncs accept traced arrays too.  Its Python functions (logsumexp, softmax, log_softmax,
polygamma) do not: import them from here.  With plain arrays all of these call SciPy's functions.
``dir(ad_core.scipy.special)`` lists the functions with a derivative.

>>> import numpy as np, ad_core
>>> from ad_core.scipy.special import expit, gammaln, logsumexp
>>> ad_core.grad(logsumexp)(np.array([0.0, 0.0]))
array([0.5, 0.5])
>>> float(ad_core.grad(expit)(0.0)), round(ad_core.grad(gammaln)(3.0), 6)
(0.25, np.float64(0.922784))
"""

from ad_core.overrides.scipy.special import FUNCTIONS as _FUNCTIONS
from ad_core.overrides.scipy.special import lookup as _lookup

__all__ = sorted(_FUNCTIONS)


def __getattr__(name):
    return _lookup(name)


def __dir__():
    return __all__
