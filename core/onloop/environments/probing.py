"""Whether an environment separates as far as it is said to: code of ours tries to get out of it, and reports.

The attempts are those that a gate's box is proved by. A virtual machine shows by another kernel that it is one.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

from onloop.environments.port import EnvironmentTrouble, LiveEnvironment, TaskFolders
from onloop.environments.room import explained
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.promises import Attempt
from onloop.gates.box.proof.probe import ProbeOutcome, ProbeReport, Targets, decoys, probe
from onloop.gates.command_process import run_ordered
from onloop.gates.repository.folders import private, remove_tree
from onloop.machine.agent_environment import reaches
from onloop.machine.definition import Isolation
from onloop.records import Record

PROBE_MS = 120_000
SEPARATES: frozenset[Attempt] = frozenset(
    {
        *(Attempt.STORE, Attempt.SOCKET, Attempt.MIRROR_READ, Attempt.MIRROR_WRITE, Attempt.OTHER_CHECKOUT),
        *(Attempt.SECRETS, Attempt.PROCESS_SEEN, Attempt.TCP, Attempt.UDP, Attempt.ABSTRACT_SOCKET),
    }
)
"""What whoever is inside must not be able to do, for the environment to be more than a clone."""

_KERNEL = Path("/proc/sys/kernel/random/boot_id")
_ASKS_KERNEL = f"print(open({str(_KERNEL)!r}).read().strip())"


class ProbeSight(Record):
    """How far a probe saw an environment separate, and what it could do inside, in words."""

    isolation: Isolation
    open: tuple[str, ...] = ()


def looked_at(live: LiveEnvironment, claimed: Isolation) -> ProbeSight:
    """How far an environment separates, as a probe inside saw it: no more than is claimed of it."""
    with tempfile.TemporaryDirectory(prefix="onloop-decoys-") as place, decoys(Path(place).resolve()) as targets:
        report = _report(live, dataclasses.replace(targets, python=live.python[0]))
    leaks = tuple(f"{cell.name.words}: {cell.words}" for cell in report.open if cell.name in SEPARATES)
    if leaks:
        return ProbeSight(Isolation.CLONE, leaks)
    if claimed is Isolation.VM and _kernel(live) == _KERNEL.read_text().strip():
        return ProbeSight(Isolation.CONTAINER, ("its kernel is this machine's",))
    return ProbeSight(claimed)


def prove(live: LiveEnvironment, claimed: Isolation, place: Path) -> ProbeSight:
    """As `looked_at`, with empty folders made in `place`; EnvironmentTrouble where it separates less than it claims."""
    if not live.python or not reaches(claimed, Isolation.BOX):
        return ProbeSight(claimed)
    with explained(place):
        private(place)
        folders = TaskFolders(*(place / name for name in ("clone", "out", "in", "tmp", "home")))
        for _, folder in folders.each:
            private(folder)
    try:
        live.bring_in(folders)
        seen = looked_at(live, claimed)
        live.sweep()
        live.bring_out()
    finally:
        remove_tree(place)
    if not reaches(seen.isolation, claimed):
        words = f"{live.id} should be isolated as a {claimed.value}, but code inside could {'; '.join(seen.open[:3])}"
        raise EnvironmentTrouble(words, hint="onloop doctor says what this machine has; look at how it was made")
    return seen


def _report(live: LiveEnvironment, targets: Targets) -> ProbeReport:
    def run_inside(argv: tuple[str, ...]) -> ProbeOutcome:
        return _ran(live, (*live.python, *argv[3:]))

    return probe(Box(BoxKind.NONE), run_inside, targets)


def _kernel(live: LiveEnvironment) -> str:
    words = (*live.python, "-c", _ASKS_KERNEL)
    return _ran(live, words).output.decode("utf-8", "replace").strip()


def _ran(live: LiveEnvironment, argv: tuple[str, ...]) -> ProbeOutcome:
    order = live.order(argv, dict(live.variables()))
    told: dict[str, object] = {
        "argv": list(order.argv),
        "folder": str(order.folder),
        "environment": dict(order.environment),
    }
    if order.box is not None:
        told["box"] = order.box
    return run_ordered(json.loads(json.dumps(told)), timeout_ms=PROBE_MS)
