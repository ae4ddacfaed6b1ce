# SPDX-License-Identifier: Apache-2.0
"""The ``ad-core`` command.

``ad-core jacobian``, ``ad-core trace`` and ``ad-core export`` need NumPy alone.  ``ad-core demo``
and drawings need the extra ``demo``; without it they end with an error message that says so.
"""

import argparse
import re
import sys
import textwrap

import ad_core

from . import demo, export, jacobian, trace
from .errors import FunctionError, UserError, reason
from .output import Stream, print_error, say

EPILOG = """\
examples:
  ad-core demo
  ad-core jacobian model.py:residual --at 1.0,2.5,0.3
  ad-core trace model.py:f --at 1.0 --at 2.0

exit codes: 0 done, 1 the function raised, 2 a wrong argument or an output that
cannot be written, 130 interrupted.

'ad-core COMMAND --help' lists the options.
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
        0 when done, or when the reader of a pipe has closed it; 1 if the user's function raised an
        error; 2 for a wrong argument or an output that cannot be written; 130 after Ctrl-C.
    """
    command = "ad-core"
    try:
        args = _parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
        command = f"ad-core {args.command}"
        args.run(args)
    except UserError as error:
        return _ended(2, _one_line(f"{command}: {error}"))
    except FunctionError as error:
        return _ended(error.code, error.text)
    except KeyboardInterrupt:
        return _ended(130, f"{command}: interrupted")
    except MemoryError as error:
        return _ended(2, _one_line(f"{command}: not enough memory: {reason(error)}"))
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        return 0
    return _ended(0)


def _ended(code, text=None):
    """Print the error message, if there is one, and return the exit code.

    Standard output is flushed here, where an error can still be reported.
    """
    if text is not None:
        print_error(text)
    if sys.stdout is None or sys.stdout.closed:
        return code
    try:
        Stream().flush()
    except UserError as error:
        print_error(f"ad-core: {error}")
        return code or 2
    except BrokenPipeError:
        return code
    return code


def _one_line(text):
    """Text on one line; parts of it may come from a library or a file's name."""
    return " ".join(text.splitlines())


class _Parser(argparse.ArgumentParser):
    """A parser that keeps the lines of its examples, and prints an error on one line."""

    def __init__(self, **options):
        options["description"] = textwrap.fill(options["description"], 78)
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message):
        print_error(_one_line(f"{self.prog}: {message} (try '{self.prog} --help')"))
        self.exit(2)

    def print_help(self, file=None):
        say(self.format_help().rstrip("\n"))


class _Version(argparse.Action):
    """Print the version and end."""

    def __init__(self, option_strings, dest, **options):
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser, namespace, values, option_string=None):
        say(f"ad_core {ad_core.__version__}")
        parser.exit()


def _parser():
    """Return the parser of all commands."""
    parser = _Parser(
        prog="ad-core",
        description="Automatic differentiation of plain NumPy code.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (demo, jacobian, trace, export):
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
