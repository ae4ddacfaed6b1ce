"""Errors of traced functions: they name the user's line, the function that failed and a remedy."""

import ctypes
import functools
import importlib
import inspect
import json
import linecache
import math
import re
import struct
import types

import numpy as np
import pytest
from numpy import asarray as early_asarray

import ad_core
from ad_core import errors
from ad_core.errors import callers, remedies

pytestmark = pytest.mark.usefixtures("nothing_leaks", "names_stay")

x2 = np.array([1.3, 2.2])
KNOTS = np.linspace(0.0, 5.0, 8)


def raised_by(f, x=x2, transform=ad_core.jacobian):
    with pytest.raises(Exception) as caught:
        transform(f)(x)
    return caught.value


def told(error):
    """The text that a user reads: the error's message, its notes, and the error that caused it."""
    cause = "" if error.__cause__ is None else told(error.__cause__)
    return "\n".join([str(error), *getattr(error, "__notes__", ()), cause])


def lines_of(f):
    """The lines of a function's text."""
    text, first = inspect.getsourcelines(f)
    return range(first, first + len(text))


def check(error, f, *words):
    text = told(error)
    for word in words:
        assert word in text, text
    number = re.search(r"test_notes\.py, line (\d+)", text)
    assert number, text
    assert int(number[1]) in lines_of(f), text
    assert "site-packages" not in text


# ------------------------------------------------------------------ functions of math

NAMES = {
    name: (function, np_name)
    for name, function in vars(math).items()
    if callable(function) and not name.startswith("_")
    for np_name in [remedies.MATH.get(name, f"np.{name}")]
    if name in remedies.MATH
    or any(knows(getattr(np, name, None)) for knows in remedies.DIFFERENTIABLE)
}
STEPS = {"ceil", "floor", "trunc", "factorial", "prod"}  # of integers, or traced as they are


@pytest.mark.parametrize("name", sorted(set(NAMES) - STEPS))
def test_functions_of_math_are_named_with_their_replacements(name):
    """The message names each function and a replacement, which exists."""
    function, instead = NAMES[name]
    parameters = {"fsum": 1, "dist": 2, "log": 1, "hypot": 2, "isclose": 2}
    parameters = parameters.get(name) or sum(
        parameter.kind != inspect.Parameter.KEYWORD_ONLY
        for parameter in inspect.signature(function).parameters.values()
    )

    def f(x):
        given = ([x[0]] if name in ("dist", "fsum") else x[0],) * parameters
        return function(*given)

    error = raised_by(f)
    assert isinstance(error, errors.TracedValueError)
    check(error, f, f"math.{name}", instead)
    path = re.match(r"[\w.]+", instead)[0]
    if path.startswith(("np.", "ad_core.")):
        package, *rest = path.split(".")
        owner = np if package == "np" else importlib.import_module(f"ad_core.{'.'.join(rest[:-1])}")
        assert callable(functools.reduce(getattr, rest if owner is np else rest[-1:], owner))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("math.isnan(x[0])", ["np.isnan", "math.isnan"]),
        ("m.exp(x[0])", ["np.exp instead of math.exp"]),
        ("exp(x[0])", ["np.exp instead of math.exp"]),
        ("[math.cos(t) for t in x]", ["np.cos"]),
        ("math.hypot(math.pi, x[0] * 2)", ["np.hypot"]),
        ("float(x[0])", ["Leave float() out"]),
        ("np.float64(x[0])", ["np.float64() out"]),
        ("holder.cosine(x[0])", ["np.cos"]),
    ],
)
@pytest.mark.parametrize("source", [True, False])
def test_the_call_is_found_with_and_without_its_text(text, words, source):
    holder = types.SimpleNamespace(cosine=math.cos)
    name = f"<model {text} {source}>"
    code = f"def f(x):\n    return {text}\n"
    if source:
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    scope = {"math": math, "m": math, "exp": math.exp, "np": np, "holder": holder}
    exec(compile(code, name, "exec"), scope)
    error = raised_by(scope["f"])
    linecache.cache.pop(name, None)
    assert f"({name}, line 2, in " in str(error)
    if source or "holder" not in text:
        for word in words:
            assert word in str(error)


# ------------------------------------------------------------------ other libraries


def scipy_functions():
    interpolate = pytest.importorskip("scipy.interpolate")
    import scipy.integrate
    import scipy.linalg
    import scipy.ndimage
    import scipy.optimize
    import scipy.signal
    import scipy.spatial
    import scipy.special

    def interp1d(x):
        return interpolate.interp1d(KNOTS, KNOTS)(x[0])

    def splev(x):
        return interpolate.splev(x[0], interpolate.splrep(KNOTS, KNOTS))

    def cdist(x):
        return scipy.spatial.distance.cdist(x.reshape(1, 2), np.eye(2))

    def lfilter(x):
        return scipy.signal.lfilter([1.0], [1.0, -0.5], x)

    def gaussian_filter1d(x):
        return scipy.ndimage.gaussian_filter1d(x, 1.0)

    def solve(x):
        return scipy.linalg.solve(np.diag(x), np.ones(2))

    def erf(x):
        return scipy.special.erf(early_asarray([x[0]], dtype=object))

    external = "ad_core.external"
    return [
        (interp1d, "scipy.interpolate.interp1d", external),
        (splev, "scipy.interpolate.splev", external),
        (cdist, "scipy.spatial.distance.cdist", external),
        (lfilter, "scipy.signal.lfilter", external),
        (gaussian_filter1d, "scipy.ndimage.gaussian_filter1d", external),
        (solve, "scipy.linalg.solve", "ad_core.scipy.linalg.solve"),
        (erf, "scipy.special.erf", "ad_core.scipy.special.erf"),
    ]


