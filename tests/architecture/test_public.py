# SPDX-License-Identifier: Apache-2.0
"""The public names have documentation and type declarations."""

import ast
import importlib
import inspect
import re
import shutil
import subprocess
import sys

import pytest

import ad_core
from ad_core import _core, implicit, solvers
from repository import ROOT, files, needs_sources

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


def exported(path):
    """The names in __all__ of a stub."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{path} has no __all__")


STUBS = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files("ad_core/*.pyi")
}


@pytest.mark.parametrize("name", STUBS)
def test_a_stub_declares_the_public_names(name):
    """stubtest (.ci/types) compares them one by one. An older SciPy has fewer functions."""
    if name.startswith("ad_core.scipy"):
        pytest.importorskip("scipy")
    missing = set(importlib.import_module(name).__all__) - exported(STUBS[name])
    assert not missing


def test_public_functions_are_annotated_or_in_a_stub():
    bare = []
    for module in (ad_core, implicit, solvers):
        for name in module.__all__:
            function = getattr(module, name)
            if not inspect.isfunction(function) or function.__module__ in STUBS:
                continue
            signature, empty = inspect.signature(function), inspect.Signature.empty
            parameters = signature.parameters.values()
            if signature.return_annotation is empty or any(
                parameter.annotation is empty for parameter in parameters
            ):
                bare.append(name)
    assert not bare


def public_callables():
    """The public functions and methods by name, without exceptions, whose classes are Python's."""
    for module in (ad_core, implicit, solvers):
        for name in module.__all__:
            x = getattr(module, name)
            if inspect.ismodule(x) or (inspect.isclass(x) and issubclass(x, Exception)):
                continue
            yield name, x
            if inspect.isclass(x) and not issubclass(x, tuple):
                for attribute in dir(x):
                    if not attribute.startswith("_") and callable(getattr(x, attribute)):
                        yield f"{name}.{attribute}", getattr(x, attribute)


def test_inspect_finds_every_signature():
    """Notebooks complete by it; those of compiled functions are in their docstrings."""
    without = {"CFunction"}  # Tape.cfunction makes it
    found = {}
    for name, x in public_callables():
        if name not in without:
            found[name] = [p.name for p in inspect.signature(x).parameters.values()]
    assert len(found) > 100
    assert not [name for name, parameters in found.items() if parameters == ["args", "kwargs"]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "jacobian",
            "(*args, argnums=0, out=None, workers=None, progress=None, batch_dims=None, "
            "sparse=False, holomorphic=False, **kwargs)",
        ),
        (
            "ggnvp",
            "(primals, tangents, weights=None, *, out=None, workers=None, progress=None, "
            "batch_dims=None, **kwargs)",
        ),
        (
            "vjp",
            "(primals, cotangents, *, argnums=None, out=None, workers=None, progress=None, "
            "batch_dims=None, **kwargs)",
        ),
    ],
)
def test_signatures_of_compiled_methods(name, expected):
    for made in (ad_core.trace(lambda x: x * x, 1.0), ad_core.compile(lambda x: x * x)):
        assert str(inspect.signature(getattr(made, name))) == expected


def test_signatures_of_what_is_called():
    def fun(x, *, scale=2.0):
        return x * scale

    call = "(*args, out=None, workers=None, progress=None, batch_dims=None, **kwargs)"
    assert str(inspect.signature(ad_core.trace(fun, 1.0))) == call
    assert str(inspect.signature(ad_core.Tape.from_bytes)).startswith("(data: 'bytes")
    for made in (ad_core.compile(fun), ad_core.grad(fun), ad_core.jacobian(fun)):
        assert inspect.signature(made) == inspect.signature(fun)
    assert str(inspect.signature(ad_core.gather)) == "(values, index)"
    assert str(inspect.signature(ad_core.Gathered)) == "(values, index)"
    assert str(inspect.signature(ad_core.debug)) == "(*, nans=False)"
    assert str(inspect.signature(ad_core.allow_refusals)) == "()"


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
