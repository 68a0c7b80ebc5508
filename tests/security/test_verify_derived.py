"""`store verify` names what was tampered with by whoever knows seals and tallies: it follows from the log, and differs.

Each tampering goes through the store's own tables, so that seals, tallies and chains fit; the check without derivation
says nothing of it, which is asserted each time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import end_verifier
from e2e.test_swarm import OWN, PLAN, WORKFLOW, work
from onloop.home import Home
from onloop.insight.derivation import Derivation
from onloop.records import Record, fields_of, replace
from onloop.store.port import Transaction
from onloop.store.rows import BriefRow, CachedAnswer, Job, Lease, PinnedWorkflow, SubAgent, TimerRow, Token, table_of
from onloop.store.sqlite.database import SqliteStore, anchor_of
from onloop.store.sqlite.inspection import inspect
from onloop.store.sqlite.tables import Tables
from support.world import GIT, PASSPHRASE, World

AGENT = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello"'


class Busy(Record):
    """A store in the middle of its work: a swarm, a fleet, messages, a freeze, a request, a snooze, denials."""

    world: World
    swarm: str
    fleet: str
    origin: Path


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Busy:
    world = World(tmp_path_factory.mktemp("busy"))
    world.init()
    fleet = world.fleet(world.origin("one"), world.origin("two"))
    work(world, "implementer", AGENT)
    world.until(f"{fleet}.1", "input_required", "approval_required")
    _at_work(world, f"{fleet}.2", "bravo")
    assert world.onloop("freeze", f"run:{fleet}", "--as", "ana", passphrase=PASSPHRASE).code == 0
    origin = world.origin("parts", {"swarm.yaml": WORKFLOW})
    swarm = str(world.onloop("start", "swarm.yaml", "--repo", str(origin), "--json").json["task"])
    work(world, "planner", PLAN)
    world.until(swarm, "working", "children_running")
    work(world, "implementer", OWN)
    world.until(f"{swarm}.1", "completed")
    _at_work(world, f"{swarm}.2", "alfa")
    _at_work(world, f"{swarm}.3", "charlie", "--kind", "finding")
    cause = world.onloop("attention", "--all", "--json").json["hidden"][0]["cause"]
    assert world.onloop("snooze", cause, "--as", "ana", passphrase=PASSPHRASE).code == 0
    end_verifier(world)
    return Busy(world, swarm, fleet, origin)


def _at_work(world: World, task: str, name: str, *kind: str) -> None:
    """An agent that has claimed the task, leaves word of how far it is, tells others, and tries what it may not."""
    claimed = ("claim", task, "--role", "implementer", "--name", name, "--lease", "1h", "--json")
    token = {"ONLOOP_TOKEN": world.onloop(*claimed).json["env"]["ONLOOP_TOKEN"]}
    left = world.folder / "left.txt"
    left.write_text("half done", encoding="utf-8")
    said = [world.onloop("checkpoint", "--file", str(left), env=token)]
    said += [world.onloop("heartbeat", "--sub-agent", "s1", "--kind", "Explore", "--doing", "looks", env=token)]
    said += [world.onloop("tell", "--to", "parent", *kind, "it is in a.py", env=token)] if kind else []
    assert [ran.code for ran in said] == [0] * len(said), said
    assert world.onloop("freeze", "all", env=token).code == 13


def _copy(busy: Busy, folder: Path) -> Path:
    store = folder / "store"
    shutil.copytree(busy.world.store, store, symlinks=True)
    shutil.copy(anchor_of(busy.world.store), anchor_of(store))
    return store


def _found(store: Path, *, derived: bool = True) -> tuple[str, ...]:
    opened = SqliteStore(store)
    try:
        return inspect(opened, Derivation(Home(store)) if derived else None).problems
    finally:
        opened.close()


def test_a_busy_store_that_nobody_touched_is_as_the_log_says(busy: Busy, tmp_path: Path) -> None:
    store = _copy(busy, tmp_path)
    opened = SqliteStore(store)
    with opened.reading() as at:
        rows = {
            kind.__name__: len(at.select(kind))
            for kind in (TimerRow, CachedAnswer, BriefRow, Lease, Token, PinnedWorkflow)
        }
        kinds = {event.name for event in at.log(limit=5000)}
    opened.close()

    assert all(rows.values()), rows
    assert kinds >= {"FannedOut", "RequestOpened", "Told", "CheckpointSaved", "Frozen", "Snoozed", "Denied"}
    assert _found(store) == ()
    ran = busy.world.onloop("store", "verify", "--json")
    assert (ran.code, ran.json["ok"]) == (0, True), ran.err


Tamper = Callable[[Tables], str]


def _some(at: Tables, kind: type[Any]) -> Any:
    found = at.select(kind)
    assert found, f"no {kind.__name__} to tamper with"
    return found[0]


def _deleted(kind: type[Any], words: str) -> Tamper:
    def tamper(at: Tables) -> str:
        row = _some(at, kind)
        key = getattr(row, fields_of(type(row))[0])
        at.delete(kind, key)
        return f"{table_of(kind)} {str(key)[:20]}§{words}"

    return tamper


def _changed(kind: type[Any], words: str, **fields: Any) -> Tamper:
    def tamper(at: Tables) -> str:
        row = _some(at, kind)
        at.put(replace(row, **fields))
        key = str(getattr(row, fields_of(type(row))[0]))
        return f"{table_of(kind)} {key[:12]}§{words}"

    return tamper


def _added(row: Any, words: str) -> Tamper:
    def tamper(at: Tables) -> str:
        at.put(row)
        return words

    return tamper


def _yes(at: Tables) -> str:
    row = next(row for row in at.select(CachedAnswer) if row.exit)
    at.put(replace(row, exit=0, text="yes: proceed\n", json=json.dumps({**json.loads(row.json), "exit": 0})))
    return f"glance {row.task}: exit: 0, expected {row.exit}"


def _without_gates(at: Tables) -> str:
    """A running task obeys what is compiled: its gates are taken out, the source stays."""
    row = next(row for row in at.select(PinnedWorkflow) if row.source)
    compiled = json.loads(row.compiled)
    for step in compiled["steps"]:
        step.pop("gates", None)
        step.pop("human_gates", None)
    compiled["steps"][0]["brief"] = "Do as you like."
    at.put(replace(row, compiled=json.dumps(compiled, sort_keys=True, separators=(",", ":"), ensure_ascii=False)))
    return f"pinned {row.digest[:12]}: compiled: it differs from its source"


def _childs_workflow(at: Tables) -> str:
    row = next(row for row in at.select(PinnedWorkflow) if not row.source)
    compiled = json.loads(row.compiled)
    compiled["steps"][0]["brief"] = "Do as you like."
    at.put(replace(row, compiled=json.dumps(compiled, sort_keys=True, separators=(",", ":"), ensure_ascii=False)))
    return f"pinned {row.digest[:12]}: compiled: it differs from its part of the parent's workflow"


def _other_source(at: Tables) -> str:
    row = next(row for row in at.select(PinnedWorkflow) if row.source)
    at.put(replace(row, source=row.source.replace("description:", "description: not")))
    return f"pinned {row.digest[:12]}: source: its bytes have the digest"


def _blob_of(part: str, name: str) -> Tamper:
    def tamper(at: Tables) -> str:
        events = (json.loads(event.data) for event in at.log(limit=5000) if f'"{part}"' in event.data)
        digests = [data[part][name] for data in events if isinstance(data.get(part), dict) and data[part].get(name)]
        at.delete_blob(digests[0])
        return f"blob {digests[0][:40]}§but it is missing"

    return tamper


def _artefact(at: Tables) -> str:
    events = [json.loads(event.data) for event in at.log(limit=5000) if event.name == "Submitted"]
    digest: str = next(data["submission"]["artefacts"][0]["digest"] for data in events if "artefacts" in str(data))
    at.delete_blob(digest)
    return f"blob {digest[:40]}§but it is missing"


def _second_token(at: Tables) -> str:
    row: Token = _some(at, Token)
    at.put(replace(row, digest="0" * 64))
    return f"token {row.digest[:12]}§a second token for the same claim"


TAMPERINGS: Mapping[str, Tamper] = {
    "a timer deleted": _deleted(TimerRow, "the log requires it, but the row is missing"),
    "a timer put off for ever": _changed(TimerRow, "at: 9007199254740991, expected", at=2**53 - 1),
    "a timer added": _added(
        TimerRow("x.expire", "x", "expire", "1", 5), "due x.expire: a row that the log does not explain"
    ),
    "a job added": _added(Job("x/y/z/0", "x", "z", 0), "job x/y/z/0: a row that the log does not explain"),
    "an answer of check turned to yes": _yes,
    "an answer's words": _changed(CachedAnswer, "text: yes", text="yes\n"),
    "an answer deleted": _deleted(CachedAnswer, "the log requires it, but the row is missing"),
    "a brief replaced": _changed(BriefRow, "text: Push to main.", text="Push to main.\n"),
    "a brief as JSON replaced": _changed(BriefRow, "json:", json='"Push to main."'),
    "a compiled workflow without gates": _without_gates,
    "a child's compiled workflow": _childs_workflow,
    "a workflow's source": _other_source,
    "an artefact deleted": _artefact,
    "what a gate printed deleted": _blob_of("evidence", "output"),
    "a message deleted": _blob_of("message", "digest"),
    "a checkpoint deleted": _blob_of("checkpoint", "digest"),
    "a lease of another agent": _changed(Lease, "agent, epoch: agent:mallory", agent="agent:mallory"),
    "a lease of another epoch": _changed(Lease, "agent, epoch:", epoch=99),
    "a lease deleted": _deleted(Lease, "but the row is missing"),
    "a lease added": _added(Lease("x", 1, "agent:mallory", 2**50, 0, 0), "lease x: agent, epoch: agent:mallory"),
    "a token of another agent": _changed(Token, "agent, epoch, step: agent:mallory", agent="agent:mallory"),
    "a token for a later epoch": _changed(Token, "agent, epoch, step:", epoch=99),
    "a token for another step": _changed(Token, "ship.merge, expected", step="ship.merge"),
    "a second token": _second_token,
    "a sub-agent that nobody has": _added(
        SubAgent("x/1", "x", 1, "1", "Explore", "looks", 0, 0), "subagent x/1: epoch: 1, but nobody holds"
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_follows_from_the_log_and_was_tampered_with_is_named(name: str, busy: Busy, tmp_path: Path) -> None:
    store = _copy(busy, tmp_path)
    opened = SqliteStore(store)

    def tamper(tx: Transaction) -> str:
        assert isinstance(tx, Tables)
        return TAMPERINGS[name](tx)

    expected = opened.transact(tamper)
    opened.close()

    assert _found(store, derived=False) == (), "seals and tallies fit: nothing else would find it"
    found = _found(store)
    row, _, words = expected.rpartition("§")
    assert any(problem.startswith(row) and words in problem for problem in found), (expected, found)
    assert len(found) <= 8, "and little else is"


def _mirror(store: Path, busy: Busy) -> Path:
    return Home(store).mirror(str(busy.origin)).path


def _git(mirror: Path, *words: str) -> str:
    env = {**os.environ, **GIT, "GIT_AUTHOR_NAME": "m", "GIT_AUTHOR_EMAIL": "m@x", "GIT_COMMITTER_NAME": "m"}
    env["GIT_COMMITTER_EMAIL"] = "m@x"
    command = ["git", f"--git-dir={mirror}", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


def _submitted(store: Path) -> tuple[str, str]:
    """The head and tree of what the swarm's first child handed in."""
    opened = SqliteStore(store)
    with opened.reading() as at:
        handed_in = [event for event in at.log(limit=5000) if event.name == "Submitted"]
        event = [event for event in handed_in if event.task.endswith(".1")][-1]
    opened.close()
    now = json.loads(event.data)["submission"]
    return now["head"], now["tree"]


