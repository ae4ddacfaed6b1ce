# SPDX-License-Identifier: Apache-2.0
"""The ``ad-core`` command with bad files, bad user code and failing streams: one line each."""

import io
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ad_core.cli.jacobian import _members
from commands import run

MODEL = """\
import numpy as np

def f(x):
    return np.exp(x) * 2.0

def tree(x):
    return {"a/b": x, "a b": x * 2.0, "..": (x, [x * x]), "\\u03b8": x, "": x, -1: x, "K" * 999: x}

def talks(x):
    print("said by the function " * 9999)
    return x
"""
COMMANDS = ("jacobian", "trace")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def with_header(text):
    """A .npy file with this header and 64 bytes of data."""
    header = text.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64)


def npz():
    file = io.BytesIO()
    np.savez(file, x=np.ones(3))
    return file.getvalue()


def described(descr="'<f8'", shape="(8,)", order="False"):
    return with_header(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}")


WHOLE = npy(np.ones(8))
BAD_FILES = {
    "empty": b"",
    "text": b"1.0, 2.0\n",
    "text of another encoding": "Jörg".encode("utf-16"),
    "npz": npz(),
    "npz cut short": npz()[:-40],
    "pickle": pickle.dumps([1.0, 2.0]),
    "objects": npy(np.array([1.0, None]), allow_pickle=True),
    "complex": npy(np.ones(2) * 1j),
    "truth values": npy(np.ones(2, bool)),
    "strings": npy(np.array(["1.0"])),
    "dates": npy(np.array(["2020-01-01"], "M8[D]")),
    "records": npy(np.zeros(2, [("a", float)])),
    "no header": b"\x93NUMPY",
    "version 9": b"\x93NUMPY\x09\x00" + WHOLE[8:],
    "header of nothing": with_header(""),
    "header that is no dict": with_header("[1, 2]"),
    "header of code": with_header("__import__('os').abort()"),
    "header without end": with_header("{'descr': '<f8', 'shape': ("),
    "header with brackets without end": with_header("(" * 5000),
    "header that is too long": with_header("{" + " " * 20_000 + "}"),
    "header of other keys": with_header("{'a': 1}"),
    "no such dtype": described("'<q9'"),
    "dtype of giant elements": described("'V999999999999'"),
    "dtype of Python 2": described(shape="(8L, 9L, 'a')"),
    "shape that is no tuple": described(shape="8"),
    "shape of text": described(shape="('8',)"),
    "shape that is negative": described(shape="(-2, -4)"),
    "shape that is to be found out": described(shape="(-1,)"),
    "shape that is too large": described(shape="(1000,)"),
    "giant shape": described(shape=f"({10**15},)"),
    "shape beyond 64 bits": described(shape=f"({2**70},)"),
    "shape whose product is beyond 64 bits": described(shape=f"({2**40}, {2**40})"),
    "shape of too many axes": described(shape="(1, " + "1, " * 99 + ")"),
    "order of text": described(order="'F'"),
}
BAD_FILES |= {f"cut after {n} bytes": WHOLE[:n] for n in (1, 5, 7, 9, 11, 60, 127, 128, 190)}


