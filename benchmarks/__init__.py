# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: ``python -m benchmarks --help`` from the repository root."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _set_paths():
    """Make `import ad_core` find the installed package and `import scenarios` the tests' functions.

    ``python -m benchmarks`` puts the repository root first on ``sys.path``. Unless the extension
    was built in place there, the root's ``ad_core/`` is source without its core: it would hide the
    installed package and fail to import, so the root is taken off the path again.
    """
    built = any((ROOT / "ad_core").glob("_core*.so")) or any((ROOT / "ad_core").glob("_core*.pyd"))
    if not built:
        sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ROOT]
    sys.path.append(str(ROOT / "tests" / "support"))


_set_paths()
