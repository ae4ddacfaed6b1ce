# SPDX-License-Identifier: Apache-2.0
"""The peers, each in one file, which is imported only when the peer is used."""

import ast
import importlib
from pathlib import Path

ONE_SHOT = {
    "numpy": "plain",
    "ad_core": "own",
    "autograd": "hips",
    "jax": "jax_eager",
    "jax-jit": "jax_jit",
    "casadi": "casadi_sx",
    "scipy": "differences",
    "torch": "torch_eager",
}
"""Peers for one-shot derivatives. Name: module."""

COMPILED = {
    "ad_core-tape": "own_tape",
    "ad_core-value": "own_value",
    "ad_core-sparse": "own_sparse",
    "casadi-call": "casadi_call",
    "heyoka": "heyoka_call",
}
"""Peers that prepare a function, which is then called at one point after the other."""

BATCHED = {
    "ad_core-worker": "own_worker",
    "ad_core-batch": "own_batch",
    "ad_core-nonzeros": "own_nonzeros",
    "casadi-map": "casadi_map",
    "jax-vmap": "jax_vmap",
    "heyoka-batch": "heyoka_batch",
    "heyoka-nonzeros": "heyoka_nonzeros",
    "gcc": "c_gcc",
}
"""Peers that take many points in one call."""

SPARSE = {
    "ad_core-blocks": "own_blocks",
    "ad_core-entries": "own_entries",
    "jax-blocks": "jax_blocks",
    "torch-blocks": "torch_blocks",
    "ad_core-radau": "own_radau",
    "ad_core-jac": "own_jac",
    "scipy-radau": "scipy_radau",
    "ad_core-ipopt": "own_ipopt",
    "casadi-ipopt": "casadi_ipopt",
}
"""Peers for large sparse derivatives, and for solvers that use them."""

MODULES = ONE_SHOT | COMPILED | BATCHED | SPARSE
"""All peers. No module has the name of its library, so that neither can shadow the other."""


def load(name):
    """Import a peer's module and return its ``PEER``; ImportError if its library is missing."""
    return importlib.import_module(f"benchmarks.peers.{MODULES[name]}").PEER


def describe(name):
    """The description of a peer: its file's docstring on one line, read without an import."""
    source = Path(__file__).with_name(f"{MODULES[name]}.py").read_text(encoding="utf-8")
    return " ".join(ast.get_docstring(ast.parse(source)).split())
