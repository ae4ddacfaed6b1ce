# SPDX-License-Identifier: Apache-2.0
"""Functions of SciPy for traced arrays, with SciPy's names.

``ad_core.scipy.special`` and ``ad_core.scipy.linalg`` need SciPy; the rest of ad_core does not.
"""
