# SPDX-License-Identifier: Apache-2.0
"""The worked example of a textbook: one function, seven nodes.

Source: C. M. Bishop and H. Bishop, Deep Learning (2024), section 8.2.
"""

import numpy as np

__all__ = ["f"]


def f(x1, x2):
    """Return ``x1 * x2 + exp(x1 * x2) - sin(x2)``.

    The product is computed once, and the steps are taken in the book's order,
    so that the evaluation trace has the book's nodes v1 to v7.

    Examples
    --------
    >>> from ad_core.examples.textbook import f
    >>> float(f(1.0, 2.0).round(6))
    8.479759
    """
    product = x1 * x2
    wave = np.sin(x2)
    growth = np.exp(product)
    return growth + (product - wave)
