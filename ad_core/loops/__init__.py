# SPDX-License-Identifier: Apache-2.0
"""Long loops, differentiated in bounded memory."""
