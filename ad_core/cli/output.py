# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The output of a command: standard output, or the file of ``--out``."""

import contextlib
import io
import os
import sys

from .errors import UserError, reason

__all__ = ["Stream", "console", "print_error", "say", "write_file"]


class Stream:
    """Standard output or standard error as a text file.

    Characters that its encoding lacks are escaped.  If it cannot be written to, :class:`UserError`
    is raised; BrokenPipeError is raised as it is, since a reader such as head may close a pipe.
    """

    def __init__(self, name="stdout"):
        self.name = "standard output" if name == "stdout" else "standard error"
        self._stream = getattr(sys, name)
        if self._stream is None or getattr(self._stream, "closed", False):
            raise UserError(f"{self.name} is closed; give it a terminal, a file or a pipe")
        self.encoding = getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text):
        """Write text."""
        with self._reporting():
            self._stream.write(text.encode(self.encoding, "backslashreplace").decode(self.encoding))
        return len(text)

    def write_bytes(self, data):
        """Write bytes after the text that was written before."""
        if not hasattr(self._stream, "buffer"):
            raise UserError(f"{self.name} takes text only; write to a file (--out)")
        with self._reporting():
            self._stream.flush()
            self._stream.buffer.write(data)
            self._stream.flush()

    def flush(self):
        """Pass everything that was written to the system."""
        with self._reporting():
            self._stream.flush()

    def isatty(self):
        """Whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self):
        """The number of the file descriptor."""
        return self._stream.fileno()

    @contextlib.contextmanager
    def _reporting(self):
        try:
            yield
        except OSError as error:
            self._abandon()
            if isinstance(error, BrokenPipeError):
                raise
            raise UserError(f"{self.name}: cannot write to it: {reason(error)}") from error

    def _abandon(self):
        """Drop the buffer, which the interpreter would try to write again at exit."""
        with contextlib.suppress(AttributeError, io.UnsupportedOperation):  # no file descriptor
            number = self._stream.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)


def say(text):
    """Print a line of text on standard output."""
    stream = Stream()
    stream.write(f"{text}\n")
    stream.flush()


def print_error(text):
    """Print a line of text on standard error, if it can be written to."""
    with contextlib.suppress(UserError, BrokenPipeError):  # the exit code reports the error
        stream = Stream("stderr")
        stream.write(f"{text}\n")
        stream.flush()


def console():
    """A console of rich on standard output."""
    from rich.console import Console

    class OurConsole(Console):
        def on_broken_pipe(self):
            raise  # the BrokenPipeError being handled: rich itself would exit with a failure

    return OurConsole(file=Stream(), highlight=False)


def write_file(path, write):
    """Open a file for --out and call write with it."""
    try:
        with open(path, "wb") as file:
            write(file)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise UserError(f"--out: cannot write {path!r}: {reason(error)}") from error
