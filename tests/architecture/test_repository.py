# SPDX-License-Identifier: Apache-2.0
"""Rules for the files of the repository."""

import re
from importlib import metadata
from pathlib import Path

import ad_core
from repository import GENERATED, ROOT, files, git, needs_git, needs_sources, relative

pytestmark = needs_sources


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
    """Tests do not depend on how busy the machine is. They count polls, calls, allocations and
    points; times are measured by benchmarks."""
    reads = re.compile(
        r"\b(perf_counter|monotonic|process_time|thread_time|time\.time|time_ns|timeit|setitimer"
        r"|getrusage|clock_gettime|gettimeofday|clock)\b|\b(ru_maxrss|statm|VmRSS|memory_info)\b"
    )
    tests = [path for path in files("*.py", "*.c", "*.h") if path.is_relative_to(ROOT / "tests")]
    tests.remove(Path(__file__).resolve())
    assert len(tests) > 100
    wrong = {relative(path): reads.findall(path.read_text("utf-8")) for path in tests}
    assert not {name: found for name, found in wrong.items() if found}


@needs_git
def test_nothing_generated_is_tracked():
    assert not [name for name in git("ls-files") if GENERATED.search(name)]


def test_the_version_is_written_once():
    assert ad_core.__version__ == metadata.version("ad-core")
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[?{re.escape(ad_core.__version__)}\b", changelog, re.MULTILINE)


def test_the_readme_shows_the_two_commands():
    readme = (ROOT / "README.md").read_text("utf-8").splitlines()
    for command in (
        'pip install ".[demo]" && ad-core demo',
        'pip install ".[test]" && pytest -n auto',
    ):
        assert [line.strip().removeprefix("$ ") for line in readme].count(command) == 1
