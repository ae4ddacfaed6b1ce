# SPDX-License-Identifier: Apache-2.0
"""Recording a function at one point: its arguments, its trace and products with its Jacobian."""