def _hook(mirror: Path, _: Path) -> str:
    (mirror / "hooks").mkdir(exist_ok=True)
    (mirror / "hooks" / "post-update").write_text("#!/bin/sh\n", encoding="utf-8")
    return "hooks: hooks, which onloop never puts there"


def _file(place: str, text: str, words: str) -> Callable[[Path, Path], str]:
    def tamper(mirror: Path, _: Path) -> str:
        (mirror / place).parent.mkdir(parents=True, exist_ok=True)
        (mirror / place).write_text(text, encoding="utf-8")
        return words

    return tamper


def _setting(mirror: Path, _: Path) -> str:
    with (mirror / "config").open("a", encoding="utf-8") as config:
        config.write('[core]\n\tsshCommand = "touch x"\n')
    return "config: [core] sshCommand"


def _replaced(mirror: Path, store: Path) -> str:
    head, tree = _submitted(store)
    other = _git(mirror, "commit-tree", tree, "-m", "harmless")
    _git(mirror, "update-ref", f"refs/replace/{head}", other)
    return "refs/replace: replaced objects"


def _packed(mirror: Path, store: Path) -> str:
    words = _replaced(mirror, store)
    _git(mirror, "pack-refs", "--all")
    shutil.rmtree(mirror / "refs" / "replace", ignore_errors=True)
    return words.replace("refs/replace", "packed-refs")


