# SPDX-License-Identifier: Apache-2.0
"""``ad-core jacobian``: the Jacobian of a function in a file, at a point."""

import io
import re
from pathlib import Path

import numpy as np

import ad_core
from ad_core.recording.trees import flatten, leaf_paths

from .errors import UserError, calling
from .inputs import add_function_arguments, load_function, parse_point
from .output import say, write_file

LONGEST = 200  # characters of an array's name in a .npz file

EPILOG = """\
examples:
  ad-core jacobian model.py:residual --at 1.0,2.5,0.3
  ad-core jacobian model.py:energy --at x.npy --mode rev --out J.npy
  ad-core jacobian model.py:f --at 1.0 --at 2,3,4        two arguments: a scalar and an array
"""


def add(commands):
    """Add the command to the parser."""
    parser = commands.add_parser(
        "jacobian",
        help="print or save the Jacobian of a function at a point",
        description="Differentiate a NumPy function from a file at a point. The Jacobian has the "
        "shape of the output followed by the shape of the argument.",
        epilog=EPILOG,
    )
    add_function_arguments(parser)
    parser.add_argument(
        "--mode",
        choices=("fwd", "rev"),
        help="forward or reverse passes (default: the cheaper)",
    )
    parser.add_argument(
        "--arg",
        type=int,
        metavar="N",
        help="differentiate with respect to argument N only, counted from 0 (default: each)",
    )
    parser.add_argument(
        "--out",
        metavar="J.npy",
        help="save to this file instead of printing; several Jacobians go to a .npz file",
    )
    parser.set_defaults(run=run)


def run(args):
    """Carry the command out."""
    suffix = _suffix(args.out)
    point = parse_point(args.at)
    argnums = _argnums(args.arg, len(point))
    function = load_function(args.function)
    with calling(args.function):
        result = ad_core.jacobian(function, argnums=argnums, mode=args.mode)(*point)
        plan = ad_core.explain(function, *point, argnums=argnums, mode=args.mode)
        parts, tree = flatten(result)
        names = [f"J{path}" for path in leaf_paths(tree)]
    members = _members(names) if suffix == ".npz" else [None] * len(parts)
    if suffix:
        _save(args.out, suffix, names, members, parts)
    lines = [
        f"K = {plan.outputs} outputs, D = {plan.inputs} inputs, "
        f"mode {plan.mode} ({plan.reason}), passes {plan.passes}"
    ]
    for name, member, part in zip(names, members, parts, strict=True):
        text = f"{name}, shape {np.shape(part)}"
        if suffix:
            lines.append(f"{text}, saved to {args.out}{f' as {member}' if member else ''}")
        else:
            lines += [f"{text}:", np.array2string(np.asarray(part), separator=", ")]
    say("\n".join(lines))


def _argnums(number, count):
    """Return the arguments to differentiate by: that of --arg, or all."""
    if number is None:
        return 0 if count == 1 else tuple(range(count))
    if not 0 <= number < count:
        raise UserError(f"--arg: got {number}, expected 0 to {count - 1}: --at gives {count}")
    return number


def _members(names):
    """Return the name of each array in a .npz file: its path in letters, digits, dots, underscores.

    Examples
    --------
    >>> from ad_core.cli.jacobian import _members
    >>> _members(["J['sum']", "J['parts'][0]", "J['a/b']", "J['a b']"])
    ['J.sum', 'J.parts.0', 'J.a.b', 'J.a.b_2']
    """
    members, counts = {}, {}
    for name in names:
        plain = re.sub("[^A-Za-z0-9_]+", ".", name).strip(".")[:LONGEST]
        member = plain
        while member in members:
            counts[plain] = counts.get(plain, 1) + 1
            member = f"{plain}_{counts[plain]}"
        members[member] = name
    return list(members)


def _suffix(path):
    """Return the suffix of --out, ".npy" or ".npz", or None without --out."""
    if path is None:
        return None
    suffix = Path(path).suffix.lower()
    if suffix not in (".npy", ".npz"):
        raise UserError(f"--out: got {path!r}, expected a name that ends in .npy or .npz")
    return suffix


def _save(path, suffix, names, members, parts):
    """Write one array to a .npy file, or several to a .npz file."""
    if suffix == ".npz":
        archive = io.BytesIO()  # NumPy leaves an archive open if it cannot write it
        np.savez(archive, **dict(zip(members, parts, strict=True)))
        write_file(path, lambda file: file.write(archive.getbuffer()))
        return
    if len(parts) != 1:
        raise UserError(
            f"--out: {path!r} holds one array, there are {len(parts)} "
            f"({', '.join(names)}); use a .npz file, or --arg to choose one argument"
        )
    write_file(path, lambda file: np.save(file, parts[0]))