@pytest.mark.parametrize("transform", [ad_core.jacobian, ad_core.hessian, ad_core.compile])
def test_scipy(transform):
    """Either a refusal of ad_core, or SciPy's error with a note."""
    for f, name, way in scipy_functions():
        check(raised_by(f, transform=transform), f, name, way)


def lost(x):
    try:
        wrong = float(x[0]) < 0.0
    except TypeError:
        wrong = True
    if wrong:
        raise ValueError("x must be positive")
    return x


def hidden(x):
    try:
        return float(x[0])
    except TypeError:
        raise ValueError("x must be a number") from None


def shown(x):
    try:
        return float(x[0])
    except TypeError as error:
        raise ValueError("x must be a number") from error


@pytest.mark.parametrize("transform", [ad_core.jacobian, ad_core.hessian, ad_core.compile])
@pytest.mark.parametrize("f", [lost, hidden])
def test_a_refusal_that_another_error_hides_is_quoted(f, transform):
    """As in compiled code that continues although an exception is set, and raises another one."""
    error = raised_by(f, transform=transform)
    assert type(error) is ValueError
    check(error, f, "float() of a traced value", "Leave float() out")


class Pair:
    def __init__(self, first, second):
        self.first, self.second = first, second

    def product(self, factor):
        return self.first * self.second * factor


def times(x, y):
    return x * y


def endless(x):
    return endless(x * 1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: times(x),
        lambda x: times(x, x, x),
        lambda x: times(x, z=x),
        lambda x: Pair(x),
        lambda x: Pair(x, x).product(),
        lambda x: (lambda y: y)(x, x),
        endless,
    ],
)
def test_calls_with_a_wrong_number_of_arguments_have_no_note(f):
    error = raised_by(f)
    assert isinstance(error, (TypeError, RecursionError))
    assert not isinstance(error, errors.NotDifferentiable)
    assert not hasattr(error, "__notes__")


def test_a_refusal_that_is_the_cause_is_not_quoted_again():
    error = raised_by(shown)
    assert isinstance(error.__cause__, errors.NotDifferentiable)
    assert not hasattr(error, "__notes__")


def test_pandas():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"u": [1.0, 2.0, 3.0]})

    def rolling(x):
        return pd.Series(x).rolling(2).mean()

    def assigned(x):
        return table.assign(v=x[0] * 3.0).v.astype(float)

    for f in (rolling, assigned):
        check(raised_by(f), f, "pandas", ".to_numpy()")


def isnan_of_objects(x):
    return np.isnan(early_asarray([x[0] * 1.0], dtype=object))


def cast(x):
    return np.add(np.zeros(2), early_asarray([x[0], 1.0], dtype=object), dtype=float)


def as_json(x):
    return json.dumps({"x": x[0]})


def packed(x):
    return struct.pack("d", x[0])


def in_c(x):
    return ctypes.c_double(x[0])


def passed_to_c(x):
    function = ctypes.pythonapi.PyFloat_FromDouble
    function.argtypes = [ctypes.c_double]
    return function(x[0])


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (isnan_of_objects, ["numpy.isnan", "np.asarray"]),
        (as_json, ["json.dumps", "plain numbers"]),
        (packed, ["struct.pack", "plain numbers"]),
        (in_c, ["ctypes.c_double", "ad_core.external"]),
        (passed_to_c, ["ad_core.external"]),
    ],
)
def test_compiled_functions_and_the_standard_library(f, words):
    check(raised_by(f), f, *words)


def test_the_exception_is_explained_once():
    def outer(x):
        return ad_core.grad(lambda y: as_json([y, y]) * y)(x[0])

    error = raised_by(outer)
    assert isinstance(error, TypeError)
    assert isinstance(error, errors.NoDerivativeError)
    assert str(error).count("was given traced values") == 1
    with pytest.raises(TypeError) as plain:
        json.dumps(object())
    assert not hasattr(plain.value, "__notes__")


# ------------------------------------------------ exceptions of the user are unchanged


def raised(error):
    raise error


def deeper(x, error):
    return [raised(error) for _ in x]


