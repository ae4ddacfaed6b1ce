"""The architecture as tests: what a reader of CONTRIBUTING.md may rely on."""

import ast
import inspect
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import ad_core
from ad_core import _core

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / "src" / "ops.def").is_file(), reason="the sources are not beside the tests"
)

# Which module of src/ may include which, directly; what those include comes with them.
# A module is the part of a file's name before the first underscore: isa_avx2.c is of isa.
ARROWS = {
    "status": [],
    "poll": [],
    "floating": [],
    "alloc": ["status"],
    "numbers": [],
    "ops": ["status"],
    "kernels": ["numbers", "ops"],
    "vmath": [],
    "lanes": ["ops", "kernels", "vmath"],
    "view": [],
    "call": ["status"],
    "linear": ["alloc", "numbers"],
    "tape": ["alloc", "call", "ops", "poll", "view"],
    "square": ["tape"],
    "local": ["block", "expr", "alloc"],
    "vanish": ["block", "alloc"],
    "careful": ["local", "vanish", "sweep"],
    "record": ["local", "square", "floating", "tape", "lanes"],
    "block": ["floating", "tape"],
    "matmul": ["block"],
    "fresh": ["block"],
    "sweep": ["fresh", "lanes"],
    "jacobian": ["careful"],
    "edges": ["block"],
    "expr": ["ops"],
    "expand": ["alloc", "block", "expr", "vanish"],
    "recurrence": ["alloc", "expr", "numbers"],
    "taylor": ["jacobian", "recurrence"],
    "hessian": ["jacobian", "recurrence"],
    "replay": ["block"],
    "graph": ["alloc", "expr", "vanish"],
    "lower": ["block", "graph"],
    "derive": ["call", "graph"],
    "eliminate": ["derive"],
    "fused": [],
    "program": ["graph", "fused"],
    "eval": ["call", "numbers", "program", "lanes"],
    "batch": ["eval"],
    "sparsity": ["jacobian", "expr"],
    "colour": ["alloc"],
    # One file an instruction set, in which the vector loops of others are compiled.
    "isa": ["lanes", "sweep", "eval"],
}
# What goes against an arrow: the ops' sources compile the table with the kernels and hand whole
# arrays to the lanes; lanes choose the instruction set for the sweeps' loops too.
# A Jacobian's derivation may go by elimination, which is derivation too.
TWINS = {
    ("ops", "kernels"),
    ("ops", "lanes"),
    ("lanes", "sweep"),
    ("lanes", "eval"),
    ("derive", "eliminate"),
}

# Operations that the core itself records, expands or folds, each for a reason that is not its
# formula: zeros, ones and signs of derivatives (graph_derived.c), ties, gradients that stop, kinks
# of roots and their squares (vanish.c, square.c).
STRUCTURAL_OPS = {"ADD", "MULTIPLY", "GUARDED", "SELECT", "SUBTRACT", "NEGATIVE", "POSITIVE"}
STRUCTURAL_OPS |= {"DIVIDE", "POWER", "POWER_LOG", "SQUARE", "EQUAL", "ISNAN", "LOGICAL_OR", "STOP"}
STRUCTURAL_OPS |= {"PRODUCT", "KINKED", "SQUARED_ROOT", "SQRT", "CBRT", "ABSOLUTE", "HYPOT"}
STRUCTURAL_OPS |= {"LOGICAL_AND", "NOT_EQUAL"} | {"MAXIMUM", "MINIMUM"}

GENERATED = re.compile(
    r"\.(so|pyd|o|a|pyc|pyo|gcda|gcno|egg|whl|tar\.gz)$|(^|/)(build|dist|__pycache__)/|\.egg-info/"
    r"|^ad_core/.*\.(c|cpp|html)$"
)


