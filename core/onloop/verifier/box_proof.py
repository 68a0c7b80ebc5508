"""Proves what the gates' box stops: the probe runs as a gate does, and the log records what it could do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.errors import OnloopError
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.promises import Attempt
from onloop.gates.box.proof.probe import Cell, ProbeReport, Targets, decoys, probe
from onloop.gates.command_process import Limits, Ran
from onloop.gates.command_runner import CommandRunner
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gates.repository.git import Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.strongest_box import refusals
from onloop.gates.toolchain import PYTHON, Toolchain
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.machine.box_facts import BoxProved, ProvedCell
from onloop.machine.definition import BoxSpec, EnvironmentSpec, ToolSpec
from onloop.machine.principal import Principal
from onloop.records import MutableRecord
from onloop.store.sqlite.database import FILE
from onloop.text import safe

PROBE_MS = 60_000
AGAIN_MS = 24 * 3_600_000
"""How old a proof may become before a running verifier makes a new one, in ms."""

_LONGEST = 200
_KEPT_AT_HOME = (".ssh", ".gnupg", ".aws", ".netrc", ".config", ".gitconfig", ".bashrc", ".profile")
_IDENTITY = {f"GIT_{who}_{what}": "onloop" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Prover(MutableRecord):
    """Proves the box of one verifier and records the proof: at its start, once a day, and whenever somebody asks."""

    opened: GatewayHandle
    principal: Principal
    box: Box
    toolchain: Toolchain
    python: str
    stop: Callable[[], bool]
    _shown_at: int | None = None

    def keep_shown(self) -> None:
        """Make a proof if one is due or asked for. One that says nothing new is recorded only if the last is old."""
        now = self.opened.gateway.clock()
        with self.opened.gateway.store.reading() as reading:
            house = reading.house()
        last_proof, asked, is_answered = house.proof, house.probe, not house.wants_probe
        if is_answered and self._shown_at is not None and now - self._shown_at < AGAIN_MS:
            return
        try:
            shown = self._shown(asked)
        except GateStopped:
            return
        self._shown_at = shown.at
        is_old = last_proof is not None and shown.at - last_proof.at > AGAIN_MS // 2
        is_news = last_proof is None or not last_proof.says_the_same(shown) or is_old
        if not is_answered or is_news:
            self.opened.gateway.perform(RecordStoreEvent(self.principal, shown))

    def _shown(self, asked: str) -> BoxProved:
        try:
            report = _proof(self)
        except GateStopped:
            raise
        except (OnloopError, OSError) as problem:  # gates still run: their evidence says that nothing is proved
            report = ProbeReport(self.box.name, tuple(Cell(attempt, None, str(problem)) for attempt in Attempt))
        return BoxProved(
            box=self.box.name,
            kind=self.box.kind.value,
            limits=self.box.limits,
            strong=self.box.kind is not BoxKind.NONE and report.is_strong,
            cells=tuple(ProvedCell(c.name.words, c.stopped, safe(c.words, _LONGEST)) for c in report.cells),
            verifier=self.principal.id,
            at=self.opened.gateway.clock(),
            refused=tuple(safe(f"{r.kind}: {r.why}; {r.knob}", 2 * _LONGEST) for r in refusals()),
            toolchain=tuple(safe(str(folder), _LONGEST) for folder in self.toolchain.folders),
            asked=asked,
        )


def _proof(prover: Prover) -> ProbeReport:
    """What the probe could do, run exactly as a gate: in a checkout of a commit, with the toolchain and the box."""
    with tempfile.TemporaryDirectory(prefix="onloop-probe-") as place, decoys(Path(place).resolve()) as targets:
        mirror, commit = _repository(Path(place).resolve() / "probe.git")
        runner = CommandRunner(
            mirror=mirror,
            environment=EnvironmentSpec(tools=(ToolSpec("python", prover.python),)),
            limits=Limits(),
            stop=prover.stop,
            box=prover.box,
            toolchain=prover.toolchain,
            kept=Path(place).resolve() / "kept",
        )

        def run_inside(argv: tuple[str, ...]) -> Ran:
            return runner.run(commit, argv, PROBE_MS, None, BoxSpec()).ran

        return probe(prover.box, run_inside, _with_ours(targets, prover.opened.home, mirror))


def _repository(path: Path) -> tuple[Mirror, str]:
    """A mirror with one empty commit."""
    mirror = Mirror(path, str(path))
    mirror.create()
    git = Git(path)
    tree = git.run("mktree").text
    return mirror, git.run("commit-tree", tree, variables=_IDENTITY).text


def _with_ours(targets: Targets, home: Home, mirror: Mirror) -> Targets:
    """The decoys together with the real targets: the store, its socket, its mirrors, home folders, the verifier."""
    return replace(
        targets,
        store=(home.store / FILE, home.store, *targets.store),
        socket=(home.socket, *targets.socket),
        mirror=(home.mirrors, mirror.path, *targets.mirror),
        other_checkout=(home.environments, *targets.other_checkout),
        secrets=(home.anchor, *(Path.home() / name for name in _KEPT_AT_HOME), *targets.secrets),
        process=(os.getpid(), *targets.process),
        python=PYTHON,
    )
