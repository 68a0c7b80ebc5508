"""A dossier as JSON: what a person sees before deciding, for programs; what agents wrote is under `untrusted` keys."""

from __future__ import annotations

from msgspec import UNSET, UnsetType, convert

from onloop.cli.json_models.agent_models import GateJson
from onloop.cli.json_models.dossier_models import (
    AmendmentJson,
    ArtefactJson,
    AskedJson,
    BaseJson,
    BudgetJson,
    BypassJson,
    CheckpointKeptJson,
    ChildJson,
    ChildWordsJson,
    DecisionJson,
    DossierJson,
    DossierWordsJson,
    FileJson,
    HandedJson,
    HandoverJson,
    HandoverWordsJson,
    JudgementJson,
    JudgementWordsJson,
    NoteJson,
    NoteShownJson,
    SourceJson,
    SubjectJson,
)
from onloop.cli.json_models.envelope import extended
from onloop.cli.render import sub_agents_json, task_json
from onloop.gates.repository.file_changes import FileChange
from onloop.machine.budgets import TOLD, BudgetLine
from onloop.machine.links import Source
from onloop.machine.messages import Handover, Note
from onloop.machine.rules.bypass_standing import bypasses_now
from onloop.machine.rules.flagging import flags_of
from onloop.machine.rules.independence import counts_now
from onloop.machine.task import Bypass, Decision, Judgement, Task
from onloop.views.answer import gate_json
from onloop.views.children import Result
from onloop.views.dossier import Asked, BaseSeen, Dossier, ShownArtefact
from onloop.views.effective_status import EffectiveStatus
from onloop.views.risk import risk_of


def dossier_json(dossier: Dossier, status: EffectiveStatus, *, with_diff: bool) -> DossierJson:
    """Everything that a person sees before deciding; what agents wrote is under `untrusted`, and in `diff`."""
    task, submission = dossier.task, dossier.task.submission
    return extended(
        DossierJson,
        task_json(task),
        reason=status.reason,
        lapsed=status.lapsed,
        untrusted=_words_json(dossier, with_diff=with_diff),
        asked=[_asked_json(asked) for asked in dossier.asked],
        subject=SubjectJson(submission.head, submission.tree, submission.base) if submission else None,
        definition=task.definition,
        gates=[convert(gate_json(line), GateJson) for line in dossier.gates],
        files=[_file_json(file) for file in dossier.files],
        base=_base_json(dossier.base) if dossier.base else None,
        amendments=[AmendmentJson(each.by, each.at, each.before, each.after, each.reason) for each in task.amendments],
        bypasses=[_bypass_json(task, each) for each in task.bypasses],
        flags=flags_of(task),
        decisions=[_decision_json(decision) for decision in task.decisions],
        trouble=dossier.trouble,
        progress_at=dossier.lease.progress_at if dossier.lease else None,
        join=dossier.join or None,
        children=[_child_json(child) for child in dossier.children],
        judgements=[_judgement_json(task, judgement) for judgement in task.judgements],
        handovers=[_handover_json(handed) for handed in task.handovers],
        checkpoints=[
            CheckpointKeptJson(left.step, left.by, left.at, left.size, left.digest)
            for left in task.checkpoints.values()
        ],
        diff=dossier.diff if with_diff else UNSET,
        notes=[_note_json(note) for note in task.notes],
        source=_source_json(task.source),
        budgets=[_budget_json(each) for each in dossier.budgets],
    )


def _budget_json(line: BudgetLine) -> BudgetJson:
    told = line.figure in TOLD
    return BudgetJson(line.scope, line.figure, line.spent, line.limit, line.is_spent, told)


def _source_json(source: Source | None) -> SourceJson | UnsetType:
    return UNSET if source is None else SourceJson(source.kind, source.name, source.url, source.title)


def _file_json(file: FileChange) -> FileJson:
    return FileJson(file.path, file.status, file.added, file.removed, file.lines_shown, risk_of(file))


def _words_json(dossier: Dossier, *, with_diff: bool) -> DossierWordsJson:
    return DossierWordsJson(
        statement=dossier.statement,
        feedback=[item.text for item in dossier.task.feedback],
        artefacts=[_artefact_json(handed, with_text=with_diff) for handed in dossier.artefacts],
        sub_agents=sub_agents_json(dossier.sub_agents),
    )


def _artefact_json(handed: ShownArtefact, *, with_text: bool) -> ArtefactJson:
    return ArtefactJson(handed.name, handed.size, handed.digest, handed.text if with_text else UNSET)


def _asked_json(asked: Asked) -> AskedJson:
    request, handed = asked.request, asked.request.handed
    return AskedJson(
        request=request.id,
        kind=request.kind,
        question=request.question,
        gate=request.gate,
        approvers=request.approvers,
        quorum=request.quorum,
        assurance=request.assurance,
        fresh_ms=request.fresh_ms,
        digest=asked.digest,
        choices=asked.choices,
        no_worse=asked.no_worse or UNSET,
        amend=asked.amend or UNSET,
        handed=HandedJson(handed.to, handed.by, handed.why, handed.at) if handed is not None else UNSET,
    )


def _base_json(base: BaseSeen) -> BaseJson:
    gates = [convert(gate_json(line), GateJson) for line in base.gates]
    return BaseJson(base.state, base.commit or None, gates, base.accepted_by or None)


def _decision_json(decision: Decision) -> DecisionJson:
    return DecisionJson(
        request=decision.request,
        answer=decision.answer,
        by=decision.by,
        assurance=decision.assurance,
        at=decision.at,
        reason=decision.reason,
        proof_age_ms=decision.proof_age_ms,
        own_address=decision.own_address,
        unseen=decision.unseen,
        behalf=decision.behalf or UNSET,
        key=decision.key or UNSET,
        presence=decision.presence or UNSET,
    )


def _bypass_json(task: Task, bypass: Bypass) -> BypassJson:
    return BypassJson(
        step=bypass.step,
        gate=bypass.gate,
        by=bypass.by,
        reason=bypass.reason,
        stood=bypass.stood,
        assurance=bypass.assurance,
        at=bypass.at,
        head=bypass.head,
        current=bypass in bypasses_now(task),
        key=bypass.key or UNSET,
        presence=bypass.presence or UNSET,
    )


def _child_json(child: Result) -> ChildJson:
    return ChildJson(child.id, child.state, ChildWordsJson(child.title, child.statement))


def _judgement_json(task: Task, judgement: Judgement) -> JudgementJson:
    return JudgementJson(
        label="agent-judged",
        independence=judgement.independence,
        step=judgement.step,
        gate=judgement.gate,
        passes=judgement.passes,
        by=judgement.by,
        at=judgement.at,
        head=judgement.head,
        current=counts_now(task, judgement),
        untrusted=JudgementWordsJson(judgement.reason),
    )


def _note_json(note: Note) -> NoteJson:
    shown = [NoteShownJson(each.agent, each.attempt, each.at, each.way) for each in note.shown]
    return NoteJson(note.by, note.at, note.text, shown, note.is_over)


def _handover_json(handed: Handover) -> HandoverJson:
    words = HandoverWordsJson(handed.why, handed.open)
    return HandoverJson(handed.step, handed.by, handed.to or None, handed.at, words)
