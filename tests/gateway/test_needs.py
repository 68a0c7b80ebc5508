"""What needed people at an earlier place in the log, folded from it, is what was told then."""

from __future__ import annotations

from gateway.shop import Shop
from onloop.views.queries.needs import Needs, ReadNeeds


def told(shop: Shop, after: int = 0, *, is_resumed: bool = False) -> Needs:
    return shop.gateway.perform(ReadNeeds(shop.clock(), after, is_resumed))


def test_what_was_there_at_each_place_in_the_log_is_told_to_whoever_goes_on_from_there(shop: Shop) -> None:
    looks = list[Needs]()
    shop.fleet(2, run="r1")
    looks.append(told(shop))
    shop.waiting("r1.1")
    looks.append(told(shop))
    shop.ask(shop.claim("r1.2", agent="agent:bravo"))
    looks.append(told(shop))
    shop.approve(task_id="r1.1")
    looks.append(told(shop))

    assert [len(look.now) for look in looks] == [0, 1, 2, 1]
    for look in looks:
        resumed = told(shop, look.seq, is_resumed=True)
        assert {each.cause: each.tasks for each in resumed.before} == {each.cause: each.tasks for each in look.now}
        assert resumed.now == looks[-1].now
    (decision,) = told(shop, looks[2].seq).decisions
    assert (decision.task, decision.answer, decision.by) == ("r1.1", "approve", "human:ana")
    assert told(shop, looks[3].seq).decisions == ()
