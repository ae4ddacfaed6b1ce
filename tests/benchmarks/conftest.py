# SPDX-License-Identifier: Apache-2.0
"""The benchmarks as a package, if they are beside the tests."""

import sys

from checkout import ROOT

if (ROOT / "benchmarks").is_dir():
    sys.path.append(str(ROOT))
else:
    collect_ignore_glob = ["test_*.py"]
