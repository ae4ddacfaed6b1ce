# SPDX-License-Identifier: Apache-2.0
"""Text and pictures for the user: explanations, evaluation traces, sparsity patterns."""
