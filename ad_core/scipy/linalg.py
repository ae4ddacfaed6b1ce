# SPDX-License-Identifier: Apache-2.0
"""Functions of ``scipy.linalg`` for traced arrays; with plain arrays they call SciPy's functions.

>>> import numpy as np, ad_core
>>> from ad_core.scipy.linalg import expm
>>> rotation = np.array([[0.0, -1.0], [1.0, 0.0]])
>>> float(ad_core.grad(lambda t: expm(t * rotation)[1, 0])(0.0))  # the derivative of sin(t)
1.0
"""

from ad_core.overrides.scipy.linalg import *  # noqa: F403
from ad_core.overrides.scipy.linalg import __all__  # noqa: F401
