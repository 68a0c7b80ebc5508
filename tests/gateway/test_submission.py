"""Submitting from a real clone: the commit is fetched, artefacts are stored by digest, and the gates are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.place import SEED, Place, git, placed
from gateway.shop import Shop
from onloop.access.submission import LONGEST_STATEMENT, submit, task_of, wait_for_gates
from onloop.agents.workplace import prepare_workplace
from onloop.errors import BadInput, Exit, NotAllowed, Refused, UnknownThing
from onloop.gates.environment import Environment
from onloop.gates.intake.manifest import LARGEST_ARTEFACT, MOST_ARTEFACTS
from onloop.gates.repository.folders import remove_tree
from onloop.gateway.command_operations import PerformCommand
from onloop.home import apart_from
from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.state import Reason
from onloop.machine.task import Artefact, Task, Verdict
from onloop.records import replace
from onloop.store.sqlite.database import SqliteStore
from onloop.views.dossier import dossier_of
from support.scenario import FAIL, PASS
from support.steps import MINUTE, defined, develop, gate, human, merge, notes, ship, version


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as made:
        yield made


def test_a_clone_that_another_user_made_is_handed_in_to_a_gateway_that_has_no_mirror_yet(place: Place) -> None:
    head, mirror = place.commit(), place.opened.home.mirror(str(place.origin))
    remove_tree(mirror.path)

    now = place.submit().submission

    assert now is not None and now.head == head == git(mirror.path, "rev-parse", head)


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o027])
def test_where_the_store_is_anothers_agents_work_in_folders_that_are_their_users_alone_whatever_the_umask(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    home, task = apart_from(place.opened.home, "5f00d"), replace(place.shop.task(), id="r9")
    before = os.umask(umask)
    try:
        clone = prepare_workplace(home, task, "alfa")
    finally:
        os.umask(before)
    own = tmp_path / "theirs" / "onloop" / "stores" / "5f00d"

    made = (own, clone, home.out("r9"), home.logs, home.environments, home.handed_over, home.mirrors)
    assert {path.stat().st_mode & 0o7777 for path in made} == {0o700}
    assert {path.parent for path in (home.logs, home.mirrors, home.environments, home.handed_over)} == {own}


def test_a_link_in_the_place_of_a_folder_in_which_agents_work_is_refused(place: Place, tmp_path: Path) -> None:
    home = place.opened.home
    (tmp_path / "elsewhere").mkdir()
    home.logs.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(NotAllowed, match="is not a folder of yours"):
        prepare_workplace(home, place.shop.task(), "alfa")


@pytest.mark.parametrize("told", ["../../etc", "a" * 65, "", "a/b", "é", "\udcff"])
def test_a_store_id_of_an_odd_form_leads_nowhere_else(place: Place, told: str) -> None:
    own = apart_from(place.opened.home, told).own

    assert own is not None and own.parent.name == "stores" and own.name.isalnum() and len(own.name) == 16


def test_a_submission_is_the_head_of_the_clone_with_tree_base_and_authors(place: Place) -> None:
    base, head = git(place.origin, "rev-parse", "HEAD"), place.commit()
    task = place.submit("two is better")
    now = task.submission

    assert now is not None
    assert (now.head, now.base, now.tree) == (head, base, git(place.clone, "rev-parse", "HEAD^{tree}"))
    assert (now.authors, now.statement, now.at) == (
        ("alfa@agents.onloop.invalid",),
        "two is better",
        place.shop.clock(),
    )
    assert (task.reason, task.awaited) == (Reason.GATES_RUNNING, ("tests",))


def test_the_gateway_has_the_commit_even_if_the_clone_is_gone(place: Place) -> None:
    head = place.commit()
    place.submit()
    place.shop.report()
    place.clone.rename(place.clone.with_name("gone"))
    mirror = place.opened.home.mirror

    task = place.shop.task()
    with place.shop.store.reading() as at:
        shown = dossier_of(at, task, place.opened.changes(task))
    assert mirror(str(place.origin)).read_file(head, "app.py", 100) == b"print(2)\n"
    assert [(file.path, shown.trouble) for file in shown.files] == [("app.py", "")]
    assert "+print(2)" in shown.diff


def test_the_base_is_where_the_work_left_the_target_as_it_is_now(place: Place) -> None:
    base = git(place.origin, "rev-parse", "HEAD")
    place.commit()
    (place.origin / "other.py").write_text("x = 1\n")
    git(place.origin, "add", "--all")
    git(place.origin, *SEED, "commit", "--quiet", "--message", "meanwhile")
    now = place.submit().submission

    assert now is not None and now.base == base


def test_what_is_changed_and_not_committed_is_named_and_not_submitted(place: Place) -> None:
    head = place.commit()
    (place.clone / "app.py").write_text("print(3)\n")
    (place.clone / "untracked.py").write_text("")
    task, manifest = submit(place.opened, place.agent, "done")

    assert task.submission is not None and task.submission.head == head
    assert manifest.left == ("app.py",)


@pytest.mark.parametrize("empty", [False, True])
def test_a_commit_that_changes_nothing_is_refused_where_a_change_is_to_be_merged(place: Place, empty: bool) -> None:
    git(place.clone, "reset", "--quiet", "--hard", "origin/main")
    if empty:
        git(place.clone, "commit", "--quiet", "--allow-empty", "--message", "nothing")
    (place.clone / "app.py").write_text("print(3)\n")
    place.hand_over("notes.md")
    before = place.shop.log()

    with pytest.raises(Refused, match=r"is the same as main; changed but not committed.*: app.py") as refused:
        place.submit()
    assert (refused.value.exit, refused.value.hint) == (Exit.REDO, "commit your work with git, then: onloop submit")
    assert git(place.clone, "rev-parse", "HEAD")[:12] in refused.value.message
    with place.shop.store.reading() as at:
        assert at.blob(sha256(b"notes").hexdigest()) is None
    assert place.shop.log() == before


@pytest.mark.parametrize(
    ("definition", "owed"),
    [
        (defined(develop(version()), merge()), True),
        (defined(develop(notes(), gate()), merge()), True),
        (defined(develop(human()), ship(), merge()), True),
        (defined(develop(notes()), ship(), merge()), False),
        (defined(develop(), ship()), False),
    ],
)
def test_only_a_step_whose_work_an_effect_carries_out_owes_a_change(
    place: Place, definition: Definition, owed: bool
) -> None:
    definition = replace(definition, digest="e" * 64)
    place.shop.begin(definition, run="r2", origin=str(place.origin))
    home = place.opened.home
    Environment(home.environment("r2")).prepare(home.mirror(str(place.origin)), "main", "r2", "alfa")
    agent = place.shop.claim("r2")

    if owed:
        with pytest.raises(Refused, match="nothing was changed"):
            submit(place.opened, agent, "done")
    else:
        assert submit(place.opened, agent, "done")[0].submission is not None


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2J", "a\u202eb", "\udcff", "\u200b"])
def test_a_name_that_cannot_be_shown_as_it_is_is_no_artefacts(place: Place, name: str) -> None:
    try:
        place.hand_over(name)
    except OSError:
        pytest.skip("this file system takes no such name")

    with pytest.raises(BadInput, match="cannot be the name of an artefact") as refused:
        place.submit()
    assert name not in refused.value.message
    refused.value.message.encode()


def test_a_name_in_another_script_is_an_artefacts(place: Place) -> None:
    place.hand_over("übersicht 日本.md")

    assert [artefact.name for artefact in place.artefacts()] == ["übersicht 日本.md"]


def test_artefacts_are_stored_by_digest_in_order_of_their_names(place: Place) -> None:
    place.hand_over("notes.md", b"# Notes\n")
    place.hand_over("a.bin", b"\x00\xff")

    digests = [sha256(content).hexdigest() for content in (b"\x00\xff", b"# Notes\n")]
    assert place.artefacts() == (Artefact("a.bin", digests[0], 2), Artefact("notes.md", digests[1], 8))
    with place.shop.store.reading() as at:
        assert [at.blob(digest) for digest in digests] == [b"\x00\xff", b"# Notes\n"]


def test_only_regular_files_are_artefacts(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    place.hand_over("notes.md")
    (place.out / "link.md").symlink_to(secret)
    (place.out / "dangling.md").symlink_to(tmp_path / "nothing")
    (place.out / "folder").mkdir()
    os.mkfifo(place.out / "pipe")

    assert [artefact.name for artefact in place.artefacts()] == ["notes.md"]
    assert b"hunter2" not in b"".join(path.read_bytes() for path in place.opened.home.store.glob("onloop.db*"))


def test_an_artefact_may_be_as_large_as_the_limit_and_no_larger(place: Place) -> None:
    place.hand_over("big", b"x" * LARGEST_ARTEFACT)
    assert [artefact.size for artefact in place.artefacts()] == [LARGEST_ARTEFACT]

    place.hand_over("big", b"x" * (LARGEST_ARTEFACT + 1))
    with pytest.raises(BadInput, match="is larger than 4194304 bytes"):
        place.submit()


def test_too_many_artefacts_are_refused_before_any_is_stored(place: Place) -> None:
    for number in range(MOST_ARTEFACTS + 1):
        place.hand_over(f"n{number}", b"x")

    with pytest.raises(BadInput, match="has 51 files"):
        place.submit()
    assert place.shop.task().submission is None
    (place.out / "n0").unlink()
    assert len(place.artefacts()) == MOST_ARTEFACTS


def test_a_folder_for_artefacts_that_is_not_there_holds_none(place: Place) -> None:
    place.out.rmdir()

    assert place.artefacts() == ()


def test_a_long_statement_is_cut(place: Place) -> None:
    task = place.submit("x" * 10_000)

    assert task.submission is not None and len(task.submission.statement) == LONGEST_STATEMENT


def test_whoever_holds_no_lease_submits_nothing_and_nothing_is_fetched(place: Place) -> None:
    place.shop.gateway.perform(
        PerformCommand(place.agent, "r1", c.Release(place.agent.id, place.agent.epoch, c.ReleaseCause.STOPPED))
    )
    head, before = place.commit(), place.shop.log()

    with pytest.raises(NotAllowed, match="held by nobody"):
        place.submit()
    assert place.shop.log() == before
    with pytest.raises(UnknownThing, match="is not in the mirror"):
        place.opened.home.mirror(str(place.origin)).tree(head)


def test_a_task_without_a_repository_has_nothing_to_submit(place: Place) -> None:
    place.shop.begin(run="r2", origin=None, repo=None)
    agent = place.shop.claim("r2")

    with pytest.raises(BadInput, match="r2 has no repository"):
        submit(place.opened, agent, "done")
    with pytest.raises(UnknownThing, match="no task 'r9'"):
        task_of(place.opened, "r9")


def test_the_same_key_submits_once_however_much_later_it_is_sent_again(place: Place) -> None:
    place.commit()
    once = place.submit(key="k1")
    place.shop.later(2000)

    assert place.submit(key="k1") == once
    place.commit(content="print(4)\n")
    with pytest.raises(Refused, match="was used for another request") as refused:
        place.submit(key="k1")
    assert refused.value.exit is Exit.USAGE


def wait(place: Place, *, timeout_s: float, meanwhile: dict[int, Verdict]) -> tuple[Task, int]:
    """Wait for the gates with a pause in which a second passes and, at the n-th, a verdict comes; beats are counted."""
    pauses, beats = iter(range(1000)), []

    def pause(seconds: float) -> None:
        place.shop.later(1001)
        if (verdict := meanwhile.get(next(pauses))) is not None:
            _elsewhere(place, verdict)

    task = wait_for_gates(place.opened, "r1", timeout_s=timeout_s, pause=pause, beat=lambda: beats.append(1))
    return task, len(beats)


def _elsewhere(place: Place, verdict: Verdict) -> None:
    """The verifier answers from a connection of its own, as it does in life."""
    store = SqliteStore(place.opened.home.store)
    Shop(store, place.shop.clock).report(verdict=verdict)
    store.close()


@pytest.mark.parametrize(("verdict", "reason"), [(PASS, Reason.APPROVAL_REQUIRED), (FAIL, None)])
def test_waiting_ends_as_soon_as_the_gates_have_answered(place: Place, verdict: Verdict, reason: Reason | None) -> None:
    place.submit()
    task, beats = wait(place, timeout_s=90, meanwhile={3: verdict})

    assert (task.reason, beats) == (reason, 4)


def test_waiting_ends_after_its_time_with_the_task_as_it_is(place: Place) -> None:
    place.submit()
    task, beats = wait(place, timeout_s=5, meanwhile={})

    assert (task.reason, beats) == (Reason.GATES_RUNNING, 5)


def test_nobody_waits_for_gates_that_are_not_running(place: Place) -> None:
    task, beats = wait(place, timeout_s=MINUTE, meanwhile={})

    assert (task.reason, beats) == (None, 0)
