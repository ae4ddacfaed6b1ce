# SPDX-License-Identifier: Apache-2.0
"""scipy.spatial.transform on traced values."""
