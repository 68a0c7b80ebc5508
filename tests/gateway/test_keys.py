"""A key makes asking again safe: the same request once, the same answer again, and nobody else's business."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.shop import CHEAP, LAUNCHER, Shop
from onloop.errors import BadInput, Exit, NotAllowed, OnloopError, Refused
from onloop.gateway.claims import ClaimGranted, ClaimTask
from onloop.gateway.command_operations import CreateRun
from onloop.gateway.idempotency import FORGOTTEN_AT_ONCE, RETENTION_MS
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.passphrase import enrolment
from onloop.identity.scram import LEAST_COST
from onloop.machine.principal import launcher
from onloop.machine.store_state import Frozen, Unfrozen
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.port import TaskFilter
from onloop.store.rows import IdempotencyRecord, PinnedWorkflow
from support.steps import MINUTE

KEY = "5f1c0b9e8d7a46c2"


def claimed(shop: Shop, key: str = KEY, agent: str = "agent:alfa", by: str = "tests") -> ClaimGranted:
    got = shop.gateway.perform(ClaimTask(launcher(by), agent, "implementer", key=key))
    shop.secrets[got.task.id] = got.secret
    return got


def created(shop: Shop, run: str, title: str = "Fix it", key: str = "k1") -> Task:
    creation, walked = replace(shop.creation(run=run), title=title), shop.definition
    pinned = PinnedWorkflow(walked.digest, walked.name, "workflow: feature", to_text(walked))
    return shop.gateway.perform(CreateRun(LAUNCHER, ((run, creation),), pinned, key=key))


def refused(call: Callable[[], object]) -> OnloopError:
    with pytest.raises(OnloopError) as no:
        call()
    return no.value


def test_a_claim_that_is_asked_again_gives_the_same_lease_and_secret(shop: Shop) -> None:
    shop.begin()
    shop.begin(run="r2")
    once = claimed(shop)
    length = len(shop.log())

    assert claimed(shop) == once
    assert shop.agent(once.secret).epoch == once.task.epoch
    assert len(shop.log()) == length


def test_a_claim_without_a_key_is_another_claim_each_time(shop: Shop) -> None:
    shop.begin()
    shop.begin(run="r2")

    assert claimed(shop, key="").task.id == "r1"
    assert claimed(shop, key="").task.id == "r2"


def test_a_claim_is_not_given_again_once_its_lease_has_ended(shop: Shop) -> None:
    shop.begin()
    claimed(shop)
    shop.later(MINUTE)

    assert refused(lambda: claimed(shop)).exit is Exit.NOT_YOURS
    shop.want()
    assert "has ended" in refused(lambda: claimed(shop)).message


def test_a_claims_key_is_stored_nowhere_and_too_short_a_one_is_refused(shop: Shop) -> None:
    shop.begin()
    secret = claimed(shop).secret

    with shop.store.reading() as at:
        rows = f"{at.select(IdempotencyRecord)}"
    stored = rows + f"{shop.log()}"
    assert "salt" in rows and KEY not in stored and secret not in stored
    assert isinstance(refused(lambda: claimed(shop, key="k" * 15)), BadInput)


def test_what_a_claims_key_opens_is_its_principals_alone(shop: Shop) -> None:
    shop.begin()
    shop.begin(run="r2")
    once = claimed(shop)

    other = claimed(shop, by="somebody-else")
    assert (other.task.id, other.secret == once.secret) == ("r2", False)


def test_a_run_begins_once_though_the_second_try_thought_of_another_id(shop: Shop) -> None:
    once = created(shop, "r1")

    assert created(shop, "r2") == once
    with shop.store.reading() as at:
        assert [task.id for task in at.tasks(TaskFilter())] == ["r1"]


def test_a_freeze_and_its_end_are_recorded_once(shop: Shop) -> None:
    ana = shop.person()
    for _ in range(2):
        shop.gateway.perform(RecordStoreEvent(ana, Frozen("all", ana.id, "look"), key="k1"))
    for _ in range(2):
        shop.gateway.perform(RecordStoreEvent(ana, Unfrozen("all", ana.id), key="k2"))

    assert [event.name for event in shop.log("house")][-2:] == ["Frozen", "Unfrozen"]
    assert [event.key for event in shop.log("house")][-2:] == ["k1", "k2"]


def test_an_enrolment_is_made_once_though_its_salt_is_new_at_each_try(shop: Shop) -> None:
    ana = shop.person("ana")
    for _ in range(2):
        cheap = enrolment("zoe", ("approvers",), "", "long enough", ana.id, CHEAP)
        shop.gateway.perform(
            RecordStoreEvent(ana, replace(cheap, cost=LEAST_COST), key="k1")
        )  # nobody will prove to be zoe

    assert [event.name for event in shop.log("house")].count("PersonEnrolled") == len(shop.people()) == 4 + 1


@pytest.mark.parametrize(
    "again",
    [
        lambda shop: claimed(shop, agent="agent:bravo"),
        lambda shop: created(shop, "r9", title="Another", key="k1"),
        lambda shop: shop.gateway.perform(RecordStoreEvent(shop.person(), Frozen("run:r1", "human:ana", ""), key="k1")),
    ],
    ids=["claim", "create", "freeze"],
)
def test_the_same_key_with_another_body_is_refused_and_changes_nothing(
    shop: Shop, again: Callable[[Shop], object]
) -> None:
    created(shop, "r1")
    claimed(shop)
    shop.gateway.perform(RecordStoreEvent(shop.person(), Frozen("run:none", "human:ana", ""), key="k1"))
    length = len(shop.log())

    no = refused(lambda: again(shop))
    assert isinstance(no, Refused) and not isinstance(no, NotAllowed)
    assert (no.exit, "used for another request" in no.message) == (Exit.USAGE, True)
    assert len(shop.log()) == length


def test_keys_of_two_principals_do_not_meet(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.submit(agent, key="k1")

    assert shop.cancel("r1", key="k1").ended


def test_old_keys_are_forgotten_a_few_at_a_time_and_young_ones_never(shop: Shop) -> None:
    for number in range(6):
        created(shop, f"r{number}", title=f"Task {number}", key=f"k{number}")
    shop.later(RETENTION_MS)
    created(shop, "y0", title="Young 0", key="y0")
    assert kept(shop) == 7

    shop.later(1)
    created(shop, "y1", title="Young 1", key="y1")
    assert kept(shop) == 7 + 1 - FORGOTTEN_AT_ONCE
    created(shop, "y2", title="Young 2", key="y2")
    assert kept(shop) == 3


def kept(shop: Shop) -> int:
    with shop.store.reading() as at:
        return len(at.select(IdempotencyRecord))
