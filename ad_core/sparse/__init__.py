# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives: structures, and the entries from a few products."""
