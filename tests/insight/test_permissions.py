"""Who may what: each way to what must not be reached is planted, and exactly that one is found."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import end_verifier
from onloop.errors import Exit
from onloop.home import Home
from onloop.insight.permissions.path_access import MachineUser, PathFact, path_fact, places_of, why_read, why_written
from onloop.insight.permissions.permission_edges import audited
from onloop.insight.permissions.permission_graph import Goal, LookedEdge, PermissionEdge, chains_of
from onloop.insight.permissions.permission_grounds import (
    AgentUser,
    GuardedPath,
    LauncherGrant,
    LentRight,
    PathUse,
    PermissionGrounds,
    PersonGrant,
    TableRow,
    WorkflowUse,
)
from onloop.insight.permissions.permission_looks import looked_at
from onloop.machine.definition import Isolation
from onloop.machine.launchers import Grant
from onloop.records import replace
from onloop.workflow.loader import load
from support.world import PASSPHRASE, WORKFLOW, Ran, World

UNASKED = WORKFLOW.replace(
    """  - id: ship.approve
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: develop.write
""",
    "",
)
AROUND = WORKFLOW.replace(
    "  - id: ship.approve",
    "    next: [{when: change.count < 5, to: ship.merge}, {to: ship.approve}]\n  - id: ship.approve",
)
CODER = MachineUser(2001, "coder", (2001, 77))
AGENTS = AgentUser(CODER, "this user claimed 3 tasks")
OTHER = str(65_534 if os.getuid() != 65_534 else 65_533)
"""A user who owns nothing here."""


@pytest.fixture
def world() -> Iterator[World]:
    """A store of a person's, in a place through which every user may pass."""
    folder = Path(tempfile.mkdtemp(prefix="onloop-permissions-"))
    folder.chmod(0o755)
    made = World(folder)
    made.init(scripted=False)
    for each in (folder / "state", folder / "state" / "onloop"):
        each.chmod(0o755)
    yield made
    end_verifier(made)
    shutil.rmtree(folder)


def permissions(world: World, *words: str) -> Ran:
    """What an audit of permissions says of agents that run as another user."""
    return world.onloop("audit", "permissions", "--as-agent", OTHER, "--json", *words, cwd=world.folder)


def ways(found: object) -> list[tuple[str, str]]:
    """Each way by its goal and by what gives it."""
    assert isinstance(found, dict)
    return [(each["goal"], each["links"][-2]["to"] if len(each["links"]) > 1 else "") for each in found["chains"]]


def only(grounds: PermissionGrounds) -> tuple[Goal, str, str]:
    """The one way that there is: its goal, its words, and what closes it."""
    (chain,) = audited(grounds).chains
    return chain.goal, chain.words, chain.close


def guarded(mode: int, *, use: PathUse = PathUse.WRITE, uid: int = 1, gid: int = 1) -> GuardedPath:
    above = PathFact("/", 0, 0, stat.S_IFDIR | 0o755)
    fact = PathFact("/s", uid, gid, stat.S_IFREG | mode, (above,))
    return GuardedPath("/s", use, Goal.APPROVAL.value, "it is the log", "chmod 600 /s", fact, "/s")


def test_nothing_leads_from_agents_of_a_user_of_their_own_to_anything_and_the_edges_are_counted(world: World) -> None:
    ran = permissions(world)

    found = ran.json
    assert ran.code == 0 and found["chains"] == [] and found["store_read"]
    assert found["looked"] > 60 and {each["goal"]: each["ways"] for each in found["goals"]} == dict.fromkeys(Goal, 0)
    assert any("sudoers" in each or "forge" in each for each in found["unknown"])
    assert ("person", "human:ana", "decide in approvers") in [
        (each["kind"], each["holder"], each["may"]) for each in found["grants"]
    ]


def test_agents_that_are_the_stores_own_user_reach_an_approval_and_are_told_what_closes_it(world: World) -> None:
    ran = world.onloop("audit", "permissions", "--require", "approval")

    assert ran.code == Exit.NOT_YET and "a way leads to: approval" in ran.err
    assert f"→ {world.store}/onloop.db (write)" in ran.out and "closed by: " in ran.out
    assert "run agents as" in ran.out


def test_a_store_that_everybody_may_write_is_a_way_to_an_approval_though_it_is_not_opened(world: World) -> None:
    world.store.chmod(0o777)

    found = permissions(world, "--require", "approval,claim")

    assert found.code == Exit.NOT_YET and found.json["unmet"] == ["approval"]
    assert not found.json["store_read"] and "the store was not read" in found.err
    assert ("approval", f"{world.store}/onloop.db (write)") in ways(found.json)
    assert {goal for goal, _ in ways(found.json)} == {"approval", "verdict"}, "the toolchain can be replaced, too"


