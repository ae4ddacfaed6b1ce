# SPDX-License-Identifier: Apache-2.0
"""Random programs of views and writes, linear in their argument, which NumPy can also run on plain
arrays. The effects of writes, the views and the memory layouts must be the same."""

import warnings

import numpy as np

from view_functions import LINEAR, REAL

ORDERS = ("C", "F", "A", "K")
REFUSED = (ValueError, IndexError, TypeError, AttributeError, np.exceptions.ComplexWarning)


class Program:
    """A program, given by its number: a function of a matrix, with real or complex buffers.

    A call returns all numbers that its arrays hold at the end, as reals. `seen` then holds their
    layouts after each step, and which arrays were changed by which writes.
    """

    def __init__(self, seed, is_complex=False, steps=12):
        self.seed = seed
        self.factor = 1.0 - 2.0j if is_complex else 1.0
        self.kind = complex if is_complex else float
        self.steps = steps

    def __call__(self, x):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for deprecated writes and for Generator.shuffle
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return self.run(x)

    def run(self, x):
        self.rng = np.random.default_rng(self.seed)
        self.pool = [x * self.factor, np.zeros(x.shape, self.kind)]
        self.told = []
        for _ in range(self.steps):
            step = STEPS[self.rng.integers(len(STEPS))]
            try:
                made = step(self, self.any())
            except REFUSED:
                self.told.append((step.__name__, "refused"))
                continue
            if made is not None and np.ndim(made) and 0 < np.size(made) < 60 and made.ndim < 5:
                self.pool.append(made)
                self.told.append((step.__name__, layout(made)))
            else:
                self.told.append((step.__name__, None))
        pairs = [(a, b) for k, a in enumerate(self.pool) for b in self.pool[:k]]
        self.told.append(tuple(bool(np.shares_memory(a, b)) for a, b in pairs))
        self.seen = self.told
        flat = np.concatenate([np.ravel(a) for a in self.pool])
        return np.concatenate([flat.real, flat.imag]) if self.kind is complex else flat

    def any(self):
        return self.pool[self.rng.integers(len(self.pool))]

    def order(self):
        return ORDERS[self.rng.integers(4)]

    def axes(self, a):
        return tuple(int(d) for d in self.rng.permutation(a.ndim))

    def key(self, a):
        """Slices, integers and new axes for the axes of a."""
        parts = []
        for n in a.shape:
            kind = self.rng.integers(6)
            start = int(self.rng.integers(n))
            parts.append(
                (slice(None), slice(start, None), slice(None, None, -1), slice(None, None, 2),
                 start, (None, slice(None)))[kind]
            )  # fmt: skip
        flat = []
        for part in parts:
            flat += part if type(part) is tuple else [part]
        return tuple(flat)

    def shape(self, n):
        """A shape of n elements."""
        divisors = [d for d in range(1, n + 1) if n % d == 0]
        first = divisors[self.rng.integers(len(divisors))]
        return [(n,), (first, n // first), (first, 1, n // first)][self.rng.integers(3)]

    def like(self, a):
        """An array of the shape of a, or a number."""
        found = [b for b in self.pool if b.shape == a.shape]
        return found[self.rng.integers(len(found))] if found else 2.0


def layout(a):
    """The visible memory layout of an array, without strides of axes with one element."""
    strides = tuple(s for s, n in zip(a.strides, a.shape, strict=True) if n != 1)
    flags = a.flags
    return a.shape, strides, flags.c_contiguous, flags.f_contiguous, flags.writeable


STEPS = []


def step(function):
    STEPS.append(function)
    return function


# Views


@step
def sliced(p, a):
    return a[p.key(a)]


@step
def transposed(p, a):
    return (a.T, np.transpose(a, p.axes(a)), a.transpose(p.axes(a)))[p.rng.integers(3)]


@step
def swapped(p, a):
    return np.swapaxes(a, 0, -1)


@step
def moved(p, a):
    return np.moveaxis(a, 0, int(p.rng.integers(a.ndim)))


@step
def reshaped(p, a):
    shape, order = p.shape(a.size), "CFA"[p.rng.integers(3)]
    return a.reshape(shape, order=order) if p.rng.integers(2) else np.reshape(a, shape, order)


@step
def ravelled(p, a):
    return a.ravel(p.order()) if p.rng.integers(2) else np.ravel(a, p.order())


@step
def spread(p, a):
    return np.broadcast_to(a, (2, *a.shape))


@step
def spread_together(p, a):
    return np.broadcast_arrays(a, np.zeros(a.shape))[0]


@step
def diagonal(p, a):
    return a.diagonal() if p.rng.integers(2) else np.diagonal(a, 1)


@step
def einsum_moved(p, a):
    labels = "abcd"[: a.ndim]
    return np.einsum(f"{labels}->{labels[::-1]}", a)


@step
def einsum_diagonal(p, a):
    n = min(a.shape)
    return np.einsum("ii...->i...", a[:n, :n])


@step
def einsum_all(p, a):
    return np.einsum("...->...", a)


@step
def squeezed(p, a):
    return np.squeeze(a)


@step
def turned(p, a):
    return (np.flip, np.rot90, np.flipud)[p.rng.integers(3)](a)


@step
def at_least(p, a):
    return (np.atleast_2d, np.atleast_3d)[p.rng.integers(2)](a)


@step
def split(p, a):
    return np.array_split(a, 2)[0]


@step
def windows(p, a):
    return np.lib.stride_tricks.sliding_window_view(a, 2, axis=0)


# Copies or views


@step
def copied(p, a):
    return a.copy(p.order()) if p.rng.integers(2) else np.copy(a, p.order())


@step
def flattened(p, a):
    return a.flatten(p.order())


@step
def made_contiguous(p, a):
    return (np.ascontiguousarray, np.asfortranarray)[p.rng.integers(2)](a)


@step
def converted(p, a):
    order = p.order()
    return (np.asarray, np.array, np.asanyarray)[p.rng.integers(3)](a, order=order)


@step
def cast(p, a):
    return a.astype(p.kind, order=p.order(), copy=bool(p.rng.integers(2)))


@step
def buffer(p, a):
    order = "CF"[p.rng.integers(2)]
    make = (np.zeros, np.ones, np.empty)[p.rng.integers(3)]
    made = make(a.shape, p.kind, order=order)
    made[...] = 0.0
    return made


@step
def buffer_like(p, a):
    make = (np.zeros_like, np.ones_like, np.empty_like)[p.rng.integers(3)]
    made = make(a, order=p.order())
    made[...] = 3.0
    return made


@step
def full(p, a):
    return np.full(a.shape, p.kind(2.0), order="CF"[p.rng.integers(2)])


# Computations


@step
def added(p, a):
    return a + p.like(a)


@step
def scaled(p, a):
    return (a * 2.0, -a, 3.0 * a)[p.rng.integers(3)]


@step
def outer_sum(p, a):
    return a[..., None] + np.arange(2.0)


@step
def with_plain(p, a):
    plain = np.arange(float(a.size)).reshape(a.shape, order="CF"[p.rng.integers(2)])
    return plain * a


@step
def summed(p, a):
    axis = int(p.rng.integers(a.ndim))
    return np.sum(a, axis=axis, keepdims=bool(p.rng.integers(2)))


@step
def running(p, a):
    return np.cumsum(a, axis=int(p.rng.integers(a.ndim)))


@step
def chosen(p, a):
    return np.where(np.arange(a.size).reshape(a.shape) % 2 == 0, a, p.like(a))


@step
def joined(p, a):
    other = p.like(a)
    other = a if np.ndim(other) == 0 else other
    return (np.concatenate, np.stack, np.vstack, np.hstack)[p.rng.integers(4)]([a, other])


@step
def fancy(p, a):
    places = p.rng.integers(len(a), size=2)
    return (a[places], a[..., [0]], a[a.shape[0] * [False]], np.take(a, places, 0))[
        p.rng.integers(4)
    ]


@step
def masked(p, a):
    return a[np.arange(a.size).reshape(a.shape) % 3 == 0]


@step
def rolled(p, a):
    return (np.roll(a, 1, axis=0), np.repeat(a, 2, axis=0), np.tile(a, 2))[p.rng.integers(3)]


@step
def triangle(p, a):
    return (np.tril, np.triu)[p.rng.integers(2)](a)


@step
def product(p, a):
    return np.arange(float(3 * a.shape[0])).reshape(3, -1) @ a


@step
def linear(p, a):
    functions = LINEAR if p.kind is complex else LINEAR + REAL
    return functions[p.rng.integers(len(functions))](a, a.shape[-1])


# Writes


@step
def store(p, a):
    key = p.key(a)
    a[key] = 2.0 * a[key]


@step
def store_reversed(p, a):
    a[...] = a[::-1]


@step
def store_first(p, a):
    a[0] = p.any().ravel()[0]


@step
def store_fancy(p, a):
    a[p.rng.integers(len(a), size=2)] = a[-1] * 3.0


@step
def store_masked(p, a):
    a[np.arange(a.size).reshape(a.shape) % 2 == 1] = p.any().ravel()[-1]


@step
def added_in_place(p, a):
    a += p.like(a)


@step
def scaled_in_place(p, a):
    a *= 0.5


@step
def iterated(p, a):
    for k, row in enumerate(a):
        a[-1 - k] = row * 2.0


@step
def iterated_together(p, a):
    for row, other in zip(a, p.like(a) + np.zeros(a.shape), strict=True):
        row += other


@step
def enumerated(p, a):
    for place, number in np.ndenumerate(a):
        a[tuple(-1 - k for k in place)] = number + 1.0


@step
def through_flat(p, a):
    a.flat[::2] = p.any().flatten()[:3]
    for k, number in enumerate(a.flat):
        a.flat[-1 - k] = number * 0.5


@step
def flat_set(p, a):
    a.flat = p.any().flatten()[:2]


@step
def real_set(p, a):
    a.real = 2.0 * a.real


@step
def diagonal_filled(p, a):
    np.fill_diagonal(a, p.any().flatten()[:2])


@step
def put(p, a):
    np.put(a, p.rng.integers(a.size, size=3), p.any().flatten()[:2])


@step
def put_along(p, a):
    np.put_along_axis(a, np.zeros((1,) * a.ndim, int), 5.0, axis=0)


@step
def placed(p, a):
    mask = np.arange(a.size).reshape(a.shape) % 2 == 0
    (np.place, np.putmask)[p.rng.integers(2)](a, mask, p.any().flatten()[:3])


@step
def copied_into(p, a):
    if a.flags.writeable:  # NumPy copies an array into itself even if it is read-only
        np.copyto(a, p.like(a))


@step
def added_out(p, a):
    np.add(a, p.like(a), out=a)


@step
def added_at(p, a):
    if a.flags.writeable:  # NumPy itself does not check
        np.add.at(a, [0, 0], 1.0)


@step
def filled(p, a):
    a.fill(4.0)


@step
def shuffled(p, a):
    if a.flags.writeable:
        np.random.default_rng(p.seed).shuffle(a)


@step
def shaped(p, a):
    b = a[...]
    b.shape = (a.size, 1)
    return b


@step
def locked(p, a):
    b = a[...]
    b.flags.writeable = False
    return b
