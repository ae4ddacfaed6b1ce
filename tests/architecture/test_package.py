# SPDX-License-Identifier: Apache-2.0
"""The architecture of ad_core/: which folder imports which, and rules for names and files."""

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter

import pytest

from checkout import uncover_installed
from repository import ROOT, circles, files, needs_sources, relative

PACKAGE = ROOT / "ad_core"

pytestmark = needs_sources


def modules():
    """Module name -> file, for the Python sources of the package."""
    found = {}
    for path in files("ad_core/*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
EXTENSION = "ad_core._core"


def imported(name, path):
    """The modules of the package that a module imports, also within functions."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                found.add(full if full in MODULES or full == EXTENSION else base)
    return {other for other in found if other in MODULES or other == EXTENSION} - {name, "ad_core"}


def graph():
    """Module -> modules that it imports. The extension imports the modules named in _core.pyx."""
    found = {name: imported(name, path) for name, path in MODULES.items() if name != "ad_core"}
    text = (PACKAGE / "_core.pyx").read_text("utf-8")
    used = set()
    for base, names in re.findall(r"^from (ad_core[\w.]*) import ([^(\n]+|\([^)]*\))", text, re.M):
        used.add(base)
        used |= {f"{base}.{name}" for name in re.findall(r"\w+", names)}
    found[EXTENSION] = {name for name in used if name in MODULES}
    return found


def folder(module):
    """The part of the package that a module is in: a folder or the extension."""
    return module.split(".")[1]


def arrows():
    """The folders that each folder may import, from the table of docs/design.md."""
    text = (ROOT / "docs" / "design.md").read_text("utf-8")
    text = text.partition("## The folders")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)/?` \|[^|]*\| ([^|]*) \|$", text, re.MULTILINE)
    return {name: re.findall(r"`(\w+)/?`", used) for name, used in rows}


def test_modules_import_no_cycles():
    found = graph()
    assert len(found) > 100
    assert not circles(found)


def test_imports_follow_the_table():
    allowed, wrong = arrows(), []
    names = list(allowed)
    found = graph()
    assert set(names) == {folder(name) for name in found}
    for k, name in enumerate(names):
        wrong += [f"{name} uses {u}, below it" for u in allowed[name] if u not in names[:k]]
    for name, others in found.items():
        for other in others:
            if folder(other) not in (folder(name), *allowed[folder(name)]):
                wrong.append(f"{name} imports {other}")
    assert not wrong


def test_the_root_has_few_entries():
    """Folders and modules, without the files of a typed package and of the extension."""
    own = {"__init__.py", "py.typed", "_core.pyx", "_core.pxd", "_core.pyi"}
    own |= {"include", "capi.pxd"}  # for C and Cython
    entries = {path.relative_to(PACKAGE).parts[0] for path in files("ad_core/*")}
    assert own <= entries
    assert len(entries - own) <= 17


def test_classes_have_different_names():
    names = Counter()
    for path in MODULES.values():
        tree = ast.parse(path.read_text("utf-8"))
        names.update(node.name for node in tree.body if isinstance(node, ast.ClassDef))
    for path in files("ad_core/*.pxi", "ad_core/*.pyx"):
        names.update(re.findall(r"^(?:cdef )?class (\w+)", path.read_text("utf-8"), re.MULTILINE))
    assert len(names) > 60
    assert not {name: count for name, count in names.items() if count > 1}


def test_there_is_one_extension():
    assert [relative(path) for path in files("ad_core/*.pyx")] == ["ad_core/_core.pyx"]


def test_every_included_file_exists_and_every_file_is_included():
    text = "".join((PACKAGE / f"_core.{end}").read_text("utf-8") for end in ("pyx", "pxd"))
    included = re.findall(r'^include "([^"]+)"', text, re.MULTILINE)
    assert sorted(included) == sorted(
        path.relative_to(PACKAGE).as_posix() for path in files("ad_core/*.pxi")
    )


def test_import_needs_only_numpy(tmp_path):
    program = (
        "import sys, ad_core\n"
        "extras = {'scipy', 'matplotlib', 'rich', 'typer', 'pytest'} & set(sys.modules)\n"
        "sys.exit(f'imported: {extras}' if extras else 0)"
    )
    # In another directory, since ad_core/ in the tree would be found first.
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    "name", ["ad_core", "ad_core.programs.function", "ad_core.overrides.numpy"]
)
def test_any_module_may_be_imported(name):
    importlib.import_module(name)


def test_sources_without_the_extension_say_what_to_do(tmp_path):
    """`import ad_core` in a checkout that is not built."""
    for path in (PACKAGE / "__init__.py", *(PACKAGE / "errors").glob("*.py")):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text("utf-8"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import ad_core"],  # -S: no installed package
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "pip install ." in done.stderr
    assert "circular" not in done.stderr


def test_a_checkout_that_is_not_built_does_not_hide_the_installed_package(monkeypatch):
    built = any(PACKAGE.glob("_core*.so")) or any(PACKAGE.glob("_core*.pyd"))
    monkeypatch.setattr(sys, "path", [str(ROOT), "elsewhere"])
    uncover_installed()
    assert sys.path == ([str(ROOT)] if built else []) + ["elsewhere"]
