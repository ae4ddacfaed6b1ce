"""The command line, run by tests."""

from ad_core.cli import main


def run(capsys, *argv):
    """Run the command in this process: exit code, output, errors."""
    try:
        code = main(list(argv))
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err
