# SPDX-License-Identifier: Apache-2.0
"""The idioms, a file for each subject."""
