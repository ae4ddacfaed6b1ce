# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.fft."""

import numpy as np
import scipy.fft as MODULE

from scipy_rows import Call

__all__ = ["MODULE", "PLAIN", "REFUSED", "ROWS"]

X = np.array([0.3, -0.7, 1.2, 0.4, -0.2, 0.9])
WEIGHTS = np.linspace(0.2, 1.7, 64)


def _real(z):
    """Real numbers that depend on both parts of a complex result."""
    z = np.ravel(z)
    return z.real + 0.3 * z.imag * WEIGHTS[: z.size]


def _called(name, **options):
    return lambda x: _real(getattr(MODULE, name)(x, **options))


def _of_complex(name, **options):
    return lambda x: _real(getattr(MODULE, name)(x[:3] + 1j * x[3:], **options))


def _of_matrix(name, **options):
    return lambda x: _real(getattr(MODULE, name)(x.reshape(2, 3), **options))


def _calls(*functions):
    return [Call(f, X, second=False, exact=False) for f in functions]


ROWS = {
    name: _calls(_called(name), _called(name, n=4), _called(name, norm="ortho"),
                 _of_matrix(name, axis=0, norm="forward"),
                 *([] if name in ("rfft", "ihfft") else [_of_complex(name)]))
    for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
}  # fmt: skip
ROWS |= {
    f"{name}{end}": _calls(_of_matrix(f"{name}{end}"), _of_matrix(f"{name}{end}", norm="ortho"),
                           _of_matrix(f"{name}{end}", s=(2, 4)))
    for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
    for end in ("2", "n")
}  # fmt: skip
SETTINGS = [
    {"type": kind, "norm": norm, "orthogonalize": orthogonalize}
    for kind in (1, 2, 3, 4)
    for norm in (None, "ortho", "forward")
    for orthogonalize in (None, True, False)
]
for _name in ("dct", "dst", "idct", "idst"):
    ROWS[_name] = _calls(*(_called(_name, **settings) for settings in SETTINGS),
                         _called(_name, n=4), _called(_name, n=9), _of_complex(_name),
                         _of_matrix(_name, axis=0))  # fmt: skip
    ROWS[f"{_name}n"] = _calls(_of_matrix(f"{_name}n"), _of_matrix(f"{_name}n", s=(3, 2), type=3),
                               _of_matrix(f"{_name}n", axes=[1], norm="ortho"))  # fmt: skip
ROWS["fftshift"] = [Call(lambda x: MODULE.fftshift(x) * WEIGHTS[:6], X)]
ROWS["ifftshift"] = [Call(lambda x: MODULE.ifftshift(x.reshape(2, 3), axes=1) * x[0], X)]
ROWS["fht"] = _calls(
    lambda x: MODULE.fht(x, dln=0.3, mu=0.5), lambda x: MODULE.fht(x, 0.3, 0.5, bias=0.2)
)
ROWS["ifht"] = _calls(lambda x: MODULE.ifht(x, dln=0.3, mu=0.5))
PLAIN = {
    "fftfreq", "rfftfreq", "fhtoffset", "next_fast_len", "prev_fast_len", "set_backend",
    "skip_backend", "set_global_backend", "register_backend", "get_workers", "set_workers",
}  # fmt: skip
REFUSED = {}