def test_a_folder_above_that_everybody_may_write_lets_the_whole_store_be_replaced(world: World) -> None:
    above = world.store.parent
    above.chmod(0o777)

    chain = permissions(world).json["chains"][0]

    assert chain["goal"] == "approval" and f"{above} is open" in chain["links"][1]["fact"]
    assert f"{world.store} can be replaced" in chain["links"][1]["fact"]


def test_a_key_of_the_store_that_others_read_is_a_way_to_a_verdict_and_to_nothing_else(world: World) -> None:
    world.store.chmod(0o711)
    (world.store / "own.key").chmod(0o644)

    assert ways(permissions(world).json) == [("verdict", f"{world.store}/own.key (read)")]


def test_a_token_for_an_origin_that_others_read_is_a_way_past_the_gateway(world: World) -> None:
    token = world.folder / "forge.token"
    token.write_text("x")
    (world.store / "git.toml").write_text(f'["https://forge.example"]\nuser = "x"\ntoken_file = "{token}"\n')
    (world.store / "git.toml").chmod(0o600)
    token.chmod(0o600)
    closed = permissions(world).json
    token.chmod(0o644)

    found = permissions(world).json

    assert closed["chains"] == [] and ways(found) == [("origin", f"{token} (token_file)")]
    assert next(each["where"] for each in found["grants"] if each["kind"] == "credential").startswith("https://forge")


def test_a_secret_behind_links_is_looked_at_where_it_lies_and_a_circle_of_links_ends(world: World) -> None:
    real, open_folder = world.folder / "real", world.folder / "open"
    (real / "token").mkdir(parents=True)
    open_folder.mkdir()
    (world.folder / "around").symlink_to("around")
    (world.folder / "by-link").symlink_to(real)
    (real / "token" / "x").write_text("x")
    (real / "token" / "x").chmod(0o644)
    for each in (real, real / "token", open_folder):
        each.chmod(0o755)
    named = world.folder / "by-link" / "token" / "x"
    (world.store / "git.toml").write_text(
        f'["https://one.example"]\nuser = "x"\ntoken_file = "{named}"\n'
        f'["https://two.example"]\nuser = "x"\ntoken_file = "{world.folder}/around/x"\n'
    )
    (world.store / "git.toml").chmod(0o600)

    ran = permissions(world)

    assert ran.code == 0, ran.err
    assert ways(ran.json) == [("origin", f"{named} (token_file), {real}/token/x")]


def test_a_link_is_open_to_nobody_itself_and_what_it_leads_to_is_looked_at() -> None:
    folder = Path(tempfile.mkdtemp(prefix="onloop-links-"))
    for name in ("closed", "open"):
        (folder / name).mkdir()
        (folder / name / "file").write_text("x")
    (folder / "to-folder").symlink_to("closed")
    (folder / "to-file").symlink_to(folder / "to-open" / "file")
    (folder / "to-open").symlink_to("open")
    for each, mode in (("", 0o755), ("closed", 0o755), ("closed/file", 0o600), ("open", 0o755), ("open/file", 0o666)):
        (folder / each).chmod(mode)

    def written(path: Path) -> list[str]:
        facts = (path_fact(each) for each in places_of(path))
        return [why for fact in facts if fact is not None and (why := why_written(fact, CODER))]

    assert written(folder / "to-folder" / "file") == []
    assert [why.partition(" is open")[0] for why in written(folder / "to-file")] == [f"{folder}/open/file"]
    shutil.rmtree(folder)


def test_what_reaches_in_from_outside_is_listed_and_a_file_that_is_wrong_hides_nothing_of_others(world: World) -> None:
    secret = world.folder / "hook.secret"
    secret.write_text("x" * 20)
    secret.chmod(0o644)
    for name, text in {
        "hooks.toml": f'[shop]\nkind = "github"\nsecret = {{file = "{secret}"}}\n',
        "forges.toml": '[forge."forge.example"]\ntoken = {env = "T"}\n',
        "ci.toml": "[",
    }.items():
        (world.store / name).write_text(text)
        (world.store / name).chmod(0o600)

    found = permissions(world).json

    listed = {(each["may"], each["where"]) for each in found["grants"] if each["kind"] == "credential"}
    assert listed == {("bring events", "shop: github"), ("reach origins for the gateway", "forge.example: $T")}
    assert ways(found) == [("claim", f"{secret} (secret of the hook shop)")]
    assert any("ci.toml was not read" in each for each in found["unknown"])