def one_line(command, code, out, err, option="--at"):
    assert (code, out) == (2, "")
    assert err.startswith(f"ad-core {command}: {option}: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bad_file_gives_an_error_of_one_line(folder, capsys, command, name):
    Path("bad.npy").write_bytes(BAD_FILES[name])
    code, out, err = run(capsys, command, "model.py:f", "--at", "bad.npy")
    one_line(command, code, out, err)
    assert "'bad.npy'" in err


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and symbolic links")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "endless name", "no name", "x.npz"])
def test_a_path_that_is_not_a_file_gives_an_error_of_one_line(folder, capsys, command, kind):
    name = {"no name": "\0.npy", "endless name": "n" * 5000 + ".npy", "x.npz": "x.npz"}.get(kind)
    name = name or "odd\n.npy"
    if kind == "folder":
        Path(name).mkdir()
    elif kind == "pipe":
        os.mkfifo(name)
    elif kind == "loop":
        Path(name).symlink_to(name)
    code, out, err = run(capsys, command, "model.py:f", "--at", name)
    one_line(command, code, out, err)
    if not name.endswith("npz"):
        code, out, err = run(capsys, command, f"{name[:-4]}.npy:f", "--at", "1")
        one_line(command, code, out, err, "function")


def test_good_files(folder, capsys):
    for k, array in enumerate((np.ones(2), np.arange(2), np.float32(1.5), np.ones((0,)))):
        np.save(f"{k}.NPY", array)
        os.replace(f"{k}.NPY.npy", f"{k}.NPY")
        code, out, err = run(capsys, "jacobian", "model.py:f", "--at", f"{k}.NPY")
        assert (code, err) == (0, "")
        assert f"shape {array.shape * 2}" in out


# A user's file: its text, exit codes of its import and its call, what is told.
RAISES = {
    "no such import": ("import no_such_module_at_all\ndef f(x): return x\n", 2),
    "a syntax error": ("def f(x:\n", 2),
    "a null byte": ("x = 1\0\n", 2),
    "an exit": ("raise SystemExit\n", 2),
    "a base exception": ("raise BaseException('odd')\n", 2),
    "a class of its own": ("class E(BaseException): pass\nraise E\n", 2),
    "no text": ("class E(Exception):\n    def __str__(self): raise E\nraise E\n", 2),
    "no attribute": ("def __getattr__(name): raise OSError('refused')\n", 2),
    "an exit in the function": ("def f(x): raise SystemExit(0)\n", 1),
    "a pipe in the function": ("def f(x): raise BrokenPipeError\n", 1),
    "a full disk in the function": ("def f(x): raise OSError(28, 'no space')\n", 1),
    "no memory in the function": ("def f(x): raise MemoryError\n", 1),
    "no end in the function": ("def f(x): return f(x)\n", 1),
    "no result": ("def f(x): pass\n", 1),
    "a result of text": ("def f(x): return 'text'\n", 1),
    "keys that no one can write": (
        "class K:\n    def __repr__(self): raise OSError('no')\ndef f(x): return {K(): x}\n", 1,
    ),
}  # fmt: skip
NAMES = ("", "del __name__\n", "__name__ = None\n", "__name__ = 5\n", "__file__ = __spec__ = 0\n")


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("kind", RAISES)
def test_errors_of_the_users_code_are_shown_without_our_frames(folder, capsys, kind, names):
    text, expected = RAISES[kind]
    Path("user.py").write_text(names + text)
    command = "trace" if "__repr__" not in text else "jacobian"
    code, out, err = run(capsys, command, "user.py:f", "--at", "1")
    assert (code, out) == (expected, "")
    frames = [line for line in err.splitlines() if line.startswith('  File "')]
    assert all("user.py" in line for line in frames)
    last = err.splitlines()[-1]
    assert last.startswith(("function: user.py", "raised while user.py:f"))


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_deletes_its_module_names(folder, capsys, command, names):
    Path("user.py").write_text(MODEL + names + "f.__module__ = None\n" + "globals()[1] = f\n")
    code, out, err = run(capsys, command, "user.py:f", "--at", "1,2")
    assert (code, err) == (0, "")
    assert out
    code, out, err = run(capsys, command, "user.py:g", "--at", "1,2")
    one_line(command, code, out, err, "function")
    assert "it has f, " in err


def test_a_file_that_is_not_utf8(folder, capsys):
    Path("user.py").write_bytes(b"name = 'J\xf6rg'\ndef f(x): return x\n")
    code, out, err = run(capsys, "jacobian", "user.py:f", "--at", "1")
    assert (code, out) == (2, "")
    assert "SyntaxError" in err
    assert err.endswith("function: user.py cannot be imported\n")


UNWRITABLE = {
    "in no folder": "no/J{}",
    "a folder": "folder{}",
    "in a file": "file/J{}",
    "in a device": "/dev/null/J{}",
    "no name": "\0{}",
    "an endless name": "n" * 5000 + "{}",
}


@pytest.mark.parametrize("kind", UNWRITABLE)
@pytest.mark.parametrize(
    ("command", "suffix"),
    [("jacobian", ".npy"), ("jacobian", ".npz"), ("trace", ".txt"), ("trace", ".dot"),
     ("trace", ".svg"), ("trace", ".png")],
)  # fmt: skip
def test_an_unwritable_out_gives_an_error_of_one_line(folder, capsys, command, suffix, kind):
    if suffix in (".svg", ".png"):
        pytest.importorskip("matplotlib")
    Path("file").write_text("no folder")
    Path(f"folder{suffix}").mkdir()
    name = UNWRITABLE[kind].format(suffix)
    code, out, err = run(capsys, command, "model.py:f", "--at", "1,2", "--out", name)
    one_line(command, code, out, err, "--out")
    assert "None" not in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize(
    ("command", "name"), [("jacobian", "J.npy"), ("jacobian", "J.npz"), ("trace", "t.dot")]
)
def test_a_full_disk_gives_an_error_of_one_line(folder, capsys, command, name):
    Path(name).symlink_to("/dev/full")
    code, out, err = run(capsys, command, "model.py:f", "--at", "1,2", "--out", name)
    one_line(command, code, out, err, "--out")
    assert "None" not in err


def test_the_suffix_is_read_without_its_case(folder, capsys):
    for name in ("J.NPY", "J.Npz"):
        assert run(capsys, "jacobian", "model.py:f", "--at", "1,2", "--out", name)[0] == 0
    assert sorted(p.name for p in folder.iterdir() if "J" in p.name) == ["J.NPY", "J.Npz"]


def test_members_are_letters_digits_dots_and_underscores(folder, capsys):
    argv = ("jacobian", "model.py:tree", "--at", "1,2", "--out", "J.npz")
    code, out, err = run(capsys, *argv)
    assert (code, err) == (0, "")
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._")
    with zipfile.ZipFile("J.npz") as archive:
        members = [name.removesuffix(".npy") for name in archive.namelist()]
    assert len(set(members)) == len(members) == 8
    for member in members:
        assert set(member) <= allowed
        assert member[0] == "J"
        assert f"saved to J.npz as {member}\n" in out
    with np.load("J.npz") as saved:
        found = {key: saved[key][0, 0] for key in ("J.a.b", "J.a.b_2", "J.0", "J.1.0")}
    assert found == {"J.a.b": 2.0, "J.a.b_2": 1.0, "J.0": 1.0, "J.1.0": 2.0}  # by their keys


def test_members_with_equal_names_get_numbers():
    names = ["J['a b']", "J['a/b']", "J['a b_2']", "J['a']['b']", "J['b']", "J['b ']"]
    members = _members(names)
    assert len(set(members)) == len(names)
    assert members[:2] == ["J.a.b", "J.a.b_2"]


SCRIPT = "import sys\nfrom ad_core.cli import main\nsys.exit(main())"
CALLS = [
    ("--help",), ("--version",), ("jacobian", "--help"),
    *((command, "model.py:f", "--at", "1,2") for command in COMMANDS),
    ("trace", "model.py:f", "--at", "1,2", "--format", "dot"),
    ("jacobian", "model.py:talks", "--at", "1"),
]  # fmt: skip


def shell(folder, line, *argv, **environment):
    """Run a command of the shell with the command line as "$@"."""
    words = [sys.executable, "-P", "-c", SCRIPT, *argv]
    environment = os.environ | environment
    return subprocess.run(
        ["bash", "-c", line, "bash", *words], cwd=folder, env=environment, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


needs_bash = pytest.mark.skipif(
    sys.platform != "linux" or not os.path.exists("/dev/full"), reason="needs bash and /dev/full"
)


@needs_bash
@pytest.mark.parametrize("argv", CALLS, ids=" ".join)
@pytest.mark.parametrize(
    ("to", "told"), [("/dev/full", "No space left on device"), ("&-", "standard output is closed")]
)
def test_a_failing_standard_output_gives_an_error_of_one_line(folder, argv, to, told):
    done = shell(folder, f'"$@" >{to}', *argv)
    if "model.py:talks" in argv and to == "/dev/full":  # the user's own print is what fails
        assert done.returncode == 1
        assert done.stderr.endswith("raised while model.py:talks was evaluated\n")
        return
    assert done.returncode == 2
    assert done.stderr.startswith("ad-core")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


@needs_bash
def test_a_picture_and_a_full_or_closed_output(folder):
    pytest.importorskip("matplotlib")
    for to in ("/dev/full", "&-"):
        done = shell(folder, f'"$@" >{to}', "trace", "model.py:f", "--at", "1", "--format", "svg")
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


@needs_bash
@pytest.mark.parametrize("to", ["/dev/full", "&-"])
def test_a_demo_reports_a_failing_output(folder, to):
    for name in ("scipy", "rich", "matplotlib"):
        pytest.importorskip(name)
    for argv in (("demo",), ("demo", "sparse", "--grid", "4")):
        done = shell(folder, f'"$@" >{to}', *argv)
        assert done.returncode == 2
        assert done.stderr.startswith("ad-core demo: standard output")
        assert done.stderr.count("\n") == 1


@needs_bash
@pytest.mark.parametrize("to", ["/dev/full", "&-"])
def test_without_standard_error_the_exit_code_reports_the_error(folder, to):
    done = shell(folder, f'"$@" 2>{to}', "trace", "model.py:f", "--at", "none.npy")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    done = shell(folder, f'"$@" 2>{to}', "fly")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@needs_bash
@pytest.mark.parametrize("argv", CALLS, ids=" ".join)
def test_a_reader_that_closes_the_pipe_is_not_an_error(folder, argv):
    done = shell(folder, '{ "$@"; echo $? >code; } | true; wait', *argv)
    own = "model.py:talks" in argv  # the print that fails is the user's
    assert (folder / "code").read_text() == ("1\n" if own else "0\n")
    assert own or done.stderr == ""


@needs_bash
def test_a_reader_of_the_demo_that_closes_the_pipe_is_not_an_error(folder):
    for name in ("scipy", "rich", "matplotlib"):
        pytest.importorskip(name)
    done = shell(folder, '{ "$@"; echo $? >code; } | true; wait', "demo", "sparse", "--grid", "4")
    assert (folder / "code").read_text() == "0\n"
    assert done.stderr == ""


@needs_bash
@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "latin-1"])
def test_an_encoding_that_lacks_a_letter_is_not_an_error(folder, encoding):
    argv = ("jacobian", "model.py:tree", "--at", "1", "--out", "J\u20ac\udcff.npz")
    done = shell(folder, '"$@"', *argv, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "J\u20ac\udcff.npz").is_file()
    assert shell(folder, '"$@"', *argv[:-1], "t.txt", PYTHONIOENCODING=encoding).returncode == 2


