# SPDX-License-Identifier: Apache-2.0
"""The public names have documentation and type declarations."""

import ast
import inspect
import re
import shutil
import subprocess
import sys

import pytest

import ad_core
from ad_core import _core
from repository import ROOT, needs_sources

pytestmark = needs_sources


def public():
    """The public names and their objects, without the version."""
    return {name: getattr(ad_core, name) for name in ad_core.__all__ if name != "__version__"}


@pytest.mark.parametrize("name", ad_core.__all__)
def test_every_public_name_is_documented_by_an_example(name):
    if name == "__version__":
        return
    text = inspect.getdoc(getattr(ad_core, name)) or ""
    assert len(text.splitlines()[0]) > 10, "the first line says what it is"
    assert ">>> " in text, "a doctest shows its use"


def test_every_public_method_is_documented():
    missing = [
        f"{name}.{attribute}"
        for name, cls in public().items()
        if inspect.isclass(cls)
        for attribute, value in vars(cls).items()
        if not attribute.startswith("_") and (callable(value) or isinstance(value, property))
        if not inspect.getdoc(value)
    ]
    assert not missing


def stub_names(path):
    """The public names that a stub file declares or imports at its top level."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets)
        elif isinstance(node, ast.ImportFrom):
            # `from x import y as y` declares y in a stub.
            names.update(alias.asname for alias in node.names if alias.asname == alias.name)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "ad_core").glob("*.pyi")), ids=lambda path: path.name
)
def test_a_stub_declares_the_public_names(path):
    if path.stem == "__init__":
        assert stub_names(path) == set(public())
    else:
        runtime = sys.modules[f"ad_core.{path.stem}"]
        assert stub_names(path) == {name for name in vars(runtime) if not name.startswith("_")}


def test_public_functions_are_annotated_or_in_a_stub():
    stub = ROOT / "ad_core" / "__init__.pyi"
    declared = stub_names(stub) if stub.is_file() else set()
    bare = []
    for name, function in public().items():
        if not inspect.isfunction(function) or name in declared:
            continue
        signature = inspect.signature(function)
        empty = inspect.Signature.empty
        if signature.return_annotation is empty or any(
            parameter.annotation is empty for parameter in signature.parameters.values()
        ):
            bare.append(name)
    assert not bare


@pytest.mark.skipif(
    sys.platform not in ("linux", "darwin") or not shutil.which("nm"), reason="needs nm"
)
def test_the_extension_exports_only_its_initialiser():
    option = "-D" if sys.platform == "linux" else "-gU"
    listing = subprocess.run(
        ["nm", option, _core.__file__], capture_output=True, text=True, check=True
    ).stdout
    exported = {
        fields[-1].split("@")[0].removeprefix("_" if sys.platform == "darwin" else "")
        for fields in map(str.split, listing.splitlines())
        if len(fields) == 3 and fields[1].isupper()
    }
    tools = {name for name in exported if re.match(r"__(asan|odr_asan|gcov|llvm|ubsan)_", name)}
    assert exported - tools - {"_init", "_fini", "_edata", "_end", "__bss_start"} == {
        "PyInit__core"
    }
