"""A report as the one JSON object that `--json` and `--format json` print."""

from __future__ import annotations

from onloop.cli.json_models.report_models import (
    CauseLineJson,
    DecisionLineJson,
    EffectLineJson,
    HoldJson,
    OpenCountJson,
    PaceJson,
    ReportJson,
    StepTimeJson,
    TaskLineJson,
    WaveLineJson,
)
from onloop.cli.reports.report_source import ReportSource
from onloop.views.reporting.fleet_class import FleetClass
from onloop.views.reporting.pace import Estimate
from onloop.views.reporting.report_records import CauseLine, DecisionLine, RunHistory, TaskLine
from onloop.views.reporting.wave_lines import WaveLine


def report_json(source: ReportSource) -> ReportJson:
    """The whole report."""
    report, history = source.report, source.report.history
    return ReportJson(
        run=report.run,
        title=report.title,
        workflow=report.workflow,
        definition=report.definition,
        sponsor=report.sponsor,
        state=report.state,
        reason=report.reason,
        detail=report.detail,
        at=history.at,
        began=history.began,
        ended=history.ended,
        counts={name: report.counts.of(name) for name in FleetClass},
        total=report.counts.total,
        blocked_causes=report.counts.causes,
        asked=report.asked,
        pace=_pace_json(history, source.estimate),
        burndown=[OpenCountJson(point.at, point.open, point.held) for point in history.burndown.points],
        stood_still=[HoldJson(gap.since, gap.until, gap.why) for gap in history.burndown.gaps],
        decisions=[_decision_json(each) for each in report.decisions],
        waves=[_wave_json(line) for line in report.waves],
        causes=[_cause_json(line) for line in report.causes],
        hidden_causes=report.hidden_causes,
        tasks=[_task_json(line) for line in source.lines()],
    )


def _pace_json(history: RunHistory, told: Estimate) -> PaceJson:
    pace, is_said = history.pace, bool(told.left) and not told.why_not
    return PaceJson(
        finished=pace.finished,
        per_hour=round(pace.rate * 3_600_000, 3) if pace.rate is not None else None,
        at_once=pace.at_once,
        left=told.left,
        p50_ms=told.p50_ms if is_said else None,
        p90_ms=told.p90_ms if is_said else None,
        why_not=told.why_not,
    )


def _wave_json(line: WaveLine) -> WaveLineJson:
    return WaveLineJson(
        wave=line.wave,
        state=line.state,
        tasks=line.size,
        completed=line.completed,
        failed=line.failed,
        at_work=line.at_work,
        ready=line.ready,
        held=line.held,
        taken_out=line.taken_out,
        retried=line.retried,
        began=line.began,
        passed=line.passed,
    )


def _decision_json(line: DecisionLine) -> DecisionLineJson:
    return DecisionLineJson(line.at, line.who, line.what, line.about, line.words)


def _cause_json(line: CauseLine) -> CauseLineJson:
    return CauseLineJson(
        cause=line.cause,
        reason=line.reason,
        counted_as=line.counted_as,
        headline=line.headline,
        detail=line.detail,
        tasks=line.count,
        since=line.since,
        named=line.named,
        regrouped=line.regrouped,
    )


def _task_json(line: TaskLine) -> TaskLineJson:
    return TaskLineJson(
        task=line.task,
        parent=line.parent,
        repo=line.repo,
        title=line.title,
        target=line.target,
        counted_as=line.counted_as,
        cause=line.cause,
        state=line.state,
        reason=line.reason,
        detail=line.detail,
        step=line.step,
        attempts=line.attempts,
        rounds=line.rounds,
        created=line.created,
        begun=line.begun,
        ended=line.ended,
        work_ms=line.work_ms,
        commit=line.commit,
        wave=line.wave,
        steps=[StepTimeJson(each.step, each.ms, each.visits) for each in line.steps],
        bypasses=[_decision_json(each) for each in line.bypasses],
        decisions=[_decision_json(each) for each in line.decisions],
        effects=[EffectLineJson(each.at, each.kind, each.target, each.commit) for each in line.effects],
    )
