# SPDX-License-Identifier: Apache-2.0
"""Functions of complex arrays, arguments of every form, and the derivatives of their real parts."""

import numpy as np

import ad_core

V = np.array([0.7 - 0.2j, -0.4 + 1.1j, 1.3 + 0.6j])
W = np.array([[0.3 + 0.4j, -1.2 + 0.1j, 0.9j], [0.5 - 0.8j, 0.2, -0.7 + 0.3j]])
M = np.array([[0.5, 1j, 0.3], [-0.2j, 1.1 + 0.4j, 0.0], [0.1, 0.7, -0.6j]])

# Arguments: every class, layout and dtype that a complex argument has.
POINTS = {
    "complex": 0.7 - 0.2j,
    "complex128": np.complex128(0.7 - 0.2j),
    "complex64": np.complex64(0.5 - 0.25j),
    "no axes": np.array(0.7 - 0.2j),
    "vector": V,
    "one element": V[:1],
    "empty": V[:0],
    "empty matrix": np.zeros((0, 3), complex),
    "matrix": W,
    "Fortran order": np.asfortranarray(W),
    "transposed": W.T,
    "steps": np.repeat(V, 2)[::2],
    "reversed": V[::-1],
    "read-only": np.broadcast_to(V[:1], (3,)),
    "complex64 array": V.astype(np.complex64),
    "swapped bytes": V.astype(">c16"),
    "a part of a record": np.array([(1, 1.0 + 2.0j), (2, 0.5j)], [("k", int), ("z", complex)])["z"],
}

# Holomorphic functions, others, and such with real results.
HOLOMORPHIC = {
    "polynomial": lambda z: z**3 - (2.0 + 1j) * z + 1j,
    "functions": lambda z: np.exp(z) * np.sin(z) + np.sqrt(z + 3.0),
    "quotient": lambda z: (z + 1j) / (z * z - 4.0),
    "sum": lambda z: np.sum(z * z * z),
    "mixed": lambda z: np.cumsum(np.ravel(z)) * np.mean(z * z) if np.size(z) else np.ravel(z),
    "constant": lambda z: 0.0 * z + 1j,
}
OTHERS = {
    "conjugate": lambda z: np.conj(z) * (1.0 + 2j),
    "one part": lambda z: z * z.real,
    "modulus": lambda z: np.abs(z) * z + 1j * np.angle(z),
    "summed": lambda z: np.sum(z * np.conj(z) ** 2),
}
REAL = {
    "energy": lambda z: np.sum(np.abs(z) ** 2 * z.imag),
    "parts": lambda z: np.sum(np.sin(z.real) * z.imag**2),
    "real part": lambda z: np.sum(z**3).real,
    "product": lambda z: np.sum(np.real(np.conj(z) * np.exp(z))),
}
REAL_ARRAYS = {
    "moduli": lambda z: np.abs(z),
    "stacked": lambda z: np.stack([z.real * z.imag, np.exp(z).imag]),
}


def made(re, im):
    """The complex numbers with these parts."""
    return re + 1j * im


def split(function):
    """The same function of the real and the imaginary part, with a pair of results."""

    def of_parts(x, y):
        result = function(made(x, y))
        return np.real(result) * 1.0, np.imag(result) * 1.0

    return of_parts


def blocks(function, z):
    """(u by x, u by y, v by x, v by y): the derivatives of u + i v = function(x + i y)."""
    x, y = (np.array(part, dtype=float)[()] for part in (np.real(z), np.imag(z)))
    (ux, uy), (vx, vy) = ad_core.jacobian(split(function), (0, 1))(x, y)
    return ux, uy, vx, vy


def like(rng, z):
    """A random complex array of the shape of z; a number for a number."""
    shape = np.shape(z)
    found = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return found if isinstance(z, np.ndarray) else complex(found)
