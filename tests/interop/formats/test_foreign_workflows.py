"""Files of others become workflows: no gate is invented or lost in silence, and nothing unanswered approves."""

from __future__ import annotations

from pathlib import Path

import pytest

from onloop.errors import WorkflowError
from onloop.interop.formats.format_catalogue import ForeignFormat, format_of, imported
from onloop.interop.formats.losses import Loss, LossKind
from onloop.machine.definition import END, Definition, Effect, ExpireOutcome, HumanGate, JoinKind
from onloop.workflow.loader import load
from support.effort import at_most

EXAMPLES = Path(__file__).with_name("examples")
BEGIN = "digraph G {\n start [shape=Mdiamond]\n exit [shape=Msquare]\n"
REFUSED = {
    "smoke.fabro": "8:5: no agent works in it",
    "implement-issue.fabro": "15:5: 'implement' supervises another workflow",
}


def taken(source: str, kind: ForeignFormat, name: str = "x") -> tuple[Definition, tuple[Loss, ...]]:
    found, yaml = imported(source.encode(), name, kind, lambda _: None)
    return load(yaml.encode(), "w.yaml"), found.losses


def pipeline(body: str) -> tuple[Definition, tuple[Loss, ...]]:
    return taken(f"{BEGIN}{body}\n}}", ForeignFormat.FABRO, "p.fabro")


def example(name: str) -> tuple[Definition, tuple[Loss, ...]]:
    kind = ForeignFormat.SPECKIT if name.endswith(".yml") else format_of(name)
    return taken((EXAMPLES / name).read_text(), kind, name)


def whats(losses: tuple[Loss, ...], kind: LossKind) -> list[str]:
    return [loss.what for loss in losses if loss.kind is kind]


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.name != "README.md"))
def test_every_example_is_a_workflow_or_refused_at_its_place(name: str) -> None:
    if name in REFUSED:
        with pytest.raises(WorkflowError) as caught:
            example(name)
        assert caught.value.problems[0].startswith(f"{name}:{REFUSED[name]}")
    else:
        _, losses = example(name)
        lines = (EXAMPLES / name).read_text().splitlines()
        assert losses
        assert all(0 < loss.at.column <= len(lines[loss.at.line - 1]) + 1 for loss in losses)


def test_a_persons_choice_is_a_gate_whose_rejection_leads_back() -> None:
    definition, _ = example("10-plan-implement.fabro")
    assert [step.id for step in definition.steps] == ["work.plan", "people.approve", "work.implement", "work.simplify"]
    assert definition.steps[1].gates == (HumanGate("approve", ("approvers",)),)
    assert definition.steps[1].on_reject == "work.plan"


def test_a_node_that_only_edges_name_is_of_the_shape_that_it_inherits() -> None:
    definition, _ = pipeline('a [shape=box, prompt="do"]\n node [shape=hexagon]\n start -> a -> review -> exit')
    assert [step.id for step in definition.steps] == ["work.a", "people.review"]
    assert definition.steps[1].gates == (HumanGate("approve", ("approvers",)),)
    source = 'digraph G { a [shape=box, prompt="do"] node [shape=hexagon] start -> a -> review -> exit }'
    definition, _ = taken(source, ForeignFormat.FABRO, "p.fabro")
    assert [step.id for step in definition.steps] == ["work.a", "people.review"], "start and exit are known by name"


def test_a_choice_that_leads_past_the_work_ends_the_task_instead() -> None:
    definition, losses = example("07-human-gate.fabro")
    assert [(step.id, step.on_reject) for step in definition.steps][1] == ("people.approve", END)
    assert "the node skip" in whats(losses, LossKind.LOST)
    assert "the way from people.approve to skip" in whats(losses, LossKind.CHANGED)


def test_a_command_is_a_check_whose_failure_leads_back_to_who_works_and_repair_nodes_are_named() -> None:
    definition, losses = example("implement-plan.fabro")
    verify = definition.step("check.verify")
    assert verify.run is not None
    assert verify.run[:2] == ("sh", "-c")
    assert verify.on_fail == "work.simplify_gpt"
    assert {"the node fixup", "toolchain, before any agent works"} <= set(whats(losses, LossKind.LOST))
    assert "the command of check.verify is a check" in whats(losses, LossKind.CHANGED)


def test_what_an_agents_own_word_would_choose_a_person_decides() -> None:
    definition, losses = example("conditions.fabro")
    assert [step.id for step in definition.steps] == ["work.path_b"]
    assert "the way from decide to path_a" in whats(losses, LossKind.LOST)
    body = 'a [prompt=x]\n b [prompt=y]\n start -> a\n a -> b [condition="outcome=succeeded"]\n a -> exit\n b -> exit'
    definition, losses = pipeline(body)
    assert [gate.id for gate in definition.steps[0].human_gates] == ["decide"]
    assert "an agent's own word chooses what follows work.a" in whats(losses, LossKind.UNVERIFIED)


