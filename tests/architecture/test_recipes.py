# SPDX-License-Identifier: Apache-2.0
"""The recipes of CONTRIBUTING.md: what each lists are the files that its example stands in."""

import re
from pathlib import PurePosixPath

import pytest

from repository import ROOT, files, needs_sources, relative

pytestmark = needs_sources


def recipes():
    """Title -> (listed files, pattern of the example, places to look in)."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    text = text.partition("## Where to add what")[2].partition("\n## ")[0]
    found = {}
    for section in text.split("\n### ")[1:]:
        title = section.partition("\n")[0]
        listed = re.findall(r"^- `([^`]+)`:", section, re.MULTILINE)
        example = re.search(r"^Example: `(.+?)` in (`[^.]*?)\.(?:\s|$)", section, re.M | re.S)
        if example is None:
            example = re.search(r"^Example: `(.+?)` in ((?:`[^`]*`(?:,\s)?)+)", section, re.M)
        found[title] = listed, example[1], re.findall(r"`([^`]+)`", example[2])
    return found


RECIPES = recipes()
TEXTS = {".c", ".h", ".inc", ".def", ".flags", ".py", ".pyi", ".pyx", ".pxi", ".md"}


def lies_in(path, places):
    name = PurePosixPath(relative(path))
    return any(
        name.match(place) if "*" in place else name.is_relative_to(place) for place in places
    )


def test_the_recipes_are_there():
    assert list(RECIPES) == [
        "A new operation",
        "A new NumPy function",
        "A new special function",
        "A new kind of block",
        "A new output of a program",
        "A new solver adapter",
        "A new instruction set",
    ]


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_lists_the_files_of_its_example(title):
    listed, pattern, places = RECIPES[title]
    sources = files("src/*", "ad_core/*", "tests/*", "docs/*.md")
    found = {
        relative(path)
        for path in sources
        if path.suffix
        in (".c", ".h", ".inc", ".def", ".flags", ".py", ".pyi", ".pyx", ".pxi", ".md")
        and lies_in(path, places)
        and (re.search(pattern, path.read_text("utf-8")) or re.search(pattern, path.name))
    }
    assert found == set(listed)
