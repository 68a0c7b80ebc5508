"""Work that is made elsewhere: scenarios of it, and what integrations bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.machine import commands as c
from onloop.machine.definition import NextRule, Step
from onloop.machine.elsewhere import FeedbackKind, PlaceEnd
from onloop.machine.events import EffectProblem
from onloop.machine.rule_engine import RuleOutcome
from onloop.machine.task import Submission
from onloop.machine.work_elsewhere import PlaceKind, WorkPlace
from onloop.records import replace
from support.scenario import (
    BRAVO,
    HEAD,
    Play,
    Scenario,
    approve,
    claim,
    create,
    judge,
    pause,
    release,
    report,
    submit,
    work,
    workflow,
)
from support.steps import defined, develop, full, human, merge, reviewed, ship

GIT, FORGE = "integration:git", "integration:forge.example"
BRANCH = WorkPlace(PlaceKind.BRANCH, "develop.implement", "agent/fix", GIT)
PULL = WorkPlace(
    PlaceKind.PULL_REQUEST,
    "develop.implement",
    "refs/pull/7/head",
    "integration:forge.example/bot",
    host="forge.example",
    repository="acme/billing",
    number=7,
    author="bot",
    url="https://forge.example/acme/billing/pull/7",
)


def away(*steps: Step, place: WorkPlace = PULL) -> Scenario:
    """A task that has just been created, whose work is made elsewhere."""
    return Scenario(defined(*steps)).given(replace(create(), elsewhere=replace(place, step=steps[0].id)))


def adopt(what: Submission | None = None, source: WorkPlace | None = None) -> c.Adopt:
    """An integration brings a commit."""
    return c.Adopt(FORGE, what or work(), source)


def hear(
    kind: FeedbackKind = FeedbackKind.CHANGES_REQUESTED,
    text: str = "name it otherwise",
    *,
    key: str = "review:1",
    author: str = "human:ana",
    head: str = HEAD,
) -> c.Hear:
    """An integration brings what was said outside."""
    return c.Hear(FORGE, kind, key, text, author, head)


def ended(outcome: PlaceEnd = PlaceEnd.CLOSED, detail: str = "closed by ana", head: str = HEAD) -> c.EndElsewhere:
    """An integration says how it ended there."""
    return c.EndElsewhere(FORGE, outcome, detail, head)


def bare(**more: Any) -> Step:
    """A step of an agent's without gates."""
    return Step("develop.implement", role="implementer", **more)


class _Saying:
    """An engine for which every rule is true, or none."""

    def __init__(self, *, allows: bool) -> None:
        self.allows = allows

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        """What it always says."""
        return RuleOutcome(allows=self.allows, words=f"{rule} of {len(facts)} facts", engine="saying 1")


def _effect_failed(at: Scenario) -> c.FailEffect:
    return c.FailEffect(at.task.effect.id if at.task.effect else "", EffectProblem.ERROR, "no space")


_OTHER = adopt(work("c" * 40))
_WAIT = Step("triage.wait", wait_ms=3_600_000)
_LOST = ended(PlaceEnd.LOST, "no such branch")
judged_by_people = workflow(develop(), ship(), merge()).given(claim(), submit(), report())
_SHOWN = away(develop(), ship(), merge()).given(adopt(), report())
_LEADS_ON = away(bare(next=(NextRule("end", "small"), NextRule("test.full"))), full())

_SPENT = develop(max_visits=1)

MOVES_ELSEWHERE: dict[str, tuple[Scenario, c.Command | Play]] = {
    "submitted Follow submitted": (workflow(develop()), c.Follow(PULL)),
    "working Follow submitted": (workflow(develop()).given(claim(), submit(), release()), c.Follow(PULL)),
    "working Follow input_required": (
        workflow(_SPENT, full(), ship()).given(claim(), submit(), report()),
        c.Follow(PULL),
    ),
    "input_required Follow submitted": (judged_by_people, c.Follow(PULL)),
    "input_required Follow input_required": (
        workflow(_SPENT, ship()).given(claim(), submit(), report()),
        c.Follow(PULL),
    ),
    "submitted Adopt working": (away(develop()), adopt()),
    "submitted Adopt submitted": (away(bare(), reviewed()), adopt()),
    "submitted Adopt input_required": (away(bare(), ship()), adopt()),
    "submitted Adopt completed": (away(bare()), adopt()),
    "working Adopt working": (away(develop()).given(adopt()), _OTHER),
    "working Adopt submitted": (away(bare(), reviewed()).given(adopt(), claim(BRAVO, "reviewer")), _OTHER),
    "working Adopt input_required": (away(bare(gates=(human(),)), _WAIT).given(adopt(), approve()), _OTHER),
    "working Adopt completed": (
        _LEADS_ON.knowing(rules=_Saying(allows=False)).given(adopt()).knowing(rules=_Saying(allows=True)),
        _OTHER,
    ),
    "input_required Adopt working": (_SHOWN, _OTHER),
    "input_required Adopt submitted": (
        away(bare(), reviewed(), ship()).given(adopt(), claim(BRAVO, "reviewer"), judge()),
        _OTHER,
    ),
    "input_required Adopt input_required": (away(bare(), ship()).given(adopt()), _OTHER),
    "input_required Adopt completed": (away(bare()).given(_LOST), adopt()),
    "submitted Hear submitted": (away(develop()), hear(head="")),
    "working Hear submitted": (away(develop()).given(adopt()), hear()),
    "working Hear working": (workflow(develop()).given(claim()), hear(head="")),
    "working Hear input_required": (away(develop(rounds=0)).given(adopt()), hear()),
    "input_required Hear submitted": (_SHOWN, hear()),
    "input_required Hear input_required": (workflow(ship(), develop()), hear(head="")),
    "paused Hear paused": (away(develop()).given(pause()), hear(head="")),
    "submitted EndElsewhere canceled": (away(develop()), ended()),
    "submitted EndElsewhere input_required": (away(develop()), _LOST),
    "submitted EndElsewhere submitted": (away(bare(), reviewed()).given(adopt()), _LOST),
    "working EndElsewhere canceled": (away(develop()).given(adopt()), ended()),
    "working EndElsewhere completed": (_SHOWN.given(approve()), ended(PlaceEnd.MERGED)),
    "working EndElsewhere input_required": (away(develop()).given(adopt()), ended(PlaceEnd.MERGED)),
    "working EndElsewhere working": (away(develop()).given(adopt()), _LOST),
    "input_required EndElsewhere canceled": (_SHOWN, ended()),
    "input_required EndElsewhere input_required": (_SHOWN, ended(PlaceEnd.MERGED)),
    "input_required EndElsewhere completed": (
        _SHOWN.given(approve(), _effect_failed),
        ended(PlaceEnd.MERGED),
    ),
}
"""Every move of these commands in the machine's table: where it begins, and the command."""
