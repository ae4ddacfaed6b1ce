# SPDX-License-Identifier: Apache-2.0
"""``ad-core trace``: a function's evaluation trace, as a table, DOT or a drawing."""

import io
import sys
from pathlib import Path

import numpy as np

import ad_core
from ad_core.inspect import show

from .errors import UserError, calling
from .inputs import add_function_arguments, load_function, parse_point, parse_values
from .output import Stream, say, write_file

EPILOG = """\
examples:
  ad-core trace model.py:f --at 1.0 --at 2.0 --tangent 1,0
  ad-core trace model.py:f --at 1,2 --format dot | dot -Tpdf > trace.pdf
  ad-core trace model.py:f --at 1,2 --out trace.svg
"""
FORMATS = ("table", "dot", "svg", "png", "pdf")


def add(commands):
    """Add the command to the parser."""
    parser = commands.add_parser(
        "trace",
        help="show a function's evaluation trace",
        description="Run a NumPy function from a file once at a point and show every elementary "
        "operation: value, partial derivatives, children, tangents and adjoints.",
        epilog=EPILOG,
    )
    add_function_arguments(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="the form of the output (default: that of the name after --out, else table); "
        "svg, png and pdf need matplotlib",
    )
    parser.add_argument("--out", metavar="F", help="write to this file instead of printing")
    parser.add_argument(
        "--tangent",
        metavar="VALUES",
        help="direction of the tangents, one number for every scalar input (table only)",
    )
    parser.add_argument(
        "--cotangent",
        metavar="VALUES",
        help="weights of the adjoints, one number for every scalar output "
        "(table only; default 1 where there is one output)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=40,
        metavar="N",
        help="show at most N nodes in a table, 0 for all (default: 40)",
    )
    parser.set_defaults(run=run)


def run(args):
    """Carry the command out."""
    form = args.format or _format_of(args.out)
    if args.limit < 0:
        raise UserError(f"--limit: got {args.limit}, expected 0 (all) or more")
    point = parse_point(args.at)
    function = load_function(args.function)
    with calling(args.function):
        tape = ad_core.trace(function, *point)
    if form == "table":
        tangent = _seed(args.tangent, "--tangent", len(tape.inputs), "inputs")
        cotangent = _seed(args.cotangent, "--cotangent", len(tape.outputs), "outputs")
        if cotangent is None and len(tape.outputs) == 1:
            cotangent = np.ones(1)
        limit = min(args.limit, sys.maxsize) or None
        _print(show.table(tape, tangent, cotangent, limit=limit), args.out)
    elif form == "dot":
        _print(show.dot(tape), args.out)
    else:
        _draw(tape, args.out, form)


def _format_of(path):
    """Return the format of a file name's suffix; "table" without a known suffix."""
    suffix = Path(path).suffix.lower().lstrip(".") if path else ""
    return suffix if suffix in FORMATS else "table"


def _seed(text, option, count, what):
    """Return a tangent or cotangent of the right length, or None without one."""
    if text is None:
        return None
    seed = np.atleast_1d(parse_values(text, option))
    if seed.size != count:
        numbers = "number" if seed.size == 1 else "numbers"
        raise UserError(
            f"{option}: got {seed.size} {numbers}, expected {count}, one for each of the {what}"
        )
    return seed


def _write(data, path):
    """Write bytes to a file, or to standard output if path is None."""
    if path is None:
        Stream().write_bytes(data)
    else:
        write_file(path, lambda file: file.write(data))


def _print(text, path):
    """Print text, or write it to a file."""
    if path is None:
        say(text)
    else:
        _write(f"{text}\n".encode("utf-8", "backslashreplace"), path)


def _draw(tape, path, form):
    """Draw to a file, or to standard output."""
    picture = io.BytesIO()
    try:
        show.draw(tape, picture, form)
    except (ImportError, ValueError) as error:  # no matplotlib, or too many nodes
        raise UserError(f"--format {form}: {error}") from error
    _write(picture.getvalue(), path)
