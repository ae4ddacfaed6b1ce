# SPDX-License-Identifier: Apache-2.0
"""Helpers of SciPy that its Python code shares (``scipy._lib``)."""
