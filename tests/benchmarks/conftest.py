# SPDX-License-Identifier: Apache-2.0
"""These tests need the benchmarks beside them."""

from checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    collect_ignore_glob = ["test_*.py"]
