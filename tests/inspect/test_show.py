# SPDX-License-Identifier: Apache-2.0
"""Rendering an evaluation trace: the table, DOT, the drawing."""

import io
import sys
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

import ad_core
from ad_core.examples import textbook
from ad_core.inspect import show

Node = namedtuple("Node", "index name op formula operands partials children value")


@pytest.fixture
def tape():
    """The textbook's trace."""
    return ad_core.trace(textbook.f, 1.0, 2.0)


def chain(length):
    """A tape of one input and many sines, with only those attributes that show reads."""
    nodes = [Node(0, "x1", "input", "input", (), (), (1,) if length > 1 else (), 0.5)]
    for i in range(1, length):
        before, children = nodes[-1].name, (i + 1,) if i + 1 < length else ()
        nodes.append(Node(i, f"v{i + 1}", "sin", f"sin({before})", (i - 1,), (0.5,), children, 0.5))
    return SimpleNamespace(
        nodes=tuple(nodes),
        inputs=(0,),
        outputs=(length - 1,),
        tangents=lambda direction: np.ones(length),
        adjoints=lambda cotangent: np.ones(length),
    )


def cells(text):
    """The rows of a table as lists, divided at the columns of its rule."""
    lines = text.splitlines()
    rule = lines[1]
    starts = [i for i, c in enumerate(rule) if c == "-" and (i == 0 or rule[i - 1] == " ")]
    ends = [*starts[1:], None]
    return [[line[a:b].strip() for a, b in zip(starts, ends, strict=True)] for line in lines]


def test_table_shows_every_node_with_its_partials_and_children(tape):
    rows = cells(show.table(tape))
    assert rows[0] == ["node", "formula", "value", "partials", "children"]
    assert len(rows) == 2 + 7
    names = [node.name for node in tape.nodes]
    assert [row[0] for row in rows[2:]] == names
    product = rows[4]
    assert product[1] == tape.nodes[2].formula
    assert product[2] == "2"
    assert product[3] == f"d/d{names[0]} 2, d/d{names[1]} 1"
    assert product[4] == f"{names[4]}, {names[5]}"


def test_table_adds_tangents_and_adjoints_where_seeds_are_given(tape):
    rows = cells(show.table(tape, np.array([1.0, 0.0]), np.array([1.0])))
    assert rows[0][-2:] == ["tangent", "adjoint"]
    assert [row[-2] for row in rows[2:4]] == ["1", "0"]
    assert rows[-1][-2:] == ["16.7781", "1"]
    assert [row[-1] for row in rows[2:4]] == ["16.7781", "8.8052"]


def test_table_shortens_a_long_tape_and_says_how_to_see_all():
    lines = show.table(chain(1_000), limit=6).splitlines()
    assert len(lines) == 2 + 6 + 1
    assert "994 of 1,000 nodes left out" in lines[5]
    assert "limit=None" in lines[5]
    assert [line.split()[0] for line in lines[2:5]] == ["x1", "v2", "v3"]
    assert [line.split()[0] for line in lines[6:]] == ["v998", "v999", "v1000"]
    assert len(show.table(chain(1_000), limit=None).splitlines()) == 1_002
    assert len(show.table(chain(7), limit=7).splitlines()) == 9


def test_table_of_one_node_and_limit_of_one():
    assert len(show.table(chain(1)).splitlines()) == 3
    assert "4 of 5 nodes left out" in show.table(chain(5), limit=1)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_shows_nothing_raises(tape, limit):
    with pytest.raises(ValueError, match=f"limit must be .*, at least 1, .*, got {limit}"):
        show.table(tape, limit=limit)


def test_table_cuts_long_texts():
    wide = chain(3)
    long = wide.nodes[1]._replace(formula="f" * 500, children=tuple([2] * 500))
    wide.nodes = (wide.nodes[0], long, wide.nodes[2])
    line = show.table(wide).splitlines()[3]
    assert "fff..." in line
    assert "v3, +495" in line
    assert len(line) < 120


def test_table_shows_numbers_that_are_not_finite():
    odd = chain(2)
    odd.nodes = (odd.nodes[0], odd.nodes[1]._replace(value=np.nan, partials=(np.inf,)))
    assert "nan  d/dx1 inf" in show.table(odd)


def test_dot_has_every_node_and_labels_every_edge(tape):
    text = show.dot(tape)
    assert text.startswith("digraph trace {")
    assert text.endswith("}")
    assert sum("->" in line for line in text.splitlines()) == 8
    assert 'n1 -> n3 [label="-0.416147"];' in text
    assert text.count("peripheries=2") == 1
    assert text.count("rounded") == 2


def test_dot_escapes_names():
    odd = chain(2)
    odd.nodes = (odd.nodes[0]._replace(name='a"b\\c'), odd.nodes[1])
    assert 'label="a\\"b\\\\c\\n0.5"' in show.dot(odd)


def test_draw_writes_svg_png_and_pdf(tape, tmp_path):
    for name, head in (("t.svg", b"<?xml"), ("t.png", b"\x89PNG"), ("t.pdf", b"%PDF")):
        show.draw(tape, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(head)
    drawn = (tmp_path / "t.svg").read_text()
    for node in tape.nodes:
        assert node.formula in drawn or node.op == "input"


def test_draw_writes_to_an_open_file(tape):
    file = io.BytesIO()
    show.draw(tape, file, "svg")
    assert b"<svg" in file.getvalue()


def test_draw_routes_an_edge_over_several_layers_and_a_node_used_twice():
    nodes = (
        Node(0, "x1", "input", "input", (), (), (2, 2, 4), 2.0),
        Node(1, "v2", "constant", "3.0", (), (), (4,), 3.0),
        Node(2, "v3", "multiply", "x1 * x1", (0, 0), (2.0, 2.0), (3,), 4.0),
        Node(3, "v4", "sin", "sin(v3)", (2,), (0.1,), (4,), 0.9),
        Node(4, "v5", "where", "$ {v4} \\ _x", (0, 1, 3), (0.0, 1.0, 1.0), (), 3.9),
    )
    file = io.BytesIO()
    show.draw(SimpleNamespace(nodes=nodes, inputs=(0,), outputs=(4,)), file, "svg")
    assert b"$ {v4}" in file.getvalue()


def test_draw_of_a_function_that_returns_its_input():
    file = io.BytesIO()
    show.draw(chain(1), file, "svg")
    assert file.getvalue()


def test_a_graph_too_large_to_draw_raises():
    with pytest.raises(ValueError, match=r"tape has 201 nodes, .* at most 200"):
        show.draw(chain(201), io.BytesIO(), "svg")


def test_draw_says_what_to_install_without_matplotlib(tape, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "ad_core\[demo\]"'):
        show.draw(tape, io.BytesIO(), "svg")


def test_no_partial_is_shown_for_a_constant():
    tape = ad_core.trace(lambda x: x * 2.5, 3.0)
    assert tape.nodes[2].operands == (0, 1)
    assert cells(show.table(tape))[4][3] == "d/dv1 2.5"
    assert "n0 -> n2 [label=" in show.dot(tape)
    assert "n1 -> n2;" in show.dot(tape)


def test_a_real_tape_with_constants_and_two_outputs():
    tape = ad_core.trace(lambda x: [2.0 * x[0] + x[1], np.sin(x[1]) * x[0]], np.array([1.0, 2.0]))
    assert len(show.table(tape).splitlines()) == 2 + len(tape.nodes)
    assert show.dot(tape).count("peripheries=2") == 2
    file = io.BytesIO()
    show.draw(tape, file, "svg")
    assert file.getvalue()
