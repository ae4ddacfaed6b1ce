# SPDX-License-Identifier: Apache-2.0
"""The code of docs/frameworks.md runs as it stands, where the frameworks are installed."""

import re

import pytest

from checkout import ROOT

PAGE = ROOT / "docs" / "frameworks.md"

pytestmark = [
    pytest.mark.skipif(not PAGE.is_file(), reason="the pages are not beside the tests"),
    # what the frameworks say about themselves, Python and NumPy
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def recipes():
    """Heading -> the code of a section, with its lines where they are on the page."""
    found, heading, inside = {}, None, False
    text = PAGE.read_text("utf-8") if PAGE.is_file() else ""
    for number, line in enumerate(text.splitlines()):
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("```"):
            inside = line == "```python"
        elif inside:
            code = found.setdefault(heading, [])
            code += [""] * (number - len(code)) + [line]
    return {heading: "\n".join(code) + "\n" for heading, code in found.items()}


RECIPES = recipes()


def test_there_are_six():
    assert len(RECIPES) == 6
    assert all("assert " in code for code in RECIPES.values())


@pytest.mark.parametrize("heading", RECIPES)
def test_recipe(heading):
    code = RECIPES[heading]
    for name in re.findall(r"^import (torch|jax|casadi|openmdao)", code, re.MULTILINE):
        pytest.importorskip(name)
    exec(compile(code, str(PAGE), "exec"), {"__name__": heading})
