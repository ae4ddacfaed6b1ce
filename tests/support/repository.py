# SPDX-License-Identifier: Apache-2.0
"""The files of a checkout, for the tests of the architecture."""

import re
import shutil
import subprocess

import pytest

from checkout import ROOT

needs_sources = pytest.mark.skipif(
    not (ROOT / "src" / "ops" / "ops.def").is_file(), reason="the sources are not beside the tests"
)
needs_git = pytest.mark.skipif(
    not (shutil.which("git") and (ROOT / ".git").exists()), reason="needs a git checkout"
)

GENERATED = re.compile(
    r"\.(so|pyd|o|a|pyc|pyo|gcda|gcno|egg|whl|tar\.gz)$|(^|/)(build|dist|__pycache__)/|\.egg-info/"
    r"|^ad_core/.*\.(c|cpp|html)$"
)


def git(*arguments):
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def relative(path):
    return path.relative_to(ROOT).as_posix()


def files(*patterns):
    """The files of the checkout with these patterns, without those that git ignores."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = git("ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns)
        return [path for name in listing if (path := ROOT / name).is_file()]
    found = {path for pattern in patterns for path in ROOT.rglob(pattern) if path.is_file()}
    return sorted(path for path in found if not GENERATED.search(relative(path)))


def circles(graph):
    """The strongly connected components of a graph {node: nodes} that have more than one node.

    Source: Tarjan, Depth-first search and linear graph algorithms (1972).
    """
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            part = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(part) > 1:
                found.append(sorted(part))

    for node in graph:
        if node not in order:
            visit(node)
    return found
