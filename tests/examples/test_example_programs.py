# SPDX-License-Identifier: Apache-2.0
"""The programs of examples/: derivatives by both modes, compiled ones, and that they run."""

import importlib.util

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten
from ad_core.transforms.testing import check_grads
from checkout import ROOT

EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.is_dir(), reason="the examples are not beside the tests"
)


def load(path):
    spec = importlib.util.spec_from_file_location(f"examples_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULES = {path.stem: load(path) for path in sorted(EXAMPLES.glob("*.py"))}

each_case = pytest.mark.parametrize(
    ("f", "args"),
    [
        pytest.param(f, args, id=f"{module}-{name}".replace(" ", "-"))
        for module, loaded in MODULES.items()
        for name, f, args in loaded.CASES
    ],
)


def nearby(args, seed):
    """Arguments of the same shapes, each number moved by some hundredths of its size."""
    rng = np.random.default_rng(seed)
    leaves, tree = flatten(args)
    steps = [0.03 * (0.1 + np.abs(x)) * rng.standard_normal(np.shape(x)) for x in leaves]
    return tree.build([x + step for x, step in zip(leaves, steps, strict=True)])


def assert_close(found, expected):
    found, expected = flatten(found)[0], flatten(expected)[0]
    for a, b in zip(found, expected, strict=True):
        scale = np.max(np.abs(b), initial=1.0)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11 * scale)


def test_there_are_ten_and_each_has_cases():
    assert len(MODULES) == 10
    for module in MODULES.values():
        names = [name for name, _, _ in module.CASES]
        assert len(names) >= 4
        assert len(set(names)) == len(names)


@each_case
def test_both_modes_agree_with_differences(f, args):
    check_grads(f, args)


@each_case
def test_the_value_is_that_of_plain_numpy(f, args):
    assert_close(ad_core.vjp(f, *args)[0], f(*args))


@each_case
def test_compiled_at_new_points_as_in_one_shot(f, args):
    compiled = ad_core.compile(f)
    argnums = tuple(range(len(args)))
    for seed in range(4):
        point = nearby(args, seed)
        assert_close(compiled(*point), f(*point))
        found = compiled.value_and_jacobian(*point, argnums=argnums)
        assert_close(found, ad_core.value_and_jacobian(f, argnums=argnums)(*point))


@pytest.mark.parametrize("name", MODULES)
def test_it_runs(name, capsys):
    MODULES[name].main()
    assert len(capsys.readouterr().out.splitlines()) >= 3
