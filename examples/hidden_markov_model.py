# SPDX-License-Identifier: Apache-2.0
"""A hidden Markov model fitted by the gradient of its log-likelihood.

Size: 2 hidden states, 6 symbols, six sequences of 300 rolls of the occasionally dishonest casino:
18 logits, normalised by softmax.

Source: L. R. Rabiner, A tutorial on hidden Markov models, Proc. IEEE 77 (1989), sections III.A
and V.A; the casino is from R. Durbin et al., Biological Sequence Analysis (1998), section 3.2.
"""

from functools import partial

import numpy as np
from scipy.optimize import minimize

import ad_core

FAIR_TO_LOADED, LOADED_TO_FAIR = 0.05, 0.1


def logsumexp(a, axis=None, keepdims=False):
    top = np.max(a, axis=axis, keepdims=True)
    out = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)


def log_softmax(logits):
    return logits - logsumexp(logits, axis=-1, keepdims=True)


def forward_log(log_initial, log_transition, log_emission, symbols):
    """log p(symbols), by the forward algorithm on logarithms."""
    log_alpha = log_initial + log_emission[:, symbols[0]]
    for symbol in symbols[1:]:
        log_alpha = logsumexp(log_alpha[:, None] + log_transition, axis=0)
        log_alpha += log_emission[:, symbol]
    return logsumexp(log_alpha)


def forward_scaled(log_initial, log_transition, log_emission, symbols):
    """The same by probabilities that are scaled at each step, with a table of all of them."""
    transition, emission = np.exp(log_transition), np.exp(log_emission)
    alpha = np.zeros((len(symbols), len(log_initial)))
    scale = np.zeros(len(symbols))
    alpha[0] = np.exp(log_initial) * emission[:, symbols[0]]
    scale[0] = alpha[0].sum()
    alpha[0] /= scale[0]
    for t in range(1, len(symbols)):
        alpha[t] = alpha[t - 1] @ transition * emission[:, symbols[t]]
        scale[t] = alpha[t].sum()
        alpha[t] /= scale[t]
    return np.log(scale).sum()


def forward_reduce(log_initial, log_transition, log_emission, symbols):
    """The same by the reduction of a ufunc."""
    a = log_initial + log_emission.T[symbols[0]]
    for symbol in symbols[1:]:
        a = np.logaddexp.reduce(a[:, None] + log_transition, axis=0) + log_emission.T[symbol]
    return np.logaddexp.reduce(a)


def viterbi_score(log_initial, log_transition, log_emission, symbols):
    """log p of the most probable path: the same with max instead of the sum."""
    score = log_initial + log_emission[:, symbols[0]]
    for symbol in symbols[1:]:
        score = np.max(score[:, None] + log_transition, axis=0) + log_emission[:, symbol]
    return np.max(score)


def negative_log_likelihood(logits, sequences, forward=forward_log):
    parts = [log_softmax(logits[name]) for name in ("initial", "transition", "emission")]
    return -sum(forward(*parts, symbols) for symbols in sequences)


def packed_loss(flat, states, sequences, forward=forward_log):
    """The negative log-likelihood as a function of one vector, which is divided into the tables."""
    initial, rest = flat[:states], flat[states:]
    logits = {
        "initial": initial,
        "transition": rest[: states**2].reshape(states, states),
        "emission": rest[states**2 :].reshape(states, -1),
    }
    return negative_log_likelihood(logits, sequences, forward)


def casino(rolls, seed):
    """Rolls of a die that is fair at times, and at times shows a six in every other roll."""
    rng = np.random.default_rng(seed)
    loaded, out = False, []
    for _ in range(rolls):
        weights = [0.1] * 5 + [0.5] if loaded else [1 / 6] * 6
        out.append(int(rng.choice(6, p=weights)))
        if rng.random() < (LOADED_TO_FAIR if loaded else FAIR_TO_LOADED):
            loaded = not loaded
    return np.array(out)


def main():
    sequences = [casino(300, seed) for seed in range(6)]
    start = 0.3 * np.random.default_rng(0).standard_normal(2 + 4 + 12)
    start[[2, 5]] += 2.0  # persistent states; otherwise the fit explains single rolls
    loss = ad_core.compile(partial(packed_loss, states=2, sequences=sequences))
    fit = minimize(loss.value_and_grad, start, jac=True, method="L-BFGS-B")
    print(f"log-likelihood {-loss(start):.2f} -> {-fit.fun:.2f} in {fit.nit} iterations")
    emission = np.exp(log_softmax(fit.x[6:].reshape(2, 6)))
    for row in emission[np.argsort(emission[:, 5])]:
        print("faces of a state:", row.round(3))

    tables = [log_softmax(part) for part in (fit.x[:2], fit.x[2:6].reshape(2, 2))]
    posterior = ad_core.grad(
        lambda log_initial: forward_log(log_initial, tables[1], np.log(emission), sequences[0])
    )(tables[0])
    # Fisher's identity: this gradient is the smoothed probability of the first state.
    print("the first state, given all rolls:", posterior.round(4), "sum", posterior.sum().round(12))


_rng = np.random.default_rng(5)
_sequences = [_rng.integers(4, size=7), _rng.integers(4, size=4)]
_logits = {
    "initial": _rng.standard_normal(3),
    "transition": _rng.standard_normal((3, 3)),
    "emission": _rng.standard_normal((3, 4)),
}
_flat = np.concatenate([_logits[name].ravel() for name in _logits])

CASES = [
    (
        name,
        partial(negative_log_likelihood, sequences=_sequences, forward=forward),
        (_logits,),
    )
    for name, forward in [
        ("log", forward_log),
        ("scaled", forward_scaled),
        ("reduce", forward_reduce),
        ("viterbi", viterbi_score),
    ]
] + [("packed", partial(packed_loss, states=3, sequences=_sequences), (_flat,))]

if __name__ == "__main__":
    main()
