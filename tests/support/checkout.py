# SPDX-License-Identifier: Apache-2.0
"""The ad_core that a checkout runs: the one that is built in it, else the installed one."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def uncover_installed():
    """Take the repository's root off ``sys.path`` unless the extension is built there.

    ``python -m pytest`` and ``python -m benchmarks`` put the root first. Without its extension,
    ``ad_core/`` there would hide the installed package and fail to import.
    """
    package = ROOT / "ad_core"
    if not any(package.glob("_core*.so")) and not any(package.glob("_core*.pyd")):
        sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ROOT]
