"""A task is found by what it is linked to, and no two tasks share that."""

from __future__ import annotations

import pytest

from gateway.shop import Shop
from onloop.errors import Exit, NotAllowed, Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.insight.linked_tasks import link_faults
from onloop.machine.links import Link, LinkKind, RecordLink
from onloop.machine.principal import EFFECTS, Principal, PrincipalKind
from onloop.records import replace
from onloop.store.port import TaskFilter
from onloop.store.rows import LinkRow

PULL = Link(LinkKind.PULL_REQUEST, "github.com", "acme/shop", 7)
GITHUB = Principal(PrincipalKind.INTEGRATION, "github")


def link(shop: Shop, task: str, given: Link = PULL, who: Principal = GITHUB) -> None:
    shop.gateway.perform(PerformCommand(who, task, RecordLink(given)))


def owner(shop: Shop, given: Link = PULL) -> str | None:
    with shop.store.reading() as at:
        row = at.get(LinkRow, given.key)
    return row.task if row is not None else None


def faults(shop: Shop) -> list[str]:
    with shop.store.reading() as at:
        return list(link_faults(at, {task.id: task for task in at.tasks(TaskFilter())}))


def test_a_task_is_found_by_its_link_and_no_other_live_task_may_have_it(shop: Shop) -> None:
    shop.begin()
    shop.begin(run="r2")
    link(shop, "r1")
    link(shop, "r1")

    assert owner(shop) == "r1"
    with pytest.raises(Refused) as no:
        link(shop, "r2")
    assert no.value.exit is Exit.HELD
    assert no.value.message == "pull_request acme/shop#7 belongs to r1, so r2 cannot be linked to it"
    assert shop.task("r2").links == ()
    assert faults(shop) == []


def test_a_task_that_has_ended_gives_its_link_up_to_the_next(shop: Shop) -> None:
    shop.begin()
    shop.begin(run="r2")
    link(shop, "r1")
    shop.cancel()

    link(shop, "r2")

    assert owner(shop) == "r2"
    assert faults(shop) == []
    assert [e.name for e in shop.log("r2")].count("Linked") == 1


def test_a_link_is_recorded_in_a_freeze_because_it_moves_nothing(shop: Shop) -> None:
    shop.begin()
    shop.freeze()

    link(shop, "r1", who=EFFECTS)

    assert shop.task().links == (PULL,)


def test_only_the_gateway_and_integrations_link(shop: Shop) -> None:
    shop.begin()

    with pytest.raises(NotAllowed):
        link(shop, "r1", who=shop.claim())


def test_a_row_that_the_log_does_not_explain_and_a_missing_one_are_found(shop: Shop) -> None:
    shop.begin()
    link(shop, "r1")
    forged = replace(PULL, number=8)
    shop.store.transact(lambda tx: tx.put(LinkRow(forged.key, "r1", "pull_request")))
    shop.store.transact(lambda tx: tx.delete(LinkRow, PULL.key))

    assert faults(shop) == [
        f"link {forged.key}: a row that the log does not explain",
        f"link {PULL.key}: a task is linked to it, and no row says so",
    ]
    shop.store.transact(lambda tx: tx.delete(LinkRow, forged.key))
    shop.store.transact(lambda tx: tx.put(LinkRow(PULL.key, "r1", "pull_request")))
