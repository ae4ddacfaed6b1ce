# SPDX-License-Identifier: Apache-2.0
"""Functions and data for examples: regression problems, a robot arm, a textbook's function."""