def test_a_store_in_which_a_script_decides_needs_no_person(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.init()

    found = permissions(world).json

    assert ways(found) == [("approval", "")]
    assert found["chains"][0]["links"][0]["fact"] == "in this store a script decides, for ever"


def test_a_launcher_without_scope_is_told_and_one_with_a_scope_is_not(world: World) -> None:
    mint = ("token", "mint", "--as", "ana", "--repo", "*", "--role")
    world.onloop(*mint, "reviewer", "narrow", passphrase=PASSPHRASE)
    before = permissions(world).json
    world.onloop(*mint, "*", "wide", passphrase=PASSPHRASE)

    after = permissions(world, "--since", "1h").json

    assert before["chains"] == []
    assert [each["start"] for each in after["chains"]] == ["whoever holds the token of launcher wide"]
    assert after["chains"][0]["close"].startswith("onloop token revoke wide")
    changed = [(each["event"], each["about"], each["by"]) for each in after["changes"]]
    assert ("LauncherMinted", "wide", "human:ana") in changed and ("LauncherMinted", "narrow", "human:ana") in changed


def test_a_live_run_that_merges_with_nobody_asked_is_a_way_to_a_merge(world: World) -> None:
    world.fleet(world.origin(), workflow=UNASKED)

    found = permissions(world).json

    assert ways(found) == [("merge", "workflow small")]
    assert "live runs: no gate asks a person on a way to ship.merge" in found["chains"][0]["links"][0]["fact"]


def test_what_an_earlier_audit_did_not_reach_is_exit_10_and_named(world: World) -> None:
    earlier = world.folder / "earlier.json"
    earlier.write_text(permissions(world).out)
    same = permissions(world, "--against", str(earlier))
    world.store.chmod(0o711)
    (world.store / "own.key").chmod(0o644)

    more = permissions(world, "--against", str(earlier))

    assert same.code == 0 and same.json["difference"]["new_ways"] == []
    assert more.code == Exit.NOT_YET and "reaches more" in more.err
    assert [each.rpartition(" → ")[2] for each in more.json["difference"]["new_ways"]] == ["verdict"]


@pytest.mark.parametrize("content", ["", "[]", "[" * 100_000, '{"store": 1}', "\x00\xff"])
def test_what_is_no_earlier_audit_is_refused_in_words(world: World, content: str) -> None:
    file = world.folder / "not.json"
    file.write_text(content)

    ran = permissions(world, "--against", str(file))

    assert ran.code == 2 and json.loads(ran.out)["error"] == "bad_input" and str(file) in ran.out + ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("permissions", "more"),
        ("permissions", "--fleet", "."),
        ("permissions", "--require", "tests"),
        ("permissions", "--as-agent", "no such user"),
        ("permissions", "--since", "tomorrow-ish"),
        ("permissions", "--against", "no.json"),
        ("permissions", "--md", "--json"),
        (".", "--since", "1d"),
    ],
)
def test_what_cannot_be_asked_of_permissions_is_refused(world: World, words: tuple[str, ...]) -> None:
    assert world.onloop("audit", *words, cwd=world.folder).code == 2


def test_a_repository_cannot_keep_it_busy_or_lead_it_out(world: World) -> None:
    hostile = world.folder / "hostile"
    (hostile / ".claude").mkdir(parents=True)
    os.mkfifo(hostile / ".claude" / "settings.json")
    (hostile / ".gemini").symlink_to("/etc")
    (hostile / ".codex").symlink_to(".codex")

    ran = world.onloop("audit", "permissions", "--as-agent", OTHER, "--md", cwd=hostile)

    assert ran.code == 0 and "| approval | 0 |" in ran.out


def test_an_agents_account_that_is_a_persons_reaches_what_they_decide_and_whoever_lent_them_a_right() -> None:
    theirs = PersonGrant("coder", ("visitors",), account=CODER.uid)
    ana = PersonGrant("ana", ("approvers",), account=5)
    lent = LentRight("human:ana", "human:coder", 0, "human:ana lets human:coder decide in their place")
    grounds = PermissionGrounds("s", people=(theirs, ana), agents=(AGENTS,))

    assert audited(grounds).chains == ()
    assert only(replace(grounds, lent=(lent,)))[1] == (
        "agents of user coder → user coder → human:coder → human:ana → approval"
    )
    approver = replace(theirs, groups=("approvers",))
    assert only(replace(grounds, people=(approver,)))[1].endswith("human:coder → approval")


