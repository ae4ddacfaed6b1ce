"""docs/ops.md is what docs/make_ops.py writes from the op table that is built."""

import runpy

import numpy as np
import pytest

from checkout import ROOT
from rows import ROWS

DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(
    not (DOCS / "make_ops.py").is_file(), reason="the docs are not beside the tests"
)


def test_the_page_is_up_to_date():
    made = runpy.run_path(str(DOCS / "make_ops.py"))["page"]()
    assert (DOCS / "ops.md").read_text("utf-8") == made, "run python docs/make_ops.py"


def test_every_numpy_function_of_the_table_is_listed():
    page = (DOCS / "ops.md").read_text("utf-8")
    assert not [
        row["ufunc"] for row in ROWS
        if hasattr(np, row["ufunc"]) and f"`np.{row['ufunc']}`" not in page
    ]  # fmt: skip
