"""A verifier at work, for the tests of gates: it has an origin to commit to and a place to store what it finds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from onloop.gates.box.kind import Box
from onloop.gates.command_process import Limits
from onloop.gates.environments.place import Layering
from onloop.gates.evaluation import GateContext, GateSubject, evaluate
from onloop.gates.kept_results import KeptInMemory
from onloop.gates.repository.mirror import Mirror
from onloop.gates.strongest_box import strongest_box
from onloop.machine.definition import (
    BoxSpec,
    CommandGate,
    EnvironmentSpec,
    Hole,
    LocalGate,
    TestExpectation,
    ToolSpec,
)
from onloop.machine.task import Evidence, Verdict

if TYPE_CHECKING:
    from gates.conftest import Origin

BOXED = BoxSpec()
NOW = 1_763_712_000_000


OURS = EnvironmentSpec(tools=(ToolSpec("python", sys.executable),))
"""The interpreter of these tests, which has pytest."""

OPEN = BoxSpec(open=(Hole.CONTAINER,))
"""In no box: for what must see or reach something of the machine."""


def command(
    *argv: str, tests: TestExpectation | None = None, timeout_ms: int = 30_000, box: BoxSpec = BOXED
) -> CommandGate:
    return CommandGate("check", argv, timeout_ms, tests, box=box)


@dataclass
class Desk:
    """A verifier with an origin to commit to, and what it has stored."""

    origin: Origin
    mirror: Mirror
    stored: dict[str, bytes] = field(default_factory=dict)
    base_results: KeptInMemory = field(default_factory=KeptInMemory)
    environment: EnvironmentSpec = field(default_factory=lambda: OURS)
    secrets: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    stop: Callable[[], bool] = lambda: False
    box: Box = field(default_factory=strongest_box)
    layering: Layering | None = None
    setup_secrets: dict[str, str] = field(default_factory=dict)

    def keep(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        self.stored[digest] = content
        return digest

    def base(self, files: Mapping[str, str | bytes]) -> str:
        """A commit on main, from which what is submitted next goes out."""
        self.origin.commit(files)
        return self.mirror.refresh("main")

    def submit(self, files: Mapping[str, str | bytes], *removed: str) -> GateSubject:
        """A commit on a branch on top of main, with its subject."""
        base = self.mirror.refresh("main")
        for name in removed:
            (self.origin.clone / name).unlink()
        self.origin.commit(files, "work")
        head = self.mirror.refresh("work")
        return GateSubject("r7k2m.3", "d" * 64, head, self.mirror.tree(head), base)

    def workshop(self) -> GateContext:
        return GateContext(
            mirror=self.mirror,
            blob=self.stored.get,
            keep=self.keep,
            clock=lambda: NOW,
            verifier="verifier:v1",
            kept=self.mirror.path.parent / "kept",
            environment=self.environment,
            stop=self.stop,
            secrets=self.secrets,
            limits=self.limits,
            base_results=self.base_results,
            box=self.box,
            layering=self.layering,
            setup_secrets=self.setup_secrets,
        )

    def ask(self, gate: LocalGate, subject: GateSubject) -> Evidence:
        return evaluate(gate, subject, self.workshop())

    def output(self, evidence: Evidence) -> str:
        assert evidence.output is not None
        return self.stored[evidence.output].decode()


def says(evidence: Evidence) -> tuple[Verdict, str]:
    return evidence.verdict, evidence.summary
