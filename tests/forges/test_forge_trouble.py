"""What goes wrong with a forge: nothing of it is a verdict, nothing is believed, and nothing is asked too often."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onloop.errors import BadInput, FailureKind, OnloopError
from onloop.forges.configured import forge_of
from onloop.forges.forge_settings import read_settings
from onloop.forges.github.github_forge import GithubForge, github_forge
from onloop.forges.outgoing import Courier, Outgoing
from onloop.forges.port import ForgeRefused, ForgeTrouble, RepositoryName
from onloop.forges.public_address import AddressRule, ClosedAddress, is_public
from support.forge import APP, TestForge
from support.forge.fault import FaultKind


@pytest.mark.parametrize("kind", ["error", "html", "truncated", "other", "garbage", "lost"])
def test_an_answer_without_sense_or_an_outage_passes_and_the_next_try_works(
    world: TestForge, github: GithubForge, repo: RepositoryName, kind: FaultKind
) -> None:
    world.push(APP, "work", {"a.txt": "a\n"})
    number = world.pull(APP, "alice", "work")
    world.fail(kind, "/pulls/1$")
    with pytest.raises(ForgeTrouble):
        github.pull_request(repo, number)
    assert github.pull_request(repo, number).number == number


@pytest.mark.parametrize(
    ("kind", "why"),
    [("forbidden", FailureKind.AUTH), ("unauthorized", FailureKind.AUTH), ("gone", FailureKind.MISSING)],
)
def test_a_right_that_was_lost_is_a_refusal_of_its_kind(
    world: TestForge, github: GithubForge, repo: RepositoryName, kind: FaultKind, why: FailureKind
) -> None:
    world.fail(kind, "/issues/1$", times=2)
    with pytest.raises(ForgeRefused) as no:
        github.issue(repo, 1)
    assert no.value.kind is why
    assert "doctor --forge" in no.value.hint


@pytest.mark.parametrize(("kind", "seconds"), [("limits", 40), ("secondary", 40), ("many", 40)])
def test_after_a_limit_nothing_is_asked_until_its_time(
    world: TestForge, repo: RepositoryName, tmp_path: Path, kind: FaultKind, seconds: int
) -> None:
    start = now = int(world.world.clock() * 1000)
    github = github_forge(read_settings(tmp_path / "store").forges[0], lambda: now)
    world.fail(kind, "GET", seconds=seconds)
    with pytest.raises(ForgeTrouble) as trouble:
        github.branch(repo, "main")
    until = trouble.value.until
    assert until is not None
    assert abs(until - start - seconds * 1000) < 2_000
    asked = github.asked
    with pytest.raises(ForgeTrouble, match="limit is reached"):
        github.branch(repo, "main")
    assert github.asked == asked
    now = until
    assert github.branch(repo, "main")
    github.close()


def test_what_is_known_is_asked_by_its_etag_and_costs_nothing(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    first = github.branch(repo, "main")
    left = world.left[world.bot.token]
    assert github.branch(repo, "main") == first
    assert world.left[world.bot.token] == left
    assert [status for *_, status in world.calls] == [200, 304]
    newer = world.push(APP, "main", {"b.txt": "b\n"})
    assert github.branch(repo, "main") == newer


def test_the_last_request_of_a_budget_closes_it(world: TestForge, github: GithubForge, repo: RepositoryName) -> None:
    world.left[world.bot.token] = 1
    assert github.branch(repo, "main")
    with pytest.raises(ForgeTrouble, match="limit"):
        github.issues(repo)
    assert len(world.calls) == 1


def test_no_redirect_is_followed_and_no_token_goes_elsewhere(
    world: TestForge, github: GithubForge, repo: RepositoryName, tmp_path: Path
) -> None:
    with TestForge(tmp_path / "evil") as evil:
        world.fail("redirect", "GET", to=f"{evil.url}/api/v3/repos/acme/app/branches/main")
        with pytest.raises(ForgeRefused, match="somewhere else"):
            github.branch(repo, "main")
        assert evil.calls == []


def test_a_next_page_on_another_host_is_not_asked_for(
    world: TestForge, github: GithubForge, repo: RepositoryName, tmp_path: Path
) -> None:
    number = world.issue(APP, "alice", "Long")
    for at in range(101):
        world.comment(APP, "alice", number, f"comment {at}")
    with TestForge(tmp_path / "evil") as evil:
        world.world.url = f"{evil.url}/api/v3"
        with pytest.raises(ForgeTrouble, match="another host"):
            github.comments(repo, number)
        assert evil.calls == []


def test_a_request_whose_answer_was_lost_was_done_once_and_is_found(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    world.push(APP, "work", {"a.txt": "a\n"})
    world.fail("lost", "POST .*/pulls$")
    with pytest.raises(ForgeTrouble):
        github.open_pull_request(repo, head="work", base="main", title="A change", body="")
    assert len(github.pull_requests(repo, head="work")) == 1
    assert world.asked("POST .*/pulls$") == 1


def test_a_slow_answer_ends_with_its_deadline(world: TestForge) -> None:
    world.fail("slow", "", seconds=60)
    asked = Outgoing(
        "GET",
        f"{world.world.url}/repos/acme/app",
        {"Authorization": f"Bearer {world.bot.token}"},
        seconds=0.5,
    )
    with pytest.raises(ForgeTrouble, match=r"no whole answer in 0\.5 s"):
        Courier(AddressRule((world.host,))).carry(asked)


def test_an_answer_that_is_too_large_is_not_read_to_its_end(world: TestForge) -> None:
    headers = {"Authorization": f"Bearer {world.bot.token}"}
    with pytest.raises(ForgeTrouble, match="more than 100 bytes"):
        Courier(AddressRule((world.host,))).carry(
            Outgoing("GET", f"{world.world.url}/repos/acme/app", headers, most=100)
        )


def test_no_error_shows_the_token(world: TestForge, github: GithubForge, repo: RepositoryName) -> None:
    for kind in ("error", "forbidden", "unauthorized", "secondary"):
        world.fail(kind, "GET")
        with pytest.raises(OnloopError) as no:
            github.repository(repo)
        assert world.bot.token not in f"{no.value!r} {no.value.message} {no.value.hint}"


def test_a_token_that_was_changed_in_its_file_is_read_again(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    assert github.branch(repo, "main")
    world.bot.token = "ghp_" + "n" * 36
    with pytest.raises(ForgeRefused):
        github.issues(repo)
    (world.folder / "token").write_text(world.bot.token)
    assert github.issues(repo) == ()


def test_an_app_goes_by_the_forges_clock_where_they_disagree(
    world: TestForge, as_app: GithubForge, repo: RepositoryName
) -> None:
    world.skew_s = 3_600.0
    assert as_app.branch(repo, "main")
    assert as_app.identity(repo).app_id == world.app.id


def test_an_apps_token_is_used_until_it_ends_and_got_anew_where_it_is_declined(
    world: TestForge, as_app: GithubForge, repo: RepositoryName
) -> None:
    as_app.branch(repo, "main")
    as_app.issues(repo)
    assert world.asked("access_tokens") == 1
    world.app.tokens.clear()
    assert as_app.repository(repo).name.words == APP
    assert world.asked("access_tokens") == 2


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0"),  # noqa: S104
        *("::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "224.0.0.1"),
        *("255.255.255.255", "240.0.0.1", "fe80::1%eth0", "not an address", "::", "2001:db8::1"),
        *("fec0::1", "feff::1", "::127.0.0.1", "::ffff:0:127.0.0.1", "3fff::1", "64:ff9b:1::7f00:1"),
    ],
)
def test_an_address_that_is_not_public_is_closed(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "140.82.121.4", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_a_public_address_is_open(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "localhost", "[::1]", "[::ffff:7f00:1]"])
def test_every_way_to_write_loopback_is_closed_unless_it_is_named(world: TestForge, host: str) -> None:
    port = world.host.rpartition(":")[2]
    asked = Outgoing("GET", f"http://{host}:{port}/", {})
    with pytest.raises((ClosedAddress, ForgeTrouble)):
        Courier(AddressRule((world.host,))).carry(asked)
    assert world.calls == []


def test_an_origin_is_a_repository_of_a_declared_forge_or_none(tmp_path: Path) -> None:
    file = tmp_path / "forges.toml"
    file.touch(0o600)
    file.write_text(
        '[forge."github.com"]\ntoken = { env = "GITHUB_TOKEN" }\norigins = ["git@work:", "/srv/mirrors/"]\n'
    )
    settings = read_settings(tmp_path)
    for origin in (
        "https://github.com/acme/app.git",
        "https://github.com/acme/app",
        "git@github.com:acme/app.git",
        "ssh://git@github.com/acme/app",
        "git@work:acme/app.git",
        "/srv/mirrors/acme/app.git",
    ):
        assert settings.repository(origin) == RepositoryName("github.com", "acme", "app"), origin
    for origin in (
        "https://gitlab.com/acme/app",
        "/srv/other/acme/app",
        "https://github.com/acme",
        "https://github.com/a/../b",
    ):
        assert settings.repository(origin) is None, origin
    with pytest.raises(BadInput, match="no forge is declared for"):
        forge_of(tmp_path, "https://gitlab.com/acme/app")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[forge."github.com"]\n', "needs a token or an app"),
        ('[forge."github.com"]\ntoken = { env = "A", file = "/b" }\n', "names 2 places"),
        ('[forge."github.com"]\ntoken = { env = "ONLOOP_TOKEN" }\n', "env is 'ONLOOP_TOKEN'"),
        ('[forge."github.com"]\ntoken = { file = "b" }\n', "absolute path"),
        ('[forge."github.com"]\ntoken = { env = "A" }\napi = "http://api.github.com"\n', "no https address"),
        ('[forge."github.com"]\ntoken = { env = "A" }\napi = "https://me:pass@github.com"\n', "no https address"),
        ('[forge."github.com"]\nkind = "gitea"\ntoken = { env = "A" }\n', "kinds that there are: github"),
        ('[forge."github.com"]\ntokens = { env = "A" }\n', "unknown field 'tokens'"),
        (
            '[forge."github.com"]\napp = { id = 1, installation = "x", key_file = "/k" }\n',
            "numbers id and installation",
        ),
        ('[http]\nallow = ["HTTP://x"]\n', "allow names 'HTTP://x'"),
        ("forge = 1\n", "forge is no table"),
        ("[[forge\n", "write TOML"),
    ],
)
def test_every_mistake_in_the_settings_is_named(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "forges.toml"
    file.touch(0o600)
    file.write_text(text)
    with pytest.raises(BadInput) as wrong:
        read_settings(tmp_path)
    assert why in f"{wrong.value.message} {wrong.value.hint}"


def test_settings_that_others_can_read_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "forges.toml"
    file.touch(0o644)
    file.chmod(0o644)
    with pytest.raises(BadInput, match="open to others"):
        read_settings(tmp_path)


def test_hooks_are_told_what_happens_signed_and_in_order(forge: TestForge, tmp_path: Path) -> None:
    with TestForge(tmp_path / "receiver") as receiver:  # any server that says no will do
        forge.hook(f"{receiver.url}/hook", "a secret")
        forge.push(APP, "work", {"a.txt": "a\n"})
        number = forge.pull(APP, "alice", "work")
        forge.push(APP, "work", {"a.txt": "b\n"})
        forge.merge(APP, "alice", number)
        forge.settle()
    told = [(each.event, each.payload.get("action")) for each in forge.hooks.deliveries]
    assert told == [
        ("push", None),
        ("pull_request", "opened"),
        ("push", None),
        ("pull_request", "synchronize"),
        ("pull_request", "closed"),
        ("push", None),
    ]
    last = forge.hooks.deliveries[4]
    assert json.loads(last.body)["pull_request"]["merged"] is True
    assert last.headers["X-Hub-Signature-256"].startswith("sha256=")
    assert {each.status for each in forge.hooks.deliveries} == {401}
