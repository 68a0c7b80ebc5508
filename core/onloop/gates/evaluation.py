"""Evaluates one gate on a submission and returns evidence. It never moves a task."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import assert_never

from onloop.errors import BadInput, FailureKind, OnloopError, kind_of
from onloop.gates.base_tests import BaseTestsOverlay
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.command_process import Ending, Limits, never
from onloop.gates.command_runner import CommandRunner
from onloop.gates.configuration import REACHING, flags_for, may_reach
from onloop.gates.contents.beside_gates import flags_beside
from onloop.gates.environments.boxed_command import CommandRun
from onloop.gates.environments.keys import decides_setup
from onloop.gates.environments.place import Layering
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gates.gate_verdict import count, counted_at_base, judge
from onloop.gates.kept_output import kept_files, stored_output
from onloop.gates.kept_results import BaseResults, KeptInMemory
from onloop.gates.reports.measured import (
    Measured,
    ReadReport,
    asks_base,
    covered_at_base,
    found_at_base,
    measured,
)
from onloop.gates.repository.file_changes import Status, paths_with
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import is_file_path
from onloop.gates.repository.true_tree import true_file
from onloop.gates.strongest_box import strongest_box
from onloop.gates.tolerance import no_worse
from onloop.gates.toolchain import NO_STORE, Toolchain, toolchain_of
from onloop.machine.base_result import BaseResult, base_result_key
from onloop.machine.definition import ArtefactGate, CommandGate, EnvironmentSpec, FileGate, LocalGate
from onloop.machine.flags import Flag
from onloop.machine.gate_facts import Program
from onloop.machine.task import Artefact, Evidence, TestCounts, Verdict
from onloop.records import Record, field, replace
from onloop.redaction import redacted
from onloop.text import safe

LONGEST_SUMMARY = 300
LARGEST_FILE = 16 * 1024 * 1024
"""The largest file that a file gate reads, in bytes."""

PASSING_KINDS = frozenset({FailureKind.UNREACHABLE, FailureKind.AUTH, FailureKind.NO_SPACE, FailureKind.BUSY})
"""Troubles that pass, or are mended outside of the work that is judged."""

_LONGEST_QUOTE = 60
_SHORT_ID = 12
_SCORE = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)


class GateSubject(Record):
    """What a gate looks at: full ids of commit, tree and merge-base, artefacts, and what may fail, by gate."""

    task: str
    definition: str
    head: str
    tree: str
    base: str
    artefacts: tuple[Artefact, ...] = ()
    tolerates: Mapping[str, Evidence] = field(default_factory=dict)


class GateContext(Record):
    """What a verifier needs to evaluate gates.

    `blob` reads an artefact by digest, `keep` stores output and returns its digest, `clock` gives milliseconds,
    `kept` is the folder for what is made once and used by many gates.
    `stop` is called ten times a second while a command runs.
    `base_results` keeps what gates gave on bases, so that each runs there once.
    Commands run in `box`; `open_cells` are the attempts that its probe did not see stopped. `toolchain` says where
    programs are found; `programs` were pinned when the run started. `setup_secrets` are what setup alone sees;
    `layering` is found by trying where it is None.
    """

    mirror: Mirror
    blob: Callable[[str], bytes | None]
    keep: Callable[[bytes], str]
    clock: Callable[[], int]
    verifier: str
    kept: Path
    environment: EnvironmentSpec = field(default_factory=EnvironmentSpec)
    stop: Callable[[], bool] = never
    secrets: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    base_results: BaseResults = field(default_factory=KeptInMemory)
    box: Box = field(default_factory=strongest_box)
    open_cells: tuple[str, ...] = ()
    toolchain: Toolchain = field(default_factory=lambda: toolchain_of(NO_STORE))
    programs: tuple[Program, ...] = ()
    setup_secrets: Mapping[str, str] = field(default_factory=dict)
    layering: Layering | None = None


class _Finding(Record):
    """A verdict, its reason in one sentence, and, where a command was run, its outcome."""

    verdict: Verdict
    summary: str
    command_run: CommandRun | None = None
    output: str = ""
    tests: TestCounts | None = None
    flags: tuple[Flag, ...] = ()
    score: int | None = None
    tolerated: tuple[str, ...] = ()
    measured: Measured | None = None


def evaluate(gate: LocalGate, subject: GateSubject, context: GateContext) -> Evidence:
    """The evidence of one gate about one submission; secrets are removed before anything is stored.

    A gate that cannot answer gives the verdict `error`; a gate that is stopped raises `GateStopped`. A trouble that
    passes, such as a full disk, is raised: it says nothing about the work.
    """
    return _evidence(gate, subject, context, _found(gate, subject, context))


def base_result(gate: CommandGate, subject: GateSubject, context: GateContext) -> BaseResult:
    """What the gate gives on the subject's base: as it is kept, else it runs there now.

    It is kept if the command came to its end by itself. A gate that is stopped raises `GateStopped`.
    """
    key = base_result_key(context.mirror.origin, subject.base, gate, context.environment)
    known = context.base_results.get(key)
    if known is not None:
        return known
    at_base = replace(subject, head=subject.base, tree=context.mirror.tree(subject.base), artefacts=())
    found = _found(gate, at_base, context)
    result = _base_result(_evidence(gate, at_base, context, found), gate, found, context)
    if _is_an_answer(result, found):
        context.base_results.keep(key, result)
    return result


def _base_result(evidence: Evidence, gate: CommandGate, found: _Finding, context: GateContext) -> BaseResult:
    if found.command_run is None:
        return BaseResult(evidence)
    read = found.command_run.read
    result = BaseResult(evidence, covered=covered_at_base(read), findings=found_at_base(gate, read))
    if gate.tests is None:
        return result
    ran = counted_at_base(found.command_run, found.output)
    if isinstance(ran, str):
        return BaseResult(replace(evidence, summary=_shown(ran, context)))
    names = tuple(redacted(name, context.secrets) for name in found.command_run.failing)
    return replace(result, failing=names, ran=ran)


def _is_an_answer(result: BaseResult, found: _Finding) -> bool:
    """Whether a result says something of the commit: its own command came to an end by itself."""
    command_run = found.command_run
    if command_run is None or command_run.part or command_run.ran.ending is not Ending.EXITED:
        return False
    return result.evidence.verdict in {Verdict.PASS, Verdict.FAIL} and (command_run.ran.exit_code or 0) >= 0


def _found(gate: LocalGate, subject: GateSubject, context: GateContext) -> _Finding:
    try:
        return _look(gate, subject, context)
    except GateStopped:
        raise
    except OnloopError as problem:
        if problem.kind in PASSING_KINDS or problem.kind is FailureKind.DAMAGED:
            raise  # whoever evaluates waits, or mends the mirror
        return _Finding(Verdict.ERROR, problem.message)
    except OSError as problem:
        if kind_of(problem) is not None:
            raise
        return _Finding(Verdict.ERROR, f"the gate cannot run here: {problem.strerror or problem}")


def _shown(words: str, context: GateContext) -> str:
    return safe(redacted(words, context.secrets), LONGEST_SUMMARY)


def _evidence(gate: LocalGate, subject: GateSubject, context: GateContext, finding: _Finding) -> Evidence:
    ran = finding.command_run.ran if finding.command_run else None
    evidence = Evidence(
        gate=gate.id,
        verdict=finding.verdict,
        summary=_shown(finding.summary, context),
        head=subject.head,
        tree=subject.tree,
        base=subject.base,
        definition=subject.definition,
        verifier=context.verifier,
        at=context.clock(),
        duration_ms=ran.duration_ms if ran else 0,
        argv=tuple(redacted(item, context.secrets) for item in finding.command_run.argv) if finding.command_run else (),
        exit_code=ran.exit_code if ran else None,
        tests=finding.tests,
        output=context.keep(finding.output.encode()) if finding.output else None,
        output_bytes=ran.output_bytes if ran else 0,
        flags=finding.flags,
        tests_from=subject.base if finding.command_run and isinstance(gate, CommandGate) and gate.base_tests else "",
        score=finding.score,
        tolerated=finding.tolerated,
        attachments=kept_files(finding.command_run.left, context.keep, context.secrets) if finding.command_run else (),
    )
    if finding.measured is not None:
        evidence = finding.measured.kept_in(evidence)
    return evidence if finding.command_run is None else _confined(evidence, finding.command_run, context)


def _confined(evidence: Evidence, command_run: CommandRun, context: GateContext) -> Evidence:
    """The evidence with the box that the command ran in, what the box leaves open, and which program it was."""
    boxed = command_run.box.kind is not BoxKind.NONE
    return replace(
        evidence,
        isolation=command_run.box.kind.value,
        box=f"{command_run.box.name}, nested" if boxed and command_run.spec.nested else command_run.box.name,
        open_cells=context.open_cells if boxed else (),
        network=command_run.spec.network or not boxed,
        program=command_run.program.path,
        program_digest=command_run.program.digest,
        cache_key=command_run.cache_key,
        spent=command_run.spent,
        tools=command_run.tools,
    )


def _look(gate: LocalGate, subject: GateSubject, context: GateContext) -> _Finding:
    if isinstance(gate, ArtefactGate):
        return _artefact(gate, subject, context)
    tree = context.mirror.tree(subject.head)
    if tree != subject.tree:
        return _Finding(Verdict.ERROR, f"commit {_short(subject.head)} has tree {tree}, not {subject.tree}")
    match gate:
        case FileGate():
            return _file(gate, subject, context)
        case CommandGate():
            return _command(gate, subject, context)
        case _:
            assert_never(gate)


def _artefact(gate: ArtefactGate, subject: GateSubject, context: GateContext) -> _Finding:
    artefact = next((each for each in subject.artefacts if each.name == gate.name), None)
    if artefact is None:
        return _Finding(Verdict.FAIL, f"{gate.name} was not handed over; write it to $ONLOOP_OUT/{gate.name}")
    content = context.blob(artefact.digest)
    if content is None or sha256(content).hexdigest() != artefact.digest:
        return _Finding(Verdict.ERROR, f"{gate.name} is not in the store as it was handed over")
    return _sized(gate.name, len(content), gate.min_bytes)


def _file(gate: FileGate, subject: GateSubject, context: GateContext) -> _Finding:
    try:
        content = _content(gate, subject, context)
    except BadInput as too_large:
        return _Finding(Verdict.FAIL, too_large.message)
    if content is None:
        return _Finding(Verdict.FAIL, f"{gate.path} is not a file in {_short(subject.head)}")
    if gate.contains is None or len(content) < gate.min_bytes:
        return _sized(gate.path, len(content), gate.min_bytes)
    if gate.contains.encode() in content:
        return _Finding(Verdict.PASS, f"{gate.path} contains {gate.contains!r}")
    text = redacted(content.decode("utf-8", "backslashreplace"), context.secrets)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return _Finding(
        Verdict.FAIL, f"{gate.path} does not contain {gate.contains!r}; it says '{safe(first, _LONGEST_QUOTE)}'"
    )


def _content(gate: FileGate, subject: GateSubject, context: GateContext) -> bytes | None:
    if not is_file_path(gate.path):
        return None
    return true_file(context.mirror.git, subject.tree, gate.path, LARGEST_FILE)


def _sized(name: str, size: int, least: int) -> _Finding:
    if size < least:
        return _Finding(Verdict.FAIL, f"{name} has {count(size, 'byte')}; the gate needs at least {least}")
    return _Finding(Verdict.PASS, f"{name} is there, {count(size, 'byte')}")


def _command(gate: CommandGate, subject: GateSubject, context: GateContext) -> _Finding:
    flags = _flags(gate, subject, context)
    command_run = _run_command(gate, subject.head, context, subject.base)
    output = stored_output(command_run, context.secrets)
    verdict, summary = judge(command_run, gate.tests, output)
    counts = command_run.counts if isinstance(command_run.counts, TestCounts) else None
    finding = _tolerant(gate, subject, context, _Finding(verdict, summary, command_run, output, counts, flags))
    verdict = finding.verdict
    if verdict is Verdict.PASS and gate.scores:
        return _scored(finding)
    if verdict is Verdict.PASS and counts is not None and gate.tests is not None and gate.tests.no_fewer_than_base:
        finding = _compared(finding, counts, _base_count(gate, subject, context, counts), subject)
    return _measured(gate, subject, context, finding, command_run.read)


def _measured(
    gate: CommandGate, subject: GateSubject, context: GateContext, finding: _Finding, read: ReadReport | None
) -> _Finding:
    """The finding with what its report shows, and its verdict by that; as it is where there is none, or it failed."""
    if read is None or finding.verdict is not Verdict.PASS:
        return finding
    compares = asks_base(gate) and subject.base != subject.head
    found = measured(gate, read, base_result(gate, subject, context) if compares else None)
    both = gate.tests is not None and found.verdict is Verdict.PASS
    summary = f"{finding.summary}; {found.summary}" if both else found.summary
    return replace(finding, verdict=found.verdict, summary=summary, measured=found)


def _tolerant(gate: CommandGate, subject: GateSubject, context: GateContext, finding: _Finding) -> _Finding:
    """The finding, a pass where all that fails was accepted because it fails at the base too."""
    accepted = subject.tolerates.get(gate.id)
    run = finding.command_run
    if finding.verdict is not Verdict.FAIL or accepted is None or run is None or run.part:
        return finding
    at_base = base_result(gate, replace(subject, base=accepted.head, tolerates={}), context)
    found = no_worse(gate.id, run.counts, run.failing, at_base)
    if isinstance(found, str):
        return replace(finding, summary=f"{found}; {finding.summary}")
    names = tuple(redacted(name, context.secrets) for name in found.names)
    return replace(finding, verdict=Verdict.PASS, summary=found.summary, tolerated=names)


def _flags(gate: CommandGate, subject: GateSubject, context: GateContext) -> tuple[Flag, ...]:
    git, changed = context.mirror.git, context.mirror.changed_paths(subject.base, subject.head)
    reaching = (
        *paths_with(git, subject.head, REACHING, may_reach(changed)),
        *paths_with(git, subject.base, REACHING, may_reach(changed, without=Status.ADDED)),
    )
    beside = flags_beside(git, changed, subject.base, subject.head)
    environment = context.environment
    installing = [path.path for path in changed if decides_setup(environment, path.path)]
    commands = (*environment.setup, *environment.build)
    has_git = environment.git or environment.submodules or environment.lfs
    return flags_for(gate, changed, reaching, commands, beside, installing, has_git=has_git)


def _scored(finding: _Finding) -> _Finding:
    """The finding with the score on the last line of the output; a fail if that line is not a number."""
    last = next((line.strip() for line in reversed(finding.output.splitlines()) if line.strip()), "")
    if _SCORE.fullmatch(last) is None:
        return replace(
            finding, verdict=Verdict.FAIL, summary=f"the last line is not a number: '{safe(last, _LONGEST_QUOTE)}'"
        )
    return replace(finding, summary=f"scored {last}", score=round(float(last) * 1000))


def _compared(finding: _Finding, counts: TestCounts, at_base: int | str, subject: GateSubject) -> _Finding:
    if isinstance(at_base, str):
        return replace(finding, verdict=Verdict.ERROR, summary=f"the base {_short(subject.base)}: {at_base}")
    finding = replace(finding, tests=replace(counts, base_ran=at_base))
    if counts.ran >= at_base:
        return finding
    words = f"{count(counts.ran, 'test')} ran, but {at_base} ran at the base {_short(subject.base)}"
    return replace(finding, verdict=Verdict.FAIL, summary=words)


def _base_count(gate: CommandGate, subject: GateSubject, context: GateContext, counts: TestCounts) -> int | str:
    """How many tests the same command runs at the base, or why that is not known."""
    if subject.base == subject.head:
        return counts.ran
    result = base_result(gate, subject, context)
    return result.evidence.summary if result.ran is None else result.ran


def _run_command(gate: CommandGate, commit: str, context: GateContext, base: str) -> CommandRun:
    runner = CommandRunner(
        mirror=context.mirror,
        environment=context.environment,
        limits=context.limits,
        stop=context.stop,
        box=context.box,
        toolchain=context.toolchain,
        kept=context.kept,
        pins={program.name: program for program in context.programs},
        secrets=context.setup_secrets,
        layering=context.layering,
    )
    overlay = None if gate.base_tests is None or commit == base else BaseTestsOverlay(base, gate.base_tests)
    return runner.run_gate(gate, commit, base, overlay)


def _short(commit: str) -> str:
    return commit[:_SHORT_ID]