@needs_bash
@pytest.mark.parametrize("where", ["import", "call"])
def test_an_interrupt_gives_a_message_of_one_line(folder, where):
    # Many short waits: a signal just before a sleep is seen when that sleep ends.
    wait = "import time\nopen('ready', 'w').close()\nfor _ in range(600):\n    time.sleep(0.1)\n"
    text = wait if where == "import" else "def f(x):\n" + textwrap.indent(wait, "    ")
    (folder / "user.py").write_text(text)
    words = [sys.executable, "-P", "-c", SCRIPT, "trace", "user.py:f", "--at", "1"]
    with subprocess.Popen(words, cwd=folder, stdout=-1, stderr=-1, text=True) as process:
        while not (folder / "ready").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "ad-core trace: interrupted\n")


@needs_bash
def test_a_folder_that_was_removed(folder):
    gone = folder / "gone"
    gone.mkdir()
    line = f'cd "{gone}" && rmdir "{gone}" && "$@"'
    done = shell(folder, line, "trace", "model.py:f", "--at", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("ad-core trace: function: no file 'model.py'")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [
        *(("demo", "--points", text)
          for text in ("-1", "1e3", "ten", "nan", str(2**70), "9" * 5000)),
        *(("demo", "sparse", "--grid", text) for text in ("-1", "1.5", "x", str(2**70))),
        *(("demo", "sparse", "--until", text) for text in ("-1", "x", "inf", "nan")),
        *(("jacobian", "model.py:f", "--at", "1", "--arg", text)
          for text in ("-1", "1", "x", "1.0", str(2**70), "9" * 5000)),
        *(("trace", "model.py:f", "--at", "1", "--limit", text) for text in ("-1", "x", "1.0")),
        ("trace", "model.py:f", "--at", "1", "odd\nargument"),
        ("trace", "model.py:f", "--at", "1", "--tangent", "odd\nnumber"),
        ("odd\ncommand",),
    ],
    ids=lambda argv: " ".join(argv)[:50],
)  # fmt: skip
def test_wrong_numbers_of_options_give_an_error_of_one_line(folder, capsys, argv):
    if argv[0] == "demo":
        for name in ("scipy", "rich", "matplotlib"):
            pytest.importorskip(name)
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith("ad-core")
    assert err.count("\n") == 1


def test_a_giant_limit_shows_all(folder, capsys):
    code, out, _ = run(capsys, "trace", "model.py:f", "--at", "1", "--limit", str(2**70))
    assert code == 0
    assert "left out" not in out
