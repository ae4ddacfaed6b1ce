# SPDX-License-Identifier: Apache-2.0
"""The libraries compared, one file each; a file is imported only when its peer is asked for."""

import ast
import importlib
from pathlib import Path

MODULES = {
    "numpy": "plain",
    "ad_core": "own",
    "autograd": "hips",
    "jax": "jax_eager",
    "jax-jit": "jax_jit",
    "casadi": "casadi_sx",
    "scipy": "differences",
    "torch": "torch_eager",
}
"""Peer name: module. No module has its library's name, so neither can shadow the other."""


def load(name):
    """Import a peer's module and return its ``PEER``; ImportError if its library is missing."""
    return importlib.import_module(f"benchmarks.peers.{MODULES[name]}").PEER


def describe(name):
    """How a peer is used: its file's docstring on one line, read without importing its library."""
    source = Path(__file__).with_name(f"{MODULES[name]}.py").read_text(encoding="utf-8")
    return " ".join(ast.get_docstring(ast.parse(source)).split())
