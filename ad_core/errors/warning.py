# SPDX-License-Identifier: Apache-2.0
"""Warnings that point at the line of the user's code."""

import os
import sys
import warnings

from ad_core.errors import PerformanceWarning
from ad_core.errors.callers import users_frame

__all__ = ["memory_of_machine", "warn_of_memory", "warn_user"]


def warn_user(text):
    """Warn of what takes more time or memory than it needs to."""
    frame = users_frame(sys._getframe(1), None)
    warnings.warn_explicit(
        text,
        PerformanceWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def warn_of_memory(name, size):
    """The recording of a function takes a large part of the machine's memory."""
    warn_user(
        f"the recording of {name} takes {size / 1e9:.1f} GB here, more than a quarter of the "
        f"machine's memory; if this is a loop, ad_core.scan differentiates it in bounded memory, "
        f"and ad_core.checkpoint keeps the arguments and results of a part alone"
    )


def memory_of_machine():
    """The bytes of the machine's memory; None if they are not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        return None
