"""Log → model: what is new is folded in, and a store that goes away is said and comes back by itself."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from onloop.access.opening import create_home, open_home
from onloop.home import Home
from onloop.machine.state import State
from onloop_tui.app_messages import SheetClosed, StoreNews
from onloop_tui.feed import Feed, News, StoreLost, StoreUpdate, StoreWatch
from onloop_tui.frame import FRAME_S, pause_s
from onloop_tui.store_access import access_of
from support.new_home import make_home
from support.tui_scenes import CHEAP, MINUTE, Clock, Scene


def _seen(news: News | None) -> StoreUpdate:
    assert isinstance(news, StoreUpdate), news
    return news


def _lost(news: News | None) -> StoreLost:
    assert isinstance(news, StoreLost), news
    return news


def test_the_first_look_reads_everything() -> None:
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet(["cart", "flags"])

    seen = _seen(StoreWatch(scene.place, scene.clock).look())

    assert {*tasks} < set(seen.snapshot.tasks)
    assert [*seen.snapshot.house.people] == ["ana"]


def test_nothing_new_is_no_news_but_the_data_is_young() -> None:
    scene = Scene()
    scene.fleet(["cart"])
    watch = StoreWatch(scene.place, scene.clock)
    watch.look()
    scene.clock.later(MINUTE)

    assert watch.look() is None
    assert watch.looked_at == scene.clock()


def test_news_are_folded_into_the_snapshot_and_the_old_one_stays_as_it_was() -> None:
    scene = Scene()
    first, second = scene.fleet(["cart", "flags"])
    watch = StoreWatch(scene.place, scene.clock)
    before = _seen(watch.look()).snapshot
    scene.claim(first)

    after = _seen(watch.look()).snapshot

    assert before.tasks[first].state is State.SUBMITTED
    assert after.tasks[first].state is State.WORKING
    assert after.tasks[second] is before.tasks[second]
    assert [*after.tasks] == [*before.tasks]


def test_everything_that_waits_for_a_person_is_counted_once() -> None:
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet([f"repo{i}" for i in range(9)])
    for i, task in enumerate(tasks[:5]):
        scene.fails(task, "TypeError: same" if i < 3 else f"OSError: other {'abc'[i - 3]}")
    scene.wants_approval(tasks[5])
    scene.asks(tasks[6], "Which?")

    snapshot = _seen(StoreWatch(scene.place, scene.clock).look()).snapshot.at(scene.clock())
    counts = snapshot.board.counts

    assert (counts.needs_you, counts.blocked, counts.causes, snapshot.overview.ready) == (7, 5, 3, 2)
    assert sum(len(group.members) for group in snapshot.groups) == counts.needs_you


def _home(folder: Path) -> Home:
    home = Home(folder / "store")
    _make(home)
    return home


def _make(home: Home) -> None:
    make_home(home)


def test_a_store_that_vanished_is_said_once_and_found_again(tmp_path: Path) -> None:
    home, clock = _home(tmp_path), Clock()
    watch = StoreWatch(access_of(home), clock)
    _seen(watch.look())
    away = tmp_path / "away"
    home.store.rename(away)
    clock.later(MINUTE)

    lost = _lost(watch.look())
    clock.later(MINUTE)
    assert watch.look() is None
    assert lost.since == clock() - MINUTE
    assert "there is no store" in lost.words
    assert watch.looked_at < clock() - MINUTE

    away.rename(home.store)
    assert _seen(watch.look()).snapshot.house.people
    assert watch.look() is None
    home.store.rename(away)
    assert _lost(watch.look()).since == clock()
    watch.close()


def test_another_store_in_the_place_of_the_first_is_read_from_its_beginning(tmp_path: Path) -> None:
    home = _home(tmp_path)
    watch = StoreWatch(access_of(home), Clock())
    _seen(watch.look())
    home.store.rename(tmp_path / "old")
    create_home(
        home,
        store_id="t",
        person="ben",
        groups=("approvers",),
        passphrase="long enough",
        email="",
        scripted=False,
        cost=CHEAP,
    )

    assert [*_seen(watch.look()).snapshot.house.people] == ["ben"]
    watch.close()
    shutil.rmtree(tmp_path / "old")


def test_rubbish_in_the_place_of_the_store_is_news_and_no_crash(tmp_path: Path) -> None:
    home = _home(tmp_path)
    watch = StoreWatch(access_of(home), Clock())
    _seen(watch.look())
    shutil.rmtree(home.store)
    home.store.mkdir(mode=0o700)
    (home.store / "onloop.db").write_bytes(b"not a database, not at all" * 100)

    assert _lost(watch.look()).words
    watch.close()


def test_another_process_writing_is_seen(tmp_path: Path) -> None:
    home = _home(tmp_path)
    watch = StoreWatch(access_of(home), Clock())
    _seen(watch.look())
    opened = open_home(home)
    other = Scene(store=opened.gateway.store)
    (task,) = other.fleet(["cart"])
    opened.close()

    assert task in _seen(watch.look()).snapshot.tasks
    watch.close()


def test_the_feed_posts_until_it_is_stopped() -> None:
    scene = Scene()
    posted: list[News] = []
    came = threading.Event()

    def post(news: News) -> None:
        posted.append(news)
        came.set()

    feed = Feed(scene.place, scene.clock, post)
    thread = threading.Thread(target=feed.run)
    thread.start()
    assert came.wait(10)
    came.clear()
    scene.fleet(["cart"])
    assert came.wait(10)
    feed.stop()
    thread.join(10)

    assert not thread.is_alive()
    assert isinstance(posted[-1], StoreUpdate)


def test_looking_takes_at_most_a_third_of_a_core() -> None:
    assert pause_s(0.0) == FRAME_S
    assert pause_s(0.3) == 0.6


def test_of_news_that_wait_only_the_last_is_shown() -> None:
    news = StoreNews(StoreLost(0, "gone"))

    assert news.can_replace(StoreNews(StoreLost(1, "gone")))
    assert not news.can_replace(SheetClosed())
