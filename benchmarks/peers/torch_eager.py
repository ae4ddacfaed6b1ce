# SPDX-License-Identifier: Apache-2.0
"""PyTorch, eager: `torch.func` for Jacobians, `torch.autograd.grad` for gradients."""

import torch

from benchmarks.peers.peer import Peer, Prepared, with_buffers
from benchmarks.tree import leaves, tree_map


def maximum(x, axis=0, keepdims=False):
    """NumPy's ``max`` along an axis; torch's own also returns the index."""
    return torch.amax(x, dim=axis, keepdim=keepdims)


def gradient(fun):
    """``value_and_grad`` over the leaves of the first argument."""

    def value_and_grad(params, *data):
        watched = tree_map(lambda leaf: leaf.detach().requires_grad_(), params)
        value = fun(watched, *data)
        return value.detach(), torch.autograd.grad(value, leaves(watched))

    return value_and_grad


def convert(args):
    """Tensors with memory of their own, made outside the timed call."""
    return tree_map(torch.tensor, args)


def answer(raw):
    """NumPy arrays of the tensors."""
    return tree_map(lambda leaf: leaf.detach().numpy(), raw)


def prepare(scenario, args):
    fun = with_buffers(scenario.fun, torch, torch.stack, max=maximum, concatenate=torch.cat)
    if scenario.what == "value_and_grad":
        return Prepared({"": gradient(fun)}, convert, answer)
    variants = {
        "jacfwd": lambda *args: torch.func.jacfwd(fun)(*args),
        "jacrev": lambda *args: torch.func.jacrev(fun)(*args),
    }
    return Prepared(variants, convert, answer)


PEER = Peer("torch", ("torch",), prepare)
