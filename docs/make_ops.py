"""Write docs/ops.md, the table of the functions that are one row of src/ops.def each.

    python docs/make_ops.py

from an environment with ad_core built. The tests check that the page is what this would write.
"""

import re
from pathlib import Path

import numpy as np

from ad_core import _core

PAGE = Path(__file__).resolve().parent / "ops.md"

HEAD = """\
# Elementary functions

Written by `docs/make_ops.py` from the op table; edit `src/ops.def` instead. What else of NumPy
can be differentiated (shapes, indexing, reductions, products of matrices) is written with these
functions and block operations.

A formula uses the operands `a`, `b`, `c`, the value `v`, and `sel(condition, if true, if false)`.
A derivative that is `0`, `1`, `-1`, an operand or the value is known as such to the sweeps: nothing
is computed or stored for it. Second and higher derivatives are the derivatives of these formulas.
What holds at kinks and poles is in [conventions.md](conventions.md).
"""

TESTS = """
## Truth values

Their derivative is zero; `if`, `while`, `and` and `np.where` may take them.
"""

REST = """
## Rows without a NumPy function

What derivatives of derivatives and `ad_core.stop_gradient` are written with.
"""


def readable(text):
    """A row's text without the prefixes that C needs."""
    return re.sub(r"\b(ad|AD)_(\w+)", lambda match: match[2].lower(), text)


def names(row, aliases):
    """The NumPy functions that a row stands for."""
    also = sorted(alias for alias, name in aliases.items() if name == row["name"])
    return ", ".join(f"`np.{name}`" for name in (row["ufunc"], *also))


def table(head, lines):
    columns = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(columns + [f"| {' | '.join(line)} |" for line in lines]) + "\n"


def page():
    """The whole text of docs/ops.md."""
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
