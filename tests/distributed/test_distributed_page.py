# SPDX-License-Identifier: Apache-2.0
"""The code for Dask in docs/distributed.md runs as it stands, where Dask is installed."""

import re
import subprocess
import sys

import pytest

from checkout import ROOT

PAGE = ROOT / "docs" / "distributed.md"


@pytest.mark.skipif(not PAGE.is_file(), reason="the pages are not beside the tests")
def test_the_code_for_dask(tmp_path):
    pytest.importorskip("distributed")
    pytest.importorskip("dask.array")
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    (code,) = [block for block in blocks if not block.startswith(">>> ")]
    path = tmp_path / "page.py"
    path.write_text(code, "utf-8")
    subprocess.run([sys.executable, str(path)], check=True, cwd=tmp_path)
