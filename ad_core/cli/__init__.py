# SPDX-License-Identifier: Apache-2.0
"""The ``ad-core`` command.

``ad-core jacobian`` and ``ad-core trace`` need NumPy alone; ``ad-core demo``
and drawings need the ``demo`` extra and say so where it is missing.
"""

import argparse
import os
import re
import sys
import textwrap

import ad_core

from . import demo, jacobian, trace
from .errors import FunctionError, UserError

EPILOG = """\
examples:
  ad-core demo
  ad-core jacobian model.py:residual --at 1.0,2.5,0.3
  ad-core trace model.py:f --at 1.0 --at 2.0

'ad-core COMMAND --help' tells more.
"""


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        Arguments; by default those of the process.

    Returns
    -------
    int
        0 when done, 1 where the user's function raised, 2 for a wrong argument,
        130 after Ctrl-C.
    """
    args = _parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    try:
        args.run(args)
        sys.stdout.flush()
    except UserError as error:
        print(f"ad-core {args.command}: {error}", file=sys.stderr)
        return 2
    except FunctionError as error:
        print(error.text, file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print(f"ad-core {args.command}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser that keeps its examples' lines and tells an error in one line."""

    def __init__(self, **options):
        options["description"] = textwrap.fill(options["description"], 78)
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (try '{self.prog} --help')\n")


def _parser():
    """Return the parser of all commands."""
    parser = _Parser(
        prog="ad-core",
        description="Automatic differentiation of plain NumPy code.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"ad_core {ad_core.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (demo, jacobian, trace):
        command.add(commands)
    return parser


def _joined(argv):
    """Join ``--at -1,2`` into ``--at=-1,2``: argparse takes ``-1,2`` for an option."""
    joined = []
    for text in argv:
        takes_values = joined and joined[-1] in ("--at", "--tangent", "--cotangent")
        if takes_values and re.match(r"-[\d.]|-(inf|nan)", text):
            joined[-1] += f"={text}"
        else:
            joined.append(text)
    return joined
