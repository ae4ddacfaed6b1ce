# SPDX-License-Identifier: Apache-2.0
"""The types that consumer.py asserts are those of its values. Type checkers run in .ci/types."""

import ast
import importlib.util
import inspect
import types
import typing
from pathlib import Path

import numpy as np
import pytest

import ad_core
from ad_core import implicit, solvers

pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

CONSUMER = Path(__file__).with_name("consumer.py")


def fits(value, annotation):
    """Whether a value has a type, as far as consumer.py names types."""
    kind, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if hasattr(kind, "__value__"):  # a `type` statement, as NDArray is from NumPy 2.5 on
        return fits(value, kind.__value__[parts])
    if annotation is typing.Any:
        return True
    if kind is types.UnionType:
        return any(fits(value, part) for part in parts)
    if kind is typing.Literal:
        return value in parts
    if kind is np.ndarray:
        (scalar,) = typing.get_args(parts[1])
        return type(value) is np.ndarray and value.dtype == scalar
    if kind is tuple:
        if parts[-1] is ...:
            parts = parts[:1] * len(value)
        return type(value) is tuple and len(value) == len(parts) and all(map(fits, value, parts))
    if kind is dict:
        return all(fits(key, parts[0]) and fits(x, parts[1]) for key, x in value.items())
    if kind is list:
        return all(fits(x, parts[0]) for x in value)
    if kind is type:
        return value is parts[0]
    return isinstance(value, annotation)


def test_values_have_the_asserted_types(monkeypatch):
    checked, wrong = 0, []

    def check(value, annotation):
        nonlocal checked
        checked += 1
        if not fits(value, annotation):
            line = inspect.currentframe().f_back.f_lineno
            wrong.append(f"consumer.py:{line}: {value!r} is not {annotation}")
        return value

    monkeypatch.setattr(typing, "assert_type", check)
    spec = importlib.util.spec_from_file_location("consumer", CONSUMER)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert not wrong
    assert checked > 100


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (1.0, np.ndarray[tuple[int], np.dtype[np.float64]]),
        (np.ones(2, dtype=np.float32), np.ndarray[tuple[int], np.dtype[np.float64]]),
        ((1.0, "a"), tuple[float, float]),
        ({"a": 1.0}, dict[str, str]),
        ("sse", typing.Literal["base", "avx2"]),
    ],
)
def test_a_wrong_type_is_found(value, annotation):
    assert not fits(value, annotation)


def test_the_consumer_uses_every_public_function():
    tree = ast.parse(CONSUMER.read_text("utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    public = {
        name
        for module in (ad_core, implicit, solvers)
        for name in module.__all__
        if inspect.isfunction(getattr(module, name)) or inspect.isbuiltin(getattr(module, name))
    }
    assert len(public) > 30
    assert not public - used