def test_the_goal_that_an_agent_says_it_reached_is_a_persons_to_approve() -> None:
    definition, _ = pipeline("a [prompt=x, goal_gate=true]\n start -> a -> exit")
    assert [gate.id for gate in definition.steps[0].human_gates] == ["goal"]


def test_what_nobody_answers_is_held_and_never_approved() -> None:
    body = (
        'a [prompt=x]\n h [shape=hexagon, timeout="1h", human.default_choice="b"]\n start -> a -> h\n'
        ' h -> b [label="[A] Approve"]\n h -> a [label="[R] Revise"]\n b [prompt=y]\n b -> exit'
    )
    definition, losses = pipeline(body)
    (gate,) = definition.step("people.h").human_gates
    assert gate.expire is not None
    assert gate.expire.outcome is ExpireOutcome.HOLD
    assert "a choice that is made when nobody answers" in whats(losses, LossKind.LOST)


def test_branches_are_children_that_are_joined_where_they_meet() -> None:
    definition, _ = example("06-parallel.fabro")
    fan_out = definition.steps[0].fan_out
    assert fan_out is not None
    assert [branch.name for branch in fan_out.branches] == ["security", "architecture", "quality"]
    assert fan_out.join.kind is JoinKind.ALL
    assert definition.steps[1].id == "work.report"


def test_a_command_that_always_passes_or_that_cannot_be_said_is_named() -> None:
    body = (
        'a [prompt=x]\n t [shape=parallelogram, script="make || true"]\n u [shape=parallelogram, script="awk {x}"]\n'
        " start -> a -> t -> u -> exit"
    )
    definition, losses = pipeline(body)
    assert "the command of check.t passes whatever it finds" in whats(losses, LossKind.UNVERIFIED)
    assert definition.step("check.u").run is None
    assert [gate.id for gate in definition.step("check.u").human_gates] == ["looked"]


