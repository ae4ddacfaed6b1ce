# SPDX-License-Identifier: Apache-2.0
"""A function recorded at one point: arguments, trace, products with its Jacobian, notes."""
