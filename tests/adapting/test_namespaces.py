# SPDX-License-Identifier: Apache-2.0
"""Names of other modules are exchanged when a recording needs them, and restored."""

import functools
import importlib
import math
import pickle
import sys
import textwrap
import threading
import types

import numpy as np
import pytest

import ad_core
from agreement import refused
from threads import everywhere

pytestmark = pytest.mark.usefixtures("nothing_leaks")

BODY = """
    import cmath
    import functools
    import math
    import math as m
    from math import exp, sqrt
    import numpy
    import numpy as np
    from numpy import array, asarray, float64, zeros

    TABLE = {"exp": exp, "other": 1.0}
    LIST = [exp]

    def early(x): return exp(x[0]) * sqrt(x[1])
    def module(x): return m.sin(x[0]) * math.log(x[1])
    def table(x): return TABLE["exp"](x[0]) * LIST[0](x[1])
    def number(x): return float(x[0]) ** 2 * float64(x[1])
    def default(x, f=exp, *, g=math.cos): return f(x[0]) * g(x[1])
    def buffer(x):
        r = zeros(2)
        r[0], r[1] = x[1] * 2, asarray(x)[0] ** 2
        return (r * array([1.0, x[0]])).sum()
    def maker():
        inner = exp
        def closed(x): return inner(x[0]) * x[1]
        return closed
    closure = maker()
    def of_dtype(x):
        y = asarray(x[0])
        return numpy.finfo(y.dtype).max ** 0.0 * y[()] * x[1]
    class Length:
        def __init__(self, x): self.x = float(x)
        def __float__(self): return float(self.x) * 2.0
    def of_objects(x): return float(Length(x[0])) ** 2 * m.sin(Length(x[1]))
    def helper(x): return early(x) + module(x)
    def local(x):
        def within(t): return exp(t)
        return within(x[0]) + x[1]

    class Model:
        function = exp
        def __init__(self, x): self.a, self.b = float(x[0]), float(x[1])
        def value(self): return self.a * exp(self.b)
        @property
        def root(self): return sqrt(self.a)
        @staticmethod
        def of(x): return Model.function(x[0]) * x[1]
        @classmethod
        def made(cls, x): return cls(x).value() + cls(x).root

    def method(x): return Model(x).value()
    def cached_property(x): return Model(x).root * x[1]
    static, made = Model.of, Model.made

    def wrap(f):
        @functools.wraps(f)
        def wrapped(x): return f(x) * 2.0
        return wrapped
    decorated = wrap(lambda x: exp(x[0]) * x[1])
    def complex_steps(x): return (complex(x[0], x[1]) ** 2).real + cmath.exp(x[0]).real
"""
NAMES = [
    "early", "module", "table", "number", "default", "buffer", "closure", "helper", "local",
    "method", "cached_property", "static", "made", "decorated", "complex_steps",
    "of_dtype", "of_objects",
]  # fmt: skip
X = np.array([0.7, 1.3])


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A module of an installed package, which has bound its names before any trace."""
    name = "packaged_model"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(BODY))
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(name)
    ad_core.restore()
    del sys.modules[name]


def by_differences(f, x):
    h = 1e-6
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)])


def snapshot(module):
    cell = module.closure.__closure__[0].cell_contents
    kept = module.default.__defaults__, dict(module.default.__kwdefaults__), cell
    return dict(vars(module)), dict(vars(module.Model)), dict(module.TABLE), [*module.LIST], kept


@pytest.mark.parametrize("name", NAMES)
def test_a_package_as_it_stands(package, name):
    f = getattr(package, name)
    expected, before = by_differences(f, X), snapshot(package)
    np.testing.assert_allclose(ad_core.grad(f)(X), expected, rtol=1e-8)
    np.testing.assert_allclose(ad_core.jacfwd(f)(X), expected, rtol=1e-8)
    np.testing.assert_allclose(ad_core.trace(f, X).grad(X), expected, rtol=1e-8)
    np.testing.assert_allclose(ad_core.compile(f).grad(X), expected, rtol=1e-8)
    assert f(X) == pytest.approx(f(X.tolist()), rel=1e-15)
    ad_core.restore()
    after = snapshot(package)
    for old, new in zip(before, after, strict=True):
        assert new == old
        items = old.items() if isinstance(old, dict) else enumerate(old)
        for key, x in items:
            assert new[key] is x or isinstance(x, dict)
    assert ad_core.adapted() == {}


def test_only_what_is_needed_is_exchanged(package):
    ad_core.grad(lambda x: np.sum(x * x))(X)
    ad_core.grad(lambda x: np.exp(x[0]) * package.TABLE["other"])(X)
    assert "packaged_model" not in ad_core.adapted()
    ad_core.grad(package.early)(X)
    assert {"exp", "math", "float"} <= set(ad_core.adapted()["packaged_model"])


def test_a_second_recording_needs_no_exchange(package):
    calls = []

    def counted(x):
        calls.append(1)
        return package.early(x)

    ad_core.grad(counted)(X)
    assert len(calls) == 2
    ad_core.grad(counted)(X)
    assert len(calls) == 3


def test_adapt_ahead(package):
    assert ad_core.adapt("packaged_model") > 10
    calls = []

    def counted(x):
        calls.append(1)
        return package.helper(x)

    ad_core.grad(counted)(X)
    assert len(calls) == 1
    assert ad_core.adapt("packaged_model") == 0


def test_a_package_with_submodules(tmp_path, monkeypatch):
    root = tmp_path / "several"
    root.mkdir()
    (root / "__init__.py").write_text("from .a import f\n")
    (root / "a.py").write_text("from math import exp\ndef f(x): return exp(x)\n")
    (root / "b.py").write_text("from math import cos\ndef g(x): return cos(x)\n")
    (root / "c.py").write_text("import nothing_of_this_name\n")
    (root / "__main__.py").write_text("raise SystemExit\n")
    monkeypatch.syspath_prepend(tmp_path)
    ad_core.adapt("several")
    found = ad_core.adapted()
    assert found["several.a"] == ["exp"]
    assert found["several.b"] == ["cos"]
    for name in ("several", "several.a", "several.b"):
        del sys.modules[name]


def test_bad_arguments_of_adapt():
    with refused(TypeError, "names of modules", "module"):
        ad_core.adapt(math)
    for name in ("math", "numpy", "ad_core.recording", "json"):
        with refused(ValueError, name, "never exchanged"):
            ad_core.adapt(name)
    with pytest.raises(ImportError):
        ad_core.adapt("no_module_of_this_name")
    assert ad_core.adapt() == 0


def test_reloaded_modules_are_adapted_again(package):
    ad_core.grad(package.early)(X)
    importlib.reload(package)
    assert package.exp is math.exp
    np.testing.assert_allclose(ad_core.grad(package.early)(X), by_differences(package.early, X))


def test_a_name_that_its_module_has_set_anew_is_left(package):
    ad_core.grad(package.early)(X)
    package.exp = np.exp
    ad_core.restore()
    assert package.exp is np.exp
    assert package.sqrt is math.sqrt


def test_errors_of_the_function_lead_to_no_exchange(package):
    def f(x):
        package.early(X)
        raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        ad_core.grad(f)(X)
    assert "packaged_model" not in ad_core.adapted()


def test_other_threads_see_the_originals(package):
    ad_core.adapt("packaged_model")
    seen = []

    def look():
        seen.append((type(package.early(X)), package.early(X), package.buffer(X)))
        seen.append(isinstance(package.zeros(2), np.ndarray) and package.float("2.5"))

    def f(x):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return package.early(x)

    gradient = ad_core.grad(f)(X)
    np.testing.assert_allclose(gradient, by_differences(package.early, X), rtol=1e-8)
    assert seen == [(float, package.early(X), package.buffer(X)), 2.5]


def test_recordings_on_several_threads(package):
    expected, wrong = by_differences(package.made, X), []

    def run(number):
        for _ in range(20):
            found = ad_core.grad(package.made)(X)
            if not np.allclose(found, expected, rtol=1e-7):
                wrong.append(found)

    everywhere(run)
    assert not wrong


def test_nested_traces(package):
    def inner(x):
        return ad_core.grad(package.early)(x)[0] * x[1]

    exact = np.exp(X[0]) * np.array([X[1] ** 1.5, 1.5 * X[1] ** 0.5])
    np.testing.assert_allclose(ad_core.grad(inner)(X), exact, rtol=1e-12)
    np.testing.assert_allclose(
        ad_core.hessian(package.early)(X)[0, 0], package.early(X), rtol=1e-12
    )


def test_short_lived_functions_are_not_kept():
    import gc
    import weakref

    def made():
        e = math.exp

        def f(x):
            return e(x)

        return f

    kept = []
    for _ in range(10):
        f = made()
        assert ad_core.grad(f)(0.0) == 1.0
        kept.append(weakref.ref(f))
        del f
    gc.collect()
    assert not [ref for ref in kept if ref() is not None]


class TestStandIns:
    """Stand-ins are the originals to whoever does not trace."""

    @pytest.fixture
    def names(self, package):
        ad_core.adapt("packaged_model")
        return package

    def test_they_compare_and_pickle_as_the_originals(self, names):
        for x, original in ((names.exp, math.exp), (names.float, float), (names.zeros, np.zeros),
                            (names.float64, np.float64)):  # fmt: skip
            assert x == original
            assert original == x
            assert {original: 1}[x] == 1
            assert pickle.loads(pickle.dumps(x)) is original
            assert x.__name__ == original.__name__
            assert x.__doc__ == original.__doc__
            assert repr(x) == repr(original)

    def test_functions(self, names):
        assert names.exp(1.0) == math.exp(1.0)
        with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
            names.sqrt(-1.0)
        with pytest.raises(TypeError):
            names.exp("1")
        assert names.math.pi is math.pi
        assert names.np.__name__ == "numpy"
        assert names.np.linalg.norm([3.0, 4.0]) == 5.0
        assert names.np.random.default_rng(0).random() == np.random.default_rng(0).random()
        with pytest.raises(AttributeError):
            names.np.no_such_name  # noqa: B018

    def test_classes_of_numbers(self, names):
        kind = names.float
        assert type(kind(2)) is float
        assert kind("1e3") == 1000.0
        assert kind.fromhex("0x1p4") == 16.0
        assert isinstance(1.0, kind)
        assert isinstance(np.float64(1.0), kind)
        assert not isinstance(1, kind)
        assert issubclass(float, kind)
        assert issubclass(np.float64, kind)
        assert not issubclass(int, kind)
        assert float == kind  # noqa: E721
        assert np.zeros(2, dtype=kind).dtype == np.float64
        assert np.array([1, 2]).astype(kind).dtype == np.float64
        assert np.dtype(names.float64) == np.float64
        assert type(names.float64(1)) is np.float64
        assert np.issubdtype(names.float64, np.floating)

    def test_subclasses_are_those_of_the_original(self, names):
        class Metres(names.float):
            def __new__(cls, x):
                return super().__new__(cls, 2 * x)

        assert Metres(1.5) == 3.0
        assert Metres.__mro__ == (Metres, float, object)
        assert type(Metres) is type

    def test_dispatch_by_class(self, names):
        @functools.singledispatch
        def of(x):
            return "other"

        of.register(names.float, lambda x: "float")
        assert of(1.0) == "float"

    def test_attributes_of_other_modules_are_untouched(self, names):
        assert math.exp(1.0) == pytest.approx(math.e)
        assert isinstance(math.exp, types.BuiltinFunctionType)
        assert "float" not in vars(math)


@pytest.mark.parametrize("name", ["builtins", "math", "numpy", "operator", "a module of the user"])
def test_namespaces_that_a_module_refers_to_are_untouched(name, monkeypatch):
    """Such as ``builtins = __builtins__``, which are the names of all modules."""
    if name == "a module of the user":
        module = types.ModuleType(name)
        module.exp, module.float = math.exp, float
        monkeypatch.setitem(sys.modules, name, module)
    space = vars(importlib.import_module(name))
    before = dict(space)
    user = types.ModuleType("refers")
    user.names, user.np = space, np
    monkeypatch.setitem(sys.modules, "refers", user)
    exec("def f(x): return float(x[0]) * np.sin(x[1])", vars(user))
    for _ in range(2):
        np.testing.assert_allclose(ad_core.grad(user.f)(np.array([2.0, 0.5])),
                                   [np.sin(0.5), 2.0 * np.cos(0.5)])  # fmt: skip
        assert ad_core.adapt("refers") == 0
    assert [key for key, x in before.items() if space.get(key) is not x] == []
    assert super.__name__ == "super"


def test_functions_of_other_modules_are_differentiated_themselves():
    np.testing.assert_allclose(ad_core.grad(math.exp)(0.5), math.exp(0.5), rtol=1e-15)
    np.testing.assert_allclose(ad_core.hessian(math.sin)(0.5), -math.sin(0.5), rtol=1e-14)
    np.testing.assert_allclose(ad_core.compile(math.log).grad(2.0), 0.5)


def test_code_without_a_module_name_is_adapted():
    space = {}
    exec("from math import exp\ndef f(x): return exp(x) * 2.0", space)
    np.testing.assert_allclose(ad_core.grad(space["f"])(0.5), 2.0 * math.exp(0.5), rtol=1e-15)


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A module that makes functions and objects of names, and one that has made some by it."""
    (tmp_path / "packaged_tools.py").write_text(
        textwrap.dedent("""
        def lift(f):
            def lifted(*args): return f(*args)
            return lifted
        class Solver:
            def __init__(self, function): self.function = function
            def run(self, x): return self.function(x)
    """)
    )
    (tmp_path / "packaged_user.py").write_text(
        textwrap.dedent("""
        import math
        from packaged_tools import Solver, lift
        exp, times, power, reflected, size, less = map(lift, (math.exp, float.__mul__,
            float.__pow__, float.__rsub__, float.__abs__, float.__lt__))
        class Kept:
            root = staticmethod(lift(math.sqrt))
        SOLVER = Solver(math.sin)
        def functions(x): return exp(x[0]) * Kept.root(x[1])
        def methods(x): return times(x[0], 3.0) + power(x[1], x[0]) - reflected(x[0], 1.0)
        def mixed(x): return times(2.0, x[0]) * size(x[1]) * (2.0 if less(x[0], x[1]) else 1.0)
        def of_class(x): return float.__truediv__(x[0], x[1]) + float.__neg__(x[1])
        def objects(x): return SOLVER.run(x[0]) * x[1]
        def others(x): return x[0] if times(x[0], "2") is NotImplemented else 0.0
    """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("packaged_user")
    ad_core.restore()
    for name in ("packaged_tools", "packaged_user"):
        del sys.modules[name]


@pytest.mark.parametrize("name", ["functions", "methods", "mixed", "of_class", "objects", "others"])
def test_names_that_functions_and_objects_of_other_modules_have_captured(tools, name):
    f = getattr(tools, name)
    expected = by_differences(lambda x: f(x.tolist()), X)
    np.testing.assert_allclose(ad_core.grad(f)(X), expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(ad_core.compile(f).grad(X), expected, rtol=1e-8, atol=1e-9)
    ad_core.restore()
    assert tools.SOLVER.function is math.sin
    assert tools.exp.__closure__[0].cell_contents is math.exp
    assert tools.times.__closure__[0].cell_contents is float.__mul__
