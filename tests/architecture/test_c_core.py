# SPDX-License-Identifier: Apache-2.0
"""The architecture of src/: which folder includes which, which object file calls which, and rules
for names and memory."""

import os
import re
import shutil
import subprocess
from collections import Counter

import pytest

from repository import ROOT, circles, files, needs_sources, relative

pytestmark = needs_sources

SRC = ROOT / "src"
PUBLIC = ROOT / "ad_core" / "include"  # headers that include nothing of the core

# Operations that the core itself records, expands or folds, each for a reason that is not its
# formula: zeros, ones and signs of derivatives (graph/simplify.c), ties, gradients that stop, kinks
# of roots and their squares (ops/vanish.c, tape/square.c).
STRUCTURAL_OPS = {"ADD", "MULTIPLY", "GUARDED", "SELECT", "SUBTRACT", "NEGATIVE", "POSITIVE"}
STRUCTURAL_OPS |= {"DIVIDE", "POWER", "POWER_LOG", "SQUARE", "EQUAL", "ISNAN", "LOGICAL_OR", "STOP"}
STRUCTURAL_OPS |= {"PRODUCT", "KINKED", "SQUARED_ROOT", "SQRT", "CBRT", "ABSOLUTE", "HYPOT"}
STRUCTURAL_OPS |= {"LOGICAL_AND", "NOT_EQUAL"} | {"MAXIMUM", "MINIMUM"}


def sources(*endings):
    endings = endings or (".c", ".h", ".inc", ".def")
    return [path for path in files("src/*") if path.suffix in endings]


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def folder(path):
    return path.relative_to(SRC).parts[0]


def arrows():
    """The folders that each folder may include, as src/README.md says."""
    found, name = {}, None
    for line in (SRC / "README.md").read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"## ([a-z]+)", line):
            name = heading[1]
        elif uses := re.fullmatch(r"Uses: (.+)\.", line):
            listed = {"nothing": [], "all of the above": [*found]}
            found[name] = listed.get(uses[1], uses[1].split(", "))
    return found


def ops():
    """The names of the rows of the op table."""
    text = without_comments((SRC / "ops" / "ops.def").read_text("utf-8"))
    rows = re.findall(r"^(?!ALIAS)[A-Z0-9_]+\s*\(\s*([A-Z0-9_]+)\s*,", text, flags=re.MULTILINE)
    assert len(rows) > 50
    return set(rows)


def test_the_readme_of_the_core_lists_every_folder_in_order():
    found = arrows()
    assert set(found) == {folder(path) for path in sources()}
    names = list(found)
    assert not [
        f"{name} uses {used}, which stands below it"
        for k, name in enumerate(names)
        for used in found[name]
        if used not in names[:k]
    ]


def test_includes_follow_the_table():
    allowed, wrong = arrows(), []
    for path in sources():
        text = path.read_text("utf-8")
        for included in re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, re.MULTILINE):
            target = included.split("/")[0]
            if (PUBLIC / included).is_file():
                continue
            if not (SRC / included).is_file():
                wrong.append(f"{relative(path)} includes {included}, which is no file of src/")
            elif target not in (folder(path), *allowed[folder(path)]):
                wrong.append(f"{relative(path)} includes {included}")
    assert not wrong


def test_headers_include_no_cycles():
    graph = {
        path.relative_to(SRC).as_posix(): re.findall(
            r'^\s*#\s*include\s*"([^"]+)"', path.read_text("utf-8"), re.MULTILINE
        )
        for path in sources()
    }
    assert not circles(graph)


