# SPDX-License-Identifier: Apache-2.0
"""Rules of SciPy's special functions, from one table of values and partials (``table``).

The folder is imported by ``ad_core.scipy.special``, or when one of SciPy's ufuncs is called with a
traced value.
"""

from ad_core.rules.special import (  # noqa: F401  (each adds its rows to the table)
    airy,
    bessel,
    distributions,
    elementary,
    elliptic,
    errors,
    gamma,
    hypergeometric,
    incomplete,
    integrals,
)
from ad_core.rules.special.coverage import remedy
from ad_core.rules.special.table import ROWS, UFUNCS, refuse_ufuncs

__all__ = ["ROWS", "UFUNCS"]

refuse_ufuncs(remedy)
