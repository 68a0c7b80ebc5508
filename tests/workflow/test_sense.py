"""What the parts of a workflow mean together: references, order, and that nothing is left unverified.

▶ marks the place of the problem.
"""

from __future__ import annotations

import pytest

from onloop.errors import WorkflowError
from onloop.workflow.loader import load

WORK = "workflow: w\nsteps:\n  - {id: develop.work, role: implementer}\n"
CHECK = "  - {id: test.full, run: [make]}\n"
ASK = "gates: [{id: h, human: {from: [a]}}]"

GATES = {
    "no kind": (
        "▶{id: t}",
        "gate t checks nothing; give it one of: command, file, artefact, github, http, policy, review, human",
    ),
    "nothing asked of the forge": (
        "{id: t, github: ▶{}}",
        "it asks nothing of the forge; give it checks: [{name: test, app: github-actions}], statuses or reviews",
    ),
    "asked too often": (
        "{id: t, http: {url: 'https://a.test', every: ▶1s}}",
        "it asks too often; write every: 5s or more",
    ),
    "no address": ("{id: t, http: {url: ▶'ftp://a.test'}}", "that is no address of the web; write https://HOST/PATH"),
    "a user in an address": (
        "{id: t, http: {url: ▶'https://me@a.test'}}",
        "it has a user or a fragment; write https://HOST/PATH alone; never a secret",
    ),
    "a host that is handed in": (
        "{id: t, http: {url: ▶'https://{task}.test'}}",
        "its host would depend on what is handed in; fill in the path or the query alone",
    ),
    "a placeholder that no address has": (
        "{id: t, http: {url: ▶'https://a.test/{branch}'}}",
        "unknown placeholder {branch}; valid: {commit}, {task}",
    ),
    "two kinds": ("{id: t, command: [x], ▶file: {path: y}}", "gate t is both command and file; make it two gates"),
    "a timeout without a command": (
        "{id: t, file: {path: y}, ▶timeout: 3s}",
        "timeout is about a command, and gate t has none; remove it",
    ),
    "an expectation without a command": (
        "{id: t, artefact: {name: y}, ▶unittest: {}}",
        "unittest is about a command, and gate t has none; remove it",
    ),
    "what cannot be looked at on the base": (
        "{id: t, artefact: {name: y}, ▶fails_on_base: true}",
        "t looks at nothing that the base has, so it cannot be known to fail there; remove it",
    ),
    "two expectations": (
        "{id: t, command: ['{report}'], junit: {}, ▶unittest: {}}",
        "gate t has both junit and unittest; keep one",
    ),
    "a report that is not written": (
        "{id: t, command: ▶[pytest], junit: {}}",
        "gate t expects junit, but its command does not contain {report}; "
        'tell the test runner where to write, such as "--junitxml={report}"',
    ),
    "two reports at one place": (
        "{id: t, command: ['{report}'], junit: {}, ▶coverage: {min: 80%}}",
        "gate t reads both junit and coverage from one {report}; make it two gates, each with its command",
    ),
    "findings that are not written": (
        "{id: t, command: ▶[ruff], sarif: {max: 0}}",
        "gate t expects sarif, but its command does not contain {report}; "
        'tell the analyser where to write, such as --output-file, "{report}"',
    ),
    "coverage that demands nothing": (
        "{id: t, command: ['{report}'], coverage: ▶{}}",
        "it demands nothing of the coverage; write min: 80%, or no_less_than: base",
    ),
    "findings that are not limited": (
        "{id: t, command: ['{report}'], sarif: ▶{level: note}}",
        "it demands nothing of the findings; write no_new: base, or max: 0",
    ),
    "coverage without a command": (
        "{id: t, file: {path: y}, ▶coverage: {min: 80%}}",
        "coverage is about a command, and gate t has none; remove it",
    ),
    "more than all lines": (
        "{id: t, command: ['{report}'], coverage: {min: ▶101%}}",
        "min: that is not a share; write a text such as 80% or 82.5%, at most 100%",
    ),
    "a network without a command": (
        "{id: t, file: {path: y}, ▶network: true}",
        "network is about a command, and gate t has none; remove it",
    ),
    "a container daemon": (
        "{id: t, command: [▶docker, build, .]}",
        "docker needs a container daemon, which no box has; "
        "write open: [container]; evidence then says isolation: none",
    ),
    "another user's rights, by a path, with another hole open": (
        "{id: t, command: [▶/usr/bin/sudo, make], open: [gpu]}",
        "sudo needs another user's rights, which no box has; write open: [sudo]; evidence then says isolation: none",
    ),
    "a box with a hole": (
        "{id: t, command: [docker], open: [container], ▶box: landlock}",
        "gate t demands a box and opens a hole in it; keep one",
    ),
    "a reserved id": ("{id: ▶run, command: [x]}", "gate id run is taken by the command of a run step; use another id"),
    "an id twice": (
        "{id: t, command: [x]}, {id: ▶t, command: [y]}",
        "gate t is here twice; rename one: ids are unique within a step",
    ),
    "a placeholder that is misspelt": (
        "{id: t, command: [▶'{pyton}', '-x={python}']}",
        "unknown placeholder {pyton}; did you mean python? valid: {python}, {report}",
    ),
    "a placeholder within a word": (
        "{id: t, command: [x, ▶'--out={here}']}",
        "unknown placeholder {here}; valid: {python}, {report}",
    ),
    "no program": ("{id: t, command: [▶'', x]}", "the program is an empty text; name a program, such as ruff"),
}

