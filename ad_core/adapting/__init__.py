# SPDX-License-Identifier: Apache-2.0
"""Names of other modules that refer to functions for plain numbers (``math.exp``, ``float``,
``numpy.zeros``, ``scipy.linalg.solve``), exchanged for functions that trace too."""
