"""Security keys, overrides and what looks wrong, through the gateway: what is recorded, refused and told."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.shop import Shop
from onloop.attention.anomaly_items import anomaly_items
from onloop.errors import BadInput, NotAllowed, OnloopError, Refused, Stale
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine import commands as c
from onloop.machine.anomalies import AnomalyKind, Noticed
from onloop.machine.definition import Assurance, Definition, OverrideRule
from onloop.machine.digest import shown_digest
from onloop.machine.people import PersonRemoved
from onloop.machine.person_keys import KeyEnrolled, KeyRemoved
from onloop.machine.principal import PrincipalKind
from onloop.machine.signed_text import SignedSubject, key_text, signed_text
from onloop.machine.state import State
from onloop.machine.store_state import StoreState
from onloop.machine.task import TestCounts
from onloop.records import replace
from onloop.store.codec import event_from_text
from onloop.views.overview_projector import ReadBoard
from support.scenario import FAIL, NOON, PASS, work
from support.soft_security_key import ECDSA, ED25519, SoftKey
from support.steps import HOUR, defined, develop, gate, human, merge, ship

KEYED = defined(develop(), ship(human(assurance=Assurance.A3), on_reject="develop.implement"), merge())


def lenient(rule: OverrideRule | None = None) -> Definition:
    first = replace(gate(), override=rule or OverrideRule(("leads",)))
    return defined(develop(first, rounds=0), ship(on_reject="develop.implement"), merge())


def house(shop: Shop) -> StoreState:
    with shop.store.reading() as at:
        return at.house()


def enrol(shop: Shop, key: SoftKey, person: str = "human:ana", by: str = "ben", signature: str = "") -> None:
    blob = base64.b64encode(key.blob).decode()
    event = KeyEnrolled(key.id, person, key.kind, blob, f"human:{by}", signature=signature)
    shop.gateway.perform(RecordStoreEvent(shop.person(by), event))


def subject(shop: Shop, name: str = "ana", **other: Any) -> SignedSubject:
    said = shop.approval(name)
    told = SignedSubject(
        "approve", "s1", "r1", "release", said.request, said.digest, shop.task().version, f"human:{name}"
    )
    return replace(told, **other)


def approve(shop: Shop, signature: str, name: str = "ana", **more: Any) -> None:
    command = replace(shop.approval(name), signature=signature, **{"version": shop.task().version, **more})
    shop.gateway.perform(PerformCommand(shop.person(name), "r1", command))


def asked(shop: Shop, definition: Definition = KEYED) -> None:
    shop.begin(definition)
    shop.waiting("r1")


@pytest.mark.parametrize("kind", [ED25519, ECDSA])
def test_touch_and_pin_open_a_gate_that_asks_for_a3_and_the_log_keeps_what_was_proved(shop: Shop, kind: str) -> None:
    key = SoftKey(kind)
    enrol(shop, key)
    asked(shop)

    approve(shop, key.sign(signed_text(subject(shop)), counter=7))

    (said,) = shop.task().decisions
    assert (said.assurance, said.key, said.presence) == (Assurance.A3, key.id, "touch and PIN")
    assert shop.task().step == "ship.merge"
    assert (house(shop).keys[key.id].counter, house(shop).keys[key.id].used) == (7, NOON)


def test_without_a_key_or_with_a_touch_alone_the_gate_stays_closed_and_says_why(shop: Shop) -> None:
    key = SoftKey()
    enrol(shop, key)
    asked(shop)

    with pytest.raises(NotAllowed, match="needs assurance A3, but you proved A1: no security key signed it"):
        shop.approve()
    with pytest.raises(NotAllowed, match="but you proved A1: the key says touch, no PIN"):
        approve(shop, key.sign(signed_text(subject(shop)), flags=0x01))
    assert shop.task().decisions == ()


def test_a_touch_alone_is_recorded_as_no_more_than_the_passphrase_proved(shop: Shop) -> None:
    key = SoftKey()
    enrol(shop, key)
    asked(shop, shop.definition)

    approve(shop, key.sign(signed_text(subject(shop)), flags=0x01))

    assert (shop.task().decisions[0].assurance, shop.task().decisions[0].presence) == (Assurance.A1, "touch, no PIN")


@pytest.mark.parametrize(
    "other",
    [
        {"digest": "e" * 64},
        {"task": "r2"},
        {"gate": "other"},
        {"store": "s2"},
        {"verb": "override"},
        {"person": "human:ben"},
        {"version": 3},
    ],
    ids=str,
)
def test_a_signature_over_anything_else_is_refused(shop: Shop, other: dict[str, Any]) -> None:
    key = SoftKey()
    enrol(shop, key)
    asked(shop)

    with pytest.raises(NotAllowed, match="not over this decision"):
        approve(shop, key.sign(signed_text(subject(shop, **other))))
    assert shop.task().decisions == ()


def test_a_signature_is_spent_once_whatever_the_key_counts(shop: Shop) -> None:
    key = SoftKey()
    enrol(shop, key)
    two = human(quorum=2, assurance=Assurance.A3)
    asked(shop, defined(develop(), ship(two, on_reject="develop.implement"), merge()))
    signature, version = key.sign(signed_text(subject(shop)), counter=0), shop.task().version
    approve(shop, signature)

    with pytest.raises(OnloopError) as no:
        approve(shop, signature, version=version)

    assert isinstance(no.value, Refused | Stale)
    assert len(shop.task().decisions) == 1


def test_a_counter_that_went_back_is_refused_across_tasks(shop: Shop) -> None:
    key = SoftKey()
    enrol(shop, key)
    asked(shop)
    approve(shop, key.sign(signed_text(subject(shop)), counter=9))
    shop.begin(KEYED, run="r2")
    shop.waiting("r2")
    said = shop.approval("ana", "r2")
    version = shop.task("r2").version
    about = SignedSubject("approve", "s1", "r2", "release", said.request, said.digest, version, "human:ana")
    copied = key.sign(signed_text(about), counter=9)

    with pytest.raises(NotAllowed, match="has counted to 9 before, and this signature says 9"):
        shop.gateway.perform(PerformCommand(shop.person(), "r2", replace(said, signature=copied, version=version)))


def test_a_key_of_a_removed_person_and_a_removed_key_prove_nothing(shop: Shop) -> None:
    key = SoftKey()
    enrol(shop, key)
    asked(shop)
    signature = key.sign(signed_text(subject(shop)))
    shop.gateway.perform(RecordStoreEvent(shop.person("ben"), KeyRemoved(key.id, "human:ben", "lost")))

    with pytest.raises(NotAllowed, match="is no key of human:ana"):
        approve(shop, signature)
    enrol(shop, SoftKey(seed=3), "human:dan")
    shop.gateway.perform(RecordStoreEvent(shop.person("ana"), PersonRemoved("dan", "human:ana", "left")))
    assert house(shop).keys == {}


def test_what_is_no_signature_is_refused_in_words(shop: Shop) -> None:
    enrol(shop, SoftKey())
    asked(shop)

    with pytest.raises(BadInput, match="is not a signature of ssh-keygen"):
        approve(shop, "yes, I promise")
    with pytest.raises(BadInput, match="names the version"):
        approve(shop, SoftKey().sign(b"x"), version=None)


def test_nobody_enrols_a_key_of_their_own_where_another_approver_could(shop: Shop) -> None:
    with pytest.raises(NotAllowed, match="cannot enrol a key of their own"):
        enrol(shop, SoftKey(), "human:ana", by="ana")
    with pytest.raises(NotAllowed, match="is not an approver"):
        enrol(shop, SoftKey(), "human:ana", by="dan")
    with pytest.raises(NotAllowed, match="is not an approver"):
        enrol(shop, SoftKey(), "human:dan", by="dan")


def test_the_only_approver_enrols_their_first_key_and_that_one_vouches_for_the_next(shop: Shop) -> None:
    shop.gateway.perform(RecordStoreEvent(shop.person("ana"), PersonRemoved("ben", "human:ana", "left")))
    first, second = SoftKey(), SoftKey(seed=2)
    enrol(shop, first, by="ana")

    with pytest.raises(NotAllowed, match="has a key already, which must sign"):
        enrol(shop, second, by="ana")
    touched = first.sign(key_text("s1", "human:ana", second.id), flags=0x01)
    with pytest.raises(NotAllowed, match="the key that vouches says touch, no PIN"):
        enrol(shop, second, by="ana", signature=touched)
    with pytest.raises(NotAllowed, match="not over this decision"):
        enrol(shop, second, by="ana", signature=first.sign(key_text("s1", "human:ana", "SHA256:other")))
    enrol(shop, second, by="ana", signature=first.sign(key_text("s1", "human:ana", second.id)))

    assert house(shop).keys[second.id].enrolled.vouched == first.id
    assert house(shop).keys[first.id].counter == first.counter


def test_what_is_said_of_a_key_is_not_believed(shop: Shop) -> None:
    key, other = SoftKey(), SoftKey(seed=2)
    blob = base64.b64encode(key.blob).decode()
    lie = KeyEnrolled(other.id, "human:ana", ECDSA, blob, "human:ben", vouched=other.id, counter=99)

    shop.gateway.perform(RecordStoreEvent(shop.person("ben"), lie))

    made = house(shop).keys[key.id].enrolled
    assert (made.kind, made.vouched, house(shop).keys[key.id].counter) == (ED25519, "", 0)
    with pytest.raises(BadInput, match="is enrolled already"):
        enrol(shop, key, "human:cleo")


def overridden(shop: Shop, name: str = "cleo", run: str = "r1", **more: Any) -> None:
    task, request = shop.task(run), shop.asked(run)
    command = c.Override(request.id, "tests", shown_digest(task, request), shop.voice(name), "known to be broken")
    shop.gateway.perform(PerformCommand(shop.person(name), run, replace(command, **more)))


def failed(shop: Shop, run: str = "r1") -> None:
    shop.begin(lenient(), run=run)
    shop.submit(shop.claim(run))
    shop.report(run, verdict=FAIL)


def test_an_override_goes_on_and_the_store_holds_together(shop: Shop) -> None:
    failed(shop)

    overridden(shop)

    assert (shop.task().state, shop.task().step) == (State.INPUT_REQUIRED, "ship.release")
    shop.check()


@pytest.mark.parametrize("who", ["agent", "nobody", "ana"])
def test_no_agent_and_nobody_whom_the_workflow_does_not_name_overrides(shop: Shop, who: str) -> None:
    failed(shop)
    task, request = shop.task(), shop.asked()
    command = c.Override(request.id, "tests", shown_digest(task, request), shop.voice("cleo"), "because")
    agent = replace(shop.person("cleo"), kind=PrincipalKind.AGENT)
    asker = {"ana": shop.person("ana"), "nobody": replace(agent, kind=PrincipalKind.NOBODY), "agent": agent}[who]

    with pytest.raises(NotAllowed):
        shop.gateway.perform(PerformCommand(asker, "r1", command))
    assert shop.task().bypasses == ()


def test_an_override_is_signed_by_a_key_over_its_own_verb(shop: Shop) -> None:
    key = SoftKey()
    enrol(shop, key, "human:cleo")
    shop.begin(lenient(OverrideRule(("leads",), assurance=Assurance.A3)))
    shop.submit(shop.claim("r1"))
    shop.report(verdict=FAIL)
    task, request = shop.task(), shop.asked()
    told = SignedSubject(
        "override", "s1", "r1", "tests", request.id, shown_digest(task, request), task.version, "human:cleo"
    )

    with pytest.raises(NotAllowed, match="no security key signed it"):
        overridden(shop)
    overridden(shop, signature=key.sign(signed_text(told)), version=task.version)

    assert (shop.task().bypasses[0].assurance, shop.task().bypasses[0].key) == (Assurance.A3, key.id)


def told(shop: Shop) -> list[Noticed]:
    with shop.store.reading() as at:
        found = (event_from_text(each.name, each.data) for each in at.log(task="house", limit=10_000))
        return [fact for fact in found if isinstance(fact, Noticed)]


def test_a_bypass_is_an_item_of_its_own_with_the_event_that_shows_it(shop: Shop) -> None:
    failed(shop)
    overridden(shop)

    (found,) = told(shop)
    (row,) = [group for group in shop.gateway.perform(ReadBoard(NOON)).shown if group.reason.value == "anomaly"]

    assert (found.kind, found.about, found.task) == (AnomalyKind.BYPASS, "human:cleo", "r1")
    assert "BYPASSED" in row.headline
    with shop.store.reading() as at:
        (name,) = found.events
        event = next(each for each in at.log(limit=10_000) if name == f"{each.task}#{each.version}")
    assert (event.name, event.task) == ("Overridden", "r1")


def test_three_bypasses_of_one_person_within_an_hour_are_a_burst(shop: Shop) -> None:
    for run in ("r1", "r2", "r3"):
        failed(shop, run)
        shop.later(1_000)
        overridden(shop, run=run)

    kinds = [found.kind for found in told(shop)]
    assert kinds.count(AnomalyKind.BYPASS_BURST) == 1
    assert len(next(f for f in told(shop) if f.kind is AnomalyKind.BYPASS_BURST).events) == 3


def test_bypasses_hours_apart_are_no_burst(shop: Shop) -> None:
    for run in ("r1", "r2", "r3"):
        failed(shop, run)
        overridden(shop, run=run)
        shop.later(HOUR)

    assert AnomalyKind.BYPASS_BURST not in {found.kind for found in told(shop)}


def shipped(shop: Shop, run: str, waited: int, change: str) -> None:
    shop.begin(run=run)
    shop.submit(shop.claim(run), replace(work(), change=change))
    shop.report(run)
    shop.later(waited)
    shop.approve(task_id=run)


def test_three_different_changes_approved_within_seconds_of_being_asked_look_wrong(shop: Shop) -> None:
    for n in range(3):
        shipped(shop, f"r{n}", 1_000, f"{n}" * 64)

    (found,) = told(shop)
    assert (found.kind, found.about, len(found.events)) == (AnomalyKind.HASTY, "human:ana", 3)


@pytest.mark.parametrize(("waited", "change"), [(60_000, "{n}"), (1_000, "same")])
def test_changes_that_were_looked_at_or_are_all_the_same_do_not(shop: Shop, waited: int, change: str) -> None:
    for n in range(4):
        shipped(shop, f"r{n}", waited, change.format(n=n))

    assert told(shop) == []


def test_a_great_many_approvals_in_an_hour_look_wrong(shop: Shop) -> None:
    for n in range(40):
        shipped(shop, f"r{n}", 10_000, f"{n}")

    assert [found.kind for found in told(shop)] == [AnomalyKind.MANY_APPROVALS]


def test_whose_address_the_commits_carry_and_who_approves_them_is_told(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim("r1"), work(authors=("ANA@example.org",)))
    shop.report()
    shop.later(60_000)
    shop.approve()

    assert [(found.kind, found.about) for found in told(shop)] == [(AnomalyKind.SELF_DEALING, "human:ana")]


def test_a_gate_that_failed_and_passes_on_the_same_work_is_told(shop: Shop) -> None:
    failed(shop)
    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Retry(shop.voice(), "again")))
    agent = shop.claim("r1")
    shop.submit(agent, replace(work(), statement="the same", artefacts=(), at=5, head="c" * 40))
    shop.report(verdict=PASS)

    assert [found.kind for found in told(shop)] == [AnomalyKind.FLIPPED]
    assert len(told(shop)[0].events) == 2


def test_a_gate_that_passes_on_other_work_is_not(shop: Shop) -> None:
    failed(shop)
    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Retry(shop.voice(), "again")))
    shop.submit(shop.claim("r1"), work("c" * 40))
    shop.report(verdict=PASS)

    assert told(shop) == []


@pytest.mark.parametrize(("ran", "kinds"), [(11, [AnomalyKind.FEWER_TESTS]), (12, []), (13, [])])
def test_a_gate_that_passes_with_fewer_tests_than_failed_is_told(shop: Shop, ran: int, kinds: list[Any]) -> None:
    shop.begin(lenient())
    agent = shop.claim("r1")
    shop.submit(agent)
    shop.report(verdict=FAIL, tests=TestCounts(12, 0, 1))
    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Retry(shop.voice(), "again")))
    shop.submit(shop.claim("r1"), work("c" * 40))
    shop.report(verdict=PASS, tests=TestCounts(ran, 0))

    assert [found.kind for found in told(shop)] == kinds


def test_a_key_that_is_minutes_old_is_told_where_it_decides(shop: Shop) -> None:
    key = SoftKey()
    enrol(shop, key)
    asked(shop)
    shop.later(60_000)
    approve(shop, key.sign(signed_text(subject(shop))))

    assert [found.kind for found in told(shop)] == [AnomalyKind.NEW_AUTHORITY]


def test_a_key_that_was_enrolled_long_ago_is_not(shop: Shop) -> None:
    key = SoftKey()
    enrol(shop, key)
    shop.later(HOUR)
    asked(shop)
    shop.later(60_000)
    approve(shop, key.sign(signed_text(subject(shop))))

    assert told(shop) == []


def test_what_looked_wrong_is_forgotten_by_the_board_after_a_week(shop: Shop) -> None:
    failed(shop)
    overridden(shop)

    assert len(anomaly_items(house(shop).anomalies, NOON)) == 1
    assert anomaly_items(house(shop).anomalies, NOON + 8 * 24 * HOUR) == ()
