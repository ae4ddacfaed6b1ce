# SPDX-License-Identifier: Apache-2.0
"""What a function has decided from values, in the form in which a guard compares it."""

__all__ = ["Decided"]


class Decided(Exception):
    """The text of what was decided. Only the code of guards sees it."""
