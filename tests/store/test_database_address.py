"""The address of a team's database: no password leaves it, and one database has one folder on a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from onloop.database_address import folder_name, has_password, public_url
from onloop.errors import BadInput
from onloop.home import Home, addressed, find_home, keep_beside, store_variables

SECRET = "s3cret"
WITH_SECRET = [
    "postgresql://ana:s3cret@db.example:5432/onloop",
    "postgres://ana:s3cret@db.example/onloop?sslmode=verify-full",
    "postgresql://ana@db.example/onloop?password=s3cret",
    "postgresql://ana@db.example/onloop?sslpassword=s3cret&sslmode=require",
    "postgresql://ana:s3cret@one.example:5432,two.example:5433/onloop?target_session_attrs=read-write",
    "postgresql://ana:s3cret@[::1]:5432/onloop",
    "postgresql:///onloop?host=/run/postgresql&user=ana&password=s3cret",
]


@pytest.mark.parametrize("url", WITH_SECRET)
def test_what_is_printed_of_a_home_has_no_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONLOOP_STORE", url)

    home = find_home(None)

    assert has_password(url)
    assert home.database == url
    printed = [
        home.name,
        repr(home),
        str(home.store),
        str(home.anchor),
        addressed(home, "onloop list"),
        public_url(url),
    ]
    assert not any(SECRET in each for each in printed)
    assert public_url(public_url(url)) == public_url(url)


@pytest.mark.parametrize("url", WITH_SECRET)
def test_a_password_on_the_command_line_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        find_home(url)

    assert SECRET not in f"{refused.value.message} {refused.value.hint}"
    assert "PGPASSFILE" in refused.value.hint


def test_a_store_that_is_typed_as_it_was_printed_finds_its_password_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ONLOOP_STORE", WITH_SECRET[0])

    assert find_home(public_url(WITH_SECRET[0])).database == WITH_SECRET[0]
    assert find_home("postgresql://ana@other.example/onloop").database == "postgresql://ana@other.example/onloop"


@pytest.mark.parametrize("url", WITH_SECRET)
def test_an_agent_is_told_the_gateway_of_its_machine_and_never_the_database(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONLOOP_STORE", url)
    home = find_home(None)

    assert store_variables(home) == {"ONLOOP_URL": f"unix:{home.socket}"}


def test_every_user_and_password_of_a_database_shares_one_folder_and_no_other_database_does() -> None:
    same = {
        folder_name(f"postgresql://{who}db.example{more}")
        for who in ("", "a@", "b:c@")
        for more in ("/onloop", ":5432/onloop?sslmode=require")
    }
    others = [
        "db.example/other",
        "other.example/onloop",
        "db.example:5433/onloop",
        "db.example/onloop?options=-csearch_path%3Dx",
    ]

    assert len(same) == 1
    assert len(same | {folder_name(f"postgresql://{each}") for each in others}) == 5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("postgresql://ana:s3cret@db.example", "names no database"),
        ("postgresql://ana:s3cret@[::1/onloop", "is not one"),
        ("postgresql://ana:s3cr et@db/onloop", "is not one"),
        ("postgresql://ana:s3cret@db/" + "o" * 2_000, "is not one"),
        ("mysql://ana:s3cret@db/onloop", "mysql"),
    ],
)
def test_an_address_that_is_none_is_refused_without_a_word_of_what_may_be_secret(
    given: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONLOOP_STORE", given)

    with pytest.raises(BadInput, match=words) as refused:
        find_home(None)

    assert SECRET not in f"{refused.value.message} {refused.value.hint}"


def test_a_gateways_socket_leads_to_the_folder_that_goes_with_its_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    home = find_home("postgresql://ana@db.example/onloop")
    keep_beside(home)
    monkeypatch.setenv("ONLOOP_URL", f"unix:{home.socket}")

    assert find_home(None) == Home(home.store, database="postgresql://db.example/onloop")
    assert home.store.stat().st_mode & 0o777 == 0o700
