# SPDX-License-Identifier: Apache-2.0
"""Functions of blackscholes: prices and greeks of options."""

from blackscholes import Black76Call, Black76Put, BlackScholesCall, BlackScholesPut

from published import row

AT = (55.0, 50.0, 1.0, 0.0025, 0.15, 0.01)


def greek(kind, name):
    def value(*args):
        return getattr(kind(*args), name)()

    value.__qualname__ = f"{kind.__name__}.{name}"
    return value


FUNCTIONS = [
    *[
        row(greek(BlackScholesCall, name), *AT)
        for name in ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "charm", "speed",
                     "zomma", "color", "ultima", "lambda_greek", "dual_delta", "in_the_money")
    ],
    *[row(greek(BlackScholesPut, name), *AT) for name in ("price", "delta", "theta", "rho")],
    *[row(greek(Black76Call, name), *AT[:5]) for name in ("price", "delta", "theta")],
    row(greek(Black76Put, "price"), *AT[:5]),
]  # fmt: skip
