# SPDX-License-Identifier: Apache-2.0
"""Lists of numbers, nested lists and dictionaries, and arrays made of them."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Lists of numbers")


def numbers(n, seed):
    """A list of n numbers."""
    return (normal(n, seed)[0].tolist(),)


LIST = {"one": {10**4: 20.0}, "setup_ms": {10**4: 10.0}}


@SUBJECT(numbers, 10, 1000, 10**4, bounds=LIST)
def list_as_argument(x):
    """`np.sum(np.array(x) ** 2)` of a list of n numbers"""
    return np.sum(np.array(x) ** 2)


@SUBJECT(normal, 10, 1000, 10**4, bounds=LIST, reason=reasons.OBJECTS)
def array_of_list(x):
    """`np.sum(np.array([2.0 * v for v in x]) ** 2)`"""
    return np.sum(np.array([2.0 * v for v in x]) ** 2)


@SUBJECT(normal, 10, 100, 1000)
def array_of_computed(x):
    """`np.sum(np.array([np.sin(v) * v for v in x]) ** 2)`"""
    return np.sum(np.array([np.sin(v) * v for v in x]) ** 2)


@SUBJECT(normal, 10, 1000, 10**4)
def listed_and_summed(x):
    """`sum([v * v for v in list(x)])`"""
    return sum([v * v for v in list(x)])


@SUBJECT(normal, 9, 900)
def nested_lists(x):
    """`np.array([[...], [...], [...]])`, and its determinant"""
    n = x.size // 9
    total = 0.0
    for k in range(n):
        a, b, c, d, e, f, g, h, i = x[9 * k : 9 * k + 9]
        total = total + np.sum(np.array([[a, b, c], [d, e, f], [g, h, i]]) ** 2)
    return total


@SUBJECT(normal, 10, 1000)
def stacked_list(x):
    """`np.sum(np.stack([x * k for k in range(10)]) ** 2)`"""
    return np.sum(np.stack([np.sin(x * k) for k in range(10)]) ** 2)


@SUBJECT(normal, 10, 1000)
def appended(x):
    """A list that grows by `append`, then `np.array`"""
    found = [x[0]]
    for v in x[1:]:
        found.append(0.5 * found[-1] + v)
    return np.sum(np.array(found) ** 2)


def parameters(n, seed):
    """A list of n vectors of three numbers."""
    return (list(np.random.default_rng(seed).normal(size=(n, 3))),)


@SUBJECT(parameters, 3, 30, 300)
def many_arguments(vectors):
    """n small vectors as arguments: `sum(np.sum(v * v) for v in vectors)`"""
    return sum(np.sum(v * v) for v in vectors)


@SUBJECT(parameters, 3, 30, 300)
def joined_arguments(vectors):
    """`np.sum(np.concatenate(vectors) ** 3)` of n small vectors"""
    return np.sum(np.concatenate(vectors) ** 3)


@SUBJECT(normal, 10, 1000)
def zipped(x):
    """`sum(a * b for a, b in zip(x, x[::-1]))`"""
    return sum(a * b for a, b in zip(x, x[::-1], strict=True))


@SUBJECT(normal, 10, 1000)
def state_in_dictionary(x):
    """A state of two numbers in a dictionary, a step for each element"""
    state = {"place": 0.0, "speed": 0.0}
    for v in x:
        state["speed"] = 0.9 * state["speed"] + v
        state["place"] = state["place"] + 0.1 * state["speed"]
    return state["place"] ** 2
