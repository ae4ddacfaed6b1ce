# SPDX-License-Identifier: Apache-2.0
"""Derivatives as functions of functions: jvp, vjp, grad, jacobian, hessian and others."""
