"""Looks at a submission for one gate and returns evidence. It never moves a task."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping, Sequence
from hashlib import sha256
from typing import assert_never

from onloop.errors import BadInput, OnloopError
from onloop.gates.base_tests import BaseTestsOverlay
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.command_process import Limits, never
from onloop.gates.command_runner import CommandRun, CommandRunner, GateStopped
from onloop.gates.configuration import REACHING, flags_for, may_reach
from onloop.gates.gate_verdict import count, counted_at_base, judge
from onloop.gates.repository.file_changes import ChangedPath, FileKind, Status, paths_with
from onloop.gates.repository.git import Git
from onloop.gates.repository.links import new_ways_out
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import is_file_path
from onloop.gates.repository.true_tree import true_file, true_links, true_tree
from onloop.gates.strongest_box import strongest_box
from onloop.gates.toolchain import NO_STORE, Toolchain, toolchain_of
from onloop.machine.definition import ArtefactGate, CommandGate, EnvironmentSpec, FileGate, MachineGate
from onloop.machine.flags import Flag
from onloop.machine.task import Artefact, Evidence, Program, TestCounts, Verdict
from onloop.records import Record, field, replace
from onloop.redaction import redacted
from onloop.text import safe

LONGEST_SUMMARY = 300
LARGEST_FILE = 16 * 1024 * 1024
"""How large a file may be for a file gate to look into it."""

_LONGEST_QUOTE = 60
_SHORT_ID = 12
_SCORE = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
_MOST_LINKS = 20


class GateSubject(Record):
    """What a gate is asked about: full ids of commit, tree and merge-base, and what was handed over with them."""

    task: str
    definition: str
    head: str
    tree: str
    base: str
    artefacts: tuple[Artefact, ...] = ()


class BaseRun(Record):
    """What a number of tests at a base belongs to."""

    mirror: str
    base: str
    gate: CommandGate
    environment: EnvironmentSpec


class GateContext(Record):
    """What a verifier works with.

    `blob` reads what was handed over by digest, `keep` stores output and returns its digest, `clock` gives
    milliseconds, `python` is what `{python}` stands for. `stop` is asked while a command runs, ten times a second.
    `base_counts` remembers how many tests ran at a base: pass the same mapping again to run each base once.
    `box` is what commands run in, `open_cells` what its probe did not see stopped; `toolchain` is where programs are
    found, and `programs` those that were pinned when the run started.
    """

    mirror: Mirror
    blob: Callable[[str], bytes | None]
    keep: Callable[[bytes], str]
    clock: Callable[[], int]
    verifier: str
    python: str
    environment: EnvironmentSpec = field(default_factory=EnvironmentSpec)
    stop: Callable[[], bool] = never
    secrets: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    base_counts: MutableMapping[BaseRun, int] = field(default_factory=dict)
    box: Box = field(default_factory=strongest_box)
    open_cells: tuple[str, ...] = ()
    toolchain: Toolchain = field(default_factory=lambda: toolchain_of(NO_STORE))
    programs: tuple[Program, ...] = ()


class _Finding(Record):
    """A verdict, its reason in one sentence, and, where a command was run, what came of it."""

    verdict: Verdict
    summary: str
    trial: CommandRun | None = None
    output: str = ""
    tests: TestCounts | None = None
    flags: tuple[Flag, ...] = ()
    score: int | None = None


def evaluate(gate: MachineGate, subject: GateSubject, workshop: GateContext) -> Evidence:
    """The evidence of one gate about one submission; secrets are out of it before anything is stored.

    What keeps a gate from answering is the verdict `error`, except that it is told to stop: that is `GateStopped`.
    """
    try:
        finding = _look(gate, subject, workshop)
    except GateStopped:
        raise
    except OnloopError as problem:
        finding = _Finding(Verdict.ERROR, problem.message)
    except OSError as problem:
        finding = _Finding(Verdict.ERROR, f"the gate could not be run here: {problem.strerror or problem}")
    ran = finding.trial.ran if finding.trial else None
    evidence = Evidence(
        gate=gate.id,
        verdict=finding.verdict,
        summary=safe(redacted(finding.summary, workshop.secrets), LONGEST_SUMMARY),
        head=subject.head,
        tree=subject.tree,
        base=subject.base,
        definition=subject.definition,
        verifier=workshop.verifier,
        at=workshop.clock(),
        duration_ms=ran.duration_ms if ran else 0,
        argv=tuple(redacted(item, workshop.secrets) for item in finding.trial.argv) if finding.trial else (),
        exit_code=ran.exit_code if ran else None,
        tests=finding.tests,
        output=workshop.keep(finding.output.encode()) if finding.output else None,
        output_bytes=ran.output_bytes if ran else 0,
        flags=finding.flags,
        tests_from=subject.base if finding.trial and isinstance(gate, CommandGate) and gate.base_tests else "",
        score=finding.score,
    )
    return evidence if finding.trial is None else _confined(evidence, finding.trial, workshop)


def _confined(evidence: Evidence, trial: CommandRun, workshop: GateContext) -> Evidence:
    """With what the command ran in, what that leaves open, and which program it was."""
    boxed = trial.box.kind is not BoxKind.NONE
    return replace(
        evidence,
        isolation=trial.box.kind.value,
        box=f"{trial.box.name}, nested" if boxed and trial.spec.nested else trial.box.name,
        open_cells=workshop.open_cells if boxed else (),
        network=trial.spec.network or not boxed,
        program=trial.program.path,
        program_digest=trial.program.digest,
        cache_key=trial.cache_key,
    )


def _look(gate: MachineGate, subject: GateSubject, workshop: GateContext) -> _Finding:
    if isinstance(gate, ArtefactGate):
        return _artefact(gate, subject, workshop)
    tree = workshop.mirror.tree(subject.head)
    if tree != subject.tree:
        return _Finding(Verdict.ERROR, f"commit {_short(subject.head)} has tree {tree}, and not {subject.tree}")
    match gate:
        case FileGate():
            return _file(gate, subject, workshop)
        case CommandGate():
            return _command(gate, subject, workshop)
        case _:
            assert_never(gate)


def _artefact(gate: ArtefactGate, subject: GateSubject, workshop: GateContext) -> _Finding:
    found = next((artefact for artefact in subject.artefacts if artefact.name == gate.name), None)
    if found is None:
        return _Finding(Verdict.FAIL, f"{gate.name} was not handed over; write it to $ONLOOP_OUT/{gate.name}")
    content = workshop.blob(found.digest)
    if content is None or sha256(content).hexdigest() != found.digest:
        return _Finding(Verdict.ERROR, f"{gate.name} is not in the store as it was handed over")
    return _sized(gate.name, len(content), gate.min_bytes)


def _file(gate: FileGate, subject: GateSubject, workshop: GateContext) -> _Finding:
    try:
        content = _content(gate, subject, workshop)
    except BadInput as too_large:
        return _Finding(Verdict.FAIL, too_large.message)
    if content is None:
        return _Finding(Verdict.FAIL, f"{gate.path} is not a file in {_short(subject.head)}")
    if gate.contains is None or len(content) < gate.min_bytes:
        return _sized(gate.path, len(content), gate.min_bytes)
    if gate.contains.encode() in content:
        return _Finding(Verdict.PASS, f"{gate.path} contains {gate.contains!r}")
    text = redacted(content.decode("utf-8", "backslashreplace"), workshop.secrets)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return _Finding(
        Verdict.FAIL, f"{gate.path} does not contain {gate.contains!r}; it says '{safe(first, _LONGEST_QUOTE)}'"
    )


def _content(gate: FileGate, subject: GateSubject, workshop: GateContext) -> bytes | None:
    if not is_file_path(gate.path):
        return None
    return true_file(workshop.mirror.git, subject.tree, gate.path, LARGEST_FILE)


def _sized(name: str, size: int, least: int) -> _Finding:
    if size < least:
        return _Finding(Verdict.FAIL, f"{name} has {count(size, 'byte')}; at least {least} are asked for")
    return _Finding(Verdict.PASS, f"{name} is there, {count(size, 'byte')}")


def _command(gate: CommandGate, subject: GateSubject, workshop: GateContext) -> _Finding:
    flags = _flags(gate, subject, workshop)
    trial = _trial(gate, subject.head, workshop, subject.base)
    output = _output(trial, workshop)
    verdict, summary = judge(trial, gate.tests, output)
    counts = trial.counts if isinstance(trial.counts, TestCounts) else None
    finding = _Finding(verdict, summary, trial, output, counts, flags)
    if verdict is Verdict.PASS and gate.scores:
        return _scored(finding)
    if verdict is Verdict.PASS and counts is not None and gate.tests is not None and gate.tests.no_fewer_than_base:
        return _compared(finding, counts, _base_count(gate, subject, workshop, counts), subject)
    return finding


def _flags(gate: CommandGate, subject: GateSubject, workshop: GateContext) -> tuple[Flag, ...]:
    git, changed = workshop.mirror.git, workshop.mirror.changed_paths(subject.base, subject.head)
    reaching = (
        *paths_with(git, subject.head, REACHING, may_reach(changed)),
        *paths_with(git, subject.base, REACHING, may_reach(changed, without=Status.ADDED)),
    )
    leading = _leading_out(git, changed, subject)
    return flags_for(gate, changed, reaching, workshop.environment.setup, leading)


def _leading_out(git: Git, changed: Sequence[ChangedPath], subject: GateSubject) -> tuple[str, ...]:
    links = [path.path for path in changed if path.kind is FileKind.SYMLINK]
    if not links:
        return ()
    before, after = (true_links(git, true_tree(git, commit)) for commit in (subject.base, subject.head))
    return new_ways_out(before, after, links)


def _scored(finding: _Finding) -> _Finding:
    """With the number that the last line is; without one, it is a fail."""
    last = next((line.strip() for line in reversed(finding.output.splitlines()) if line.strip()), "")
    if _SCORE.fullmatch(last) is None:
        return replace(
            finding, verdict=Verdict.FAIL, summary=f"the last line is no number: '{safe(last, _LONGEST_QUOTE)}'"
        )
    return replace(finding, summary=f"scored {last}", score=round(float(last) * 1000))


def _compared(finding: _Finding, counts: TestCounts, at_base: int | str, subject: GateSubject) -> _Finding:
    if isinstance(at_base, str):
        return replace(finding, verdict=Verdict.ERROR, summary=f"the base {_short(subject.base)}: {at_base}")
    finding = replace(finding, tests=replace(counts, base_ran=at_base))
    if counts.ran >= at_base:
        return finding
    words = f"{count(counts.ran, 'test')} ran, {at_base} ran at the base {_short(subject.base)}"
    return replace(finding, verdict=Verdict.FAIL, summary=words)


def _base_count(gate: CommandGate, subject: GateSubject, workshop: GateContext, counts: TestCounts) -> int | str:
    """How many tests the same command runs at the base, or why that cannot be said; a number is remembered."""
    if subject.base == subject.head:
        return counts.ran
    run = BaseRun(str(workshop.mirror.path), subject.base, gate, workshop.environment)
    if run not in workshop.base_counts:
        trial = _trial(gate, subject.base, workshop, subject.base)
        found = counted_at_base(trial, _output(trial, workshop))
        if isinstance(found, str):
            return found
        workshop.base_counts[run] = found
    return workshop.base_counts[run]


def _trial(gate: CommandGate, commit: str, workshop: GateContext, base: str) -> CommandRun:
    bench = CommandRunner(
        mirror=workshop.mirror,
        python=workshop.python,
        environment=workshop.environment,
        limits=workshop.limits,
        stop=workshop.stop,
        box=workshop.box,
        toolchain=workshop.toolchain,
        pins={program.name: program for program in workshop.programs},
    )
    overlay = None if gate.base_tests is None or commit == base else BaseTestsOverlay(base, gate.base_tests)
    counter = gate.tests.counter if gate.tests else None
    return bench.trial(commit, gate.argv, gate.timeout_ms, counter, gate.box, overlay)


def _output(trial: CommandRun, workshop: GateContext) -> str:
    """What is stored of a trial: what it wrote, without secrets, and what we took out of its checkout."""
    written = redacted(trial.ran.output.decode("utf-8", "backslashreplace"), workshop.secrets)
    if not trial.removed:
        return written
    links = ", ".join(safe(path) for path in trial.removed[:_MOST_LINKS])
    return f"[onloop: taken out, as they lead out of the checkout: {links}]\n{written}"


def _short(commit: str) -> str:
    return commit[:_SHORT_ID]