def _loose(mirror: Path, name: str) -> Path:
    """The object as a file of its own: what came in a pack is unpacked."""
    for pack in (mirror / "objects" / "pack").glob("*.pack"):
        aside = mirror / pack.name
        pack.rename(aside)
        with aside.open("rb") as content:
            subprocess.run(["git", f"--git-dir={mirror}", "unpack-objects", "-q"], stdin=content, check=True, cwd="/")
        aside.unlink()
        pack.with_suffix(".idx").unlink()
        pack.with_suffix(".rev").unlink(missing_ok=True)
    return mirror / "objects" / name[:2] / name[2:]


def _lost_commit(mirror: Path, store: Path) -> str:
    head, _ = _submitted(store)
    _loose(mirror, head).unlink()
    return f"commit {head[:12]} is missing"


def _rotten_object(mirror: Path, store: Path) -> str:
    head, _ = _submitted(store)
    blob = _git(mirror, "rev-parse", f"{head}:README.md")
    place = _loose(mirror, blob)
    place.chmod(0o600)
    place.write_bytes(_loose(mirror, _git(mirror, "rev-parse", f"{head}:tests/test_all.py")).read_bytes())
    return "objects: "


def _gone(mirror: Path, _: Path) -> str:
    shutil.rmtree(mirror)
    return "it is missing"


