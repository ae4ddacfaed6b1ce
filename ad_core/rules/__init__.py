# SPDX-License-Identifier: Apache-2.0
"""Functions whose derivatives are given by rules instead of by tracing."""
