"""`init --repo`: looks at a project, proposes a workflow, and shows that it is green on the base before it says so."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from onloop.access.preflight import branch_named
from onloop.access.project_files import project_at
from onloop.access.project_folder import TO_COMMIT, WORKFLOW, checkout_of, repository_here
from onloop.access.targets import RunTarget
from onloop.cli.arguments import InitArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import GateProofJson, ProposedJson, TriedJson
from onloop.cli.output import VerbOutput
from onloop.cli.running import say
from onloop.errors import BadInput, Exit, OnloopError, Unavailable, UnknownThing
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import Definition
from onloop.proposals.likely import known_files, proposals_for
from onloop.proposals.proposal import Proposal, written
from onloop.records import Record, replace
from onloop.text import safe
from onloop.verifier.base_proof import GateProof, prove
from onloop.workflow.loader import load

SHOWN_LINES = 12
LONGEST_LINE = 200
_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_BAD_OPTION = re.compile(r"unrecognized arguments: (\S+)")


class _Base(Record):
    """The commit on which a workflow is shown to be green, and where it is."""

    mirror: Mirror
    branch: str
    commit: str


class _Tried(Record):
    """A workflow that was tried on the base."""

    name: str
    text: str
    gates: tuple[GateProof, ...]
    is_green: bool


def propose(context: Context[InitArguments], notes: Sequence[str]) -> VerbOutput:
    """Propose a workflow for a project, or try the one that it has; `notes` say what was done before."""
    args = context.args
    top = checkout_of(Path(args.repo or ".").absolute())
    base = _base(context, top)
    place = top / WORKFLOW
    if place.is_file() and not args.force:
        say(f"{WORKFLOW} is there already, so that is tried (--force proposes another)")
        tried = [_try(context, base, f"{WORKFLOW} as it is", place.read_bytes().decode("utf-8", "replace"))]
        return _answered(base, place, tried, tried[0], notes, is_written=False)
    tried = _tried(context, base, top.name)
    best = next((each for each in tried if each.is_green), tried[0])
    _write(place, best, base)
    if args.commit and best.is_green:
        _commit(top)
    return _answered(base, place, tried, best, notes, is_written=True)


def _base(context: Context[InitArguments], top: Path) -> _Base:
    """The tip of what effects would move: of the remote `origin`, or of this repository where that cannot be read."""
    target = repository_here(top, None)
    try:
        return _tip(context, target)
    except OnloopError as problem:
        if target.origin == str(top):
            raise
        say(f"{problem.message}; so the base is HEAD of {top}")
        return _tip(context, RunTarget(top.name, str(top)))


def _tip(context: Context[InitArguments], target: RunTarget) -> _Base:
    mirror = context.opened.mirror(target.origin)
    mirror.create()
    branch = branch_named(mirror, target.branch)
    return _Base(mirror, branch, mirror.refresh(branch))


def _tried(context: Context[InitArguments], base: _Base, name: str) -> list[_Tried]:
    """Every proposal up to the first that is green."""
    project = project_at(base.mirror, base.commit, name)
    say(f"looked at {', '.join(sorted(project.texts)) or 'no telling file'} at {base.commit[:12]} ({base.branch})")
    proposals = proposals_for(project)
    if not proposals:
        raise UnknownThing(
            f"no file at {base.commit[:12]} says how {name} is tested; looked for {known_files()}",
            hint=f"write {WORKFLOW} by hand: onloop workflow print feature shows one; then onloop init --repo .",
        )
    tried = list[_Tried]()
    for number, proposal in enumerate(proposals, 1):
        say(f"{number}. {proposal.name}")
        tried.append(_without_red_options(context, base, proposal, name))
        if tried[-1].is_green:
            break
        say(f"   {_advice(tried[-1])}")
    return tried


def _without_red_options(context: Context[InitArguments], base: _Base, proposal: Proposal, name: str) -> _Tried:
    """The proposal as it was tried; checks that are no tests and that fail on the base are left out."""
    tried = _try(context, base, proposal.name, written(proposal, name))
    red = {proof.gate for proof in tried.gates if not proof.passed}
    optional = {gate.id for gate in proposal.gates if gate.optional}
    if not red or not red <= optional:
        return tried
    for gate in sorted(red):
        say(f"   {gate} is left out: it fails on the base")
    kept = replace(proposal, gates=tuple(gate for gate in proposal.gates if gate.id not in red))
    return replace(tried, text=written(kept, name), is_green=True)


def _try(context: Context[InitArguments], base: _Base, name: str, text: str) -> _Tried:
    definition = load(text.encode(), WORKFLOW)
    if definition.environment.setup:
        say("   sets up its environment; the first time this may take some minutes")
    gates = prove(context.opened, base.mirror, base.commit, _gated(definition), _told)
    return _Tried(name, text, gates, all(proof.passed for proof in gates))


def _gated(definition: Definition) -> Definition:
    if not any(step.machine_gates for step in definition.steps):
        raise BadInput(f"{WORKFLOW} has no gate that could be tried", hint="give it a command gate")
    return definition


def _told(proof: GateProof) -> None:
    say(f"   {'✓' if proof.passed else '✗'} {proof.gate}: {proof.summary} ({proof.took_ms / 1000:.1f} s in all)")
    if not proof.passed:
        for line in proof.tail.strip().splitlines()[-SHOWN_LINES:]:
            say(f"     | {safe(line, LONGEST_LINE)}")


def _advice(tried: _Tried) -> str:
    """What would have to change, as far as the output tells."""
    output = "\n".join(f"{proof.summary}\n{proof.tail}" for proof in tried.gates if not proof.passed)
    if found := _NO_MODULE.search(output):
        return f"setup would have to install what brings the module {found[1]}"
    if found := _BAD_OPTION.search(output):
        return f"setup would have to install the plugin that knows {found[1]}"
    if any(proof.summary.startswith("0 tests ran") for proof in tried.gates):
        return "the base has no tests that the gate finds: name where they are, or another command"
    if any(proof.summary.startswith("setup ") for proof in tried.gates):
        return "setup would have to install other packages, or packages of the system"
    if any(proof.summary.startswith("build ") for proof in tried.gates):
        return "the build has no network: setup would have to install what it needs"
    return "the tests fail in the box: they may need the network, a service or a file that is not in the commit"


def _write(place: Path, best: _Tried, base: _Base) -> None:
    """Write the workflow; one that is not green says so at its head."""
    head = "" if best.is_green else f"# NOT GREEN on the base {base.commit[:12]}: mend it, then: onloop init --repo .\n"
    try:
        place.parent.mkdir(exist_ok=True)
        place.write_text(head + best.text, encoding="utf-8")
    except OSError as problem:
        raise Unavailable(f"{place} cannot be written: {problem.strerror}", hint="make the folder writable") from None


def _commit(top: Path) -> None:
    """Commit the workflow in the person's own checkout, as they would."""
    words = ("git", "-C", str(top), "commit", "--quiet", "-m", "Say how onloop judges work here", "--", WORKFLOW)
    for argv in (("git", "-C", str(top), "add", "--", WORKFLOW), words):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(
                f"git did not commit {WORKFLOW}: {safe(done.stderr.strip(), 200)}", hint="commit it yourself"
            )


def _answered(
    base: _Base, place: Path, tried: Sequence[_Tried], best: _Tried, notes: Sequence[str], *, is_written: bool
) -> VerbOutput:
    where = f"the base {base.commit[:12]} ({base.branch})"
    words = f"{place}: {'green' if best.is_green else 'NOT green'} on {where}: {best.name}"
    steps = (
        f'next: {TO_COMMIT}; onloop start --title "…"'
        if best.is_green
        else f"next: mend {place}, then: onloop init --repo .   (onloop help workflows says what it may hold)"
    )
    data = ProposedJson(
        workflow=str(place),
        written=is_written,
        green=best.is_green,
        base=base.commit,
        branch=base.branch,
        tried=[_tried_json(each) for each in tried],
    )
    return VerbOutput(Exit.OK if best.is_green else Exit.NOT_YET, (*notes, safe(words)), data, (steps,))


def _tried_json(tried: _Tried) -> TriedJson:
    gates = [GateProofJson(proof.gate, proof.verdict, proof.summary, proof.took_ms) for proof in tried.gates]
    return TriedJson(tried.name, tried.is_green, gates)
