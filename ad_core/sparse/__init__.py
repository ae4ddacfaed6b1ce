# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives: sparsity patterns, and entries from a few products."""