OWN = {
    "raised": lambda x: raised(ValueError("mine")),
    "raised further in": lambda x: deeper(x, TypeError("object arrays are not mine")),
    "of a builtin": lambda x: int("abc"),
    "of an empty list": lambda x: [].pop(),
    "of a dictionary": lambda x: {"a": x}["b"],
    "division": lambda x: x * (1 / 0),
    "shapes": lambda x: np.reshape(x, (7, 7)),
    "a shape of a traced array": lambda x: np.zeros(3).reshape(x.shape),
    "out of bounds": lambda x: x[10],
    "operands that do not fit": lambda x: x + np.ones(3),
    "a singular matrix": lambda x: np.linalg.inv(np.zeros((2, 2))) @ x,
    "a singular traced matrix": lambda x: np.linalg.inv(np.outer(x, x) * 0.0),
    "arguments": lambda x: np.sum(x, nothing=1),
    "a plain number in json": lambda x: json.loads("{"),
    "an assertion": lambda x: raised(AssertionError()),
    "an attribute": lambda x: x.nothing,
}


@pytest.mark.parametrize("name", OWN)
def test_other_exceptions_get_no_note(name):
    error = raised_by(OWN[name])
    assert not getattr(error, "__notes__", [])


# ---------------------------------------------------------------------- the user's line


def module_of(tmp_path, name, text):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    module = types.ModuleType(file.stem)
    module.__file__ = str(file)
    exec(compile(text, str(file), "exec"), module.__dict__)
    return module


HELPER = "import math\ndef helper(x):\n    return math.exp(x)\n"


def test_a_line_of_an_installed_package_is_not_the_users(tmp_path):
    package = module_of(tmp_path, "site-packages/package/inner.py", HELPER)

    def f(x):
        return package.helper(x[0])

    check(raised_by(f), f, "in f", "inner.helper", "ad_core.external")


def test_a_helper_of_the_users_is_named(tmp_path):
    own = module_of(tmp_path, "project/own.py", HELPER)
    error = raised_by(lambda x: own.helper(x[0]))
    assert "own.py, line 3, in helper" in str(error)


def test_the_traced_functions_own_package_is_the_users(tmp_path):
    package = module_of(tmp_path, "site-packages/package/inner.py", HELPER)
    error = raised_by(package.helper, 1.0)
    assert "inner.py, line 3, in helper" in str(error)
    error = raised_by(functools.partial(package.helper), 1.0)
    assert "inner.py, line 3, in helper" in str(error)


@pytest.mark.usefixtures("names_are_restored")
def test_functions_of_scipy_are_never_the_users():
    stats = pytest.importorskip("scipy.stats")

    def asked():
        return ad_core.grad(stats.norm.logpdf)(1.0)

    with pytest.raises(Exception) as caught:
        asked()
    text = told(caught.value)
    if isinstance(caught.value, errors.NotDifferentiable):
        assert "site-packages" not in text
        assert "in asked" in text


def test_objects_with_a_call_method():
    class Model:
        def __call__(self, x):
            return math.exp(x)

        def method(self, x):
            return math.exp(x)

    for f in (Model(), Model().method, functools.partial(Model().method)):
        error = raised_by(f, 1.0)
        assert "test_notes.py" in str(error)


def test_expressions_over_several_lines():
    def f(x):
        return math.hypot(
            1.0,
            x[0],
        ) + 1.0  # fmt: skip

    check(raised_by(f), f, "np.hypot")


def test_names_are_found_without_running_code():
    class Loud:
        @property
        def cosine(self):
            count.append(1)
            return math.cos

    count, loud = [], Loud()

    def f(x):
        return loud.cosine(x[0])

    error = raised_by(f)
    assert isinstance(error, errors.TracedValueError)
    assert len(count) == 1


def test_modules_are_named_without_private_parts():
    assert callers._public("collections.abc", "Callable") == "collections.abc"
    assert callers._public("nowhere._private.part", "f") == "nowhere.part"
    assert callers._public("_struct", "pack") == "struct"


def test_stop_gradient_works_where_the_message_recommends_it():
    def f(x):
        kept = ad_core.stop_gradient(x)
        plain = np.ndarray.__new__(np.ndarray, (2,))
        plain[:] = kept
        return x * math.exp(kept[0]) * early_asarray(kept, dtype=float) * plain

    np.testing.assert_allclose(ad_core.jacobian(f)(x2), np.diag(np.exp(x2[0]) * x2 * x2))


def test_a_line_of_a_package_in_another_folder_is_not_the_users(tmp_path, monkeypatch):
    """As pip install --target makes it."""
    package = module_of(tmp_path, "packages/package/inner.py", HELPER)
    (tmp_path / "packages" / "package-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "packages")

    def f(x):
        return package.helper(x[0])

    check(raised_by(f), f, "in f", "inner.helper", "ad_core.external")


def test_a_line_of_code_that_a_package_has_made_is_not_the_users(tmp_path):
    """Such as the method __init__ of a dataclass."""
    made = "import math\nexec('def helper(x):\\n    return math.exp(x)', globals())\n"
    package = module_of(tmp_path, "site-packages/package/made.py", made)

    def f(x):
        return package.helper(x[0])

    check(raised_by(f), f, "in f")
