"""Every example in the README, in docs/ and in docstrings runs and prints what is written there."""

import doctest
import importlib
import pkgutil
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import ad_core
from checkout import ROOT
from commands import run as run_command

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PAGES = [
    path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.exists()
]


def modules():
    """The names of the package's modules, with the compiled one."""
    found = pkgutil.walk_packages(ad_core.__path__, "ad_core.")
    return ["ad_core", *sorted(m.name for m in found if not m.name.endswith(".__main__"))]


def code_blocks(text):
    """A Markdown page in which all but the Python blocks is blank, so that line numbers are kept.

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


def blocks(page, language):
    """The blocks of code in one language."""
    pattern = rf"^```{language}\n(.*?)^```"
    return re.findall(pattern, page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES[:1] + [page for page in PAGES if page.name == "guide.md"])
def test_all_python_is_an_example(page):
    """Code without a prompt would not be run; files to be written are run by the test below."""
    assert ">>> " in code_blocks(page.read_text("utf-8"))
    for block in blocks(page, "python"):
        assert block.startswith((">>> ", "# model.py\n"))


def test_the_commands_of_the_guide_run(tmp_path, monkeypatch, capsys):
    page = ROOT / "docs" / "guide.md"
    if not page.is_file():
        pytest.skip("the pages are not beside the tests")
    pytest.importorskip("matplotlib")
    (model,) = [block for block in blocks(page, "python") if block.startswith("# model.py")]
    (tmp_path / "model.py").write_text(model, "utf-8")
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0]))
    monkeypatch.chdir(tmp_path)
    lines = [shlex.split(line) for block in blocks(page, "sh") for line in block.splitlines()]
    for program, command, *arguments in lines:
        assert program == "ad-core"
        if command != "demo":  # the demonstrations have other tests
            code, _, err = run_command(capsys, command, *arguments)
            assert (code, err) == (0, ""), arguments
    assert np.load("J.npy").tolist() == [2.0, 31.0]
    assert Path("trace.svg").stat().st_size > 0


@pytest.mark.parametrize("name", modules())
def test_docstrings(name):
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        run(test)
