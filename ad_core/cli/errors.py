# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on a command line, told in one line each."""

import importlib
import traceback
from contextlib import contextmanager


class UserError(Exception):
    """Something in the arguments is wrong; the message says what and what to do."""


class FunctionError(Exception):
    """The user's code raised: its traceback as text, and the exit code."""

    def __init__(self, text, code):
        super().__init__(text)
        self.text = text
        self.code = code


def need(name, purpose):
    """Import a module that only the ``demo`` extra brings, or say what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UserError(f'{purpose} needs {package}: pip install "ad_core[demo]"') from error


@contextmanager
def calling(name):
    """Turn an exception of the user's function into its plain traceback."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit among them: the function is not to end the command
        text = f"{user_text(error)}\nraised while {name} was evaluated"
        raise FunctionError(text, code=1) from error


def reason(error):
    """What an exception says: of the system's own only what went wrong."""
    told = getattr(error, "strerror", None) or str(error)
    return told or type(error).__name__


def user_text(error):
    """Return an exception's traceback without the frames of what stands around the user's code."""
    frames = [step for step in traceback.walk_tb(error.__traceback__) if not _is_ours(step[0])]
    lines = traceback.StackSummary.extract(frames).format()
    head = ["Traceback (most recent call last):\n", *lines] if lines else []
    return "".join([*head, *traceback.format_exception_only(error)]).rstrip()


def _is_ours(frame):
    """Tell whether a frame is this package's, compiled ones included, or the import system's."""
    module = str(frame.f_globals.get("__name__")).partition(".")[0]  # users may rebind or delete it
    return module in ("ad_core", "importlib", "_frozen_importlib", "_frozen_importlib_external")