def files(*patterns):
    """The checkout's files, those that git would ignore left out."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = git("ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns)
        return [path for name in listing if (path := ROOT / name).is_file()]
    found = {path for pattern in patterns for path in ROOT.rglob(pattern) if path.is_file()}
    return sorted(path for path in found if not GENERATED.search(relative(path)))


def git(*arguments):
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def relative(path):
    return path.relative_to(ROOT).as_posix()


def core_sources():
    return [path for path in files("*.c", "*.h", "*.inc", "*.def") if path.parent == ROOT / "src"]


def module(name):
    return Path(name).stem.split("_")[0]


def reachable(start):
    """The modules that a module may include: along the arrows, as far as they go."""
    seen, queue = {start}, [start]
    while queue:
        for target in ARROWS[queue.pop()]:
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return seen


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def ops():
    """The names of the rows of the op table."""
    text = without_comments((ROOT / "src" / "ops.def").read_text(encoding="utf-8"))
    rows = re.findall(r"^(?!ALIAS)[A-Z0-9_]+\s*\(\s*([A-Z0-9_]+)\s*,", text, flags=re.MULTILINE)
    assert len(rows) > 50
    return set(rows)


def public():
    """The public names with the objects that they stand for, the version left out."""
    return {name: getattr(ad_core, name) for name in ad_core.__all__ if name != "__version__"}


def test_the_include_graph_follows_the_arrows():
    wrong = []
    for path in core_sources():
        assert module(path.name) in ARROWS, f"{path.name}: give its module a place in ARROWS"
        includes = re.findall(r'^\s*#\s*include\s*"([^"]+)"', path.read_text("utf-8"), re.MULTILINE)
        for included in includes:
            arrow = module(path.name), module(included)
            if arrow[1] not in reachable(arrow[0]) and arrow not in TWINS:
                wrong.append(f"{path.name} includes {included}")
    assert not wrong


def test_the_core_knows_nothing_of_python():
    pattern = re.compile(r"#\s*include\s*[<\"](Python|numpy/)|\bPy(Object|Err|Mem|_)[A-Za-z_]*")
    assert not [path.name for path in core_sources() if pattern.search(path.read_text("utf-8"))]


def test_no_operation_is_named_outside_the_table():
    known = ops()
    assert known >= STRUCTURAL_OPS
    wrong = []
    for path in core_sources():
        if path.name == "ops.def":
            continue
        used = set(re.findall(r"\bAD_([A-Z0-9_]+)\b", without_comments(path.read_text("utf-8"))))
        wrong += [f"{path.name}: AD_{name}" for name in used & known - STRUCTURAL_OPS]
    assert not wrong


def test_memory_comes_through_one_door():
    pattern = re.compile(r"\b(malloc|calloc|realloc|free|strdup|aligned_alloc)\s*\(")
    users = {
        path.name
        for path in core_sources()
        if pattern.search(without_comments(path.read_text("utf-8")))
    }
    assert users == {"alloc.c"}


def test_every_c_file_names_its_licence():
    line = "/* SPDX-License-Identifier: Apache-2.0 */"
    sources = files("*.c", "*.h", "*.inc", "*.def")
    assert sources
    assert not [relative(p) for p in sources if p.read_text("utf-8").splitlines()[:1] != [line]]


def test_no_source_file_is_over_500_lines():
    sources = files("*.c", "*.h", "*.def", "*.inc", "*.py", "*.pyx", "*.pxi", "*.pxd")
    assert sources
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in sources}
    assert not {name: length for name, length in lengths.items() if length > 500}


def test_no_test_reads_a_clock_or_the_resident_memory():
    """What is asserted does not depend on how busy the machine is: polls, calls, allocations and
    points are counted; what must be timed is a benchmark."""
    reads = re.compile(
        r"\b(perf_counter|monotonic|process_time|thread_time|time\.time|time_ns|timeit|setitimer"
        r"|getrusage|clock_gettime|gettimeofday|clock)\b|\b(ru_maxrss|statm|VmRSS|memory_info)\b"
    )
    tests = [path for path in files("*.py", "*.c", "*.h") if path.is_relative_to(ROOT / "tests")]
    tests.remove(Path(__file__).resolve())
    assert len(tests) > 100
    wrong = {relative(path): reads.findall(path.read_text("utf-8")) for path in tests}
    assert not {name: found for name, found in wrong.items() if found}


def test_there_is_one_binding():
    assert [relative(path) for path in files("*.pyx")] == ["ad_core/_core.pyx"]


@pytest.mark.skipif(
    not (shutil.which("git") and (ROOT / ".git").exists()), reason="needs a git checkout"
)
def test_nothing_generated_is_tracked():
    assert not [name for name in git("ls-files") if GENERATED.search(name)]


def test_the_version_stands_once():
    assert ad_core.__version__ == metadata.version("ad-core")
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[?{re.escape(ad_core.__version__)}\b", changelog, re.MULTILINE)


def test_the_readme_shows_the_two_commands():
    readme = (ROOT / "README.md").read_text("utf-8").splitlines()
    for command in ('pip install ".[demo]" && ad-core demo', 'pip install ".[test]" && pytest'):
        assert [line.strip().removeprefix("$ ") for line in readme].count(command) == 1


@pytest.mark.parametrize("name", ad_core.__all__)
def test_every_public_name_is_documented_by_an_example(name):
    if name == "__version__":
        return
    text = inspect.getdoc(getattr(ad_core, name)) or ""
    assert len(text.splitlines()[0]) > 10, "the first line says what it is"
    assert ">>> " in text, "a doctest shows its use"


def test_every_public_method_is_documented():
    missing = [
        f"{name}.{attribute}"
        for name, cls in public().items()
        if inspect.isclass(cls)
        for attribute, value in vars(cls).items()
        if not attribute.startswith("_") and (callable(value) or isinstance(value, property))
        if not inspect.getdoc(value)
    ]
    assert not missing


def stub_names(path):
    """The public names that a stub file declares at its top level, imports among them."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets)
        elif isinstance(node, ast.ImportFrom):
            # `from x import y as y` is how a stub says that y is its own.
            names.update(alias.asname for alias in node.names if alias.asname == alias.name)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "ad_core").glob("*.pyi")), ids=lambda path: path.name
)
def test_a_stub_names_what_there_is(path):
    if path.stem == "__init__":
        assert stub_names(path) == set(public())
    else:
        runtime = sys.modules[f"ad_core.{path.stem}"]
        assert stub_names(path) == {name for name in vars(runtime) if not name.startswith("_")}


