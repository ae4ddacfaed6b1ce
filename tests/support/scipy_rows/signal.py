# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.signal."""

import numpy as np
import scipy.signal as MODULE

from scipy_rows import Call

__all__ = ["MODULE", "PLAIN", "REFUSED", "ROWS"]

X = np.random.default_rng(0).normal(size=12)
C = np.array([0.4, 0.3, -0.2, 0.1])
B, A = MODULE.butter(2, 0.3)
SOS = MODULE.butter(3, 0.2, output="sos")


def _real(z):
    """Real numbers that depend on both parts of a complex result."""
    z = np.ravel(z)
    return z.real + (0.3 * z.imag if np.iscomplexobj(z) else 0.0)


ROWS = {
    "qspline1d": [
        Call(lambda x: MODULE.qspline1d(np.concatenate([x, x])), X, exact=False, second=False)
    ],
    "lfiltic": [
        Call(
            lambda c: MODULE.lfiltic(c[:2], np.stack([2 + c[3], c[1]]), c[:1]),
            C,
            exact=False,
            second=False,
        )
    ],
    "cspline1d_eval": [
        Call(
            lambda x: MODULE.cspline1d_eval(
                MODULE.cspline1d(X), np.array([2.3, 4.5]) + x[:2] * 0.1
            ),
            X,
            exact=False,
            second=False,
        )
    ],
    "cspline1d": [Call(lambda x: MODULE.cspline1d(x), X, exact=False, second=False)],
    "bilinear": [
        Call(
            lambda c: np.concatenate(MODULE.bilinear(c[:2], np.stack([c[2] + 2, c[3]]))),
            C,
            exact=False,
            second=False,
        )
    ],
    "ShortTimeFFT": [
        Call(
            lambda x: np.abs(MODULE.ShortTimeFFT(np.hanning(6), 2, 1.0).stft(x)),
            X,
            exact=False,
            second=False,
        )
    ],
    "chirp": [Call(lambda x: MODULE.chirp(x, 1.0, 2.0, 3.0), X, exact=False, second=False)],
    "coherence": [
        Call(lambda x: MODULE.coherence(x, x**2, nperseg=4)[1], X, exact=False, second=False)
    ],
    "cont2discrete": [
        Call(
            lambda c: np.concatenate(
                [
                    np.ravel(m)
                    for m in MODULE.cont2discrete(
                        (c.reshape(2, 2), np.ones((2, 1)), np.ones((1, 2)), np.zeros((1, 1))), 0.1
                    )[:2]
                ]
            ),
            C,
            exact=False,
            second=False,
        )
    ],
    "convolve": [
        Call(lambda x: MODULE.convolve(x[:5], x[5:]), X, exact=False, second=False),
        Call(
            lambda x: MODULE.convolve(x.reshape(4, 3), x[:4].reshape(2, 2), mode="same"),
            X,
            exact=False,
            second=False,
        ),
    ],
    "convolve2d": [
        Call(
            lambda x: MODULE.convolve2d(x.reshape(4, 3), x[:4].reshape(2, 2)),
            X,
            exact=False,
            second=False,
        ),
        Call(
            lambda x: MODULE.convolve2d(
                x.reshape(4, 3), x[:4].reshape(2, 2), mode="same", boundary="symm"
            ),
            X,
            exact=False,
            second=False,
        ),
        Call(
            lambda x: MODULE.convolve2d(
                x.reshape(4, 3), x[:6].reshape(3, 2), mode="same", fillvalue=0.3
            ),
            X,
            exact=False,
            second=False,
        ),
    ],
    "correlate": [
        Call(lambda x: MODULE.correlate(x[:5], x[5:], mode="same"), X, exact=False, second=False),
        Call(
            lambda x: MODULE.correlate(x.reshape(4, 3), x[:4].reshape(2, 2)),
            X,
            exact=False,
            second=False,
        ),
        Call(
            lambda x: MODULE.correlate(
                x.reshape(4, 3), x[:4].reshape(2, 2), mode="same", method="direct"
            ),
            X,
            exact=False,
            second=False,
        ),
        Call(
            lambda x: MODULE.correlate(
                x.reshape(2, 3, 2), x[:2].reshape(1, 2, 1), mode="valid", method="direct"
            ),
            X,
            exact=False,
            second=False,
        ),
    ],
    "correlate2d": [
        Call(
            lambda x: MODULE.correlate2d(x.reshape(4, 3), x[:4].reshape(2, 2), boundary="wrap"),
            X,
            exact=False,
            second=False,
        ),
        Call(
            lambda x: MODULE.correlate2d(x.reshape(4, 3), x[:6].reshape(2, 3), mode="same"),
            X,
            exact=False,
            second=False,
        ),
    ],
    "csd": [Call(lambda x: _real(MODULE.csd(x, x**2, nperseg=6)[1]), X, exact=False, second=False)],
    "decimate": [
        Call(lambda x: MODULE.decimate(np.concatenate([x, x, x]), 2), X, exact=False, second=False)
    ],
    "deconvolve": [
        Call(
            lambda x: MODULE.deconvolve(x, np.stack([2 + x[0] ** 2, x[1], 0.3]))[0],
            X,
            exact=False,
            second=False,
        )
    ],
    "detrend": [
        Call(lambda x: MODULE.detrend(x), X, exact=False, second=False),
        Call(lambda x: MODULE.detrend(x, type="constant"), X, exact=False, second=False),
    ],
    "dlsim": [
        Call(
            lambda x: MODULE.dlsim(
                (
                    np.array([[0.0, 1.0], [-0.1, -0.5]]),
                    np.array([[0.0], [1.0]]),
                    np.array([[1.0, 0.0]]),
                    0.0,
                    1.0,
                ),
                x,
            )[1],
            X,
            exact=False,
            second=False,
        )
    ],
    "envelope": [Call(lambda x: _real(MODULE.envelope(x)), X, exact=False, second=False)],
    "fftconvolve": [Call(lambda x: MODULE.fftconvolve(x, x[:4]), X, exact=False, second=False)],
    "filtfilt": [Call(lambda x: MODULE.filtfilt(B, A, x), X, exact=False, second=False)],
    "firwin": [Call(lambda c: MODULE.firwin(5, 0.4) * c[0], C, exact=False, second=False)],
    "freqs": [
        Call(
            lambda c: np.abs(
                MODULE.freqs(c[:2], np.stack([c[2] + 2, c[3]]), worN=np.linspace(0.1, 2, 5))[1]
            ),
            C,
            exact=False,
            second=False,
        )
    ],
    "freqz": [
        Call(
            lambda c: np.abs(MODULE.freqz(c[:2], np.stack([c[2] + 2, c[3]]), worN=5)[1]),
            C,
            exact=False,
            second=False,
        )
    ],
    "gausspulse": [Call(lambda x: MODULE.gausspulse(x), X, exact=False, second=False)],
    "group_delay": [
        Call(
            lambda c: MODULE.group_delay((c[:2], np.stack([c[2] + 2, c[3]])), w=5)[1],
            C,
            exact=False,
            second=False,
        )
    ],
    "hilbert": [Call(lambda x: _real(MODULE.hilbert(x)), X, exact=False, second=False)],
    "hilbert2": [
        Call(lambda x: _real(MODULE.hilbert2(x.reshape(4, 3))), X, exact=False, second=False)
    ],
    "istft": [
        Call(
            lambda x: MODULE.istft(MODULE.stft(x, nperseg=4)[2], nperseg=4)[1],
            X,
            exact=False,
            second=False,
        )
    ],
    "lfilter": [
        Call(lambda x: MODULE.lfilter(B, A, x), X, exact=False, second=False),
        Call(
            lambda c: MODULE.lfilter(c[:2], np.stack([c[2] + 2, c[3]]), X),
            C,
            exact=False,
            second=False,
        ),
        Call(lambda x: MODULE.lfilter(x[:3], [1.0], x), X, exact=False, second=False),
        Call(
            lambda x: MODULE.lfilter(B, A, x, zi=MODULE.lfilter_zi(B, A) * x[0])[0],
            X,
            exact=False,
            second=False,
        ),
        Call(
            lambda x: MODULE.lfilter(B, A, x, zi=MODULE.lfilter_zi(B, A) * x[0])[1],
            X,
            exact=False,
            second=False,
        ),
        Call(lambda x: MODULE.lfilter(B, A, x.reshape(6, 2), axis=0), X, exact=False, second=False),
    ],
    "lfilter_zi": [
        Call(
            lambda c: MODULE.lfilter_zi(
                np.stack([c[0], c[1], c[2]]), np.stack([2 + c[3], c[1], 0.2])
            ),
            C,
            exact=False,
            second=False,
        )
    ],
    "lombscargle": [
        Call(
            lambda x: MODULE.lombscargle(np.arange(12.0), x, [0.3, 0.7]),
            X,
            exact=False,
            second=False,
        )
    ],
    "lsim": [
        Call(
            lambda x: MODULE.lsim(
                (
                    np.array([[0.0, 1.0], [-1.0, -0.5]]),
                    np.array([[0.0], [1.0]]),
                    np.array([[1.0, 0.0]]),
                    0.0,
                ),
                x,
                np.arange(12.0) * 0.3,
            )[1],
            X,
            exact=False,
            second=False,
        )
    ],
    "minimum_phase": [
        Call(
            lambda x: MODULE.minimum_phase(np.concatenate([x[:3], [2.0], x[:3][::-1]])),
            X,
            exact=False,
            second=False,
        )
    ],
    "normalize": [
        Call(
            lambda c: np.concatenate(MODULE.normalize(c[:2], np.stack([c[2] + 2, c[3]]))),
            C,
            exact=False,
            second=False,
        )
    ],
    "oaconvolve": [Call(lambda x: MODULE.oaconvolve(x, x[:3]), X, exact=False, second=False)],
    "periodogram": [Call(lambda x: MODULE.periodogram(x)[1], X, exact=False, second=False)],
    "resample": [Call(lambda x: MODULE.resample(x, 9), X, exact=False, second=False)],
    "resample_poly": [Call(lambda x: MODULE.resample_poly(x, 3, 2), X, exact=False, second=False)],
    "savgol_filter": [
        Call(lambda x: MODULE.savgol_filter(x, 5, 2), X, exact=False, second=False),
        Call(
            lambda x: MODULE.savgol_filter(x, 5, 2, deriv=1, mode="nearest"),
            X,
            exact=False,
            second=False,
        ),
    ],
    "sawtooth": [Call(lambda x: MODULE.sawtooth(x), X, exact=False, second=False)],
    "sosfilt": [Call(lambda x: MODULE.sosfilt(SOS, x), X, exact=False, second=False)],
    "sosfilt_zi": [
        Call(
            lambda c: MODULE.sosfilt_zi(
                np.stack([c[0], c[1], c[2], 1.0 + 0 * c[0], c[3], 0.1 + 0 * c[0]])[None]
            ),
            C,
            exact=False,
            second=False,
        )
    ],
    "sosfiltfilt": [
        Call(
            lambda x: MODULE.sosfiltfilt(SOS, np.concatenate([x, x])), X, exact=False, second=False
        )
    ],
    "sosfreqz": [
        Call(
            lambda c: np.abs(
                MODULE.sosfreqz(
                    np.stack([c[0], c[1], c[2], 1.0 + 0 * c[0], c[3], 0.1 + 0 * c[0]])[None], worN=5
                )[1]
            ),
            C,
            exact=False,
            second=False,
        )
    ],
    "spectrogram": [
        Call(lambda x: MODULE.spectrogram(x, nperseg=6)[2], X, exact=False, second=False)
    ],
    "square": [Call(lambda x: MODULE.square(x) * x, X, exact=False, second=False)],
    "ss2tf": [
        Call(
            lambda c: np.concatenate(
                [
                    np.ravel(m)
                    for m in MODULE.ss2tf(
                        c.reshape(2, 2), np.ones((2, 1)), np.ones((1, 2)), np.zeros((1, 1))
                    )
                ]
            ),
            C,
            exact=False,
            second=False,
        )
    ],
    "stft": [Call(lambda x: _real(MODULE.stft(x, nperseg=6)[2]), X, exact=False, second=False)],
    "sweep_poly": [
        Call(lambda x: MODULE.sweep_poly(x, np.poly1d([0.1, 0.2])), X, exact=False, second=False)
    ],
    "tf2ss": [
        Call(
            lambda c: np.concatenate(
                [np.ravel(m) for m in MODULE.tf2ss(c[:2], np.stack([c[2] + 2, c[3], c[0]]))]
            ),
            C,
            exact=False,
            second=False,
        )
    ],
    "upfirdn": [Call(lambda x: MODULE.upfirdn(x[:3], x, 3, 2), X, exact=False, second=False)],
    "vectorstrength": [
        Call(lambda x: np.stack(MODULE.vectorstrength(x, 0.7)), X, exact=False, second=False)
    ],
    "welch": [Call(lambda x: MODULE.welch(x, nperseg=6)[1], X, exact=False, second=False)],
    "wiener": [
        Call(lambda x: MODULE.wiener(x, 3), X**3, exact=False, second=False),
        Call(lambda x: MODULE.wiener(x, 3, 0.5), X**3, exact=False, second=False),
    ],
    "czt": [
        Call(lambda x: _real(MODULE.czt(x)), X, exact=False, second=False),
        Call(
            lambda x: _real(MODULE.czt(x.reshape(3, 4), m=5, w=0.9j, a=1.1, axis=0)),
            X,
            exact=False,
            second=False,
        ),
    ],
    "zoom_fft": [
        Call(lambda x: _real(MODULE.zoom_fft(x, [0.1, 0.4], 5)), X, exact=False, second=False)
    ],
    "zpk2tf": [
        Call(
            lambda c: np.concatenate(MODULE.zpk2tf(c[:1], c[1:3], c[3])),
            C,
            exact=False,
            second=False,
        )
    ],
}
# Functions of settings, integers or names, and classes that hold plain numbers.
PLAIN = {
    "BadCoefficients", "CZT", "StateSpace", "TransferFunction", "ZerosPolesGain", "ZoomFFT",
    "abcd_normalize", "argrelextrema", "argrelmax", "argrelmin", "band_stop_obj", "bessel",
    "besselap", "bilinear_zpk", "bode", "buttap", "butter", "buttord", "cheb1ap", "cheb1ord",
    "cheb2ap", "cheb2ord", "cheby1", "cheby2", "check_COLA", "check_NOLA", "choose_conv_method",
    "closest_STFT_dual_window", "correlation_lags", "czt_points", "dbode", "dfreqresp",
    "dimpulse", "dlti", "dstep", "ellip", "ellipap", "ellipord", "find_peaks_cwt", "findfreqs",
    "firls", "firwin2", "firwin_2d", "freqresp", "freqs_zpk", "freqz_sos", "freqz_zpk",
    "gammatone", "gauss_spline", "get_window", "iircomb", "iirdesign", "iirfilter", "iirnotch",
    "iirpeak", "impulse", "invres", "invresz", "kaiser_atten", "kaiser_beta", "kaiserord",
    "lp2bp", "lp2bp_zpk", "lp2bs", "lp2bs_zpk", "lp2hp", "lp2hp_zpk", "lp2lp", "lp2lp_zpk",
    "lti", "max_len_seq", "peak_prominences", "peak_widths", "qspline1d_eval", "remez",
    "residuez", "savgol_coeffs", "sos2tf", "sos2zpk", "ss2zpk", "step", "tf2sos", "tf2zpk",
    "unique_roots", "unit_impulse", "zpk2sos", "zpk2ss",
}  # fmt: skip


