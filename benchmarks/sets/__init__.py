# SPDX-License-Identifier: Apache-2.0
"""Published test problems for solvers, each with its start and its known solution."""
