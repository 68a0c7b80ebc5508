"""Where a store lives, who may open it, and how one begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.shop import CHEAP
from onloop.access.opening import GatewayHandle, create_home, enrol, open_home
from onloop.access.verifier_process import is_verifier_up, only_verifier
from onloop.errors import BadInput, NotAllowed, StoreError, Unavailable
from onloop.home import Home, check_private, find_home, state_home
from onloop.identity.passphrase import person_from_passphrase
from onloop.machine.principal import NOBODY, launcher
from onloop.store.verification import verify

PASSPHRASE = "correct horse battery"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "state" / "store")


def begin(home: Home, person: str = "ana") -> None:
    create_home(
        home,
        store_id="s1",
        person=person,
        groups=("approvers",),
        passphrase=PASSPHRASE,
        email="",
        scripted=False,
        cost=CHEAP,
    )


def people(opened: GatewayHandle) -> list[str]:
    with opened.gateway.store.reading() as at:
        assert verify(at).problems == ()
        return sorted(at.house().people)


def test_a_folder_of_ones_own_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)

    check_private(folder)


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777, 0o755])
def test_a_folder_that_lets_others_in_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    folder.chmod(mode)

    with pytest.raises(StoreError, match="is open to others") as refused:
        check_private(folder)
    assert refused.value.hint == f"chmod 700 {folder}"


def test_a_link_to_a_folder_and_a_file_are_refused(tmp_path: Path) -> None:
    real, link, file = tmp_path / "real", tmp_path / "link", tmp_path / "file"
    real.mkdir(mode=0o700)
    link.symlink_to(real)
    file.touch()

    for path in (link, file):
        with pytest.raises(StoreError, match="is not a real folder"):
            check_private(path)


def test_a_folder_that_is_not_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store in") as refused:
        open_home(Home(tmp_path / "none"))
    assert "onloop init" in refused.value.hint


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, -1)

    with pytest.raises(StoreError, match="belongs to user 12345"):
        check_private(folder)


def test_a_new_store_is_private_and_has_one_person_who_can_prove_themselves(home: Home) -> None:
    begin(home)
    opened = open_home(home)
    with opened.gateway.store.reading() as at:
        house = at.house()

    assert (home.store.stat().st_mode & 0o777, (home.store / "onloop.db").stat().st_mode & 0o777) == (0o700, 0o600)
    assert (house.id, house.scripted, people(opened)) == ("s1", False, ["ana"])
    assert person_from_passphrase(house, "ana", PASSPHRASE, typed=True).id == "human:ana"
    opened.close()


def test_a_store_in_which_somebody_can_decide_is_not_begun_again(home: Home) -> None:
    begin(home)

    with pytest.raises(BadInput, match="ana can decide in it"):
        begin(home, "eve")
    opened = open_home(home)
    assert people(opened) == ["ana"]
    opened.close()


def test_only_somebody_who_is_enrolled_enrols_another(home: Home) -> None:
    begin(home)
    opened = open_home(home)
    with opened.gateway.store.reading() as at:
        ana = person_from_passphrase(at.house(), "ana", PASSPHRASE, typed=True)
    for by in (NOBODY, launcher("host")):
        with pytest.raises(NotAllowed):
            enrol(opened, by, "eve", ("approvers",), "", PASSPHRASE)
    enrol(opened, ana, "ben", ("leads",), "ben@example.org", PASSPHRASE)
    with opened.gateway.store.reading() as at:
        ben = at.house().people["ben"]
    assert (ben.groups, ben.email, ben.by, people(opened)) == (
        ("leads",),
        "ben@example.org",
        "human:ana",
        ["ana", "ben"],
    )
    opened.close()


def test_what_agents_touch_lies_outside_the_stores_folder(home: Home) -> None:
    inside = [home.mirrors, home.verifier_lock, home.mirror("/srv/a.git").path]
    outside = [home.environment("r1"), home.out("r1"), home.agent_log("r1")]

    assert all(path.is_relative_to(home.store) for path in inside)
    assert not any(path.is_relative_to(home.store) for path in outside)
    assert len({*outside, home.environment("r2"), home.out("r2"), home.agent_log("r2")}) == 6


def test_mirrors_of_equal_names_and_different_origins_are_kept_apart(home: Home) -> None:
    origins = ["/srv/a/billing.git", "/srv/b/billing.git", "https://x.org/billing", "ssh://x.org/billing.git"]
    folders = [home.mirror(origin).path for origin in origins]

    assert len(set(folders)) == len(origins)
    assert all(folder.name.startswith("billing-") for folder in folders)
    assert [home.mirror(origin).path for origin in origins] == folders


@pytest.mark.parametrize(
    "origin", ["/srv/..", "/srv/.git", "/", "/srv/$(id).git", "/srv/" + "a" * 300, "/srv/ö b\n.git"]
)
def test_an_odd_origin_has_a_plain_folder_among_the_mirrors(home: Home, origin: str) -> None:
    path = home.mirror(origin).path

    assert path.parent == home.mirrors and path.resolve().parent == home.mirrors.resolve()
    assert len(path.name) < 90 and not set(path.name) & set("/$() \n")


def test_a_store_is_found_by_word_by_variable_or_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONLOOP_STORE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert find_home(None).store == tmp_path / "onloop" / "store"

    monkeypatch.setenv("ONLOOP_STORE", str(tmp_path / "other"))
    assert find_home(None).store == tmp_path / "other"
    assert find_home(str(tmp_path / "word")).store == tmp_path / "word"

    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert state_home() == tmp_path / "me" / ".local" / "state" / "onloop"


def test_one_verifier_is_up_at_a_time_and_everybody_can_see_so(home: Home) -> None:
    home.store.mkdir(parents=True)
    assert not is_verifier_up(home)

    with only_verifier(home):
        assert is_verifier_up(home)
        assert home.verifier_lock.read_text() == str(os.getpid())
        with pytest.raises(Unavailable, match="already has a verifier"), only_verifier(home):
            pass
    assert not is_verifier_up(home)


@pytest.mark.parametrize("task", ["../../.ssh", "/etc", "..", "", "r1/../../r2", "r1\0"])
def test_a_task_that_a_hostile_gateway_names_leads_out_of_no_folder(home: Home, task: str) -> None:
    for place in (home.environment, home.out, home.temporary, home.given):
        with pytest.raises(BadInput, match="is no name of a task"):
            place(task)
    if "/" in task or "\0" in task:
        with pytest.raises(BadInput):
            home.agent_log(task)
    assert home.environment("r1.2-a") == home.store.parent / "environments" / "r1.2-a"