def test_public_functions_are_annotated_or_in_a_stub():
    stub = ROOT / "ad_core" / "__init__.pyi"
    declared = stub_names(stub) if stub.is_file() else set()
    bare = []
    for name, function in public().items():
        if not inspect.isfunction(function) or name in declared:
            continue
        signature = inspect.signature(function)
        empty = inspect.Signature.empty
        if signature.return_annotation is empty or any(
            parameter.annotation is empty for parameter in signature.parameters.values()
        ):
            bare.append(name)
    assert not bare


@pytest.mark.skipif(
    sys.platform not in ("linux", "darwin") or not shutil.which("nm"), reason="needs nm"
)
def test_the_extension_exports_its_initialiser_alone():
    option = "-D" if sys.platform == "linux" else "-gU"
    listing = subprocess.run(
        ["nm", option, _core.__file__], capture_output=True, text=True, check=True
    ).stdout
    exported = {
        fields[-1].split("@")[0].removeprefix("_" if sys.platform == "darwin" else "")
        for fields in map(str.split, listing.splitlines())
        if len(fields) == 3 and fields[1].isupper()
    }
    tools = {name for name in exported if re.match(r"__(asan|odr_asan|gcov|llvm|ubsan)_", name)}
    assert exported - tools - {"_init", "_fini", "_edata", "_end", "__bss_start"} == {
        "PyInit__core"
    }


def test_import_needs_numpy_alone(tmp_path):
    program = (
        "import sys, ad_core\n"
        "extras = {'scipy', 'matplotlib', 'rich', 'typer', 'pytest'} & set(sys.modules)\n"
        "sys.exit(f'imported: {extras}' if extras else 0)"
    )
    # From elsewhere, or an in-tree ad_core/ would be found first.
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
