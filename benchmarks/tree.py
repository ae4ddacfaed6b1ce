# SPDX-License-Identifier: Apache-2.0
"""Nested lists and tuples of arrays, the form of arguments and gradients."""

import numpy as np


def tree_map(fun, tree):
    """Apply ``fun`` to every leaf."""
    if isinstance(tree, list | tuple):
        return type(tree)(tree_map(fun, item) for item in tree)
    return fun(tree)


def leaves(tree):
    """The leaves in order."""
    if isinstance(tree, list | tuple):
        return [leaf for item in tree for leaf in leaves(item)]
    return [tree]


def join(tree):
    """All leaves as one vector."""
    return np.concatenate([np.ravel(leaf) for leaf in leaves(tree)])


def split(flat, like):
    """Divide a vector into arrays with the shapes of ``like``'s leaves: the inverse of `join`."""
    parts, start = [], 0
    for leaf in leaves(like):
        parts.append(flat[start : start + np.size(leaf)].reshape(np.shape(leaf)))
        start += np.size(leaf)
    return parts
