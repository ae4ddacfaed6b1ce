# SPDX-License-Identifier: Apache-2.0
"""``ad-core export``: a function and its derivatives as a C file."""

import ad_core

from .errors import UserError, calling
from .inputs import add_function_arguments, load_function, parse_point
from .output import say, write_file

EPILOG = """\
examples:
  ad-core export model.py:residual --at 1.0,2.5 --what value,jacobian --out residual.c
"""


def add(commands):
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export",
        help="write a function and its derivatives as C",
        description="Record a NumPy function from a file at a point, and write its value and "
        "derivatives as one C99 file that needs nothing but <math.h>.",
        epilog=EPILOG,
    )
    add_function_arguments(parser)
    parser.add_argument(
        "--what",
        default="value,jacobian",
        metavar="METHODS",
        help="methods of a tape, separated by commas (default: value,jacobian)",
    )
    parser.add_argument("--name", help="name of the C functions (default: that of the function)")
    parser.add_argument("--sparse", action="store_true", help="entries of sparse matrices alone")
    parser.add_argument("--out", metavar="F", help="write to this file instead of printing")
    parser.set_defaults(run=run)


def run(args):
    """Carry the command out."""
    point = parse_point(args.at)
    function = load_function(args.function)
    name = args.name or args.function.rpartition(":")[2]
    with calling(args.function):
        tape = ad_core.trace(function, *point)
    try:
        text = tape.to_c(name, *args.what.split(","), sparse=args.sparse)
    except (ValueError, TypeError, MemoryError) as error:
        raise UserError(str(error)) from error
    if args.out is None:
        say(text.rstrip("\n"))
    else:
        write_file(args.out, lambda file: file.write(text.encode()))
