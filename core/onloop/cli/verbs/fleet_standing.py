"""How a fleet stands: its waves, why it is halted, what is asked of a person about the whole of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onloop.cli.context import Context
from onloop.cli.json_models.fleet_models import FleetStandingJson, WaveCauseJson, WaveJson
from onloop.cli.output import VerbOutput, columns
from onloop.machine.wave_plan import WaveReport, Waves
from onloop.text import safe
from onloop.views.queries.wave_reads import ReadWaves, WavesNow

_COLUMNS = ("WAVE", "", "TASKS", "DONE", "AT WORK", "READY", "FAILED", "TAKEN OUT", "HELD", "RETRIED")


def fleet_standing(context: Context[Any], run: str) -> VerbOutput:
    """How the fleet stands now."""
    now = context.opened.gateway.perform(ReadWaves(run))
    return VerbOutput(lines=tuple(_lines(now)), data=_json(now), notes=tuple(_notes(now)))


def _lines(now: WavesNow) -> Iterator[str]:
    root = now.root
    stands = f"{root.state.value} ({root.reason.value})" if root.reason is not None else root.state.value
    yield safe(f"{root.id} {root.title}: {stands}; {root.detail}")
    if now.waves is None:
        yield "it has no waves; onloop report shows the whole"
        return
    rows = [_row(report, standing_words(now.waves, report)) for report in now.reports]
    yield from columns(rows, header=_COLUMNS)
    for report in now.reports:
        for alike in report.causes:
            yield safe(f"wave {report.wave}: {alike.count} failed alike ({alike.cause}): {alike.words}")
    yield from (safe(f"asked of a person: {request.question}") for request in root.requests)


def _row(report: WaveReport, standing: str) -> tuple[str, ...]:
    counts = (
        report.size,
        report.completed,
        report.begun,
        report.ready,
        report.failed,
        report.excluded + report.given_up,
        report.held,
        report.retried,
    )
    return (str(report.wave), standing, *(str(count) for count in counts))


def standing_words(waves: Waves, report: WaveReport) -> str:
    """How a wave stands, in a word."""
    if report.wave > waves.current:
        return "held"
    if report.wave < waves.current:
        return "passed"
    if waves.halted:
        return "halted"
    return "passed" if waves.passed else "on"


def _notes(now: WavesNow) -> Iterator[str]:
    """What would work now."""
    root = now.root
    for request in root.requests:
        yield f"next: onloop approve {root.id} lets it go on; onloop reject {root.id} --reason … does not"
        if request.gate == "halt":
            yield "before: onloop retry --cause CAUSE --first, then --rest; or onloop exclude --cause CAUSE"


def _json(now: WavesNow) -> FleetStandingJson:
    root, waves = now.root, now.waves
    return FleetStandingJson(
        root.id,
        safe(root.title),
        root.state,
        root.reason,
        safe(root.detail),
        waves.current if waves is not None else 0,
        [_wave_json(report, standing_words(waves, report)) for report in now.reports] if waves is not None else [],
        safe(waves.halted) if waves is not None else "",
        [safe(request.question) for request in root.requests],
    )


def _wave_json(report: WaveReport, standing: str) -> WaveJson:
    return WaveJson(
        wave=report.wave,
        standing=standing,
        size=report.size,
        completed=report.completed,
        begun=report.begun,
        ready=report.ready,
        stopped=report.stopped,
        lost=report.lost,
        excluded=report.excluded,
        given_up=report.given_up,
        held=report.held,
        failed=report.failed,
        retried=report.retried,
        causes=[WaveCauseJson(each.cause, each.count, safe(each.words)) for each in report.causes],
    )
