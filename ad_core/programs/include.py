# SPDX-License-Identifier: Apache-2.0
"""Where the header for C is."""

from pathlib import Path

__all__ = ["get_include"]


def get_include() -> str:
    """Return the folder of ``ad_core.h``, for the compiler's option ``-I``.

    The header declares, for C11 and C++, the struct that the pointers of :meth:`Tape.cfunction`
    lead to.  There is nothing to link.  Cython code writes ``from ad_core.capi cimport
    ad_core_function``.

    >>> from pathlib import Path
    >>> import ad_core
    >>> Path(ad_core.get_include(), "ad_core.h").is_file()
    True
    """
    return str(Path(__file__).parents[1] / "include")
