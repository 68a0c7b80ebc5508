"""What the machines are at: workers tell what their slots do, and people have them drain, or let them go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onloop.agents.worker_presence import WorkerPresence
from onloop.errors import NotAllowed
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.gateway.worker_operations import GONE_MS, SAID_MS, TellWorker
from onloop.identity.resolution import this_process
from onloop.machine.drains import DrainAsked
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.worker_slots import SlotsTold, SlotWork
from onloop.views.queries.worker_reads import SILENT_MS, ReadMachines, WorkerNow, turned_workers
from support.far_machines import Far
from support.tui_scenes import NOON, Scene, busy
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, World

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"


def _machines(world: World) -> Any:
    return world.onloop("workers", "--json").json


def _begun(path: Path) -> int:
    return len(path.read_text().split()) if path.exists() else 0


def test_a_worker_tells_what_its_slots_are_at_and_drains_when_a_person_asks(world: World) -> None:
    world.init()
    run = world.fleet(*(world.origin(f"repo{number}") for number in range(3)))
    begun, go = world.folder / "begun", world.folder / "go"
    script = f"echo $$ >> {begun}; while [ ! -e {go} ]; do sleep 0.05; done; {GOOD}"
    told = ("work", "--role", "implementer", "--jobs", "2", "--name", "crew", "--", *world.agent(script))

    assert _machines(world)["workers"] == []
    with world.running(*told) as worker:
        wait_for(lambda: _begun(begun) == 2, world.logs)
        wait_for(lambda: len(_machines(world)["workers"][0]["at_work"]) == 2, world.logs)
        (crew,) = _machines(world)["workers"]
        assert (crew["name"], crew["slots"], crew["idle"], crew["drain_by"]) == ("crew", 2, 0, None)
        assert {slot["task"] for slot in crew["at_work"]} <= {f"{run}.{number}" for number in (1, 2, 3)}
        assert {slot["step"] for slot in crew["at_work"]} == {"develop.write"}
        assert "crew  2 of 2 slots at work, for implementer on" in world.onloop("workers").out

        assert world.onloop("workers", "drain", "crew").code != 0, "nobody in particular may not ask"
        wrong = world.onloop("workers", "drain", "cerw", "--as", "ana", passphrase=PASSPHRASE)
        assert "there is no worker 'cerw'" in wrong.err and "did you mean crew?" in wrong.err
        asked = world.onloop("workers", "drain", "crew", "--as", "ana", passphrase=PASSPHRASE)
        assert "crew" in asked.out and "claims nothing more" in asked.out
        again = world.onloop("workers", "drain", "crew", "--as", "ana", passphrase=PASSPHRASE)
        assert "human:ana has asked" in again.err
        assert "drains (human:ana asked)" in world.onloop("workers").out

        back = world.onloop("workers", "go-on", crew["worker"], "--as", "ana", passphrase=PASSPHRASE)
        assert back.code == 0, back.err
        assert _machines(world)["workers"][0]["drain_by"] is None
        world.onloop("workers", "drain", "crew", "--as", "ana", "--json", passphrase=PASSPHRASE)
        go.touch()
        said = worker.communicate(timeout=DEADLINE_S)[1]

    assert worker.returncode == 0
    assert "human:ana asks this worker to drain" in said and "drained: no agent is at work any more" in said
    assert _machines(world)["workers"] == [], "who has ended is not listed"
    names = [event["name"] for event in world.onloop("log", "house", "--json").json["events"]]
    assert [name for name in names if name.startswith("Drain")] == ["DrainAsked", "DrainLifted", "DrainAsked"]


def test_a_worker_at_another_machine_is_listed_and_drains_over_its_url(far: Far) -> None:
    worker = far.machine.work(far.gateway.let_in(), GOOD, "--name", "farm-1")
    wait_for(lambda: [each["name"] for each in _machines(far.world)["workers"]] == ["farm-1"], lambda: far.machine.said)
    (known,) = _machines(far.world)["workers"]
    assert (known["launcher"], known["idle"], known["at_work"]) == ("launcher:farm", 1, [])

    far.world.onloop("workers", "drain", "farm-1", "--as", "ana", passphrase=PASSPHRASE)

    assert worker.wait(DEADLINE_S) == 0
    assert "human:ana asks this worker to drain" in far.machine.said
    assert _machines(far.world)["workers"] == []


def _tell(scene: Scene, *told: SlotWork, worker: str = "a@h:1", gone: bool = False) -> str:
    who = this_process("work")
    return scene.gateway.perform(TellWorker(who, worker, "a", "h", "implementer", 2, SlotsTold(told), gone))


def test_nothing_is_written_while_nothing_has_changed_and_who_was_killed_is_silent_and_then_forgotten() -> None:
    scene = Scene()
    _tell(scene)
    stamp = scene.store.stamp()
    _tell(scene)
    assert scene.store.stamp() == stamp
    scene.clock.later(SAID_MS)
    _tell(scene)
    assert scene.store.stamp() != stamp

    scene.clock.later(SILENT_MS)
    (known,) = scene.gateway.perform(ReadMachines(scene.clock())).workers
    assert known.is_silent(scene.clock()) and "it may be gone" in known.words(scene.clock())
    scene.clock.later(GONE_MS)
    _tell(scene, worker="b@h:2")
    assert [each.id for each in scene.gateway.perform(ReadMachines(scene.clock())).workers] == ["b@h:2"]


def _presence(begun: int, name: str = "crew", host: str = "box") -> WorkerPresence:
    return WorkerPresence(name, host, "", 1, "work", begun, lambda: None, lambda _: None)  # type: ignore[arg-type, return-value]


def test_a_worker_in_the_place_of_one_that_was_drained_is_another_one() -> None:
    scene = busy()
    drained, next_one = _presence(NOON).id, _presence(NOON + 1000).id
    _tell(scene, worker=drained)
    scene.gateway.perform(RecordStoreEvent(scene.person(), DrainAsked(drained, "human:ana")))
    assert _tell(scene, worker=drained) == "human:ana"
    _tell(scene, worker=drained, gone=True)

    assert _tell(scene, worker=next_one) == "", "same name, same host, and in a container the same process"
    assert len(_presence(NOON, "n" * 300, "h" * 300).id) <= 200


def test_of_several_workers_that_are_meant_those_are_turned_that_do_not_stand_so_yet() -> None:
    workers = [WorkerNow(f"crew@{host}:1", "crew", "l", host, "", 1, (), 0, 0, by) for host, by in HOSTS]

    def turned(*names: str, is_drain: bool) -> list[str]:
        return [each.host for each in turned_workers(workers, names, is_drain=is_drain)]

    assert turned("crew", is_drain=True) == ["a", "c"]
    assert turned("crew", is_drain=False) == ["b"]
    assert turned("crew@a:1", "crew", "crew@a:1", is_drain=True) == ["a", "c"]
    assert turned("crew@b:1", is_drain=True) == ["b"], "it is refused, and says who asked"


HOSTS = (("a", ""), ("b", "human:ana"), ("c", ""))


def test_only_a_launcher_tells_of_workers_and_of_no_workers_of_another() -> None:
    scene = Scene()
    _tell(scene)
    agent = Principal(PrincipalKind.AGENT, "x", "r1.1", 1, "s")
    with pytest.raises(NotAllowed, match="is no launcher"):
        scene.gateway.perform(TellWorker(agent, "a@h:1", "a", "h"))
    with pytest.raises(NotAllowed, match="is a worker of launcher:work"):
        scene.gateway.perform(TellWorker(this_process("ci"), "a@h:1", "a", "h"))
