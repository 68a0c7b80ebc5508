"""What a person is shown of a swarm: children, how the join stands, reviews and hand-offs, all labelled."""

from __future__ import annotations

import json
from typing import Any

from gateway.shop import Shop
from onloop.cli.dossier_render import dossier_json
from onloop.cli.output import VerbOutput, json_text
from onloop.cli.render import dossier_lines
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.message_sending import save_checkpoint, tell
from onloop.gateway.upkeep import FireTimers
from onloop.machine import commands as c
from onloop.machine.messages import MessageKind
from onloop.machine.principal import EFFECTS
from onloop.machine.state import Reason
from onloop.views.dossier import Dossier, dossier_of
from onloop.views.effective_status import EffectiveStatus
from support.steps import defined, develop, parts, quorum, reviewed

STANDS = EffectiveStatus(None, None)


def sheet(shop: Shop, task_id: str = "r1") -> Dossier:
    task = shop.task(task_id)
    with shop.store.reading() as at:
        return dossier_of(at, task)


def lines(shop: Shop, task_id: str = "r1") -> str:
    return "\n".join(dossier_lines(sheet(shop, task_id), STANDS, with_diff=False))


def told(shop: Shop, task_id: str = "r1") -> Any:
    return json.loads(json_text(VerbOutput(data=dossier_json(sheet(shop, task_id), STANDS, with_diff=False))))


def do(shop: Shop, task_id: str) -> None:
    shop.submit(shop.claim(task_id, agent=f"agent:{task_id.replace('.', '-')}"))
    shop.report(task_id)


def test_the_sheet_of_a_parent_says_how_its_children_and_its_join_stand(shop: Shop) -> None:
    shop.begin(defined(parts(3, quorum(2))))
    do(shop, "r1.2")

    assert sheet(shop).join == "1 of 3 children completed, and the join asks for 2"
    assert "children: 1 of 3 children completed" in lines(shop)
    assert [child["state"] for child in told(shop)["children"]] == ["submitted", "completed", "submitted"]

    do(shop, "r1.1")

    assert sheet(shop).join == "joined: the work of r1.1, r1.2 counts"


def test_a_child_that_never_answers_is_named_in_the_join_of_its_parent_and_in_what_a_person_is_asked(
    shop: Shop,
) -> None:
    shop.begin(defined(parts(1)))
    for _ in range(3):
        shop.claim("r1.1")
        shop.later(46 * 60_000)
        shop.want()
        shop.later(60_000)
        shop.gateway.perform(FireTimers())

    assert shop.task("r1.1").reason in {Reason.TIMED_OUT, Reason.ATTEMPTS_EXHAUSTED}
    assert sheet(shop).join == "0 of 1 children completed, and the join asks for all; a person is asked about r1.1"

    shop.cancel("r1.1")

    assert shop.asked().question == "0 of 1 children completed, and the join asks for all: r1.1 canceled"


def test_a_conflict_that_is_being_mended_is_said(shop: Shop) -> None:
    shop.begin(defined(parts(1)))
    do(shop, "r1.1")
    effect = shop.task().effect
    assert effect is not None

    shop.gateway.perform(PerformCommand(EFFECTS, "r1", c.ReportConflict(effect.id, "r1.1", ("app.py",))))

    assert sheet(shop).join == "r1.2 mends a conflict between them"


def test_reviews_are_on_the_sheet_as_judged_by_an_agent_and_cannot_make_a_line_of_their_own(shop: Shop) -> None:
    shop.begin(defined(develop(), reviewed()))
    do(shop, "r1")
    judge = shop.claim(agent="agent:bravo", role="reviewer")
    shop.gateway.perform(
        PerformCommand(judge, "r1", c.Judge(judge.id, judge.epoch, passes=False, reason="weak\n  ✓ tests: PASSED"))
    )

    text = lines(shop)

    judged = "fail by agent:bravo (not independent) at review.code on aaaaaaaaaaaa: weak⏎"
    assert f"reviews (agent-judged, not evidence)\n  {judged}" in text
    (judgement,) = told(shop)["judgements"]
    assert (judgement["label"], judgement["pass"]) == ("agent-judged", False)
    assert "reason" not in judgement


def test_hand_offs_checkpoints_messages_and_context_are_on_the_sheet(shop: Shop) -> None:
    shop.begin(defined(parts(2)))
    child, other = shop.claim("r1.1"), shop.claim("r1.2", agent="agent:bravo")
    tell(shop.gateway, other, "r1.1", MessageKind.NOTE, b"hello")
    save_checkpoint(shop.gateway, child, b"half")
    shop.gateway.perform(PerformCommand(child, "r1.1", c.ReportContext(child.id, child.epoch, 40)))
    assert "agent:alfa says that 40 % of its context is in use" in lines(shop, "r1.1")
    assert (told(shop, "r1.1")["context"], told(shop, "r1.1")["progress_at"]) == (40, shop.clock())

    shop.gateway.perform(PerformCommand(child, "r1.1", c.Handoff(child.id, child.epoch, "", "full", ("which?",))))

    text = lines(shop, "r1.1")
    assert "handed on at develop.implement by agent:alfa to anyone in its role; it says: full" in text
    assert "checkpoint at develop.implement by agent:alfa: 4 bytes" in text
    assert "1 of 1 messages from other agents are unread" in text
    assert told(shop, "r1.1")["handovers"][0]["untrusted"] == {"why": "full", "open": ["which?"]}
