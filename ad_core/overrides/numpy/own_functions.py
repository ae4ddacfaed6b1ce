# SPDX-License-Identifier: Apache-2.0
"""What is to be known of functions that run by NumPy's own code, besides that code."""

import numpy as np

from ad_core import _core

__all__ = ["NEEDS_PLAIN", "TAKE_LISTS"]

# Functions that may be called with lists of traced values.
TAKE_LISTS = (
    np.angle, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.average, np.corrcoef, np.interp,
    np.linalg.matrix_power, np.linalg.matrix_rank, np.linalg.svdvals, np.median, np.meshgrid,
    np.nanmedian, np.nanpercentile, np.nanquantile, np.percentile, np.polyfit, np.quantile,
    *(getattr(np.fft, name) for name in np.fft.__all__ if not name.endswith("freq")),
)  # fmt: skip

# Functions that are written in Python, but need plain arrays.
NEEDS_PLAIN = {np.save, np.savez, np.savez_compressed}

for _function in TAKE_LISTS:
    _core.take_lists(_function)
