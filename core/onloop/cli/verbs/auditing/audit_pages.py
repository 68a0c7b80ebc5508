"""An audit in lines for a terminal, and as Markdown; names of a repository are foreign, and never markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from onloop.cli.output import columns
from onloop.cli.reports.report_markdown import code, own
from onloop.insight.audit.artefact import ArtefactFinding, SeenPlace
from onloop.insight.audit.degrees import ArtefactStanding
from onloop.insight.audit.primitives import AgentLook, PrimitiveFound
from onloop.insight.audit.repository_audit import Audit
from onloop.text import fit, padded, safe

_SHORT = {ArtefactStanding.PRESENT: "✓", ArtefactStanding.STALE: "stale", ArtefactStanding.ABSENT: "–"}


def lines_of(found: Audit) -> Iterator[str]:
    """An audit of one repository, for a terminal."""
    where = f" at {found.commit[:12]}" if found.commit else ""
    yield f"{safe(found.name, 100)}{where}"
    yield from (f"  mind: {safe(note, 300)}" for note in found.notes)
    yield ""
    for each in found.primitives:
        yield f"{padded(each.degree.value, 8)} {padded(each.primitive.value, 20)} {_evidence(each)}"
        yield from _after(each)
    yield ""
    for agent in found.agents:
        yield f"{padded(agent.degree.value, 8)} {padded(agent.name, 20)} {_seen(agent)}"
    yield ""
    for finding in found.findings:
        yield f"{padded(finding.standing.value, 8)} {padded(finding.artefact, 20)} {_words(finding)}"
        yield from (
            f"{' ' * 30}{_place(place)}" for place in finding.places[1:] if finding.standing is ArtefactStanding.STALE
        )
        yield from (f"{' ' * 29}→ {finding.next}",) if finding.next else ()


def _evidence(each: PrimitiveFound) -> str:
    return "; ".join(safe(words, 120) for words in each.evidence) or "nothing was seen of it"


def _after(each: PrimitiveFound) -> Iterator[str]:
    if each.missing:
        yield f"{' ' * 29}lacks {'; '.join(each.missing)}"
        yield f"{' ' * 29}→ {each.next}"


def _seen(agent: AgentLook) -> str:
    if not agent.program:
        return "not installed"
    login = ", ".join(agent.logins) or "no login is seen"
    hooked = ", ".join(safe(each, 100) for each in agent.hooked) or "not hooked"
    after = f" → {agent.next}" if agent.next else ""
    return f"{safe(agent.program, 100)}; {login}; {hooked}{after}"


def _words(finding: ArtefactFinding) -> str:
    return _place(finding.places[0]) if finding.places else finding.words


def _place(place: SeenPlace) -> str:
    where = f"{place.path}:{place.line}" if place.line else place.path
    return f"{safe(where, 160)}{f': {safe(place.words, 160)}' if place.words else ''}"


def fleet_lines(found: Sequence[Audit]) -> Iterator[str]:
    """Several repositories in one table, and how many of them have what."""
    if not found:
        return
    rows = [
        (fit(safe(each.name), 30), *(judged.degree.value for judged in each.primitives), *_counts(each))
        for each in found
    ]
    header = (
        "REPOSITORY",
        *(each.primitive.value.upper() for each in found[0].primitives),
        *(each.value.upper() for each in ArtefactStanding),
    )
    yield from columns(rows, header=header)
    yield ""
    totals = [(name, *(str(counted[each]) for each in ArtefactStanding)) for name, counted in _totals(found)]
    yield from columns(totals, header=("ARTEFACT", *(each.value.upper() for each in ArtefactStanding)))


def _counts(found: Audit) -> tuple[str, ...]:
    counted = Counter(each.standing for each in found.findings)
    return tuple(str(counted[each]) for each in ArtefactStanding)


def _totals(found: Sequence[Audit]) -> Iterator[tuple[str, Counter[ArtefactStanding]]]:
    for place, first in enumerate(found[0].findings):
        yield first.artefact, Counter(each.findings[place].standing for each in found)


def markdown_of(found: Audit) -> Iterator[str]:
    """An audit of one repository, as Markdown."""
    yield f"# {code(found.name)}"
    yield ""
    yield from (f"- {own(note)}" for note in found.notes)
    yield "| primitive | | evidence | next |"
    yield "|---|---|---|---|"
    for each in found.primitives:
        seen = "; ".join(code(words) for words in each.evidence)
        yield f"| {each.primitive.value} | {each.degree.value} | {seen} | {code(each.next)} |"
    yield ""
    yield "| artefact | | where | next |"
    yield "|---|---|---|---|"
    for finding in found.findings:
        where = code(_words(finding)) if finding.places else ""
        yield f"| {finding.artefact} | {finding.standing.value} | {where} | {own(finding.next)} |"


def fleet_markdown(found: Sequence[Audit]) -> Iterator[str]:
    """Several repositories in one table, as Markdown."""
    if not found:
        return
    names = [finding.artefact for finding in found[0].findings]
    yield f"| repository | {' | '.join(each.primitive.value for each in found[0].primitives)} | {' | '.join(names)} |"
    yield f"|---|{'---|' * (len(found[0].primitives) + len(names))}"
    for each in found:
        degrees = " | ".join(judged.degree.value for judged in each.primitives)
        yield f"| {code(each.name)} | {degrees} | {' | '.join(_SHORT[finding.standing] for finding in each.findings)} |"
