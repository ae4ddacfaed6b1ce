# SPDX-License-Identifier: Apache-2.0
"""docs/scipy-coverage.md is what docs/make_scipy.py writes from the calls of the tests."""

import runpy

import pytest
import scipy

from checkout import ROOT

PAGE = ROOT / "docs" / "scipy-coverage.md"
VERSION = "1.17"  # of SciPy, whose names of scipy.special the page has

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the docs are not beside the tests")


def test_the_page_is_up_to_date():
    if not scipy.__version__.startswith(VERSION):
        pytest.skip("the page is written for another version of SciPy, with other functions")
    made = runpy.run_path(str(ROOT / "docs" / "make_scipy.py"))
    assert PAGE.read_text("utf-8") == made["page"](), "run python docs/make_scipy.py"
