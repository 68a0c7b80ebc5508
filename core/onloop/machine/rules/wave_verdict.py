"""Whether a wave passes or halts its fleet: from what it did, and from what a person accepted. Nothing else counts."""

from __future__ import annotations

from onloop.machine.wave_plan import Accepted, FailedAlike, HaltRule, WaveReport


def halting(rule: HaltRule, report: WaveReport, accepted: Accepted, *, is_proven: bool) -> str:
    """Why the fleet halts now, in words; empty where it does not.

    The base of the share is the wave. `is_proven` says that something of an earlier wave was completed. What a person
    accepted counts no more, until it was tried again.
    """
    return _share(rule, report, accepted) or _cause(rule, report, accepted) or _end(rule, report, accepted, is_proven)


def passes(rule: HaltRule, report: WaveReport, accepted: Accepted, *, is_proven: bool) -> bool:
    """Whether the next wave may begin, as far as this one is asked."""
    return report.is_settled and not halting(rule, report, accepted, is_proven=is_proven)


def _share(rule: HaltRule, report: WaveReport, accepted: Accepted) -> str:
    more = report.failed - accepted.failed
    is_looked_at = report.judged >= rule.least or report.open == 0
    if rule.percent == 0 or more <= 0 or not is_looked_at or more * 100 < rule.percent * report.size:
        return ""
    beyond = f" beyond the {accepted.failed} that were accepted" if accepted.failed else ""
    return f"{more} of {report.size} failed{beyond}, and at {rule.percent} % the fleet halts"


def _cause(rule: HaltRule, report: WaveReport, accepted: Accepted) -> str:
    if rule.alike == 0:
        return ""
    found = next((each for each in report.causes if _beyond(each, accepted) >= rule.alike), None)
    return "" if found is None else f"{found.count} failed alike, and at {rule.alike} the fleet halts: {found.words}"


def _beyond(alike: FailedAlike, accepted: Accepted) -> int:
    return alike.count - accepted.causes.get(alike.cause, 0)


def _end(rule: HaltRule, report: WaveReport, accepted: Accepted, is_proven: bool) -> str:
    """A wave that is over without having shown anything is no reason to go on by itself."""
    if not report.is_settled or accepted.looked:
        return ""
    if report.completed == 0 and not is_proven:
        return f"nothing of the {report.size} was completed, so it has not been shown that the change works anywhere"
    if rule.percent == 0 and report.lost:
        return f"{report.lost} of {report.size} ended and are not done"
    return ""
