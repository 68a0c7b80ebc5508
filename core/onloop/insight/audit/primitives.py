"""PURE: the four things that working with agents takes, and how far each is solved here, by what was seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from onloop.errors import WorkflowError
from onloop.insight.audit.artefact import ArtefactFinding
from onloop.insight.audit.degrees import ArtefactStanding, Degree, Primitive
from onloop.insight.audit.listing import Listing
from onloop.insight.audit.seeking import CI, lines
from onloop.machine.definition import Definition
from onloop.records import Record
from onloop.workflow.loader import load

WORKFLOWS = re.compile(r"\.onloop/(?:workflow|workflows/[^/]+|[^/]+)\.ya?ml$")
BEGINNINGS = re.compile(r"\.onloop/(?:triggers|schedules)\.ya?ml$")

_OTHER_FILES = re.compile(r"\.onloop/(?:onloop|triggers|schedules|calls)\.ya?ml$")
_OTHERS = re.compile(r"(?:WORKFLOW\.md|\.specify/.+|.*\.flow\.json|(?:\.fabro|\.attractor|workflows)/.*\.dot)$")
_EVENTS = re.compile(
    r"^\s+(?:schedule|issues|issue_comment|repository_dispatch|workflow_dispatch|pull_request):|^on:.*\b(?:pull_request|issues|schedule)\b"
)


class AgentLook(Record):
    """A vendor's agent on this machine: where its program is, where a login is seen, and where our hook is."""

    name: str
    title: str
    program: str
    logins: tuple[str, ...]
    hooked: tuple[str, ...]

    @property
    def degree(self) -> Degree:
        """Solved where it is installed, has a login and is hooked."""
        if not self.program:
            return Degree.MISSING
        return Degree.SOLVED if self.logins and self.hooked else Degree.PARTIAL

    @property
    def next(self) -> str:
        """The next command for it."""
        if not self.program:
            return f"install {self.title}"
        if not self.logins:
            return f"log in to {self.title} once"
        return "" if self.hooked else f"onloop hook install {self.name}"


class StoreLook(Record):
    """What the store that is in reach holds of what matters here."""

    name: str
    approvers: int = 0
    box: str = ""
    schedules: int = 0
    triggers: int = 0
    policies: int = 0
    is_scripted: bool = False


class AuditGrounds(Record):
    """All that the four are judged by. `store` is None where none is in reach."""

    listing: Listing
    findings: tuple[ArtefactFinding, ...]
    agents: tuple[AgentLook, ...]
    store: StoreLook | None


class Need(Record):
    """One thing that a primitive needs: what was seen of it; empty where it is not there, and then what to do."""

    needs: str
    seen: str
    next: str


class PrimitiveFound(Record):
    """How far a primitive is solved: what was seen, what is missing, and the next command."""

    primitive: Primitive
    degree: Degree
    evidence: tuple[str, ...]
    missing: tuple[str, ...]
    next: str


def judged(grounds: AuditGrounds) -> tuple[PrimitiveFound, ...]:
    """The four primitives, in their order."""
    return tuple(_judged(primitive, tuple(signs(grounds)), tuple(weak(grounds))) for primitive, signs, weak in _RULES)


def _judged(primitive: Primitive, signs: tuple[Need, ...], weak: tuple[str, ...]) -> PrimitiveFound:
    """Solved with every sign, missing with none and nothing weaker either."""
    seen = tuple(sign.seen for sign in signs if sign.seen)
    lacking = tuple(sign for sign in signs if not sign.seen)
    degree = Degree.PARTIAL if seen or weak else Degree.MISSING
    degree = degree if lacking else Degree.SOLVED
    after = lacking[0].next if lacking else ""
    return PrimitiveFound(primitive, degree, (*seen, *weak), tuple(sign.needs for sign in lacking), after)


def workflows_of(listing: Listing) -> Iterator[tuple[str, Definition]]:
    """The workflow files of the repository that are right, with what they say."""
    for path in listing.texts:
        if WORKFLOWS.match(path) and not _OTHER_FILES.match(path):
            try:
                yield path, load(listing.texts[path].encode(), path)
            except WorkflowError:
                continue


