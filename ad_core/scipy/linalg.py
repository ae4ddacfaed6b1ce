# SPDX-License-Identifier: Apache-2.0
"""``scipy.linalg`` on traced arrays; on plain arrays each function is SciPy's.

>>> import numpy as np, ad_core
>>> from ad_core.scipy.linalg import expm
>>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])
>>> float(ad_core.grad(lambda t: expm(t * turn)[1, 0])(0.0))  # the slope of sin(t)
1.0
"""

from ad_core.overrides.scipy.linalg import *  # noqa: F403
from ad_core.overrides.scipy.linalg import __all__  # noqa: F401
