"""What a forge or an address answers, as evidence; or that there is no answer yet."""

from __future__ import annotations

from onloop.access.opening import GatewayHandle
from onloop.forges.configured import folder_of, forge_of, repository_of, undeclared
from onloop.forges.forge_answer import ask_forge
from onloop.forges.forge_errors import ForgeTrouble
from onloop.forges.forge_settings import read_settings
from onloop.forges.http_answer import ask_address
from onloop.forges.outside_answer import Meant, OutsideAnswer
from onloop.gates.evaluation import LONGEST_SUMMARY, GateContext, GateSubject
from onloop.machine.definition import ForgeGate, HttpGate, OutsideGate
from onloop.machine.links import LinkKind
from onloop.machine.task import Evidence, Task, Verdict
from onloop.redaction import redacted
from onloop.text import safe, safe_lines

MOST_READ = 65_536


class NotYet(Exception):
    """Outside there is no answer yet; it is asked again from `until` (ms)."""

    def __init__(self, words: str, until: int) -> None:
        super().__init__(words)
        self.words, self.until = words, until


def outside_evidence(
    opened: GatewayHandle, task: Task, gate: OutsideGate, subject: GateSubject, context: GateContext
) -> Evidence:
    """The evidence of a gate that asks outside. NotYet where there is none yet; what passes is raised as it is."""
    try:
        answer = _asked(opened, task, gate, subject.head)
    except ForgeTrouble as trouble:
        if trouble.until is None:
            raise
        raise NotYet(trouble.message, trouble.until) from trouble
    now = context.clock()
    if answer.said is Meant.NOT_YET and now < _since(task) + gate.within_ms:
        raise NotYet(_shown(answer.words, context), now + gate.every_ms)
    read = redacted(safe_lines(answer.read, MOST_READ), context.secrets) if answer.read else ""
    return Evidence(
        gate=gate.id,
        verdict={Meant.YES: Verdict.PASS, Meant.NO: Verdict.FAIL, Meant.NOT_YET: Verdict.ERROR}[answer.said],
        summary=_shown(_waited(answer, gate), context),
        head=subject.head,
        tree=subject.tree,
        base=subject.base,
        definition=subject.definition,
        verifier=context.verifier,
        at=now,
        output=context.keep(read.encode()) if read else None,
        output_bytes=len(read.encode()),
    )


def _asked(opened: GatewayHandle, task: Task, gate: OutsideGate, head: str) -> OutsideAnswer:
    match gate:
        case ForgeGate():
            return _of_forge(opened, task, gate, head)
        case HttpGate():
            return ask_address(gate, head, task.id, read_settings(folder_of(opened)).http_allow)


def _of_forge(opened: GatewayHandle, task: Task, gate: ForgeGate, head: str) -> OutsideAnswer:
    origin = task.origin or ""
    repo = repository_of(opened, origin)
    if repo is None:
        raise undeclared(read_settings(folder_of(opened)), origin)
    links = (each for each in reversed(task.links) if each.kind is LinkKind.PULL_REQUEST)
    linked = next((each.number for each in links if each.repository.casefold() == repo.words.casefold()), 0)
    return ask_forge(forge_of(opened, origin), repo, gate, head, task.target, linked)


def _since(task: Task) -> int:
    return task.submission.at if task.submission is not None else 0


def _waited(answer: OutsideAnswer, gate: OutsideGate) -> str:
    if answer.said is not Meant.NOT_YET:
        return answer.words
    return f"still not there after {gate.within_ms // 60_000} min: {answer.words}"


def _shown(words: str, context: GateContext) -> str:
    return safe(redacted(words, context.secrets), LONGEST_SUMMARY)
