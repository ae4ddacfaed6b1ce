# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.signal on traced values: its compiled filters and correlations. All else is SciPy's own
Python code."""

import numpy as np
import scipy.signal as ss
from scipy.signal import _signaltools as tools

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.scipy.dispatch import implements, refuses
from ad_core.recording.arrays import as_array
from ad_core.rules.correlation import correlated
from ad_core.rules.filters import filtered, final_state, initial_response

__all__ = []

VALID, SAME, FULL = range(3)  # modes of the compiled correlation
FILL, SYMMETRIC, WRAP = 0, 4, 8  # boundaries of the compiled convolution of two axes


@implements(tools._sigtools._linear_filter)
def linear_filter(b, a, x, axis=-1, zi=None):
    b, a = as_array(b), as_array(a)
    size = max(len(a), len(b))
    b, a = (np.concatenate([c, np.zeros(size - len(c))]) / a[0] for c in (b, a))
    x = np.moveaxis(as_array(x), axis, -1)
    y = filtered(b, a, x)
    if zi is None:
        return np.moveaxis(y, -1, axis)
    z = np.moveaxis(as_array(zi), axis, -1)
    y = y + initial_response(a, z, x.shape[-1])
    return np.moveaxis(y, -1, axis), np.moveaxis(final_state(b, a, x, y, z), -1, axis)


@implements(tools._sosfilt)
def sosfilt(sos, x, zi):
    """Filter the rows of x in place, one second-order section after the other; zi is the state of
    each section, which changes in place."""
    sos, y, state = as_array(sos), as_array(x), as_array(zi)
    after = []
    for k in range(sos.shape[0]):
        b, a, z = sos[k, :3], sos[k, 3:], state[:, k]
        before = y
        y = filtered(b, a, before) + initial_response(a, z, before.shape[-1])
        after.append(final_state(b, a, before, y, z))
    _core.set_items(x, Ellipsis, y)
    _core.set_items(zi, Ellipsis, np.stack(after, axis=1))


@implements(tools._sigtools._correlateND)
def correlate_nd(x, kernel, out, mode):
    """The correlation of arrays; for the modes "full" and "same", SciPy pads x with zeros
    behind."""
    x, kernel = as_array(x), as_array(kernel)
    ahead = [{VALID: 0, SAME: n // 2, FULL: n - 1}[mode] for n in kernel.shape]
    shape = [m + n - 1 for m, n in zip(np.shape(out), kernel.shape, strict=True)]
    behind = [max(0, m - k - n) for m, k, n in zip(shape, ahead, x.shape, strict=True)]
    padded = np.pad(x, list(zip(ahead, behind, strict=True)))
    return correlated(padded[tuple(map(slice, shape))], kernel)


@implements(tools._sigtools._convolve2d)
def convolve_2d(x, kernel, flip=1, mode=FULL, boundary=0, fillvalue=0.0):
    x, kernel = as_array(x), as_array(kernel)
    kernel = np.flip(kernel) if flip else kernel
    ahead = [{VALID: 0, SAME: n // 2 if flip else (n - 1) // 2, FULL: n - 1}[mode] for n in
             kernel.shape]  # fmt: skip
    sizes = [{VALID: m - n + 1, SAME: m, FULL: m + n - 1}[mode] for m, n in
             zip(x.shape, kernel.shape, strict=True)]  # fmt: skip
    if mode != VALID:
        settings = {"constant_values": fillvalue} if boundary == FILL else {}
        name = {FILL: "constant", SYMMETRIC: "symmetric", WRAP: "wrap"}[boundary]
        widths = [(k, s + n - 1 - k - m) for k, s, n, m in
                  zip(ahead, sizes, kernel.shape, x.shape, strict=True)]  # fmt: skip
        x = np.pad(x, widths, name, **settings)
    return correlated(x, kernel)


@implements(ss.upfirdn)
def upfirdn(h, x, up=1, down=1, axis=-1, mode="constant", cval=0):
    h, x = as_array(h), np.moveaxis(as_array(x), axis, -1)
    if h.ndim != 1 or h.size == 0:
        raise ValueError("h must be 1-D with non-zero length")
    if up < 1 or down < 1:
        raise ValueError("Both up and down must be >= 1")
    if mode not in (None, "constant") or cval != 0:
        raise NoDerivativeError(
            f"scipy.signal.upfirdn with mode={mode!r} and cval={cval!r} has no derivative in "
            f"ad_core{_core.user_line()}; pad the signal with np.pad before the call"
        )
    n = (x.shape[-1] - 1) * up + len(h)
    spread = np.zeros((*x.shape[:-1], n))
    spread[..., : x.shape[-1] * up : up] = x[..., : len(range(0, n, up))]
    found = filtered(h, np.ones(1), spread)
    return np.moveaxis(found[..., ::down], -1, axis)


for _name in ("medfilt", "medfilt2d", "order_filter"):
    refuses(getattr(ss, _name), "write the median of shifted copies with np.median")
