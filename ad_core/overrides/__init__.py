# SPDX-License-Identifier: Apache-2.0
"""The functions of NumPy and SciPy for traced values."""
