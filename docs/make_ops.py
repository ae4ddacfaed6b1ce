"""Write docs/ops.md, the table of the elementary functions: each is a row of src/ops/ops.def.

    python docs/make_ops.py

Run it in an environment where ad_core is built. A test compares the page with what this writes.
"""

import re
from pathlib import Path

import numpy as np

from ad_core import _core

PAGE = Path(__file__).resolve().parent / "ops.md"

HEAD = """\
# Elementary functions

This page is written by `docs/make_ops.py` from the op table; edit `src/ops/ops.def` instead. All
other NumPy functions that can be differentiated (shapes, indexing, reductions, products of
matrices) are written with these functions and with block operations.

A formula uses the operands `a`, `b`, `c`, the value `v`, and `sel(condition, if true, if false)`.
If a derivative is `0`, `1`, `-1`, an operand or the value, nothing is computed or stored for it.
Second and higher derivatives are the derivatives of these formulas. The derivatives at kinks and
poles are in [conventions.md](conventions.md).
"""

TESTS = """
## Truth values

The derivative of a truth value is zero. `if`, `while`, `and` and `np.where` take truth values.
"""

REST = """
## Functions that NumPy does not have

These functions are used in second and higher derivatives, and by `ad_core.stop_gradient`.
"""


def readable(text):
    """The formula of a row without the prefixes of C names."""
    return re.sub(r"\b(ad|AD)_(\w+)", lambda match: match[2].lower(), text)


def names(row, aliases):
    """The names of the NumPy functions of a row."""
    also = sorted(alias for alias, name in aliases.items() if name == row["name"])
    return ", ".join(f"`np.{name}`" for name in (row["ufunc"], *also))


def table(head, lines):
    columns = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(columns + [f"| {' | '.join(line)} |" for line in lines]) + "\n"


def page():
    """The text of docs/ops.md."""
    aliases = _core.op_aliases()
    derivatives, tests, rest = [], [], []
    for row in _core.op_table():
        partials = [f"`{readable(partial)}`" for partial in row["partials"]]
        cells = [f"`{readable(row['value'])}`", *(partials + [""] * 3)[:3]]
        if not hasattr(np, row["ufunc"]):
            rest.append([row["ufunc"], *cells])
        elif row["is_test"]:
            tests.append([names(row, aliases), cells[0]])
        else:
            derivatives.append([names(row, aliases), *cells])
    head = ["function", "value", "d/da", "d/db", "d/dc"]
    return "\n".join(
        [
            HEAD,
            table(head, derivatives) + TESTS,
            table(["function", "value"], tests) + REST,
            table(head, rest),
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
