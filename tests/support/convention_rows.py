# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/conventions.md as functions and numbers."""

import re

import numpy as np
import pytest

from checkout import ROOT

PAGE = ROOT / "docs" / "conventions.md"


NAMES = {"np": np, "inf": np.inf, "nan": np.nan}


def table(heading):
    """The cells of the table under a heading, without its head."""
    if not PAGE.is_file():
        return []
    section = PAGE.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def number(cell):
    """The content of a cell as a float or an array of floats."""
    value = eval(cell.strip("`"), NAMES)
    return np.array(value, dtype=float) if isinstance(value, list) else float(value)


def function(cell):
    return eval(f"lambda x: {cell.strip('`')}", NAMES)


def each(rows):
    ids = [re.sub(r"\W+", "-", f"{row[0]}at{row[1]}").strip("-") for row in rows]
    return pytest.mark.parametrize("row", rows, ids=ids)


FUNCTIONS = table("Functions")


each_function = each(FUNCTIONS)  # tests/programs/test_tape_calls.py records these at other points