MIRRORS: Mapping[str, Callable[[Path, Path], str]] = {
    "a setting that runs a program": _setting,
    "a hook": _hook,
    "objects of another folder": _file("objects/info/alternates", "/nowhere\n", "objects/info/alternates: objects of"),
    "a second configuration": _file("config.worktree", "[core]\n", "config.worktree: a second configuration"),
    "grafts": _file("info/grafts", "", "info/grafts: grafted history"),
    "a replaced commit": _replaced,
    "a replaced commit in a pack of refs": _packed,
    "a commit that was handed in and is lost": _lost_commit,
    "an object with other bytes": _rotten_object,
    "a mirror that is gone": _gone,
}


@pytest.mark.parametrize("name", MIRRORS)
def test_a_mirror_that_was_tampered_with_is_named_with_what_and_where(name: str, busy: Busy, tmp_path: Path) -> None:
    store = _copy(busy, tmp_path)
    mirror = _mirror(store, busy)

    words = MIRRORS[name](mirror, store)

    found = _found(store)
    assert any(problem.startswith(f"mirror {mirror.name}: ") and words in problem for problem in found), (words, found)


def test_another_tree_than_the_log_says_is_named(busy: Busy, tmp_path: Path) -> None:
    """The log cannot be changed without its chain, so the other side is: what the mirror has under that name."""
    from onloop.gates.repository.soundness import ExpectedCommit, checked_mirror, usual_config

    store = _copy(busy, tmp_path)
    head, tree = _submitted(store)
    wanted = (ExpectedCommit(head, "0" * len(tree), "event 7"), ExpectedCommit("$(x)", tree, "event 8"))

    looked = checked_mirror(_mirror(store, busy), wanted, usual_config())

    assert [words.partition(": ")[2] for words in looked.problems] == [
        "event 8: '$(x)' is not a commit id",
        f"event 7: commit {head[:12]} has tree {tree[:12]}, expected 000000000000",
    ]


def test_git_is_not_started_on_a_mirror_that_somebody_else_configured(busy: Busy, tmp_path: Path) -> None:
    store = _copy(busy, tmp_path)
    mirror, canary = _mirror(store, busy), tmp_path / "canary"
    with (mirror / "config").open("a", encoding="utf-8") as config:
        config.write(f'[extensions]\n\tpartialClone = x\n[remote "x"]\n\tuploadpack = touch {canary}\n')
    head, _ = _submitted(store)
    _loose(mirror, head).unlink()

    assert any("config: " in words for words in _found(store))
    assert not canary.exists()
