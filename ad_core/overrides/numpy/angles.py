# SPDX-License-Identifier: Apache-2.0
"""np.angle of real numbers, and np.unwrap."""

import numpy as np

from ad_core.overrides.numpy.dispatch import implements
from ad_core.recording.arrays import as_array

__all__ = ["angle", "unwrap"]


@implements(np.angle, lists=True)
def angle(z, deg=False):
    phase = np.arctan2(0.0, z)
    return phase * (180.0 / np.pi) if deg else phase


@implements(np.unwrap)
def unwrap(p, discont=None, axis=-1, *, period=2 * np.pi):
    """x plus multiples of the period, whose derivative is zero: it cancels in dd % period - dd."""
    x = np.moveaxis(as_array(p), axis, -1)
    half = period / 2
    dd = x[..., 1:] - x[..., :-1]
    wrapped = (dd + half) % period - half
    wrapped = np.where((wrapped == -half) & (dd > 0), half, wrapped)
    added = np.where(np.absolute(dd) < (half if discont is None else discont), 0.0, wrapped - dd)
    rest = x[..., 1:] + np.cumsum(added, axis=-1)
    return np.moveaxis(np.concatenate([x[..., :1], rest], axis=-1), -1, axis)
