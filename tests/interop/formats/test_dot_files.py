"""DOT of strangers: read soon whatever it is, refused at a place, and never more than it says."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import WorkflowError
from onloop.interop.formats.dot_reader import dot_graph
from onloop.interop.formats.dot_tokens import quoted_text
from onloop.interop.formats.format_catalogue import ForeignFormat, imported
from onloop.interop.formats.losses import FileRefused
from onloop.workflow.loader import load
from support.effort import at_most

PLACE = re.compile(r"p\.dot:([1-9][0-9]*:[1-9][0-9]*|1:1): [^\x00-\x1f\x7f-\x9f]+")
BEGIN = "digraph G {\n start [shape=Mdiamond]\n exit [shape=Msquare]\n"


def _keys(number: int) -> str:
    return ",".join(f"k{number}_{each}=1" for each in range(50))


def _defaults(what: str) -> str:
    return "".join(f"{what} [{_keys(number)}]\n" for number in range(100))


def refused(text: str | bytes) -> str:
    source = text if isinstance(text, bytes) else text.encode()
    with at_most(5.0), pytest.raises(WorkflowError) as caught:
        imported(source, "p.dot", ForeignFormat.ATTRACTOR, lambda _: None)
    assert all(PLACE.match(problem) for problem in caught.value.problems), caught.value.problems
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "p.dot:1:1: 'the end of the file' begins no directed graph"),
        ("graph G {}", "p.dot:1:1: 'graph' begins no directed graph"),
        ("digraph G {", "p.dot:1:12: 'the end of the file' stands where the name of a node is due"),
        ("digraph G {}\ndigraph H {}", "p.dot:2:1: something follows the graph"),
        (f"{BEGIN} a -- b }}", "p.dot:4:4: an edge without a direction"),
        (f'{BEGIN} a [label="x }}', "p.dot:4:11: a text begins here and never ends"),
        (f"{BEGIN} /* a }}", "p.dot:4:2: a comment begins here and never ends"),
        (f"{BEGIN} a [label=] }}", "p.dot:4:11: ']' stands where a value is due"),
        (f"{BEGIN} a [label=x, label=y] }}", "p.dot:4:14: attribute 'label' is here twice"),
        (f"{BEGIN} a [label=x]\n a [label=y] }}", "p.dot:5:2: node 'a' is here twice, first at 4:2"),
        (f"{BEGIN} a [label=<b>] }}", "p.dot:4:11: '<' is no part of a DOT file"),
        (f"{BEGIN} start -> a -> b -> a }}", "p.dot:4:11: the way from the start comes back to 'a'"),
        (f"{BEGIN} start -> a }}", "p.dot:4:11: no edge leads on from here"),
        (f"{BEGIN} start -> exit }}", "p.dot:2:2: no agent works in it"),
        (f"{BEGIN} s2 [shape=Mdiamond] start -> exit }}", "p.dot:4:2: 's2' is a second start"),
        (f"{BEGIN} a [prompt={'x' * 50_001}] start -> a -> exit }}", "p.dot:4:12: a prompt of 50001 characters"),
        ("digraph " + "x" * 101 + " {}", "the name of a graph has 101 characters"),
        (f'{BEGIN} a [label="\x1b[31m"] }}', "p.dot:4:12: the character U+001B, which cannot be seen"),
        (b"digraph G {\n\xff }", "p.dot:2:1: byte 0xff is not UTF-8"),
        (f"{BEGIN} f [shape=component] start -> f f -> a f -> b a -> exit b -> b }}", "its branches never meet"),
        (
            f"{BEGIN} f [shape=component] start -> f f -> t t [shape=parallelogram] t -> exit }}",
            "begins without an agent",
        ),
        (
            f'{BEGIN} h [shape=hexagon] start -> a -> h h -> exit [label="No"] }}',
            "4:36: a person can only reject",
        ),
        (
            f"{BEGIN} h [shape=hexagon] start -> a -> h h -> b h -> c b -> exit c -> exit }}",
            "which of its choices approves",
        ),
    ],
)
def test_what_is_no_pipeline_is_refused_at_its_place(text: str | bytes, says: str) -> None:
    assert says in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        b"digraph G {" + b" " * 10_000_000,
        ("digraph G {" + ";".join(f"n{number}" for number in range(100_000))).encode(),
        ("digraph G { a" + "->a" * 200_000).encode(),
        b"digraph G {" + b"{" * 500_000,
        b"digraph G {" + b"subgraph x {" * 50_000,
        b'digraph G { a [x="' + b"\\" * 900_001,
        b"digraph G { a [" + b"/**/" * 200_000,
        ("digraph G { a [" + ",".join(f"k{number}=1" for number in range(100_000))).encode(),
        (BEGIN + "start" + "".join(f"->n{number}" for number in range(900)) + "-> exit }").encode(),
        (BEGIN + f'edge [label="{"x " * 200_000}"]\n' + "start -> a -> exit\n" * 2_000 + "}").encode(),
        (BEGIN + _defaults("node") + "start -> a -> exit }").encode(),
        (BEGIN + _defaults("edge") + "start -> a -> exit }").encode(),
        (BEGIN + "".join(f"subgraph {{ node [{_keys(n)}] a }}\n" for n in range(100)) + "start->a->exit }").encode(),
        (BEGIN + "start -> f0\n" + "".join(f"f{n} [shape=component]\nf{n} -> f{n + 1}\n" for n in range(400))).encode()
        + b"}",
    ],
    ids=[
        "10 MB",
        "100,000 nodes",
        "a cycle of 200,000",
        "braces",
        "subgraphs",
        "backslashes",
        "comments",
        "attributes",
        "a long way",
        "a long label of all edges",
        "defaults of nodes",
        "defaults of edges",
        "defaults of scopes after each other",
        "fan-outs within fan-outs",
    ],
)
def test_what_is_too_large_or_too_deep_is_refused_soon(text: bytes) -> None:
    assert refused(text)


def test_a_goal_that_a_prompt_names_often_is_not_put_in_before_its_length_is_known() -> None:
    text = f'digraph G {{ goal="{"x" * 20_000}" start [shape=Mdiamond] exit [shape=Msquare]\n'
    text += f' a [prompt="{"$goal" * 4_000}"] start -> a -> exit }}'
    tracemalloc.start()
    try:
        says = refused(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "2:12: a prompt of 80000000 characters" in says
    assert most < 10_000_000


@given(st.binary(max_size=200) | st.text('digraph{}[]=->";,\\ \n/*ab1.', max_size=80).map(lambda t: t.encode()))
def test_whatever_the_bytes_a_graph_or_a_place(source: bytes) -> None:
    try:
        dot_graph(source)
    except FileRefused as refusal:
        assert re.match(r"f:[1-9][0-9]*:[1-9][0-9]*: ", refusal.problem.line("f"))


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]) | st.sampled_from('\n\t"\\'), max_size=60)
)
def test_a_quoted_text_is_read_back_whatever_it_holds(text: str) -> None:
    graph = dot_graph(f"digraph G {{ a [label={quoted_text(text)}] }}".encode())
    assert graph.nodes["a"].text("label") == text


EDGES = [f"{a} -> {b}" for a in ("start", *"abcd") for b in (*"abcd", "exit")]
SHAPES = ["box", "hexagon", "diamond", "parallelogram", "component", "tripleoctagon"]


@given(st.lists(st.sampled_from(EDGES), max_size=10), st.lists(st.sampled_from(SHAPES), min_size=4, max_size=4))
def test_whatever_the_graph_a_workflow_that_validates_or_a_place(edges: list[str], shapes: list[str]) -> None:
    nodes = [f'{name} [shape={shape}, script="make"]' for name, shape in zip("abcd", shapes, strict=True)]
    text = "\n".join((BEGIN, *nodes, *edges, "}"))
    try:
        _, yaml = imported(text.encode(), "p.dot", ForeignFormat.ATTRACTOR, lambda _: None)
    except WorkflowError as error:
        assert not any("as a workflow" in problem for problem in error.problems), (text, error.problems)
    else:
        load(yaml.encode(), "w.yaml")


def test_the_end_of_a_line_a_byte_order_mark_and_defaults_are_as_people_write_them() -> None:
    text = '\ufeffdigraph G {\r\n node [timeout="900s"]\r\n subgraph s { node [shape=tab]; '
    text += 'a [prompt="one\\\r\ntwo"] }\r\n b; start -> a -> b -> exit\r\n'
    text += " start [shape=Mdiamond]\r\n exit [shape=Msquare] }"
    _, yaml = imported(text.encode(), "p.dot", ForeignFormat.ATTRACTOR, lambda _: None)
    steps = load(yaml.encode(), "w").steps
    assert [(step.id, step.brief, step.timeout_ms) for step in steps] == [
        ("work.a", "onetwo", 900_000),
        ("work.b", "b", 900_000),
    ]
