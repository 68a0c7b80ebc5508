"""The figures of the loop as the one JSON object that `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.cli.json_models import report_models as j
from onloop.insight.measures.loop_figures import GateName, LoopFigures, NamedSpread, PeopleGate, Week
from onloop.insight.measures.samples import Spread
from onloop.records import fields_of


def loop_json(figures: LoopFigures) -> j.LoopJson:
    """All of it."""
    touches, autonomy = figures.touches, figures.autonomy
    return j.LoopJson(
        since=figures.since,
        until=figures.until,
        first_at=figures.first_at,
        events=figures.events,
        live=figures.live,
        touches=j.LoopTouchesJson(**{**_same(touches), "median": _spread(touches.median)}),
        autonomy=j.AutonomyJson(
            **_same(autonomy), share=round(autonomy.alone / autonomy.seen, 4) if autonomy.seen else None
        ),
        whole=_spread(figures.whole),
        phases=[_named(each) for each in figures.phases],
        times=[_named(each) for each in figures.times],
        human_gates=[_human(each) for each in figures.human_gates],
        machine_gates=[
            j.JudgingGateJson(**{**_same(e, e.gate), "took": _spread(e.took)}) for e in figures.machine_gates
        ],
        calls=[j.CallCountJson(**_same(each)) for each in figures.calls],
        idle_calls=[j.IdleCallJson(**{**_same(e, e.gate), "waited": _spread(e.waited)}) for e in figures.idle_calls],
        hook_refusals=[j.HookRefusalJson(**_same(each)) for each in figures.hook_refusals],
        findings=[j.LoopFindingJson(**_same(each, each.gate)) for each in figures.findings],
        weeks=[_week(each) for each in figures.weeks],
        costs=[
            j.ChangeCostJson(each.size, each.merged, each.partly, _spread(each.micro_usd), _spread(each.tokens))
            for each in figures.costs
        ],
    )


def _same(record: Any, gate: GateName | None = None) -> dict[str, Any]:
    """The fields of a record by name; those of its gate in the place of the gate."""
    found: Mapping[str, Any] = {name: getattr(record, name) for name in fields_of(type(record))}
    return {**found, **_same(gate)} if gate is not None else dict(found)


def _spread(spread: Spread) -> j.SpreadJson:
    return j.SpreadJson(spread.median, spread.count)


def _named(each: NamedSpread) -> j.NamedSpreadJson:
    return j.NamedSpreadJson(each.name, _spread(each.spent))


def _human(gate: PeopleGate) -> j.HumanGateJson:
    by_size = [j.SizedSpreadJson(each.size, _spread(each.waited)) for each in gate.by_size]
    return j.HumanGateJson(**{**_same(gate, gate.gate), "waited": _spread(gate.waited), "by_size": by_size})


def _week(week: Week) -> j.WeekJson:
    return j.WeekJson(**{**_same(week), "whole": _spread(week.whole)})
