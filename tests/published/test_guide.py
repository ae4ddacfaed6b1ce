# SPDX-License-Identifier: Apache-2.0
"""The guide's examples of published packages, in blocks of the language `pycon wild`."""

import doctest
import re

import numpy as np
import pytest

import ad_core
from checkout import ROOT
from published import installed

GUIDE = ROOT / "docs" / "guide.md"
PACKAGES = ("pvlib",)


@pytest.mark.skipif(not GUIDE.is_file(), reason="the pages are not beside the tests")
@pytest.mark.skipif(not all(map(installed, PACKAGES)), reason="needs the extra `wild`")
@pytest.mark.filterwarnings("ignore")
def test_examples():
    text = GUIDE.read_text("utf-8")
    blocks = re.findall(r"^```pycon wild\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    names = {"np": np, "ad_core": ad_core}
    test = doctest.DocTestParser().get_doctest("".join(blocks), names, GUIDE.name, str(GUIDE), 0)
    report = []
    result = doctest.DocTestRunner().run(test, out=report.append)
    assert result.attempted >= len(blocks) > 0
    assert result.failed == 0, "".join(report)
