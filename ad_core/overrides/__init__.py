# SPDX-License-Identifier: Apache-2.0
"""What functions of NumPy and SciPy do on traced values."""
