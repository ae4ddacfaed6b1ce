# SPDX-License-Identifier: Apache-2.0
"""PyTorch, eager: the blocks by ``torch.func.vmap`` of ``jacfwd`` or ``jacrev``, or by two
backward passes of all observations at once, the fastest."""

import torch

from benchmarks.peers.blocks import answer
from benchmarks.peers.peer import Peer, Prepared
from benchmarks.peers.torch_eager import convert
from scenarios import with_numpy
from scenarios_sparse import reprojection

FUN = with_numpy(reprojection, torch)


def mapped(jacobian):
    """Value and Jacobian, observation by observation."""

    def with_value(x, seen):
        value = FUN(x, seen)
        return value, value

    def blocks(x, seen):
        rows, value = torch.func.vmap(jacobian(with_value, has_aux=True))(x, seen)
        return value, rows

    return blocks


def pulled(x, seen):
    """The two rows of all blocks, by one backward pass each."""
    watched = x.T.contiguous().requires_grad_()
    value = FUN(watched, seen.T)
    first = torch.autograd.grad(value[0].sum(), watched, retain_graph=True)[0]
    second = torch.autograd.grad(value[1].sum(), watched)[0]
    return value.detach().T, torch.stack((first.T, second.T), dim=1)


def whole(blocks):
    """The four results as a function of all unknowns."""

    def run(unknowns, columns, seen):
        weight = unknowns[-columns.shape[0] :]
        return *blocks(unknowns[columns], seen), 1.0 - weight * weight, -2.0 * weight

    return run


def prepare(scenario, args):
    ways = {
        "jacfwd": mapped(torch.func.jacfwd),
        "jacrev": mapped(torch.func.jacrev),
        "backward": pulled,
    }
    return Prepared({name: whole(way) for name, way in ways.items()}, convert, answer)


PEER = Peer("torch-blocks", ("torch",), prepare)
