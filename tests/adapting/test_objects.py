# SPDX-License-Identifier: Apache-2.0
"""Functions and classes that objects of a package refer to are exchanged too."""

import math
import sys
import textwrap
import types

import pytest

import ad_core
from ad_core.errors import NotDifferentiable

pytestmark = pytest.mark.usefixtures("nothing_leaks")

CODE = """
    import builtins
    import math

    class Channel:
        def __init__(self, convert): self.convert = convert
        def __call__(self, x): return self.convert(x)

    class Slotted:
        __slots__ = ("convert",)
        def __init__(self, convert): self.convert = convert

    class Name(str):
        __slots__ = ("convert",)

    CHANNELS = [Channel(float), Channel(math.exp), Slotted(float), Name("x")]
    CHANNELS[3].convert = math.sqrt

    def converted(x, k):
        channel = CHANNELS[k]
        return channel.convert(x * x)

    def several(x):
        return [channel.convert(x) for channel in CHANNELS]

    def new_one(x):
        channel = Channel(builtins.float)
        return channel.convert(x)
"""


@pytest.fixture
def module():
    name = "made_for_test_objects"
    made = sys.modules[name] = types.ModuleType(name)
    exec(textwrap.dedent(CODE), vars(made))
    yield made
    ad_core.restore()
    del sys.modules[name]


@pytest.mark.parametrize(
    ("k", "expected"), [(0, 1.4), (1, 1.4 * math.exp(0.49)), (2, 1.4), (3, 1.0)]
)
def test_an_attribute(module, k, expected):
    def f(x):
        return module.converted(x, k)

    assert ad_core.grad(f)(0.7) == pytest.approx(expected)
    assert ad_core.compile(f).grad(0.7) == pytest.approx(expected)
    assert f(0.7) == pytest.approx(module.CHANNELS[k].convert(0.49))
    assert any("object: convert" in name for name in ad_core.adapted()["made_for_test_objects"])
    ad_core.restore()
    assert module.CHANNELS[0].convert is float
    assert module.CHANNELS[1].convert is math.exp


def test_the_objects_of_a_loop(module):
    found = ad_core.jacobian(module.several)(0.7)
    assert found == pytest.approx([1.0, math.exp(0.7), 1.0, 0.5 / math.sqrt(0.7)])


def test_an_object_that_each_run_makes_is_refused(module):
    with pytest.raises(NotDifferentiable, match="float"):
        ad_core.grad(module.new_one)(0.7)
