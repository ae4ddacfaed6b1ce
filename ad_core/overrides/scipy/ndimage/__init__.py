# SPDX-License-Identifier: Apache-2.0
"""scipy.ndimage on traced values."""
