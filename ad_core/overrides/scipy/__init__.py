# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.linalg and scipy.special that take traced values."""