def _longer(f):
    """A call for twelve numbers as one for two."""
    return lambda x: f(np.concatenate([x] * 6))


REFUSED = {
    name: _longer(f)
    for name, f in {
        "whittaker_henderson": lambda x: MODULE.whittaker_henderson(np.append(x, x), lamb=2.0)[0],
        "sepfir2d": lambda x: MODULE.sepfir2d(x.reshape(4, 3), [0.2, 0.5, 0.3], [0.1, 0.8, 0.1]),
        "residue": lambda c: _real(
            MODULE.residue(c[:2], np.stack([1.0 + 0 * c[0], 3 + c[2], 1.0 + c[3]]))[0]
        ),
        "place_poles": lambda c: (
            MODULE.place_poles(c[:4].reshape(2, 2), np.ones((2, 1)), [-1.0, -2.0]).gain_matrix
        ),
        "medfilt": lambda x: MODULE.medfilt(x, 3),
        "medfilt2d": lambda x: MODULE.medfilt2d(np.outer(x, x), 3),
        "order_filter": lambda x: MODULE.order_filter(x, [1, 1, 1], 1),
        "cspline2d": lambda x: MODULE.cspline2d(np.outer(x, x)),
        "qspline2d": lambda x: MODULE.qspline2d(np.outer(x, x)),
        "spline_filter": lambda x: MODULE.spline_filter(np.outer(x, x)),
        "symiirorder1": lambda x: MODULE.symiirorder1(x, 0.5, 0.1),
        "symiirorder2": lambda x: MODULE.symiirorder2(x, 0.5, 0.1),
        "find_peaks": lambda x: MODULE.find_peaks(x),
    }.items()
}
