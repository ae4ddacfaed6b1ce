# SPDX-License-Identifier: Apache-2.0
"""Every name of scipy.special is in one of three lists: supported, plain or refused."""

import numpy as np
import pytest

import ad_core

special = pytest.importorskip("scipy.special")
mirror = pytest.importorskip("ad_core.scipy.special")
from ad_core.overrides.scipy.special import REFUSING  # noqa: E402
from ad_core.rules.special import ROWS  # noqa: E402
from ad_core.rules.special.coverage import (  # noqa: E402
    AS_THEY_STAND,
    PLAIN,
    REFUSED,
    is_plain,
    remedy,
)

NAMES = [name for name in dir(special) if not name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_in_one_list(name):
    lists = [name in mirror.__all__, is_plain(name), name in REFUSING]
    assert sum(lists) == 1
    assert isinstance(getattr(special, name), np.ufunc) <= (not lists[1])


def test_lists_name_what_exists():
    """Some version of SciPy has it: patterns that match nothing are of functions that were
    removed."""
    removed = {"clpmn", "lpn", "lpmn", "add_newdocs"}
    for pattern in {*PLAIN, *REFUSED} - removed:
        assert any(is_plain(name) or remedy(name) for name in NAMES), pattern
    assert set(AS_THEY_STAND) - {"softplus"} <= set(NAMES)


def test_the_mirror_follows_from_the_table():
    assert {name for name in ROWS if hasattr(special, name)} <= set(mirror.__all__)
    assert set(dir(mirror)) == set(mirror.__all__)
    for name in mirror.__all__:
        assert callable(getattr(mirror, name))
    for name in ("roots_legendre", "errstate"):
        assert getattr(mirror, name) is getattr(special, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mirror.nothing


def plain_call(name):
    """SciPy's function with as many numbers as it takes."""
    original = getattr(special, name)
    return lambda function, x: function(*[x] * getattr(original, "nin", 1))


@pytest.mark.parametrize("name", sorted(REFUSING))
def test_refused_functions_say_what_to_write(name):
    call = plain_call(name)
    with pytest.raises(ad_core.NoDerivativeError, match=f"special.{name} .*; .+"):
        ad_core.grad(lambda x: call(REFUSING[name], x))(0.5)
    if isinstance(getattr(special, name), np.ufunc):
        with pytest.raises(ad_core.NoDerivativeError, match=f"special.{name} "):
            ad_core.grad(lambda x: call(getattr(special, name), x))(0.5)


def test_refused_functions_take_plain_numbers():
    assert mirror.factorial(5) == 120.0
    np.testing.assert_array_equal(mirror.legendre_p(2, 0.3), special.legendre_p(2, 0.3))


PYTHON = {
    "polygamma": lambda m, x: m.polygamma(2, x),
    "zeta": lambda m, x: m.zeta(x) + m.zeta(x, 2.0),
    "multigammaln": lambda m, x: m.multigammaln(x, 3),
    "spherical_jn": lambda m, x: m.spherical_jn(2, x) + m.spherical_jn(2, x, derivative=True),
    "spherical_yn": lambda m, x: m.spherical_yn(0, x) + m.spherical_yn(0, x, derivative=True),
    "spherical_in": lambda m, x: m.spherical_in(1, x, derivative=True),
    "spherical_kn": lambda m, x: m.spherical_kn(1, x, True),
    "comb": lambda m, x: m.comb(x + 3.0, 2) + m.comb(x, 2, repetition=True),
    "perm": lambda m, x: m.perm(x + 3.0, 2),
    "jvp": lambda m, x: m.jvp(2, x, 2),
    "yvp": lambda m, x: m.yvp(1, x),
    "kvp": lambda m, x: m.kvp(1, x, 3),
    "ivp": lambda m, x: m.ivp(1, x),
    "diric": lambda m, x: m.diric(x, 4),
    "assoc_laguerre": lambda m, x: m.assoc_laguerre(x, 3, 0.5),
    "sinc": lambda m, x: m.sinc(x),
}


@pytest.mark.parametrize("name", PYTHON)
def test_python_functions_of_scipy(name):
    call, x = PYTHON[name], np.array([1.3, 2.4, 3.1])
    value, tangent = ad_core.jvp(lambda x: call(mirror, x), (x,), (np.ones(3),))
    np.testing.assert_allclose(value, call(special, x), rtol=1e-14)
    np.testing.assert_array_equal(call(mirror, x), call(special, x))
    step = 1e-5
    expected = (call(special, x + step) - call(special, x - step)) / (2.0 * step)
    np.testing.assert_allclose(tangent, expected, rtol=1e-7, atol=1e-9)
    ad_core.check_grads(lambda x: np.sum(np.sin(call(mirror, x))), (x,))


def test_functions_that_need_plain_arguments():
    with pytest.raises(ad_core.NoDerivativeError, match="exact=False"):
        ad_core.grad(lambda x: mirror.comb(x, 2, exact=True))(3.0)
    with pytest.raises(ad_core.NoDerivativeError, match="exact=False"):
        ad_core.grad(lambda x: mirror.perm(x, 2, exact=True))(3.0)
    with pytest.raises(ValueError, match="not met"):
        ad_core.grad(lambda x: mirror.multigammaln(x, 4))(1.0)
