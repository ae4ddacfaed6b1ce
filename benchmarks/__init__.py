# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: ``python -m benchmarks --help`` from the repository root."""

import sys
from pathlib import Path

# The scenarios, which the tests share.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from checkout import ROOT, uncover_installed

__all__ = ["ROOT"]

uncover_installed()
