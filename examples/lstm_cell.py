# SPDX-License-Identifier: Apache-2.0
"""A recurrent network with one LSTM layer, trained to add two marked numbers of a sequence.

Size: sequences of 8 steps with 2 features, 6 hidden units, batches of 32 sequences; 223 weights in
a dict. A second loss labels every step with one of 3 classes.

Source: S. Hochreiter and J. Schmidhuber, Long short-term memory, Neural Computation 9 (1997),
the adding problem of section 5.4; forget gates as in F. Gers et al., Neural Computation 12 (2000).
"""

from functools import partial

import numpy as np

import ad_core


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def initial_weights(features, hidden, outputs, rng):
    scale = 1.0 / np.sqrt(features + hidden)
    weights = {
        "gates": scale * rng.standard_normal((features + hidden, 4 * hidden)),
        "bias": np.zeros(4 * hidden),
        "readout": {
            "W": rng.standard_normal((hidden, outputs)) / np.sqrt(hidden),
            "b": np.zeros(outputs),
        },
    }
    weights["bias"][hidden : 2 * hidden] = 1.0  # the forget gates are open at the start
    return weights


def cell(weights, x, h, c):
    """One step for a batch: x (N, features), h and c (N, hidden)."""
    z = np.hstack((x, h)) @ weights["gates"] + weights["bias"]
    i, f, o, g = np.split(z, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def run(weights, sequences):
    """The readout after every step: shape (N, steps, outputs)."""
    n, steps, _ = sequences.shape
    hidden = weights["bias"].size // 4
    h, c = np.zeros((n, hidden)), np.zeros((n, hidden))
    out = np.empty((n, steps, weights["readout"]["b"].shape[0]))
    for t in range(steps):
        h, c = cell(weights, sequences[:, t], h, c)
        out[:, t, :] = h @ weights["readout"]["W"] + weights["readout"]["b"]
    return out


def regression_loss(weights, sequences, targets):
    error = run(weights, sequences)[:, -1, 0] - targets
    return np.mean(error**2)


def labelling_loss(weights, sequences, labels):
    """Cross-entropy of a class at every step, with some weight decay."""
    logits = run(weights, sequences).reshape(-1, 3)
    logits -= logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    picked = log_p[np.arange(len(log_p)), labels.ravel()]
    decay = sum(np.sum(w * w) for w in (weights["gates"], weights["readout"]["W"]))
    return -picked.mean() + 1e-3 * decay


def clipped_norm(weights, sequences, targets, limit=1.0):
    """The size of the last hidden state, clipped like a gradient."""
    h = c = np.zeros((len(sequences), weights["bias"].size // 4))
    for x in np.moveaxis(sequences, 1, 0):
        h, c = cell(weights, x, h, c)
    norm = np.linalg.norm(h)
    if norm > limit:
        h = h * (limit / norm)
    return np.sum(h[:, 0] * targets)


def adding_problem(n, steps, rng):
    """Random numbers with two of them marked; the target is the sum of the marked ones."""
    sequences = np.zeros((n, steps, 2))
    sequences[..., 0] = rng.uniform(size=(n, steps))
    for row in sequences:
        row[rng.choice(steps, size=2, replace=False), 1] = 1.0
    return sequences, np.sum(sequences[..., 0] * sequences[..., 1], axis=1)


def main():
    rng = np.random.default_rng(0)
    weights = initial_weights(2, 6, 1, rng)
    loss = ad_core.compile(regression_loss)
    state = {}
    for step in range(1, 401):
        value, gradient = loss.value_and_grad(weights, *adding_problem(32, 8, rng))
        if step % 100 == 0:
            print(f"step {step}: mean squared error {value:.4f} (guessing the mean: 0.167)")
        leaves = [("gates", weights, gradient), ("bias", weights, gradient)]
        leaves += [(k, weights["readout"], gradient["readout"]) for k in ("W", "b")]
        for name, where, g in leaves:  # Adam
            m, v = state.get(name, (0.0, 0.0))
            m, v = 0.9 * m + 0.1 * g[name], 0.999 * v + 0.001 * g[name] ** 2
            state[name] = m, v
            m, v = m / (1.0 - 0.9**step), v / (1.0 - 0.999**step)
            where[name] = where[name] - 0.02 * m / (np.sqrt(v) + 1e-8)


_rng = np.random.default_rng(1)
_sequences, _targets = adding_problem(3, 5, _rng)
_weights = initial_weights(2, 3, 1, _rng)
_tagger = initial_weights(2, 3, 3, _rng)
_labels = _rng.integers(3, size=(3, 5))

CASES = [
    (
        "adding problem",
        partial(regression_loss, sequences=_sequences, targets=_targets),
        (_weights,),
    ),
    ("sequences too", regression_loss, (_weights, _sequences, _targets)),
    ("labelling", partial(labelling_loss, sequences=_sequences, labels=_labels), (_tagger,)),
    ("clipped", partial(clipped_norm, limit=0.2), (_weights, _sequences, _targets)),
    ("not clipped", partial(clipped_norm, limit=50.0), (_weights, _sequences, _targets)),
]

if __name__ == "__main__":
    main()