def test_a_group_that_agents_are_in_counts_and_a_box_keeps_them_from_all_of_it() -> None:
    grounds = PermissionGrounds("s", agents=(AGENTS,), paths=(guarded(0o660, gid=77),))

    goal, way, close = only(grounds)

    assert (goal, close) == (Goal.APPROVAL, "chmod 600 /s") and way.endswith("user coder → /s → approval")
    assert audited(replace(grounds, paths=(guarded(0o660, gid=78),))).chains == ()
    boxed = replace(AGENTS, least=Isolation.BOX)
    assert audited(replace(grounds, agents=(boxed,))).chains == ()


def test_a_box_of_gates_that_holds_nothing_makes_agents_code_the_gates_user() -> None:
    boxed = replace(AGENTS, least=Isolation.VM)
    grounds = PermissionGrounds("s", agents=(boxed,), paths=(guarded(0o600, uid=1),), judge=MachineUser(1, "gates"))

    assert audited(grounds).chains == ()
    assert only(replace(grounds, open_box="the store"))[1] == "agents of user coder → user gates → /s → approval"


def test_a_socket_that_starts_containers_makes_root_and_root_reaches_everything() -> None:
    socket = replace(guarded(0o660, gid=77), name="docker.sock", grants="root", close="leave the group")
    grounds = PermissionGrounds("s", agents=(AGENTS,), paths=(socket, guarded(0o600)))

    goal, way, close = only(grounds)

    assert (goal, close) == (Goal.APPROVAL, "leave the group") and " → docker.sock → root → /s → " in way


def test_a_table_of_rights_that_lets_an_agent_decide_is_a_way_and_ours_lets_none(tmp_path: Path) -> None:
    row = TableRow("approve", ("agent", "human"))
    ours = looked_at(Home(tmp_path / "none"), tmp_path, tmp_path).table

    assert only(PermissionGrounds("s", agents=(AGENTS,), table=(row,)))[0] is Goal.APPROVAL
    assert len(ours) == 10 and all(each.kinds == ("human",) for each in ours)


@pytest.mark.parametrize(("text", "count"), [(WORKFLOW, 0), (UNASKED, 1), (AROUND, 1)], ids=("asked", "not", "around"))
def test_a_way_around_the_gate_of_people_is_seen_as_one(text: str, count: int) -> None:
    use = WorkflowUse("small", "schedule nightly", load(text.encode(), "small.yaml"))

    found = audited(PermissionGrounds("s", agents=(AGENTS,), workflows=(use,))).chains

    assert [chain.goal for chain in found] == [Goal.MERGE] * count


def test_a_launcher_that_may_begin_anything_anywhere_is_without_scope() -> None:
    grant = Grant(("reviewer",), ("*",), 1)
    wide = LauncherGrant("farm", replace(grant, starts=True), "human:ana")

    assert audited(PermissionGrounds("s", launchers=(replace(wide, grant=grant),))).chains == ()
    assert only(PermissionGrounds("s", launchers=(wide,)))[0] is Goal.CLAIM


@pytest.mark.parametrize(
    ("mode", "above", "uid", "can"),
    [
        (0o600, 0o755, 1, False),
        (0o602, 0o755, 1, True),
        (0o602, 0o700, 1, False),
        (0o400, 0o755, 2001, True),
        (0o600, 0o777, 1, True),
        (0o600, 0o1777, 1, False),
        (0o600, 0o1777, 2001, True),
        (0o620, 0o755, 1, False),
    ],
)
def test_writing_is_told_by_owner_group_mode_and_the_folders_above(mode: int, above: int, uid: int, can: bool) -> None:
    folder = PathFact("/f", 0, 0, stat.S_IFDIR | above)
    root = PathFact("/", 0, 0, stat.S_IFDIR | 0o755)
    fact = PathFact("/f/x", uid, 1, stat.S_IFREG | mode, (folder, root))

    assert bool(why_written(fact, CODER)) is can
    assert why_written(fact, MachineUser(0)) and why_read(fact, MachineUser(0))


def test_ways_that_go_in_a_circle_end_and_the_shortest_is_told() -> None:
    def edge(start: str, end: str) -> LookedEdge:
        return LookedEdge("", PermissionEdge(start, end, "so", "close"))

    looked = [edge("a", "b"), edge("b", "a"), edge("b", "c"), edge("a", "c"), edge("c", "merge"), LookedEdge("no")]

    assert [chain.words for chain in chains_of(looked, ("a", "nobody"))] == ["a → c → merge"]
