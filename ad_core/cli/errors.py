# SPDX-License-Identifier: Apache-2.0
"""Errors of the command line, each with a message of one line."""

import importlib
import traceback
from contextlib import contextmanager


class UserError(Exception):
    """An argument is wrong; the message says which one, and what to do."""


class FunctionError(Exception):
    """The user's code raised an error; holds its traceback as text, and the exit code."""

    def __init__(self, text, code):
        super().__init__(text)
        self.text = text
        self.code = code


def need(name, purpose):
    """Import a module of the extra ``demo``; the UserError says what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UserError(f'{purpose} needs {package}: pip install "ad_core[demo]"') from error


@contextmanager
def calling(name):
    """Turn an exception of the user's function into a FunctionError with its traceback."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: the function must not end the command
        text = f"{user_text(error)}\nraised while {name} was evaluated"
        raise FunctionError(text, code=1) from error


def reason(error):
    """An exception's message; for an error of the system, its description alone."""
    message = getattr(error, "strerror", None) or str(error)
    return message or type(error).__name__


def user_text(error):
    """Return an exception's traceback without the frames of ad_core and of the import system."""
    frames = [step for step in traceback.walk_tb(error.__traceback__) if not _is_ours(step[0])]
    lines = traceback.StackSummary.extract(frames).format()
    head = ["Traceback (most recent call last):\n", *lines] if lines else []
    return "".join([*head, *traceback.format_exception_only(error)]).rstrip()


def _is_ours(frame):
    """Return whether a frame belongs to this package (also compiled code) or the import system."""
    module = str(frame.f_globals.get("__name__")).partition(".")[0]  # users may rebind or delete it
    return module in ("ad_core", "importlib", "_frozen_importlib", "_frozen_importlib_external")
