"""Whatever the bytes: a definition, or a WorkflowError with places, soon."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onloop.errors import WorkflowError
from onloop.machine.definition import Definition
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.loader import load
from support.effort import at_most

SOON_S = 5.0
PROBLEM = re.compile(r"flow\.yaml:[1-9][0-9]*:[1-9][0-9]*: [^\x00-\x1f\x7f]+; [^\x00-\x1f\x7f]+")
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

VOCABULARY = """
workflow description environment setup cache_key steps id role run effect merge brief isolation clone
container timeout attempts max backoff rounds gates command junit unittest min_tests no_fewer_than base file
path contains artefact name human from quorum assurance A1 expire after outcome approve hold on_reject on_fail
end not_by a.b c.d {python} {report} {x} 3d 90s 500ms ../x /etc - <<
"""
WORDS = st.sampled_from(VOCABULARY.split())
SCALARS = (
    WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.integers(0, 10).map(str)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=6),
    max_leaves=40,
)
STEPS = st.lists(st.dictionaries(WORDS, TREES, max_size=6).map(lambda d: {"id": "a.b", "role": "x", **d}), max_size=4)
SCRAPS = st.sampled_from([*"[]{}:,-?&*!|>%@`'\"#\n \t\\\r\x00é\u202e", "- ", ": ", "\n  ", "a: ", "<<: *a", "!!x "])


def outcome(source: bytes) -> Definition | tuple[str, ...]:
    try:
        with at_most(SOON_S):
            return load(source, "flow.yaml")
    except WorkflowError as error:
        assert error.problems
        assert all(PROBLEM.fullmatch(problem) for problem in error.problems), error.problems
        return error.problems


def flow_style(tree: object) -> str:
    """A tree as YAML, as carelessly as people and programs write it."""
    if isinstance(tree, Mapping):
        return "{" + ", ".join(f"{flow_style(key)}: {flow_style(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, Sequence) and not isinstance(tree, str):
        return "[" + ", ".join(map(flow_style, tree)) + "]"
    return str(tree) if not isinstance(tree, str) else "'" + tree.replace("'", "''") + "'" if " " in tree else tree


@MANY
@given(st.binary(max_size=400))
def test_any_bytes_are_a_definition_or_problems(source: bytes) -> None:
    outcome(source)


@MANY
@given(st.text(max_size=200) | st.lists(SCRAPS | WORDS, max_size=60).map("".join))
def test_any_text_is_a_definition_or_problems(text: str) -> None:
    outcome(text.encode("utf-8", "surrogatepass"))


@MANY
@given(TREES | STEPS.map(lambda steps: {"workflow": "w", "steps": steps}))
def test_any_tree_is_a_definition_or_problems(tree: object) -> None:
    outcome(flow_style(tree).encode("utf-8", "surrogatepass"))


@MANY
@given(st.sampled_from(builtins()), st.data())
def test_a_workflow_with_a_piece_missing_or_changed_is_a_definition_or_problems(name: str, data: st.DataObject) -> None:
    source = builtin(name)
    start = data.draw(st.integers(0, len(source)))
    length = data.draw(st.integers(0, 40))
    scrap = data.draw(SCRAPS | WORDS | st.text(max_size=3))
    outcome(source[:start] + scrap.encode("utf-8", "surrogatepass") + source[start + length :])


def test_the_worst_files_of_a_mebibyte_are_refused_soon() -> None:
    wrong = [
        "workflow: w\nsteps:\n" + "".join(f"  - {{id: a.b{n}, not_by: [a.x]}}\n" for n in range(3_000)),
        "workflow: w\nsteps:\n" + "".join(f"  - {{id: a.b{n}, role: x, on_reject: a.b{n}}}\n" for n in range(2_800)),
        "workflow: w\nsteps:\n  - {id: a.b, role: x, not_by: [" + "a.c, " * 15_000 + "]}\n",
        "workflow: w\n" + "".join(f"{'workflov' * 100}{n}: 1\n" for n in range(1_200)),
        "workflow: w\nsteps: [" + "[" * 50 + "x," * 9_000 + "]" * 50 + "]",
        "workflow: w\nsteps:\n"
        + "".join(
            f"  - {{id: a.{'b' * 60}{n}, role: x, not_by: [{', '.join(f'a.{chr(97 + m)}{n}' for m in range(26))}]}}\n"
            for n in range(100)
        ),
    ]
    for text in wrong:
        assert isinstance(outcome(text.encode()), tuple)
