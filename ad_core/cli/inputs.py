# SPDX-License-Identifier: Apache-2.0
"""The inputs of a command: a function in a file, and the point at which it is evaluated."""

import importlib.util
import os
import stat
import sys
import warnings
from pathlib import Path

import numpy as np

from .errors import FunctionError, UserError, reason, user_text

MODULE = "__ad_core_user_file__"


def add_function_arguments(parser):
    """Add the arguments that name a function and a point to a command."""
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
        help="the point: numbers separated by commas, or a .npy file; give --at once for every "
        "argument of the function, in order. '2' is a scalar, '2,' an array of one number",
    )


def load_function(name):
    """Return the function that ``FILE.py:FUNC`` names.

    Raises
    ------
    UserError
        If the file, or a function of that name in it, is missing.
    FunctionError
        If the file raises an error while it is imported.
    """
    path, colon, attribute = name.rpartition(":")
    if not (colon and path and attribute):
        raise UserError(f"function: got {name!r}, expected FILE.py:FUNC, such as model.py:residual")
    check_file(path, "function", "a Python file")
    module = _import(Path(path))
    try:
        function = getattr(module, attribute)
    except AttributeError:
        members = vars(module).items()
        names = [n for n, v in members if callable(v) and not str(n).startswith("_")]
        has = ", ".join(map(str, names)) if names else "no functions"
        raise UserError(f"function: {path!r} has no {attribute!r}; it has {has}") from None
    except Exception as error:  # of the file's own __getattr__
        text = f"{user_text(error)}\nfunction: {path} raised an error for {attribute!r}"
        raise FunctionError(text, code=2) from error
    if not callable(function):
        kind = type(function).__name__
        raise UserError(
            f"function: {attribute!r} in {path!r} must be a function, got an object of type {kind}"
        )
    return function


def check_file(path, option, expected):
    """Raise UserError unless path is a regular file, since reading a pipe might never end."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise UserError(f"{option}: no file {path!r} (looked in {_here()})") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise UserError(f"{option}: cannot read {path!r}: {reason(error)}") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise UserError(f"{option}: {path!r} is {kind}, expected {expected}")


def _here():
    """Return the name of the working folder."""
    try:
        return os.getcwd()
    except OSError:
        return "a folder that was removed"


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
    """Return one number of a list; the UserError names a piece that is not a number."""
    try:
        return float(piece)
    except ValueError:
        file = ", or a .npy file" if option == "--at" else ""
        raise UserError(
            f"{option}: {piece!r} in {text!r} is not a number; expected numbers such as "
            f"1.0,2,-3e-4{file}"
        ) from None


def _is_npy(text):
    return text.lower().endswith(".npy")


def _array(path):
    """Return the float64 array in a .npy file."""
    check_file(path, "--at", "a .npy file")
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's warnings about files that Python 2 wrote
            _check_shape(file)
            array = np.lib.format.read_array(file, allow_pickle=False)
    except Exception as error:  # any error of NumPy's about a file in another format
        raise UserError(
            f"--at: cannot read {path!r} as a .npy file: {reason(error)}; expected an array of "
            f"real numbers, as np.save writes it"
        ) from None
    if array.dtype.kind not in "iuf":
        raise UserError(f"--at: {path!r} holds {array.dtype} values, expected real numbers")
    return array.astype(np.float64)


def _check_shape(file):
    """Raise ValueError for negative extents: before 2.1, NumPy reads as many elements as it can."""
    formats = np.lib.format
    version = formats.read_magic(file)
    read = {(1, 0): formats.read_array_header_1_0, (2, 0): formats.read_array_header_2_0}
    if version in read:  # later versions are for arrays with fields
        shape = read[version](file)[0]
        if min(shape, default=0) < 0:
            raise ValueError(f"its shape is {shape}")
    file.seek(0)


def _import(file):
    """Import a file as Python would run it, with its folder first on the path."""
    spec = importlib.util.spec_from_file_location(MODULE, file)
    if spec is None:
        raise UserError(f"function: {str(file)!r} is not a Python file (expected .py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module  # dataclasses and pickle look a class's module up
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit among them
        text = f"{user_text(error)}\nfunction: {file} cannot be imported"
        raise FunctionError(text, code=2) from error
    return module
