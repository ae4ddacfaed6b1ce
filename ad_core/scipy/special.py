# SPDX-License-Identifier: Apache-2.0
"""``scipy.special`` on traced arrays.

SciPy's own ufuncs work on traced arrays too, as they are imported from SciPy; its Python
functions (logsumexp, softmax, log_softmax, polygamma) are to be taken from here.  On plain
arrays all of them are SciPy's.

>>> import numpy as np, ad_core
>>> from ad_core.scipy.special import expit, gammaln, logsumexp
>>> ad_core.grad(logsumexp)(np.array([0.0, 0.0]))
array([0.5, 0.5])
>>> float(ad_core.grad(expit)(0.0)), round(ad_core.grad(gammaln)(3.0), 6)
(0.25, np.float64(0.922784))
"""

from ad_core.overrides.scipy.special import *  # noqa: F403
from ad_core.overrides.scipy.special import __all__  # noqa: F401