UNVOUCHED = (
    "nothing is verified before ship.merge; "
    "give an earlier step a command gate or run, or the last agent's step or one after it a human gate"
)

STEPS = {
    "two doers": (WORK + "  - {id: a.b, role: x, ▶run: [y]}\n", "a.b has both role and run; split it into two steps"),
    "nothing to do": (WORK + "  - ▶{id: a.b}\n", "a.b has nothing to do; give it a role, run, effect, wait or a gate"),
    "an id twice": (
        WORK + "  - {id: ▶develop.work, run: [y]}\n",
        "step develop.work is here twice, first as step 1; rename one",
    ),
    "a command first": (
        "workflow: w\nsteps:\n  - ▶{id: test.full, run: [make]}\n",
        "nothing is submitted yet when test.full starts; begin with a step that has a role",
    ),
    "people first": (
        "workflow: w\nsteps:\n  - ▶{id: a.b, gates: [{id: h, human: {from: [a]}}], on_reject: end}\n",
        "nothing is submitted yet when a.b starts; begin with a step that has a role",
    ),
    "an effect first": (
        "workflow: w\nsteps:\n  - {id: ship.merge, effect: ▶merge}\n",
        "ship.merge has nothing to merge; put a step with a role before it",
    ),
    "nothing verified": (
        WORK + "  - {id: ship.merge, effect: ▶merge}\n",
        UNVOUCHED,
    ),
    "people who decide before the last agent": (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, gates: [{id: h, human: {from: [a]}}]}\n  - {id: c.d, role: y}\n"
        "  - {id: ship.merge, effect: ▶merge}\n",
        UNVOUCHED,
    ),
    "verified only by what the agent hands over": (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, gates: [{id: n, artefact: {name: n}}, {id: f, file: {path: f}}]}\n"
        "  - {id: ship.merge, effect: ▶merge}\n",
        UNVOUCHED,
    ),
    "gates that prove nothing where they pass before the change": (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, ▶skip: when_met, gates: [{id: t, command: [x]}]}\n"
        "  - {id: ship.merge, effect: merge}\n",
        "a.b owes a change, and no gate of it is known to fail before the change is made; "
        "write fails_on_base: true on the gate that proves the work, or remove skip",
    ),
    "an artefact that only an agent hands over": (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, ▶skip: when_met, gates: [{id: n, artefact: {name: n}}]}\n",
        "a.b asks for something that only an agent hands over, so its gates are never met before; "
        "remove skip, or the artefact and review gates",
    ),
    "no agent to spare": (
        WORK + "  - {id: test.full, run: [make], ▶skip: when_met}\n",
        "no agent does test.full, so none can be spared; remove skip, or give it a role",
    ),
    "nothing that could be met": (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, ▶skip: when_met}\n",
        "a.b has no gate that could be met; give it a command or file gate",
    ),
    "people at an effect": (
        WORK + CHECK + "  - {id: ship.merge, effect: merge, ▶gates: [{id: h, human: {from: [a]}}]}\n",
        "effect ship.merge has gates; put them in a step before it",
    ),
    "people without a way back": (
        WORK + "  - {id: ship.ok, ▶gates: [{id: h, human: {from: [a]}}]}\n",
        "ship.ok asks people and has no role, so a rejection leads nowhere; add on_reject: a step, or end",
    ),
    "a rejection to nowhere": (
        WORK + "  - {id: ship.ok, gates: [{id: h, human: {from: [a]}}], on_reject: ▶develop.wrk}\n",
        "there is no step develop.wrk; did you mean develop.work? steps: develop.work, ship.ok",
    ),
    "a rejection forward": (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, on_reject: ▶c.d}\n  - {id: c.d, run: [x]}\n",
        "on_reject leads forward to c.d; name one of: a.b",
    ),
    "a rejection to a command": (
        WORK + CHECK + "  - {id: ship.ok, gates: [{id: h, human: {from: [a]}}], on_reject: ▶test.full}\n",
        "nobody works at test.full, so it would come back unchanged; name a step with a role, or end",
    ),
    "a failure to nowhere": (
        WORK + "  - {id: test.full, run: [x], on_fail: ▶a.b}\n",
        "there is no step a.b; steps: develop.work, test.full",
    ),
    "a failure forward": (
        WORK + "  - {id: test.a, run: [x], on_fail: ▶test.b}\n  - {id: test.b, run: [x]}\n",
        "on_fail leads forward to test.b; name one of: develop.work, test.a",
    ),
    "a failure of an agent's step": (
        WORK + "  - {id: a.b, role: x, ▶on_fail: develop.work}\n",
        "a failure of a.b goes to its agent, as a round; remove on_fail",
    ),
    "a failure of an effect": (
        WORK + CHECK + "  - {id: ship.merge, effect: merge, ▶on_fail: develop.work}\n",
        "a failure of ship.merge goes to a person; remove on_fail",
    ),
    "an antagonist of nobody": (
        WORK + "  - {id: a.b, role: x, not_by: [▶develop.wrk]}\n",
        "there is no step develop.wrk; did you mean develop.work? steps: develop.work, a.b",
    ),
    "an antagonist of itself": (
        WORK + "  - {id: a.b, role: x, not_by: [▶a.b]}\n",
        "a.b is not_by itself; name an earlier step",
    ),
    "an antagonist of a command": (
        WORK + CHECK + "  - {id: a.b, role: x, not_by: [▶test.full]}\n",
        "no agent does test.full; name a step with a role",
    ),
    "an antagonist that is no agent": (
        WORK + "  - {id: a.b, run: [x], ▶not_by: [develop.work]}\n",
        "no agent does a.b; remove not_by, or give it a role",
    ),
    "pauses that shrink": (
        WORK + "  - {id: a.b, role: x, attempts: {backoff: 10m, max_backoff: ▶5m}}\n",
        "max_backoff is shorter than backoff; give at least the backoff, which doubles up to it",
    ),
    "a hard limit below the soft one": (
        WORK + "  - {id: a.b, role: x, context: {soft: 85%, hard: ▶60%}}\n",
        "hard is 60%, not more than soft, 85%; give more than soft",
    ),
    "a context of nobody": (
        WORK + "  - {id: a.b, run: [x], ▶context: {soft: 60%, hard: 85%}}\n",
        "no agent does a.b; remove context, or give it a role",
    ),
    "a budget of nobody": (
        WORK + "  - {id: a.b, run: [x], ▶budget: {tokens: 5}}\n",
        "no agent does a.b; remove budget, or give it a role",
    ),
    "a budget of nothing": (
        WORK + "  - {id: a.b, role: x, ▶budget: {unknown: refuse}}\n",
        "budget limits nothing; give tokens, cost, minutes or claims",
    ),
    "an unknown placeholder of a run": (
        WORK + "  - {id: a.b, run: [make, ▶'{home}']}\n",
        "unknown placeholder {home}; valid: {python}, {report}",
    ),
    "a GPU for a run": (
        WORK + "  - {id: a.b, run: [▶nvidia-smi]}\n",
        "nvidia-smi needs a GPU, which no box has; write open: [gpu]; evidence then says isolation: none",
    ),
    "a network for people": (
        WORK + f"  - {{id: a.b, {ASK}, on_reject: end, ▶network: true}}\n",
        "network is about a command, and a.b runs none; put it into the gate that it is for",
    ),
    "a container daemon for setup": (
        "workflow: w\nenvironment: {setup: [[▶podman, pull, x]]}\nsteps: [{id: a.b, role: x}]\n",
        "podman needs a container daemon, which no box has; make it a gate",
    ),
    "a report of a setup": (
        "workflow: w\nenvironment: {setup: [[pip, ▶'{report}']]}\nsteps: [{id: a.b, role: x}]\n",
        "unknown placeholder {report}; valid: {python}",
    ),
}

