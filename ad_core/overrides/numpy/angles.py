# SPDX-License-Identifier: Apache-2.0
"""Angles of real numbers, and angles without their jumps."""

import numpy as np

from ad_core.overrides.numpy.dispatch import implements
from ad_core.recording.arrays import as_array

__all__ = ["angle", "unwrap"]


@implements(np.angle, lists=True)
def angle(z, deg=False):
    turn = np.arctan2(0.0, z)
    return turn * (180.0 / np.pi) if deg else turn


@implements(np.unwrap)
def unwrap(p, discont=None, axis=-1, *, period=2 * np.pi):
    """Adds multiples of the period, whose derivative is zero: it cancels in dd % period - dd."""
    x = np.moveaxis(as_array(p), axis, -1)
    half = period / 2
    dd = x[..., 1:] - x[..., :-1]
    turned = (dd + half) % period - half
    turned = np.where((turned == -half) & (dd > 0), half, turned)
    added = np.where(np.absolute(dd) < (half if discont is None else discont), 0.0, turned - dd)
    rest = x[..., 1:] + np.cumsum(added, axis=-1)
    return np.moveaxis(np.concatenate([x[..., :1], rest], axis=-1), -1, axis)
