# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Pictures of sparsity patterns, with each entry in the colour of its product."""

import os
from typing import BinaryIO, TypeAlias

import numpy as np

from ad_core import _core

__all__ = ["File", "spy"]

File: TypeAlias = str | os.PathLike[str] | BinaryIO  # to write a picture to

MOST = 1000  # pixels along an axis; several entries of larger matrices share one
NONE = np.nan  # a pixel without an entry


def spy(structure, path, title, hessian=False):
    """Draw a SparsePattern to a PNG, SVG or PDF file (by its suffix) or to a binary file object.

    Columns of one colour share a tangent (for Hessians, the colours are those of a star colouring).
    Returns the number of colours.  Raises ImportError without matplotlib, and TypeError if path is
    not a file.
    """
    if not isinstance(path, (str, os.PathLike)) and not hasattr(path, "write"):
        raise TypeError(
            f"path must be a file's name or a binary file object, got {type(path).__name__}"
        )
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        message = 'drawing a structure needs matplotlib: pip install "ad_core[demo]"'
        raise ImportError(message) from error
    pattern = structure.indptr, structure.indices
    if hessian:
        colours, count = _core.colour_star(*pattern)
    else:
        colours, count = _core.colour_columns(*pattern, structure.shape[1])
    figure = Figure(figsize=(6.0, 6.4))
    axes = figure.add_subplot()
    picture = image(structure, colours)
    K, D = structure.shape
    axes.imshow(
        picture, cmap="turbo", interpolation="nearest", aspect="auto", vmin=0,
        vmax=max(count - 1, 1), extent=(-0.5, max(D, 1) - 0.5, max(K, 1) - 0.5, -0.5),
    )  # fmt: skip
    axes.set_title(f"{title}: {K:,} x {D:,}, {structure.nnz:,} entries, {count:,} colours")
    axes.set_xlabel("input")
    axes.set_ylabel("input" if hessian else "output")
    figure.savefig(path, dpi=160)
    return count


def image(structure, colours):
    """An image with the colour of an entry at each pixel, and NaN where there is no entry."""
    K, D = structure.shape
    picture = np.full((max(min(K, MOST), 1), max(min(D, MOST), 1)), NONE)
    high, wide = picture.shape
    rows = structure.rows.astype(np.int64) * high // max(K, 1)
    columns = structure.indices.astype(np.int64) * wide // max(D, 1)
    picture[rows, columns] = colours[structure.indices]
    return picture
