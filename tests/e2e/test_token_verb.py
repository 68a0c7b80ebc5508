"""Launchers' tokens at the command line: minted once, listed, revoked; what doctor says of them and of a CI."""

from __future__ import annotations

from identity.local_issuer import LocalIssuer, settings, write_settings
from onloop.access.opening import open_file
from onloop.cli.verbs.persons.network_checks import network_checks
from onloop.home import Home
from support.world import PASSPHRASE, Ran, World

FARM = ("token", "mint", "farm", "--role", "implementer", "--repo", "*")


def by_ana(world: World, *words: str) -> Ran:
    """What a person asks, with their passphrase."""
    return world.onloop(*words, "--as", "ana", passphrase=PASSPHRASE)


def checks(world: World) -> list[tuple[str, bool, str]]:
    """What doctor says of who comes over the network."""
    opened = open_file(Home(world.store))
    try:
        return list(network_checks(opened))
    finally:
        opened.close()


def test_a_token_is_shown_once_written_for_its_owner_alone_and_nowhere_else(world: World) -> None:
    world.init()
    file = world.folder / "farm.token"

    shown = by_ana(world, *FARM)
    again = by_ana(world, *FARM)
    written = by_ana(world, "token", "mint", "jury", "--role", "reviewer", "--repo", "*", "--to", str(file))
    taken = by_ana(world, "token", "mint", "third", "--role", "reviewer", "--repo", "*", "--to", str(file))

    assert (shown.code, again.code, written.code, taken.code) == (0, 11, 0, 2)
    secret = shown.out.strip()
    assert secret.startswith("onl_lnc_") and "is let in already" in again.err and "cannot be made" in taken.err
    assert file.stat().st_mode & 0o777 == 0o600 and file.read_text().startswith("onl_lnc_")
    assert file.read_text().strip() not in written.out + written.err
    listed = world.onloop("token", "list", "--json")
    assert [each["name"] for each in listed.json["tokens"]] == ["farm", "jury"]
    kept = b"".join(path.read_bytes() for path in world.store.rglob("*") if path.is_file())
    assert secret.encode() not in kept + world.onloop("log", "--run", "house").out.encode()


def test_a_token_needs_a_person_who_approves(world: World) -> None:
    world.init()

    assert world.onloop(*FARM).code == 13, "nobody's passphrase was given"
    assert by_ana(world, *FARM, "--at-most", "0").code == 2
    assert by_ana(world, *FARM, "--expires", "9y").code == 2
    assert by_ana(world, "token", "revoke", "farm").code != 0
    assert by_ana(world, "token", "mint", "ci-x", "--role", "x", "--repo", "*").code == 2
    assert world.onloop("token", "list", "--json").json["tokens"] == []


def test_doctor_says_who_is_let_in_and_what_is_wrong_with_the_settings_of_a_ci(world: World) -> None:
    world.init()
    assert checks(world) == []
    assert by_ana(world, *FARM, "--expires", "2d").code == 0
    write_settings(world.store, settings(LocalIssuer(), "https://ci.example/keys"))

    told = checks(world)
    write_settings(world.store, "[acme]\nissuer = 'x'\n")
    wrong = checks(world)

    assert [(name, good) for name, good, _ in told] == [("launcher", True), ("launchers", True), ("ci", True)]
    assert "farm is let in for" in told[0][2] and "jobs of acme may claim for implementer" in told[2][2]
    assert wrong[-1][:2] == ("ci", False) and "ci.toml:1: acme.audience: Field required" in wrong[-1][2]
