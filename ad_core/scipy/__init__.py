# SPDX-License-Identifier: Apache-2.0
"""Parts of SciPy on traced arrays, under SciPy's names: ``ad_core.scipy.special`` and
``ad_core.scipy.linalg``.  They need SciPy; the rest of ad_core does not."""
