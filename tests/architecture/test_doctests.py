"""Every example in the README, in docs/ and in docstrings runs and prints what it says."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import ad_core

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PAGES = [
    path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.exists()
]


def modules():
    """The names of the package's modules, the compiled one among them."""
    found = pkgutil.walk_packages(ad_core.__path__, "ad_core.")
    return ["ad_core", *sorted(m.name for m in found if not m.name.endswith(".__main__"))]


def code_blocks(text):
    """A Markdown page with everything but its Python blocks blanked, so that line numbers stay.

    A closing fence right below a result would otherwise count as a part of it.
    """
    lines, inside = [], False
    for line in text.splitlines():
        fence = line.strip().startswith("```")
        if fence:
            inside = not inside and line.strip().removeprefix("```") in ("python", "pycon")
        lines.append(line if inside and not fence else "")
    return "\n".join(lines) + "\n"


def run(test):
    report = []
    result = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append)
    assert result.failed == 0, "".join(report)
    return result.attempted


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_page(page):
    text = code_blocks(page.read_text("utf-8"))
    run(doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0))


def test_the_readme_has_examples():
    if PAGES:
        assert ">>> " in code_blocks(PAGES[0].read_text("utf-8"))


@pytest.mark.parametrize("name", modules())
def test_docstrings(name):
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        run(test)
