# SPDX-License-Identifier: Apache-2.0
"""Which of NumPy's names ad_core's modules compare functions with.

Within a function, `np` has stand-ins in the places of NumPy's functions that take lists or make
arrays, so that `f is np.linalg.inv` is false for NumPy's own function. Default values are NumPy's
own, since they are made when the module is imported."""

import ast

import pytest

import ad_core
from ad_core import _core
from repository import files, needs_sources, relative

pytestmark = needs_sources

SOURCES = [path for path in files("ad_core/*.py") if "np" in path.read_text("utf-8")]


def names():
    return {name for _, name in _core.replaced_names()}


def named(node, replaced):
    """Whether an expression is a name of NumPy that is replaced."""
    return isinstance(node, ast.Attribute) and node.attr in replaced and numpys(node.value)


def numpys(node):
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id == "np"


def compared(function):
    """The expressions that a function compares with others, or uses as keys."""
    for node in ast.walk(function):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                yield from side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
        elif isinstance(node, ast.Dict):
            yield from filter(None, node.keys)
        elif isinstance(node, ast.Subscript):
            yield node.slice
        elif isinstance(node, ast.Set):
            yield from node.elts


def found_in(text, replaced):
    """Lines at which a function compares with a name that is replaced."""
    functions = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.Lambda)
    )
    return {x.lineno for function in functions for x in compared(function) if named(x, replaced)}


def test_no_function_is_compared_with_a_name_that_is_replaced():
    ad_core.restore()  # without the names that are replaced once lists have failed
    replaced = names()
    assert {"inv", "zeros", "mean"} <= replaced
    found = [
        f"{relative(path)}:{line}"
        for path in SOURCES
        for line in found_in(path.read_text("utf-8"), replaced)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "def f(g):\n    return g is np.linalg.inv",
        "def f(g):\n    return g in (np.zeros, 1)",
        "def f(g):\n    return {np.linalg.inv: 1}[g]",
        "def f(g):\n    return g[np.mean]",
    ],
)
def test_comparisons_are_found(text):
    assert found_in(text, {"inv", "zeros", "mean"}) == {2}
    assert found_in(text.partition("return ")[2], {"inv", "zeros", "mean"}) == set()