def _of_runtime(grounds: AuditGrounds) -> Iterator[Need]:
    agents = ", ".join(each.title for each in grounds.agents if each.program)
    yield Need(
        "an agent on this machine",
        f"on this machine: {agents}" if agents else "",
        "install an agent: onloop help agents",
    )
    setup = _artefact(grounds, "set-up")
    yield Need(
        "a way to make a machine ready", setup, "add .devcontainer/devcontainer.json, or `environment:` to a workflow"
    )
    box = grounds.store.box if grounds.store is not None else ""
    shown = f"the box of gates was shown: {box}" if box and box != "none" else ""
    yield Need("a box that was shown to hold", shown, "onloop doctor" if grounds.store is not None else "onloop init")


def _of_orchestration(grounds: AuditGrounds) -> Iterator[Need]:
    known = tuple(workflows_of(grounds.listing))
    words = f"{known[0][0]}: {len(known[0][1].steps)} steps" if known else ""
    yield Need("a workflow that is right", words, "onloop init --repo .")
    gates = [gate.id for _, each in known for step in each.steps for gate in step.machine_gates]
    found = f"gates of machines: {', '.join(gates[:5])}" if gates else ""
    yield Need("a gate that a machine checks", found, "onloop init --repo .")
    yield Need("instructions for agents", _artefact(grounds, "agents-md"), "write AGENTS.md")


def _of_triggers(grounds: AuditGrounds) -> Iterator[Need]:
    paths = [path for path in grounds.listing.paths if BEGINNINGS.match(path)]
    yield Need("a file that says what begins work", ", ".join(paths), "onloop help triggers")
    store = grounds.store
    counted = [f"{store.triggers} triggers", f"{store.schedules} schedules"] if store is not None else []
    adopted = f"adopted: {', '.join(counted)}" if store is not None and store.triggers + store.schedules else ""
    yield Need("triggers that people adopted", adopted, "onloop trigger adopt --control .")


def _of_coordination(grounds: AuditGrounds) -> Iterator[Need]:
    known = tuple(workflows_of(grounds.listing))
    gates = [gate.id for _, each in known for step in each.steps for gate in step.human_gates]
    asked = f"people are asked at {', '.join(gates[:5])}" if gates else ""
    yield Need("a gate that asks a person", asked, "add a gate with human: to the workflow; onloop help approvals")
    store = grounds.store
    people = f"{store.approvers} may approve in {store.name}" if store is not None and store.approvers else ""
    yield Need("a person who may approve", "" if store is not None and store.is_scripted else people, "onloop init")
    hooked = ", ".join(each.title for each in grounds.agents if each.hooked)
    yield Need("an agent that asks the gateway", f"hooked: {hooked}" if hooked else "", "onloop hook install claude")


def _artefact(grounds: AuditGrounds, name: str) -> str:
    found = next((each for each in grounds.findings if each.artefact == name), None)
    if found is None or found.standing is ArtefactStanding.ABSENT:
        return ""
    return f"{name}: {found.places[0].path}{' (stale)' if found.standing is ArtefactStanding.STALE else ''}"


def _some(grounds: AuditGrounds, *names: str) -> Iterator[str]:
    yield from (words for name in names if (words := _artefact(grounds, name)))


def _no_weak_runtime(_: AuditGrounds) -> Iterator[str]:
    return iter(())


def _weak_orchestration(grounds: AuditGrounds) -> Iterator[str]:
    other = next((path for path in grounds.listing.paths if _OTHERS.match(path)), "")
    yield from (f"a workflow in another format: {other}",) if other else ()
    ci = next(grounds.listing.own(CI), "")
    yield from (f"a CI: {ci}",) if ci else ()


def _weak_triggers(grounds: AuditGrounds) -> Iterator[str]:
    found = next(lines(grounds.listing, CI, _EVENTS), None)
    yield from (f"the CI begins by events: {found.path}:{found.line}",) if found is not None else ()


def _weak_coordination(grounds: AuditGrounds) -> Iterator[str]:
    yield from _some(grounds, "ownership", "branch-protection")


_Look = Callable[[AuditGrounds], Iterator[Need]]
_Weak = Callable[[AuditGrounds], Iterator[str]]
_RULES: tuple[tuple[Primitive, _Look, _Weak], ...] = (
    (Primitive.RUNTIME, _of_runtime, _no_weak_runtime),
    (Primitive.ORCHESTRATION, _of_orchestration, _weak_orchestration),
    (Primitive.TRIGGERS, _of_triggers, _weak_triggers),
    (Primitive.COORDINATION, _of_coordination, _weak_coordination),
)
