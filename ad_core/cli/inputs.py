# SPDX-License-Identifier: Apache-2.0
"""What the user names on the command line: a function in a file, and where to evaluate."""

import importlib.util
import sys
from pathlib import Path

import numpy as np

from .errors import FunctionError, UserError, user_text

MODULE = "__ad_core_user_file__"


def add_function_arguments(parser):
    """Give a command the arguments that name a function and a point."""
    parser.add_argument(
        "function",
        metavar="FILE.py:FUNC",
        help="a Python file and the name of a function in it",
    )
    parser.add_argument(
        "--at",
        metavar="VALUES",
        action="append",
        required=True,
        help="where to evaluate: numbers separated by commas, or a .npy file; once for every "
        "argument of the function, in order. A single number is a scalar, '2,' an array of one",
    )


def load_function(name):
    """Return the function that ``FILE.py:FUNC`` names.

    Raises
    ------
    UserError
        Where the file, or a function of that name in it, is missing.
    FunctionError
        Where the file raises while it is imported.
    """
    path, colon, attribute = name.rpartition(":")
    if not (colon and path and attribute):
        raise UserError(f"function: got {name!r}, expected FILE.py:FUNC, such as model.py:residual")
    file = Path(path)
    if not file.is_file():
        raise UserError(f"function: no file {path!r} (looked in {Path.cwd()})")
    module = _import(file)
    if not hasattr(module, attribute):
        names = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        has = ", ".join(names) if names else "no functions"
        raise UserError(f"function: {path} has no {attribute!r}; it has {has}")
    function = getattr(module, attribute)
    if not callable(function):
        kind = type(function).__name__
        raise UserError(f"function: {attribute!r} in {path} is not callable, it is of type {kind}")
    return function


def parse_point(texts):
    """Return the function's arguments, one for every ``--at``."""
    return tuple(_array(text) if _is_npy(text) else parse_values(text, "--at") for text in texts)


def parse_values(text, option):
    """Return a float from a single number, an array from several.

    Parameters
    ----------
    text : str
        Numbers separated by commas; a comma at the end makes one number an array.
    option : str
        The option's name, for the message.
    """
    pieces = [piece.strip() for piece in text.split(",")]
    if len(pieces) > 1 and pieces[-1] == "":
        pieces.pop()
        alone = False
    else:
        alone = len(pieces) == 1
    numbers = [_number(piece, text, option) for piece in pieces]
    return numbers[0] if alone else np.array(numbers)


def _number(piece, text, option):
    """Return one number of a list, or say which one is none."""
    try:
        return float(piece)
    except ValueError:
        message = f"{option}: {piece!r} in {text!r} is not a number; expected such as 1.0,2,-3e-4"
        raise UserError(message) from None


def _is_npy(text):
    return text.lower().endswith(".npy")


def _array(path):
    """Return the float64 array in a .npy file."""
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"--at: no file {path!r} (looked in {Path.cwd()})") from None
    except (ValueError, OSError) as error:
        raise UserError(f"--at: cannot read {path!r} as a .npy file: {error}") from None
    if array.dtype.kind not in "iuf":
        raise UserError(f"--at: {path!r} holds {array.dtype} values, expected real numbers")
    return array.astype(np.float64)


def _import(file):
    """Import a file as Python would run it: its own folder first on the path."""
    spec = importlib.util.spec_from_file_location(MODULE, file)
    if spec is None:
        raise UserError(f"function: {str(file)!r} is not a Python file (expected .py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module  # dataclasses and pickle look a class's module up
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        text = f"{user_text(error)}\nfunction: {file} cannot be imported"
        raise FunctionError(text, code=2) from error
    return module
