# SPDX-License-Identifier: Apache-2.0
"""Fourier transforms."""

import numpy as np

from benchmarks.idioms.data import grid, normal, table, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Fourier transforms")


@SUBJECT(normal, 8, 1000, 10**5)
def power_spectrum(x):
    """`np.sum(np.abs(np.fft.fft(x)) ** 2 * k)`"""
    return np.sum(np.abs(np.fft.fft(x)) ** 2 * np.arange(x.size))


@SUBJECT(normal, 8, 1000, 10**5)
def low_pass(x):
    """`np.fft.irfft(np.fft.rfft(x) * weights)`"""
    z = np.fft.rfft(x)
    return np.sum(np.fft.irfft(z * np.exp(-0.01 * np.arange(z.size)), x.size) ** 4)


@SUBJECT(with_data(normal, y=("n",)), 8, 1000, 10**5)
def convolution_by_fft(x, y):
    """A circular convolution by `np.fft`"""
    return np.sum(np.fft.ifft(np.fft.fft(x) * np.fft.fft(y)).real ** 3)


@SUBJECT(grid, 4, 50, 300)
def image_spectrum(x):
    """`np.sum(np.log1p(np.abs(np.fft.fft2(x)) ** 2))`"""
    z = np.fft.fft2(x)
    return np.sum(np.log1p(z.real**2 + z.imag**2))


@SUBJECT(table, 100, 10**4, 10**5)
def spectra_of_rows(x):
    """`np.sum(np.abs(np.fft.fft(x, axis=1)) ** 2 * k)`"""
    return np.sum(np.abs(np.fft.fft(x, axis=1)) ** 2 * np.arange(x.shape[1]))


@SUBJECT(normal, 8, 64, 1000)
def spectral_derivative(x):
    """Ten steps with derivatives by `np.fft`"""
    k = 1j * np.fft.fftfreq(x.size)
    for _ in range(10):
        x = x - 0.1 * x * np.fft.ifft(k * np.fft.fft(x)).real
    return np.sum(x**2)