def test_a_prompt_in_a_file_is_read_below_the_folder_alone(tmp_path: Path) -> None:
    from onloop.cli.verbs.workflow_sources import included_from

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.md").write_bytes(b"Do it\x1b[31m.\r\n")
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    for path, says in (
        ("a.md", "Do it[31m.\n"),
        ("../secret", None),
        ("link", None),
        ("/etc/passwd", None),
        ("a\0", None),
    ):
        source = f'{BEGIN} a [prompt="@{path}"]\n start -> a -> exit }}'.replace("\0", "")
        found, yaml = imported(source.encode(), "p.dot", ForeignFormat.FABRO, included_from(tmp_path / "in", 1_000))
        shown = path.replace("\0", "")
        assert load(yaml.encode(), "w").steps[0].brief == (says or f"Do what {shown} says.")
        assert (f"the text of @{shown}" in whats(found.losses, LossKind.LOST)) == (says is None)


def test_symphonys_states_hooks_and_limits_are_a_workflow_and_its_prose_is_said_to_be() -> None:
    definition, losses = example("WORKFLOW.md")
    assert [(step.id, step.on_reject, step.effect) for step in definition.steps] == [
        ("work.issue", None, None),
        ("review.people", "work.issue", None),
        ("ship.merge", None, Effect.MERGE),
    ]
    assert {"the section 'Status map'", "the whole body is the brief of one agent"} <= set(
        whats(losses, LossKind.PROSE)
    )
    assert {f"the state {name}" for name in ("Todo", "Rework", "Merging", "Done")} <= set(
        whats(losses, LossKind.CHANGED)
    )
    assert "the hook after_create, which clones" in whats(losses, LossKind.LOST)
    head = (
        "hooks:\n  after_create: make deps\nagent: {max_retry_backoff_ms: 60000}\ncodex: {turn_timeout_ms: 5}\nnew: 1\n"
    )
    definition, losses = taken(f"---\n{head}---\nWork.", ForeignFormat.SYMPHONY)
    assert definition.environment.setup == (("sh", "-ec", "make deps"),)
    assert (definition.steps[0].attempts.max_backoff_ms, definition.steps[0].timeout_ms) == (60_000, 1_000)
    assert definition.steps[-1].id == "review.people"
    assert [(loss.what, loss.at.line) for loss in losses if loss.what == "new"] == [("new", 6)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("---\nhooks: [\n---\nx", "x:"),
        ("---\na: &b 1\n---\nx", "x:2:4: anchor '&b'"),
        ("---\na: 1", "x:1:1: the front matter begins here and never ends"),
        ("---\n- a\n---\nx", "x:1:1: the front matter is no mapping"),
        ("---\na: 1\n---\n\n", "x:4:1: the file says no agent what to do"),
        ("Do\n\nthis \u202e", "x:3:6: the character U+202E"),
        pytest.param("x" * 50_001, "x:1:1: a body of 50001 characters", id="long"),
        pytest.param("x" * 10_000_000, "x:1:1: the file has 10000000 bytes", id="10 MB"),
        pytest.param("---\na: " + "[" * 500 + "\n---\nx", "levels of nesting", id="deep"),
    ],
)
def test_what_is_no_file_of_symphony_is_refused_at_its_place(text: str, says: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        taken(text, ForeignFormat.SYMPHONY)
    assert says in caught.value.problems[0]


def test_whether_a_hook_clones_is_read_soon_however_often_it_names_git() -> None:
    for words, says in (("git " * 100_000, "the hook after_create"), ("a git -c b clone c", "which clones")):
        with at_most(8.0):
            _, losses = taken(f"---\nhooks: {{after_create: '{words}'}}\n---\nx", ForeignFormat.SYMPHONY)
        assert any(says in what for what in whats(losses, LossKind.LOST))


def test_spec_kits_gates_are_peoples_and_none_is_passed_by_a_rejection_or_an_input() -> None:
    definition, _ = example("speckit.yml")
    assert [step.id for step in definition.steps] == [
        "work.specify",
        "people.review-spec",
        "work.plan",
        "people.review-plan",
        "work.tasks",
        "work.implement",
    ]
    assert {step.on_reject for step in definition.steps if step.human_gates} == {END}
    gate = "{id: g, type: gate, message: m, on_reject: %s, verdict_input: v, options: [ship, reject]}"
    for word, target in (("skip", END), ("retry", "work.a"), ("abort", END)):
        text = f"workflow: {{id: w}}\nsteps:\n  - {{id: a, prompt: do it}}\n  - {gate % word}\n"
        definition, losses = taken(text, ForeignFormat.SPECKIT)
        assert definition.steps[1].on_reject == target
        assert "verdict_input of step g" in whats(losses, LossKind.LOST)
    assert "the choices ship, reject" in whats(losses, LossKind.CHANGED)


def test_spec_kits_loop_leads_back_from_its_command_or_asks_a_person() -> None:
    text = """
workflow: {id: Fix Loop}
steps:
  - id: retry
    type: do-while
    condition: "{{ %s }}"
    max_iterations: 5
    steps:
      - {id: fix, type: prompt, prompt: Mend it.}
      - {id: test, type: shell, run: make test, timeout: 60}
"""
    definition, losses = taken(text % "steps.test.output.exit_code != 0", ForeignFormat.SPECKIT)
    assert [(step.id, step.on_fail, step.max_visits) for step in definition.steps] == [
        ("work.fix", None, 5),
        ("check.test", "work.fix", 5),
    ]
    assert definition.name == "fix-loop"
    definition, losses = taken(text % "inputs.again", ForeignFormat.SPECKIT)
    assert [(step.id, step.on_reject) for step in definition.steps][-1] == ("people.retry", "work.fix")
    assert whats(losses, LossKind.UNVERIFIED) == ["an expression says whether retry is repeated"]


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("- {id: s, type: switch, expression: x, cases: {}}", "x:4:3: a step of the kind switch"),
        ("- {id: s, type: fan-out, items: x, step: {}}", "x:4:3: a step of the kind fan-out"),
        (
            "- {id: s, type: if, condition: x, then: [], else: [{id: a, prompt: y}]}",
            "x:4:45: a step of the kind if, with two",
        ),
        ("- {id: s, type: if, then: {id: g, type: gate}}", "x:4:21: then is no list of steps"),
        ("- {id: s, type: if, then: [], else: {id: g, type: gate}}", "x:4:31: else is no list of steps"),
        ("- {id: s, type: while, condition: x, steps: {id: g, type: gate}}", "x:4:38: steps is no list of steps"),
        ("- {id: s, type: magic}", "x:4:11: a step of the kind 'magic'"),
        ("- {id: s, type: shell, run: make}", "x:3:1: no agent works in it"),
        ("- a", "x:4:3: a step that is no mapping"),
        ("- {id: s, prompt: ''}", "x:4:11: a step whose prompt is missing"),
        ("- &a {id: s}", "x:4:3: anchor"),
        pytest.param("\n".join(f"- {{id: s{n}, prompt: x}}" for n in range(101)), "more than 100 steps", id="many"),
    ],
)
def test_what_no_step_can_say_of_spec_kit_is_refused_at_its_place(steps: str, says: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        taken(f"workflow: {{id: w}}\ninputs: {{}}\nsteps:\n{steps}\n", ForeignFormat.SPECKIT)
    assert says in caught.value.problems[0]
    with pytest.raises(WorkflowError):
        taken("id: o\nextends: speckit\nedits: []\n", ForeignFormat.SPECKIT)
