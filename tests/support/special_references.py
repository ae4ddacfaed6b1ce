# SPDX-License-Identifier: Apache-2.0
"""Functions of mpmath with the operands of functions of scipy.special, and points at the edges of
their domains: near 0, poles and branch points, and far out."""

import mpmath as mp

pi = mp.pi


def _carlson(name):
    return lambda *x: getattr(mp, name)(*x)


def _beta_cdf(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


def _gamma_cdf(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def _fisher(n, d, x):
    return _beta_cdf(n / 2, d / 2, n * x / (n * x + d))


def _student(v, t):
    # the integral of the density
    tail = mp.betainc(v / 2, mp.mpf(1) / 2, 0, v / (v + t * t), regularized=True) / 2
    return tail if t < 0 else 1 - tail


def _boxcox(x, p):
    return mp.log(x) if p == 0 else (x**p - 1) / p


def _inv_boxcox(y, p):
    return mp.exp(y) if p == 0 else (1 + p * y) ** (1 / p)


def _huber(d, r):
    return r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2)


def _w(z):
    return mp.exp(-z * z) * mp.erfc(-1j * z)


def _voigt(x, s, g):
    return mp.re(_w((x + 1j * g) / (s * mp.sqrt(2)))) / (s * mp.sqrt(2 * pi))


def _scaled(function, sign):
    return lambda v, x: function(v, x) * mp.exp(sign * x)


def _zeta_scale(x):
    return mp.mpf(2) / 3 * x ** mp.mpf("1.5")


def _spherical(function):
    return lambda n, x: mp.sqrt(pi / (2 * x)) * function(n + mp.mpf(1) / 2, x)


def _sinhc(n, x):
    return mp.quad(lambda t: t**n * mp.exp(x * t), [0, 1])


def _amplitude(u, m):
    return mp.findroot(lambda phi: mp.ellipf(phi, m) - u, u)


# Name -> (function of mpmath, further points). For several outputs a tuple of functions.
REFERENCES = {
    "agm": (mp.agm, [(1e-3, 20.0), (2.0, 2.0)]),
    "airy": (
        (mp.airyai, lambda x: mp.airyai(x, derivative=1), mp.airybi,
         lambda x: mp.airybi(x, derivative=1)),
        [(0.0,), (-40.0,), (15.0,)],
    ),
    "airye": (
        (lambda x: mp.airyai(x) * mp.exp(_zeta_scale(x)),
         lambda x: mp.airyai(x, derivative=1) * mp.exp(_zeta_scale(x)),
         lambda x: mp.airybi(x) * mp.exp(-_zeta_scale(x)),
         lambda x: mp.airybi(x, derivative=1) * mp.exp(-_zeta_scale(x))),
        [(39.0,), (45.0,), (1e4,)],
    ),
    "bei": (lambda x: mp.bei(0, x), [(1e-3,)]),
    "ber": (lambda x: mp.ber(0, x), [(1e-3,)]),
    "kei": (lambda x: mp.kei(0, x), []),
    "ker": (lambda x: mp.ker(0, x), []),
    "beta": (mp.beta, [(1e-3, 2.0), (30.0, 0.5)]),
    "betaln": (lambda a, b: mp.log(mp.beta(a, b)), [(1e8, 1.0), (1e-5, 2.0), (30.0, 0.01)]),
    "betainc": (_beta_cdf, [(0.01, 3.0, 1e-5), (20.0, 0.3, 0.99), (80.0, 90.0, 0.5)]),
    "betaincc": (lambda a, b, x: 1 - _beta_cdf(a, b, x), [(0.01, 3.0, 1e-5)]),
    "binom": (mp.binomial, [(3.5, 0.0)]),
    "boxcox": (_boxcox, [(2.0, 1e-9), (0.3, -1e-5)]),
    "boxcox1p": (lambda x, p: _boxcox(1 + x, p), [(1e-9, 0.3), (2.0, 1e-9)]),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), [(1e-200,), (-8.0,)]),
    "chdtr": (lambda v, x: _gamma_cdf(v / 2, x / 2), []),
    "chdtrc": (lambda v, x: 1 - _gamma_cdf(v / 2, x / 2), []),
    "cosdg": (lambda x: mp.cos(x * pi / 180), []),
    "cosm1": (lambda x: mp.cos(x) - 1, [(1e-9,)]),
    "cotdg": (lambda x: mp.cot(x * pi / 180), []),
    "dawsn": (
        lambda x: mp.sqrt(pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        [(0.0,), (7.9,), (8.1,), (-20.0,), (1e6,)],
    ),
    "ellipe": (mp.ellipe, [(0.0,), (1e-9,), (-1e6,), (0.999999,), (0.1,)]),
    "ellipeinc": (mp.ellipe, [(1e-3, 0.5), (1.5, 0.9999), (20.0, -3.0), (1.0, 0.0)]),
    "ellipk": (mp.ellipk, [(0.0,), (1e-9,), (-1e6,), (0.999999,), (0.1,)]),
    "ellipkinc": (mp.ellipf, [(1e-3, 0.5), (1.5, 0.9999), (20.0, -3.0), (1.0, 0.0)]),
    "ellipkm1": (lambda p: mp.ellipk(1 - p), [(1e-20,), (1.0,)]),
    "ellipj": (
        (lambda u, m: mp.sin(_amplitude(u, m)), lambda u, m: mp.cos(_amplitude(u, m)),
         lambda u, m: mp.sqrt(1 - m * mp.sin(_amplitude(u, m)) ** 2), _amplitude),
        [(0.7, 0.01), (0.5, 0.99)],
    ),
    "elliprc": (lambda x, y: mp.elliprc(x, y), [(1.0, 1.0001)]),
    "elliprd": (_carlson("elliprd"), [(1.0, 1.0, 1.0), (2.0, 1.0, 2.0), (1e-6, 1.0, 5.0)]),
    "elliprf": (_carlson("elliprf"), [(1.0, 1.0, 1.0), (1e-6, 1.0, 5.0)]),
    "elliprg": (_carlson("elliprg"), [(1.0, 1.0, 1.0), (1e-6, 1.0, 5.0)]),
    "elliprj": (_carlson("elliprj"), [(1.0, 2.0, 3.0, 1.0)]),
    "entr": (lambda x: -x * mp.log(x), [(1e-200,)]),
    "erf": (mp.erf, [(0.0,), (6.0,)]),
    "erfc": (mp.erfc, [(0.0,), (20.0,)]),
    "erfcinv": (lambda x: mp.erfinv(1 - x), []),
    "erfcx": (
        lambda x: mp.exp(x * x) * mp.erfc(x), [(0.0,), (7.9,), (8.1,), (1e6,), (-5.0,)]
    ),
    "erfi": (mp.erfi, [(0.0,), (5.0,)]),
    "erfinv": (mp.erfinv, [(0.0,)]),
    "eval_chebyt": (mp.chebyt, [(0, 0.5), (1, -0.5)]),
    "eval_chebyu": (mp.chebyu, [(0, 0.5), (1, -0.5)]),
    "eval_gegenbauer": (mp.gegenbauer, [(0, 0.5, 0.5), (1, 0.5, 1.0)]),
    "eval_genlaguerre": (mp.laguerre, [(0, 0.5, 0.5)]),
    "eval_hermite": (mp.hermite, [(0, 0.5), (1, 0.5)]),
    "eval_jacobi": (mp.jacobi, [(0, 0.5, 0.5, 0.5)]),
    "eval_laguerre": (lambda n, x: mp.laguerre(n, 0, x), [(0, 0.5)]),
    "eval_legendre": (mp.legendre, [(0, 0.5), (3, 1.0), (5, -1.0)]),
    "exp1": (mp.e1, [(1e-9,), (30.0,)]),
    "exp10": (lambda x: 10**x, []),
    "exp2": (lambda x: 2**x, []),
    "expi": (mp.ei, [(1e-9,), (30.0,), (-2.0,)]),
    "expit": (lambda x: 1 / (1 + mp.exp(-x)), [(40.0,), (-600.0,)]),
    "expm1": (mp.expm1, [(1e-12,), (-50.0,)]),
    "expn": (mp.expint, [(0, 0.5), (1, 0.5), (3, 20.0)]),
    "exprel": (lambda x: _sinhc(0, x), [(-1e4,), (0.0,), (1e-9,), (0.99,), (1.01,), (300.0,)]),
    "fdtr": (_fisher, []),
    "fdtrc": (lambda n, d, x: 1 - _fisher(n, d, x), []),
    "fresnel": ((mp.fresnels, mp.fresnelc), [(0.0,), (10.0,)]),
    "gamma": (mp.gamma, [(-1.4,), (1e-9,), (100.0,), (-3.999999,)]),
    "gammainc": (_gamma_cdf, [(0.01, 1e-8), (0.01, 3.0), (50.0, 40.0), (300.0, 350.0)]),
    "gammaincc": (
        lambda a, x: mp.gammainc(a, x, regularized=True), [(0.01, 1e-8), (50.0, 40.0), (2.0, 40.0)]
    ),
    "gammaln": (mp.loggamma, [(1e-9,), (1e10,)]),
    "gdtr": (lambda a, b, x: _gamma_cdf(b, a * x), []),
    "gdtrc": (lambda a, b, x: 1 - _gamma_cdf(b, a * x), []),
    "huber": (_huber, [(1.0, 0.5), (1.0, -3.0)]),
    "hyp0f1": (mp.hyp0f1, [(0.5, 0.0), (2.0, -20.0)]),
    "hyp1f1": (mp.hyp1f1, [(0.5, 1.5, 0.0), (1.0, 2.0, -20.0)]),
    "hyp2f1": (mp.hyp2f1, [(0.5, 1.5, 2.5, 0.0), (0.5, 0.5, 1.0, -20.0)]),
    "hyperu": (mp.hyperu, []),
    "i0": (lambda x: mp.besseli(0, x), [(0.0,), (20.0,)]),
    "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), [(49.0,), (51.0,), (1e6,), (-1e3,)]),
    "i1": (lambda x: mp.besseli(1, x), [(0.0,), (1e-9,), (20.0,)]),
    "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), [(1e-9,), (99.0,), (101.0,), (-1e6,)]),
    "inv_boxcox": (_inv_boxcox, [(0.5, 1e-9)]),
    "inv_boxcox1p": (lambda y, p: _inv_boxcox(y, p) - 1, [(0.5, 1e-9)]),
    "iv": (mp.besseli, [(2, 1e-3), (0, 0.0), (1, 0.0)]),
    "ive": (_scaled(mp.besseli, -1), [(2.5, 400.0), (2.5, 1e6)]),
    "j0": (lambda x: mp.besselj(0, x), [(0.0,), (50.0,)]),
    "j1": (lambda x: mp.besselj(1, x), [(0.0,), (1e-9,), (-50.0,)]),
    "jv": (mp.besselj, [(2, 1e-3), (0, 0.0), (1, 0.0), (3.5, 40.0)]),
    "k0": (lambda x: mp.besselk(0, x), [(40.0,)]),
    "k0e": (lambda x: mp.besselk(0, x) * mp.exp(x), [(51.0,), (1e6,)]),
    "k1": (lambda x: mp.besselk(1, x), [(40.0,)]),
    "k1e": (lambda x: mp.besselk(1, x) * mp.exp(x), [(101.0,)]),
    "kl_div": (lambda x, y: x * mp.log(x / y) - x + y, []),
    "kn": (mp.besselk, [(0, 0.5), (3, 20.0)]),
    "kv": (mp.besselk, [(0.5, 1e-3), (3.5, 40.0)]),
    "kve": (_scaled(mp.besselk, 1), [(2.5, 400.0), (2.5, 1e6)]),
    "log1p": (mp.log1p, [(1e-12,), (-0.999999,)]),
    "log_expit": (lambda x: -mp.log(1 + mp.exp(-x)), [(40.0,), (-600.0,)]),
    "log_ndtr": (lambda x: mp.log(mp.ncdf(x)), [(-30.0,), (6.0,), (-1e4,)]),
    "loggamma": (mp.loggamma, [(1e-9,), (1e10,)]),
    "logit": (lambda x: mp.log(x / (1 - x)), [(1e-9,), (0.5,)]),
    "modstruve": (mp.struvel, []),
    "ndtr": (mp.ncdf, [(0.0,), (-20.0,)]),
    "ndtri": (lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1), [(1e-9,), (0.5,)]),
    "pdtr": (lambda k, m: mp.gammainc(k + 1, m, regularized=True), []),
    "poch": (lambda a, m: mp.gamma(a + m) / mp.gamma(a), [(1e6, 1e-3), (0.3, 1e-5)]),
    "powm1": (lambda x, p: x**p - 1, [(1.0, 2.0)]),
    "pseudo_huber": (
        lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1), [(1.0, 1e-3), (2.0, 1e3)]
    ),
    "psi": (mp.digamma, [(-1.4,), (1e-9,), (1e10,), (10.5,)]),
    "rel_entr": (lambda x, y: x * mp.log(x / y), []),
    "rgamma": (mp.rgamma, [(-1.4,), (1e-12,), (-3.0,), (0.0,), (-20.0,)]),
    "riemann_zeta": (mp.zeta, [(1.0001,), (30.0,)]),
    "sici": ((mp.si, mp.ci), [(1e-5,), (50.0,)]),
    "shichi": ((mp.shi, mp.chi), [(1e-9,), (20.0,)]),
    "sindg": (lambda x: mp.sin(x * pi / 180), []),
    "spence": (lambda x: mp.polylog(2, 1 - x), [(1.0,), (1e-9,), (1.0001,)]),
    "spherical_in": (_spherical(mp.besseli), [(0, 0.5), (3, 10.0)]),
    "spherical_jn": (_spherical(mp.besselj), [(0, 0.5), (3, 20.0)]),
    "spherical_kn": (
        lambda n, x: mp.sqrt(pi / (2 * x)) * mp.besselk(n + mp.mpf(1) / 2, x), [(0, 0.5)]
    ),
    "spherical_yn": (_spherical(mp.bessely), [(0, 0.5), (3, 20.0)]),
    "stdtr": (_student, [(3.0, -0.01), (0.4, 5.0), (200.0, -2.0)]),
    "struve": (mp.struveh, []),
    "tandg": (lambda x: mp.tan(x * pi / 180), []),
    "voigt_profile": (_voigt, [(0.0, 1.0, 1.0), (100.0, 1.0, 0.5), (1.0, 0.1, 0.01)]),
    "wrightomega": (lambda x: mp.lambertw(mp.exp(x)), [(100.0,)]),
    "xlog1py": (lambda x, y: x * mp.log(1 + y), [(2.0, 1e-12)]),
    "xlogy": (lambda x, y: x * mp.log(y), []),
    "y0": (lambda x: mp.bessely(0, x), [(1e-5,), (50.0,)]),
    "y1": (lambda x: mp.bessely(1, x), [(1e-5,), (50.0,)]),
    "yn": (mp.bessely, [(0, 0.5), (3, 20.0)]),
    "yv": (mp.bessely, [(0.5, 1e-3), (3.5, 40.0)]),
    "zeta": (mp.zeta, [(1.0001, 0.5), (30.0, 2.0)]),
    "zetac": (lambda s: mp.zeta(s) - 1, [(1.0001,)]),
}  # fmt: skip

# References that take mpmath more than half a second
SLOW = {
    "airye",
    "ellipj",
    "exprel",
    "k0",
    "k0e",
    "k1",
    "k1e",
    "kei",
    "kn",
    "y1",
    "yn",
    "voigt_profile",
}
