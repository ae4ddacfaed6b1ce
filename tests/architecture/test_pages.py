# SPDX-License-Identifier: Apache-2.0
"""README and docs/: their length, their links, and the tables that the benchmarks write there."""

import json
import re
import shutil
import sys

import pytest

from checkout import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"

pytestmark = pytest.mark.skipif(
    not (ROOT / "docs" / "guide.md").is_file(), reason="the pages are not beside the tests"
)


def prose(page):
    """The text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    """The anchors of a page: its headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 170


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_have_targets(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def mentioned(text):
    """The code spans of a text that look like paths of the repository."""
    spans = re.findall(r"`([^`\n]+)`", text)
    return [span for span in spans if re.fullmatch(r"(src|ad_core|tests|docs)/[^\s\\|]*", span)]


@pytest.mark.parametrize("page", [*PAGES, CONTRIBUTING], ids=lambda page: page.name)
def test_the_files_that_a_page_names_exist(page):
    text = prose(page)
    if page == CONTRIBUTING:  # its recipes are not checked here
        text = re.sub(r"^## Adding .*?(?=^## Notation)", "", text, flags=re.DOTALL | re.MULTILINE)
    names = mentioned(text)
    assert names or page.name not in ("design.md", "CONTRIBUTING.md")
    assert not [name for name in names if not any(ROOT.glob(name))]
    assert page == CONTRIBUTING or not [name for name in names if set(name) & set("*?[")]


def test_the_guide_lists_its_sections():
    guide = ROOT / "docs" / "guide.md"
    listed = re.findall(r"^- \[.*\]\(#(.*)\)$", prose(guide), flags=re.MULTILINE)
    assert {"guide", *listed} == anchors(guide)


def row(peer, seconds, error):
    """The row of a peer in the file of a run."""
    quartiles = [seconds, seconds]
    known = {"name": peer, "median": seconds, "quartiles": quartiles, "first": 1.0, "error": error}
    return known | {"variant": "", "note": "", "status": "ok"}


def result(scenario, held):
    """The part of a scenario in the file of a run: twice the published times."""
    rows = [row(peer, 2.0 * time, held["errors"][peer]) for peer, time in held["seconds"].items()]
    known = {"scenario": scenario, "what": "jacobian", "own": "numpy", "limits": None, "rows": rows}
    return known | {key: held[key] for key in ("D", "K", "N")}


def outcome(store):
    """The file of a run."""
    works = []
    for name, work in store.items():
        results = [result(scenario, held) for scenario, held in work["scenarios"].items()]
        works.append({"name": name, "title": name, "notes": "", "targets": [], "results": results})
    machine = store["batch"]["machine"] | {"date": "2030-01-02 03:04 UTC"}
    known = {"machine": machine, "workloads": works, "peers": {"numpy": "plain"}, "rounds": 30}
    return known | {"recording": None, "grids": None}


class TestPublished:
    @pytest.fixture
    def publish(self, monkeypatch):
        """The module of the benchmarks that writes into the pages."""
        pytest.importorskip("matplotlib")
        pytest.importorskip("rich")
        if not (ROOT / "benchmarks").is_dir():
            pytest.skip("the benchmarks are not beside the tests")
        monkeypatch.syspath_prepend(ROOT)
        monkeypatch.setattr(sys, "path", [*sys.path])
        from benchmarks import publish

        return publish

    @pytest.fixture
    def root(self, tmp_path, publish):
        """A copy of the pages."""
        for path in (publish.STORE, publish.README, publish.PERFORMANCE):
            (tmp_path / path).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
        return tmp_path

    def test_the_readme_has_the_published_times(self, publish, root):
        publish.publish([], root)
        for path in (publish.README, publish.STORE):
            fresh = (root / path).read_text("utf-8")
            assert (ROOT / path).read_text("utf-8") == fresh, "run python -m benchmarks publish"
        assert (root / publish.PICTURE).stat().st_size < 60_000
        assert (ROOT / publish.PICTURE).is_file()

    def test_a_run_is_written_into_the_pages(self, publish, root, tmp_path):
        results = tmp_path / "results.json"
        run = outcome(publish.load())
        for name in ("programs", "gradient"):  # the rest of a table
            run["workloads"].append(run["workloads"][0] | {"name": name})
        results.write_text(json.dumps(run), "utf-8")
        written = publish.publish([results], root)
        assert f"{publish.PERFORMANCE}: compiled table" in written
        assert "Measured on 2030-01-02" in " ".join((root / "README.md").read_text().split())
        page = (root / publish.PERFORMANCE).read_text("utf-8")
        assert "- 2030-01-02 03:04 UTC" in page.split("<!-- compiled table -->")[1]
        assert "2030" not in page.split("<!-- compiled table -->")[0], "not complete"
        store, old = publish.load(root), publish.load()
        held, before = (x["batch"]["scenarios"]["arm"]["seconds"] for x in (store, old))
        assert {name: 2.0 * seconds for name, seconds in before.items()} == pytest.approx(held)

    def test_a_run_without_a_peer_replaces_nothing(self, publish, root, tmp_path, capsys):
        results = tmp_path / "results.json"
        run = outcome(publish.load())
        for work in run["workloads"]:
            for part in work["results"]:
                part["rows"] = [row for row in part["rows"] if "heyoka" not in row["name"]]
        run["workloads"] = [w for w in run["workloads"] if w["name"] != "arm"]
        results.write_text(json.dumps(run), "utf-8")
        publish.publish([results], root)
        assert "times of batch left as they are: no heyoka-batch" in capsys.readouterr().out
        assert publish.load(root)["batch"] == publish.load()["batch"]
