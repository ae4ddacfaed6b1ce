# SPDX-License-Identifier: Apache-2.0
"""scipy.spatial on traced values."""
