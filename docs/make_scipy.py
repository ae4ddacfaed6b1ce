# SPDX-License-Identifier: Apache-2.0
"""Write docs/scipy-coverage.md, which lists what ad_core does with the functions of SciPy.

    python docs/make_scipy.py

It reads the calls that the tests make (tests/support/scipy_rows/). A test compares the page with
what this writes.
"""

import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scipy-coverage.md"
sys.path.insert(0, str(ROOT / "tests" / "support"))

import scipy.special  # noqa: E402

import scipy_rows  # noqa: E402
from ad_core.overrides.scipy import special  # noqa: E402
from ad_core.rules.special import coverage  # noqa: E402

HEAD = """# SciPy's functions on traced values

This page is written by `docs/make_scipy.py` from the calls that the tests make.

SciPy's own Python code runs on traced values as it stands, and `ad_core/overrides/scipy/` has what
its compiled functions do. Nothing has to be imported from ad_core for that, nor do functions bound
early (`from scipy.linalg import solve`) have to be looked up again
([code of other packages](guide.md#code-of-other-packages)). The second list of a module has
functions of which no derivative is asked: their results are plain, or they are called with
settings, integers or names. Those of the third list raise an error of ad_core, which names the
user's line and says what to write instead.
"""


def listed(title, names):
    """A list of names, in sorted order."""
    if not names:
        return ""
    text = ", ".join(f"`{name}`" for name in sorted(names, key=lambda name: (name.lower(), name)))
    lines = textwrap.wrap(text, 116, break_long_words=False, break_on_hyphens=False)
    return f"\n**{title}**\n\n" + "\n".join(lines) + "\n"


def lists():
    """For each module its name and its three lists."""
    found = [
        (module.MODULE.__name__, module.ROWS, module.PLAIN, module.REFUSED)
        for module in scipy_rows.modules()
    ]
    plain = [
        name for name in scipy.special.__all__
        if coverage.is_plain(name) and callable(getattr(scipy.special, name, None))
    ]  # fmt: skip
    differentiable = {*special.FUNCTIONS, *coverage.AS_THEY_STAND}
    found.append(("scipy.special", differentiable, plain, special.REFUSING))
    return sorted(found)


def page():
    """The page's text."""
    parts = [HEAD]
    for name, differentiable, plain, refused in lists():
        parts.append(f"\n## {name}\n")
        parts.append(listed("Differentiable", differentiable))
        parts.append(listed("Plain", plain))
        parts.append(listed("Not differentiable", refused))
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
