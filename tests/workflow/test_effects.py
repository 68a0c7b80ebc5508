"""Effects in workflow files: a word or a mapping, and what is wrong with them stands where it is wrong.

▶ marks the place of the problem.
"""

from __future__ import annotations

import pytest

from onloop.errors import WorkflowError
from onloop.machine.definition import Effect
from onloop.machine.effect_specs import (
    CheckRunSpec,
    CommentSpec,
    DispatchSpec,
    MergeSpec,
    MergeStyle,
    MergeWay,
    OnClosed,
    PullRequestSpec,
    PushBranchSpec,
    ReleaseTagSpec,
    StatusSpec,
)
from onloop.workflow.loader import load

WORK = "workflow: w\nsteps:\n  - {id: develop.work, role: implementer, gates: [{id: t, command: [make]}]}\n"


def effect(text: str, more: str = "") -> str:
    return f"{WORK}  - {{id: ship.out, effect: {text}{more}}}\n"


@pytest.mark.parametrize(
    ("text", "kind", "spec"),
    [
        ("merge", Effect.MERGE, MergeSpec()),
        ("push_branch", Effect.PUSH_BRANCH, PushBranchSpec()),
        ("{merge: {style: squash}}", Effect.MERGE, MergeSpec(MergeStyle.SQUASH)),
        ("{merge: {via: pull_request, auto: true}}", Effect.MERGE, MergeSpec(via=MergeWay.PULL_REQUEST, auto=True)),
        (
            '{pull_request: {title: "{title} ({task})", labels: [bot], reviewers: [ben, acme/core], draft: true, '
            "on_closed: cancel}}",
            Effect.PULL_REQUEST,
            PullRequestSpec("{title} ({task})", ("bot",), ("ben", "acme/core"), draft=True, on_closed=OnClosed.CANCEL),
        ),
        ("comment", Effect.COMMENT, CommentSpec()),
        ("{comment: {text: hello}}", Effect.COMMENT, CommentSpec("hello")),
        ("{status: {context: lab}}", Effect.STATUS, StatusSpec("lab")),
        ("check_run", Effect.CHECK_RUN, CheckRunSpec()),
        ('{release_tag: {tag: "v-{run}"}}', Effect.RELEASE_TAG, ReleaseTagSpec("v-{run}")),
        (
            "{dispatch: {workflow: deploy.yml, inputs: {b: '2', a: '1'}, correlation: onloop, timeout: 10m}}",
            Effect.DISPATCH,
            DispatchSpec("deploy.yml", "", (("a", "1"), ("b", "2")), "onloop", 600_000),
        ),
    ],
)
def test_an_effect_is_a_word_or_says_more(text: str, kind: Effect, spec: object) -> None:
    step = load(effect(text).encode(), "f").steps[1]

    assert (step.effect, step.effect_spec) == (kind, spec)


BAD = {
    "two kinds": (
        "▶{merge: {}, comment: {}}",
        "an effect is of one kind, and this is merge, comment; make a step for each",
    ),
    "a kind that needs more": ("▶dispatch", "'dispatch' is no effect by itself; write {dispatch: …}"),
    "a field that is not there": ("{pull_request: {▶labls: [a]}}", "unknown field 'labls'"),
    "a title of another kind": ("{pull_request: {title: ▶7}}", "title is 7 (a number); put it in quotes"),
    "a word for nothing": (
        '{release_tag: {tag: ▶"v{version}"}}',
        "{version} stands for nothing in an effect; write one of {task}",
    ),
    "an input with a word for nothing": (
        "{dispatch: {workflow: d.yml, inputs: {env: ▶'{env}'}}}",
        "{env} stands for nothing in an effect",
    ),
    "auto by a push": (
        "{merge: {▶auto: true}}",
        "ship.out pushes, and a forge merges by itself only pull requests; write via: pull_request, or remove auto",
    ),
    "the own check as a status": ("{status: {context: ▶OnLoop}}", "OnLoop is the gateway's own check"),
    "the gateway's own check": ("{check_run: {name: ▶onloop}}", "onloop is the gateway's own check"),
    "a login that is none": ("{pull_request: {reviewers: [▶'a b']}}", "write a login, or a team as org/team"),
    "a branch that is an option": ("{dispatch: {workflow: d.yml, ref: ▶--x}}", "write a plain name, such as v1.2"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_an_effect_is_said_where_it_stands(text: str, said: str) -> None:
    marked = effect(text)
    at = marked.index("▶")
    line, column = marked.count("\n", 0, at) + 1, at - marked.rindex("\n", 0, at)

    with pytest.raises(WorkflowError) as no:
        load(marked.replace("▶", "").encode(), "f")

    (problem,) = no.value.message.splitlines()[:1]
    assert problem.startswith(f"f:{line}:{column}: "), problem
    assert said in problem


@pytest.mark.parametrize("kind", ["merge", "push_branch", "pull_request", "comment", "{release_tag: {tag: v}}"])
def test_nothing_unverified_goes_out(kind: str) -> None:
    bare = f"workflow: w\nsteps:\n  - {{id: develop.work, role: implementer}}\n  - {{id: ship.out, effect: {kind}}}\n"

    with pytest.raises(WorkflowError, match=r"nothing is verified before ship\.out"):
        load(bare.encode(), "f")


@pytest.mark.parametrize("kind", ["status", "check_run"])
def test_what_only_says_how_the_work_stands_needs_nothing_verified(kind: str) -> None:
    bare = f"workflow: w\nsteps:\n  - {{id: develop.work, role: implementer}}\n  - {{id: ship.out, effect: {kind}}}\n"

    assert load(bare.encode(), "f").steps[1].effect == Effect(kind)


def test_only_a_dispatch_may_say_where_its_failure_leads() -> None:
    more = ", on_fail: develop.work"
    assert load(effect("{dispatch: {workflow: d.yml}}", more).encode(), "f").steps[1].on_fail
    with pytest.raises(WorkflowError, match=r"a failure of ship\.out goes to a person"):
        load(effect("comment", more).encode(), "f")


def test_only_what_merges_or_pushes_can_conflict() -> None:
    more = ", on_conflict: develop.work"
    assert load(effect("pull_request", more).encode(), "f")
    with pytest.raises(WorkflowError, match=r"ship\.out merges nothing"):
        load(effect("comment", more).encode(), "f")
