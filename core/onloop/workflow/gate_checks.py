"""Checks whether the fields of a gate fit together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from onloop.machine.definition import RUN_GATE
from onloop.machine.rules.flagging import FLAGGED
from onloop.workflow.hints import nearest
from onloop.workflow.model import GATE_KINDS, GatePart
from onloop.workflow.model.report_parts import CoveragePart
from onloop.workflow.outside_checks import outside_faults
from onloop.workflow.positioned_tree import Fault, Path, Side
from onloop.workflow.rule_checks import rule_faults

COUNTERS = ("junit", "unittest")

REPORTS = {
    "junit": ('tell the test runner where to write, such as "--junitxml={report}"'),
    "coverage": ('tell the coverage tool where to write, such as "--cov-report=xml:{report}"'),
    "sarif": ('tell the analyser where to write, such as --output-file, "{report}"'),
}
"""What is read from `{report}`, and how a command says so."""
PLACEHOLDERS = ("python", "report")

BOX_FIELDS = ("network", "nested", "box", "open")
"""The fields that say which box a command needs."""

NEEDED_HOLES = {
    **dict.fromkeys(("docker", "docker-compose", "podman", "podman-compose", "nerdctl", "buildah"), "container"),
    **dict.fromkeys(("sudo", "doas", "su", "pkexec"), "sudo"),
    **dict.fromkeys(("nvidia-smi", "rocm-smi"), "gpu"),
}
"""Programs that cannot work in a box, and what they need from the machine."""

_WHAT = {"container": "a container daemon", "sudo": "another user's rights", "gpu": "a GPU"}

_TAKEN = {
    RUN_GATE: "the command of a run step",
    FLAGGED: "the approval that an effect asks for when tests or their configuration were changed",
}
_PLACEHOLDER = re.compile(r"\{((?:matrix|with)\.[A-Za-z0-9_-]*|[A-Za-z_][A-Za-z0-9_]*(?::[A-Za-z0-9_-]*)?)\}")


def gate_faults(path: Path, gates: Sequence[GatePart], words: Sequence[str] = PLACEHOLDERS) -> Iterator[Fault]:
    """What is wrong with the gates of one step, whose list `path` leads to; `words` are placeholders."""
    ids = [gate.id for gate in gates]
    for number, gate in enumerate(gates):
        at = (*path, number)
        if gate.id in _TAKEN:
            yield Fault((*at, "id"), f"gate id {gate.id} is taken by {_TAKEN[gate.id]}", "use another id")
        elif gate.id in ids[:number]:
            yield Fault((*at, "id"), f"gate {gate.id} is here twice", "rename one: ids are unique within a step")
        yield from _kind_faults(at, gate)
        if gate.command is not None:
            yield from _command_faults(at, gate, gate.command, words)
        yield from outside_faults(at, gate)
        if gate.policy is not None:
            yield from rule_faults((*at, "policy", "rule"), gate.policy.rule)


def placeholder_faults(path: Path, argv: Sequence[str], known: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with a command that `path` leads to: no program, or a placeholder that is not `known`."""
    if not argv[0]:
        yield Fault((*path, 0), "the program is an empty text", "name a program, such as ruff")
    for number, word in enumerate(argv):
        for name in _PLACEHOLDER.findall(word):
            if name not in known:
                valid = ", ".join(f"{{{n}}}" for n in known)
                yield Fault(
                    (*path, number), f"unknown placeholder {{{name[:60]}}}", f"{nearest(name, known)}valid: {valid}"
                )


def box_faults(at: Path, field: str | int, argv: Sequence[str], opened: Sequence[str] | None) -> Iterator[Fault]:
    """What is wrong with running the command in `field` below `at` in a box; `opened` is None if no hole is allowed."""
    program = argv[0].rpartition("/")[2]
    hole = NEEDED_HOLES.get(program)
    if hole is None or hole in (opened or ()):
        return
    way = f"write open: [{hole}]; evidence then says isolation: none" if opened is not None else "make it a gate"
    yield Fault((*at, field, 0), f"{program} needs {_WHAT[hole]}, which no box has", way)


def _kind_faults(at: Path, gate: GatePart) -> Iterator[Fault]:
    kinds = [kind for kind in GATE_KINDS if getattr(gate, kind) is not None]
    if not kinds:
        yield Fault(at, f"gate {gate.id} checks nothing", f"give it one of: {', '.join(GATE_KINDS)}")
    for extra in kinds[1:]:
        yield Fault((*at, extra), f"gate {gate.id} is both {kinds[0]} and {extra}", "make it two gates", Side.KEY)
    if gate.fails_on_base and gate.command is None and gate.file is None:
        words = f"{gate.id} looks at nothing that the base has, so it cannot be known to fail there"
        yield Fault((*at, "fails_on_base"), words, "remove it", Side.KEY)
    if gate.command is None:
        for field in ("timeout", *COUNTERS, "coverage", "sarif", "tests", *BOX_FIELDS, "attach", "exclusive"):
            if getattr(gate, field) not in (None, False, []):
                yield Fault(
                    (*at, field), f"{field} is about a command, and gate {gate.id} has none", "remove it", Side.KEY
                )


def _command_faults(at: Path, gate: GatePart, argv: Sequence[str], words: Sequence[str]) -> Iterator[Fault]:
    yield from placeholder_faults((*at, "command"), argv, words)
    yield from box_faults(at, "command", argv, gate.open or ())
    if gate.box is not None and gate.open is not None:
        yield Fault((*at, "box"), f"gate {gate.id} demands a box and opens a hole in it", "keep one", Side.KEY)
    if gate.junit is not None and gate.unittest is not None:
        yield Fault((*at, "unittest"), f"gate {gate.id} has both junit and unittest", "keep one", Side.KEY)
    yield from _report_faults(at, gate, argv)


def _report_faults(at: Path, gate: GatePart, argv: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with what is expected of the report: there is one, and the command must be told where."""
    asked = [name for name in REPORTS if getattr(gate, name) is not None]
    for extra in asked[1:]:
        words = f"gate {gate.id} reads both {asked[0]} and {extra} from one {{report}}"
        yield Fault((*at, extra), words, "make it two gates, each with its command", Side.KEY)
    if asked and not any("{report}" in word for word in argv):
        words = f"gate {gate.id} expects {asked[0]}, but its command does not contain {{report}}"
        yield Fault((*at, "command"), words, REPORTS[asked[0]])
    if gate.coverage is not None and gate.coverage == CoveragePart():
        yield Fault((*at, "coverage"), "it demands nothing of the coverage", "write min: 80%, or no_less_than: base")
    if gate.sarif is not None and gate.sarif.max is None and gate.sarif.no_new is None:
        yield Fault((*at, "sarif"), "it demands nothing of the findings", "write no_new: base, or max: 0")