@pytest.fixture(scope="module")
def symbols(tmp_path_factory):
    """For each object file of the core, the symbols that it defines and those that it uses."""
    compiler = os.environ.get("CC", "cc").split()[-1]
    if not (shutil.which(compiler) and shutil.which("nm")) or os.name == "nt":
        pytest.skip("needs a C compiler and nm")
    build = tmp_path_factory.mktemp("objects")
    listing = "".join(f"{path.relative_to(ROOT).as_posix()}\n" for path in sources(".c"))
    subprocess.run(
        ["tests/c/compile", str(build), compiler, "-std=c11", "-O0", "-w", "-Isrc", f"-I{PUBLIC}"],
        input=listing, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    found = {}
    for path in build.glob("*.o"):
        listed = subprocess.run(["nm", str(path)], capture_output=True, text=True, check=True)
        lines = [line.split()[-2:] for line in listed.stdout.splitlines() if line.strip()]
        found[path.name] = {
            kind: {name for letter, name in lines if letter in letters}
            for kind, letters in (("defines", "TDBRVCS"), ("takes", "U"))
        }
    return found


@pytest.mark.slow
def test_object_files_call_no_cycles(symbols):
    home = {name: path for path, table in symbols.items() for name in table["defines"]}
    graph = {
        path: {home[name] for name in table["takes"] if name in home and home[name] != path}
        for path, table in symbols.items()
    }
    assert len(graph) > 50
    assert sum(map(len, graph.values())) > 150
    assert not circles(graph)


@pytest.mark.slow
def test_all_names_of_the_core_have_its_prefix(symbols):
    names = {name.lstrip("_") for table in symbols.values() for name in table["defines"]}
    assert not {name for name in names if not name.startswith("ad_")}


def test_the_core_does_not_use_python():
    pattern = re.compile(r"#\s*include\s*[<\"](Python|numpy/)|\bPy(Object|Err|Mem|_)[A-Za-z_]*")
    assert not [relative(path) for path in sources() if pattern.search(path.read_text("utf-8"))]


def test_operations_are_named_only_in_the_table():
    known = ops()
    assert known >= STRUCTURAL_OPS
    wrong = []
    for path in sources():
        if path.name == "ops.def":
            continue
        used = set(re.findall(r"\bAD_([A-Z0-9_]+)\b", without_comments(path.read_text("utf-8"))))
        wrong += [f"{relative(path)}: AD_{name}" for name in used & known - STRUCTURAL_OPS]
    assert not wrong


def test_memory_is_allocated_in_one_file():
    pattern = re.compile(r"\b(malloc|calloc|realloc|free|strdup|aligned_alloc)\s*\(")
    users = {
        relative(path)
        for path in sources()
        if pattern.search(without_comments(path.read_text("utf-8")))
    }
    assert users == {"src/base/alloc.c"}


def test_a_type_has_one_name_and_a_name_one_type():
    names = Counter()
    for path in sources(".c", ".h", ".inc"):
        text = without_comments(path.read_text("utf-8"))
        # the tag and the name of `typedef struct x { ... } x` are the same
        names.update(
            set(re.findall(r"\b(?:struct|union|enum)\s+(\w+)\s*\{", text))
            | set(re.findall(r"^\}\s*(\w+)\s*;", text, re.MULTILINE))
            - set(re.findall(r"^static[^;{]*\{[^}]*\}\s*(\w+)", text, re.MULTILINE))
        )
    assert len(names) > 80
    assert not {name: count for name, count in names.items() if count > 1}


def test_static_variables_have_different_names():
    names = Counter()
    for path in sources(".c"):
        text = without_comments(path.read_text("utf-8"))
        names.update(
            re.findall(
                r"^static (?:const )?[\w ]+?[ *]+(\w+)(?:\[[^\]]*\])*\s*[=;]", text, re.MULTILINE
            )
        )
    assert len(names) > 10
    assert not {name: count for name, count in names.items() if count > 1}


def test_include_guards_are_named_after_their_headers():
    guards = {}
    for path in sources(".h"):
        guard = re.search(r"^#ifndef (AD_\w+_H)$", path.read_text("utf-8"), re.MULTILINE)[1]
        stem = path.stem.upper()
        assert guard in (f"AD_{stem}_H", f"AD_{folder(path).upper()}_{stem}_H"), relative(path)
        assert guards.setdefault(guard, path) == path