ALLOWED = {
    "a step to spare an agent, with a gate that is known to fail": (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, skip: when_met, gates: [{id: t, command: [x], "
        "fails_on_base: true}]}\n  - {id: ship.merge, effect: merge}\n"
    ),
    "a step to spare an agent that owes no change": (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, skip: when_met, gates: [{id: t, command: [x]}]}\n"
    ),
    "braces that are no placeholder": WORK + "  - {id: a.b, run: [awk, '{print $1}', '{}', '{\"a\": 1}']}\n",
    "a merge after a run": WORK + CHECK + "  - {id: ship.merge, effect: merge}\n",
    "a merge after people": WORK
    + f"  - {{id: a.b, {ASK}, on_reject: develop.work}}\n  - {{id: ship.merge, effect: merge}}\n",
    "a rejection that ends": WORK + f"  - {{id: a.b, {ASK}, on_reject: end}}\n",
    "people at an agent's step": f"workflow: w\nsteps:\n  - {{id: a.b, role: x, {ASK}}}\n",
    "a run that tries itself again": WORK + "  - {id: a.b, run: [x], on_fail: a.b}\n",
    "the same gate id in two steps": WORK
    + "  - {id: a.b, gates: [{id: t, command: [x]}]}\n  - {id: a.c, gates: [{id: t, command: [x]}]}\n",
    "a hole that is opened by name": WORK + "  - {id: a.b, run: [docker, ps], open: [container]}\n",
    "what a box can give": WORK
    + "  - {id: a.b, gates: [{id: t, command: [x], network: true, nested: true, box: namespaces}]}\n",
    "a long backoff without a maximum": WORK + "  - {id: a.b, role: x, attempts: {backoff: 1h}}\n",
}


def problems(text: str) -> list[str]:
    with pytest.raises(WorkflowError) as caught:
        load(text.encode(), "flow.yaml")
    return list(caught.value.problems)


def marked(text: str) -> tuple[str, str]:
    """A text without its ▶, and the place where that was."""
    before, after = text.split("▶")
    return before + after, f"flow.yaml:{before.count(chr(10)) + 1}:{len(before.split(chr(10))[-1]) + 1}"


@pytest.mark.parametrize(("gates", "said"), GATES.values(), ids=GATES)
def test_a_gate_that_makes_no_sense_is_refused_at_the_mark(gates: str, said: str) -> None:
    text, place = marked(f"workflow: w\nsteps:\n  - {{id: a.b, role: x,\n    gates: [{gates}]}}\n")
    assert problems(text) == [f"{place}: {said}"]


@pytest.mark.parametrize(("step", "said"), STEPS.values(), ids=STEPS)
def test_a_step_that_makes_no_sense_is_refused_at_the_mark(step: str, said: str) -> None:
    text, place = marked(step)
    assert problems(text) == [f"{place}: {said}"]


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_what_looks_alike_and_makes_sense_is_let_through(text: str) -> None:
    assert load(text.encode(), "flow.yaml").steps


def test_one_malformed_step_hides_nothing_about_the_others_and_accuses_none() -> None:
    text = (
        "workflow: w\nsteps:\n  - {id: a.b, role: x, rounds: 0}\n"
        "  - {id: c.d, run: [x], on_fail: a.b}\n  - {id: e.f, run: [x], on_fail: a.c}\n"
        "  - {id: ship.merge, effect: merge}\n"
    )
    assert problems(text) == [
        "flow.yaml:3:32: rounds is 0; give 1 or more",
        "flow.yaml:5:34: there is no step a.c; did you mean a.b? steps: a.b, c.d, e.f, ship.merge",
    ]
