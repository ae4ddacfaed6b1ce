# SPDX-License-Identifier: Apache-2.0
"""The names of scipy.special that have no row in the table: each is in one of three lists.

As they stand: Python code of SciPy that calls functions of the table. Plain: no floats as
arguments, or none by which one differentiates. Refused: functions without a derivative in ad_core,
each with what to write instead.
"""

from fnmatch import fnmatchcase

__all__ = ["AS_THEY_STAND", "is_plain", "remedy"]

AS_THEY_STAND = (
    "assoc_laguerre", "h1vp", "h2vp", "ivp", "jvp", "kvp", "lambertw", "sinc", "softplus", "yvp",
)  # fmt: skip

# Patterns of names
PLAIN = (
    # settings, errors and modules
    "SpecialFunctionError", "SpecialFunctionWarning", "add_newdocs", "basic", "cython_special",
    "errstate", "geterr", "orthogonal", "seterr", "sf_error", "specfun", "spfun_stats", "test",
    # numbers, zeros, nodes of quadratures and polynomials as objects
    "bernoulli", "euler", "factorial2", "factorialk", "stirling2", "*_zeros", "roots_*", "*_roots",
    "chebyc", "chebys", "chebyt", "chebyu", "gegenbauer", "genlaguerre", "hermite", "hermitenorm",
    "jacobi", "laguerre", "legendre", "sh_*",
)  # fmt: skip

OF_POLYNOMIALS = "use eval_legendre or lpmv, which have derivatives by their argument"
BY_HAND = "give it its derivative with ad_core.custom_jvp, or treat it with ad_core.external"
COMPLEX = "its results are complex; use the real functions of which it consists"

# Pattern -> what to write instead
REFUSED = {
    "assoc_legendre_p*": OF_POLYNOMIALS,
    "legendre_p*": OF_POLYNOMIALS,
    "sph_legendre_p*": OF_POLYNOMIALS,
    "sph_harm*": OF_POLYNOMIALS,
    "clpmn": OF_POLYNOMIALS,
    "lpn": OF_POLYNOMIALS,
    "lpmn": OF_POLYNOMIALS,
    "lq*": BY_HAND,
    "factorial": "use gamma(x + 1)",
    "hankel?e": "use hankel1 and hankel2",
    "kelvin": "its results are complex; use ber, bei, ker and kei",
    "modfresnel*": "its results are complex; use fresnel",
    "lmbda": "use jv",
    "round": "use np.rint",
    "riccati_jn": "use spherical_jn",
    "riccati_yn": "use spherical_yn",
    "pbdv_seq": "use pbdv",
    "pbvv_seq": "use pbvv",
    "pbdn_seq": COMPLEX,
    "ellip_harm*": BY_HAND,
    "ellip_normal": BY_HAND,
    "mathieu_*": BY_HAND,
    "obl_*": BY_HAND,
    "pro_*": BY_HAND,
    "nct*": BY_HAND,
    "ncf*": BY_HAND,
    "chndtridf": BY_HAND,
    "smirnov*": "use kolmogorov for large samples, or give it its derivative with custom_jvp",
}


def is_plain(name):
    """Whether a function of scipy.special takes no floats by which one differentiates."""
    return any(fnmatchcase(name, pattern) for pattern in PLAIN)


def remedy(name):
    """What to write instead of a function that is refused; None for others."""
    found = (why for pattern, why in REFUSED.items() if fnmatchcase(name, pattern))
    return next(found, None)
