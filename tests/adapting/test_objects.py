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


PACKAGE = {
    "": "from made_for_test_package.run import evaluate",
    ".table": """
        import math
        def table(): return {name: getattr(math, name) for name in ("exp", "sqrt", "pow")}
    """,
    ".run": """
        from made_for_test_package.table import table
        class Interpreter:
            def __init__(self): self.table = table()
            def call(self, name, *args): return self.table[name](*args)
        KEPT = Interpreter()
        def evaluate(name, *args): return Interpreter().call(name, *args)
        def kept(name, *args): return KEPT.call(name, *args)
    """,
}


@pytest.fixture
def package():
    name = "made_for_test_package"
    for part in PACKAGE:
        made = sys.modules[name + part] = types.ModuleType(name + part)
        made.__file__ = f"{name}{part}.py"
    for part in (".table", ".run", ""):
        exec(textwrap.dedent(PACKAGE[part]), vars(sys.modules[name + part]))
    yield sys.modules[name + ".run"]
    ad_core.restore()
    for part in PACKAGE:
        del sys.modules[name + part]


@pytest.mark.parametrize("how", ["evaluate", "kept"])
@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [("exp", (), math.exp(0.7)), ("sqrt", (), 0.5 / math.sqrt(0.7)), ("pow", (3.0,), 3.0 * 0.49)],
)
def test_functions_that_another_module_has_passed_on(package, how, name, args, expected):
    f = getattr(package, how)
    assert ad_core.grad(lambda x: f(name, x, *args))(0.7) == pytest.approx(expected)


def test_they_are_exchanged_again_after_restore(package):
    for _ in range(3):
        assert ad_core.grad(lambda x: package.evaluate("exp", x))(0.0) == 1.0
        assert "made_for_test_package.table" in ad_core.adapted()
        ad_core.restore()
        assert ad_core.adapted() == {}


LATE = """
    import math, sys
    HIDDEN = [[math.exp]]
    def use(x):
        late = vars(sys.modules["made_for_test_package.late"])
        return late["passed"]()(x) if "passed" in late else HIDDEN[0][0](x)
"""


def test_modules_without_such_names_are_searched_again_once_they_have_some(package, monkeypatch):
    exec(textwrap.dedent(LATE), vars(package))
    late = types.ModuleType("made_for_test_package.late")
    late.__file__ = "made_for_test_package/late.py"
    monkeypatch.setitem(sys.modules, late.__name__, late)
    for _ in range(2):
        with pytest.raises(ad_core.errors.NotDifferentiable):
            ad_core.grad(package.use)(0.0)
    exec("import math\ndef passed(): return getattr(math, 'exp')", vars(late))
    assert ad_core.grad(package.use)(0.0) == 1.0


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
