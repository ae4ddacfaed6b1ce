# SPDX-License-Identifier: Apache-2.0
"""Functions and data to try ad_core on: regression problems, an arm, a textbook."""
