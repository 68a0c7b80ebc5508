"""A proposal: an environment and gates that may fit a project, each line with its reason, written as a workflow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from onloop.records import Record, field

Argv = tuple[str, ...]


class SetupLine(Record):
    """A command, and why it is proposed."""

    argv: Argv
    why: str


class ProposedGate(Record):
    """A gate: its command, why, whether it counts tests in a JUnit report, and whether the workflow is fine without."""

    id: str
    argv: Argv
    why: str
    counts: str = ""
    optional: bool = False
    timeout: str = "15m"


class Proposal(Record):
    """An environment and gates. `settings` are further fields of the environment, each with its reason."""

    name: str
    setup: tuple[SetupLine, ...] = ()
    gates: tuple[ProposedGate, ...] = ()
    build: tuple[SetupLine, ...] = ()
    cache_key: tuple[str, ...] = ()
    settings: Mapping[str, tuple[object, str]] = field(default_factory=dict)


def written(proposal: Proposal, project: str) -> str:
    """The workflow file of a proposal, which says the reason of each line."""
    return "\n".join(_lines(proposal, project)) + "\n"


def _lines(proposal: Proposal, project: str) -> Iterator[str]:
    yield f"# Proposed by `onloop init --repo` for {_plain(project)}: {_plain(proposal.name)}. Yours to change."
    yield f"workflow: {slug(project)}"
    yield f"description: {json.dumps(f'From one intent to one merged change in {project}.', ensure_ascii=False)}"
    yield "environment:"
    if proposal.setup:
        yield "  setup: # installs what the tests need; from commits that the target has"
        for line in proposal.setup:
            yield from _command("    - ", line)
        yield "  network: true # setup downloads packages; gates have no network"
    if proposal.build:
        yield "  build: # once for each commit, without a network"
        for line in proposal.build:
            yield from _command("    - ", line)
    if proposal.cache_key:
        yield f"  cache_key: {json.dumps(proposal.cache_key)} # setup runs again when one of these changes"
    for name, (value, why) in proposal.settings.items():
        yield f"  {name}: {json.dumps(value, ensure_ascii=False)} # {_plain(why)}"
    if not (proposal.setup or proposal.build or proposal.cache_key or proposal.settings):
        yield "  setup: [] # nothing has to be installed"
    yield from _steps(proposal)


def _steps(proposal: Proposal) -> Iterator[str]:
    yield from (
        "steps:",
        "  - id: develop.implement",
        "    role: implementer",
        "    brief: |",
        "      Build what the task's title asks for, with tests that fail without it, and commit it.",
        '      Never delete or weaken a test. Where the intent is unclear, ask a person: onloop ask "…".',
        "    isolation: clone",
        "    timeout: 45m",
        "    attempts: {max: 3, backoff: 10s}",
        "    rounds: 3",
        "    gates:",
    )
    for gate in proposal.gates:
        yield f"      - id: {gate.id} # {_plain(gate.why)}"
        yield f"        command: {json.dumps(gate.argv, ensure_ascii=False)}"
        if gate.counts:
            yield f"        {gate.counts}: {{min_tests: 1, no_fewer_than: base}}"
        yield f"        timeout: {gate.timeout}"
    yield from (
        "  - id: ship.release # a person decides, on what the gates found and on the diff",
        "    gates:",
        "      - {id: release, human: {from: [approvers]}}",
        "    on_reject: develop.implement",
        "  - id: ship.merge",
        "    effect: merge",
    )


def _command(indent: str, line: SetupLine) -> Iterator[str]:
    yield f"{indent}{json.dumps(line.argv, ensure_ascii=False)} # {_plain(line.why)}"


def slug(project: str) -> str:
    """A workflow's name made of a project's."""
    made = re.sub(r"[^a-z0-9]+", "-", project.lower()).strip("-")[:60]
    return made if made[:1].isalpha() else f"project-{made}".strip("-")


def _plain(text: str) -> str:
    """A text that cannot end a comment's line."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)[:200]
