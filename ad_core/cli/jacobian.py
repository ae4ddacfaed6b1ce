# SPDX-License-Identifier: Apache-2.0
"""``ad-core jacobian``: the Jacobian of a function in a file, at a point."""

from pathlib import Path

import numpy as np

import ad_core

from .errors import UserError, calling
from .inputs import add_function_arguments, load_function, parse_point

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
        help="forward or reverse passes; without it the cheaper is taken",
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
    point = parse_point(args.at)
    argnums = _argnums(args.arg, len(point))
    function = load_function(args.function)
    with calling(args.function):
        result = ad_core.jacobian(function, argnums=argnums, mode=args.mode)(*point)
        plan = ad_core.explain(function, *point, argnums=argnums, mode=args.mode)
    parts = dict(_parts("J", result))
    if args.out:
        _save(args.out, parts)
    print(
        f"K = {plan.outputs} outputs, D = {plan.inputs} inputs, "
        f"mode {plan.mode} ({plan.reason}), passes {plan.passes}"
    )
    for name, part in parts.items():
        print(f"{name}, shape {part.shape}" + (f", saved to {args.out}" if args.out else ":"))
        if not args.out:
            print(np.array2string(part, separator=", "))


def _argnums(number, count):
    """Return the arguments to differentiate: the one asked for, or all."""
    if number is None:
        return 0 if count == 1 else tuple(range(count))
    if not 0 <= number < count:
        raise UserError(f"--arg: got {number}, expected 0 to {count - 1}: --at gives {count}")
    return number


def _parts(name, result):
    """Yield (name, array) for every array in a nest of tuples, lists and dicts."""
    if isinstance(result, dict):
        for key, part in result.items():
            yield from _parts(f"{name}[{key!r}]", part)
    elif isinstance(result, list | tuple):
        for key, part in enumerate(result):
            yield from _parts(f"{name}[{key}]", part)
    else:
        yield name, np.asarray(result)


def _save(path, parts):
    """Write one array to a .npy file, or several to a .npz file."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".npy", ".npz"):
        raise UserError(f"--out: got {path!r}, expected a name that ends in .npy or .npz")
    if suffix == ".npy" and len(parts) > 1:
        raise UserError(
            f"--out: {path!r} holds one array, there are {len(parts)} "
            f"({', '.join(parts)}); use a .npz file, or --arg to choose one argument"
        )
    try:
        if suffix == ".npy":
            np.save(path, *parts.values())
        else:
            np.savez(path, **parts)
    except OSError as error:
        raise UserError(f"--out: cannot write {path!r}: {error.strerror}") from error
