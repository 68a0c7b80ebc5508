"""Only the gateway makes submissions, and it opens nothing of an agent's: what each of these attacks meets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import pytest

from gateway.place import SEED, Place, at_the_socket, git, placed
from onloop.access.isolation import can_open
from onloop.cli.arguments import Arguments
from onloop.cli.context import Context
from onloop.errors import BadInput, NotAllowed, OnloopError, Refused
from onloop.gates.environment import Environment
from onloop.gates.intake.manifest import Manifest
from onloop.gates.repository.loan import loaned, own_objects
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.provenance import check_provenance
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.task import Submission
from onloop.records import replace
from onloop.store.sqlite.database import FILE, SqliteStore
from onloop.views.changes import changes_of

SHARED_FIRST, SHARED_SIZE = 0x40000002, 510
"""Which bytes of the database file SQLite locks for as long as a connection uses its WAL."""


@pytest.fixture(params=["embedded", "socket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """One contract, whichever way the bytes come."""
    with placed(tmp_path) as made:
        if request.param == "embedded":
            yield made
        else:
            with at_the_socket(made) as elsewhere:
                yield elsewhere


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as made:
        yield made


def mirror_path(place: Place) -> Path:
    (found,) = (place.opened.home.store / "mirrors").iterdir()
    return found


def has(place: Place, name: str) -> bool:
    """Whether the mirror has an object."""
    asked = ["git", f"--git-dir={mirror_path(place)}", "cat-file", "-e", name]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def kept(place: Place, content: bytes) -> bool:
    """Whether the gateway's store holds these bytes, under their digest or in the midst of others."""
    with place.shop.store.reading() as at:
        if at.blob(sha256(content).hexdigest()) is not None:
            return True
    blobs = SqliteStore(place.opened.home.store).connection.execute("SELECT bytes FROM blob")
    return any(content in blob for (blob,) in blobs)


# F2: an agent's word becomes a fact


def forged(place: Place) -> tuple[Submission, str]:
    """The head with its own parent as base: of two commits, the sheet would show the last, harmless one."""
    backdoor = place.commit("backdoor.py", "import os\n")
    head = place.commit("harmless.py", "x = 1\n")
    tree = git(place.clone, "rev-parse", "HEAD^{tree}")
    return Submission(head, tree, backdoor, ("ana@example.org",), statement="harmless"), backdoor


def test_f2_a_submission_of_an_agents_own_making_is_refused_and_leaves_nothing(place: Place) -> None:
    lie, _ = forged(place)
    before = place.shop.log()

    with pytest.raises(NotAllowed, match="agent:alfa may not submit") as refused:
        place.opened.gateway.perform(
            PerformCommand(place.agent, "r1", c.Submit(place.agent.id, place.agent.epoch, lie))
        )
    assert "only gateway may" in refused.value.hint
    assert (place.shop.log(), place.shop.task().submission) == (before, None)


def test_f2_what_is_recorded_comes_from_the_mirror_whatever_the_agent_says(place: Place) -> None:
    lie, backdoor = forged(place)
    task = place.submit("base: HEAD~1, authors: ana")
    now = task.submission

    assert now is not None and now.base == git(place.origin, "rev-parse", "HEAD") != backdoor
    assert (now.head, now.tree, now.authors) == (lie.head, lie.tree, ("alfa@agents.onloop.invalid",))
    changes = place.opened.changes(task) if place.opened.apart is None else changes_of(task, _mirrors(place))
    assert {file.path for file in changes.files} == {"app.py", "backdoor.py", "harmless.py"}


def _mirrors(place: Place) -> Callable[[str], Mirror]:
    return replace(place.opened.home, own=None).mirror


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("base", "main does not contain as it is now"),
        ("other base", "does not contain its recorded base"),
        ("tree", "has tree"),
        ("authors", "was made by alfa@agents.onloop.invalid, but ana@example.org is recorded"),
    ],
)
def test_f2_a_false_record_is_neither_shown_nor_judged_nor_merged(embedded: Place, what: str, words: str) -> None:
    _, backdoor = forged(embedded)
    true = embedded.submit().submission
    assert true is not None
    stranger = git(embedded.origin, *SEED, "commit-tree", "-m", "x", git(embedded.origin, "rev-parse", "HEAD^{tree}"))
    git(embedded.origin, "branch", "other", stranger)
    mirror = embedded.opened.home.mirror(str(embedded.origin))
    mirror.refresh("other")
    false = {
        "base": replace(true, base=backdoor),
        "other base": replace(true, base=stranger),
        "tree": replace(true, tree=git(embedded.clone, "rev-parse", "HEAD~1^{tree}")),
        "authors": replace(true, authors=("ana@example.org",)),
    }[what]

    check_provenance(mirror, true, "main")
    with pytest.raises(BadInput, match=words):
        check_provenance(mirror, false, "main")
    shown = changes_of(replace(embedded.shop.task(), submission=false), embedded.opened.home.mirror)
    assert words in shown.trouble and (shown.files, shown.diff) == ((), "")
    assert not changes_of(embedded.shop.task(), embedded.opened.home.mirror).trouble


def test_a_lease_that_has_ended_hands_nothing_in_and_nothing_of_it_is_taken(place: Place) -> None:
    head = place.commit()
    place.shop.later(10**9)
    place.shop.want()
    before = list((place.opened.home.store / "quarantine").glob("*"))

    with pytest.raises(Refused):
        place.submit()
    assert not has(place, head) and list((place.opened.home.store / "quarantine").glob("*")) == before


# F3 and F4: the gateway opens paths that agents own


def test_f3_a_link_in_the_place_of_the_artefact_folder_hands_over_nothing(place: Place) -> None:
    place.out.rmdir()
    place.out.symlink_to(place.opened.home.store)

    with pytest.raises(BadInput, match="is not a real folder"):
        place.submit()
    assert not kept(place, b"SQLite format 3")


@pytest.mark.parametrize("kind", ["link", "pipe", "link to a folder"])
def test_f3_what_is_no_file_in_the_artefact_folder_is_no_artefact(place: Place, kind: str) -> None:
    secret = place.opened.home.store / "secret"
    secret.write_bytes(b"hunter2, which nobody hands over")
    leaf = place.out / "notes.md"
    if kind == "pipe":
        os.mkfifo(leaf)
    else:
        leaf.symlink_to(secret if kind == "link" else secret.parent)

    assert place.artefacts() == ()
    assert not kept(place, secret.read_bytes())


def locks_are_held(store: Path) -> bool:
    """Whether a connection of some other process than this one's child holds the database file."""
    look = (
        "import fcntl, os, sys\n"
        "f = os.open(sys.argv[1], os.O_RDWR)\n"
        f"try: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, {SHARED_SIZE}, {SHARED_FIRST})\n"
        "except OSError: print('held')\n"
    )
    asked = [sys.executable, "-I", "-S", "-c", look, str(store / FILE)]
    return subprocess.check_output(asked, text=True).strip() == "held"


def test_closing_the_database_file_does_cost_a_process_its_locks(embedded: Place) -> None:
    store = embedded.opened.home.store
    assert locks_are_held(store)
    os.close(os.open(store / FILE, os.O_RDONLY))
    assert not locks_are_held(store)


def _hard_link_as_artefact(place: Place) -> None:
    os.link(place.opened.home.store / FILE, place.out / "notes.md")
    with pytest.raises(BadInput) if (place.out / "notes.md").stat().st_size > 4 * 2**20 else _nothing():
        place.submit()


class _nothing:  # noqa: N801 - used like the functions of contextlib
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def _link_as_artefacts(place: Place) -> None:
    place.out.rmdir()
    place.out.symlink_to(place.opened.home.store)
    with pytest.raises(BadInput):
        place.submit()


def _head_that_leads_to_the_store(place: Place) -> None:
    refs = place.clone / ".git/refs"
    refs.rename(refs.with_name("before"))
    refs.mkdir()
    (refs / "heads").symlink_to(place.opened.home.store)
    (place.clone / ".git/HEAD").write_text(f"ref: refs/heads/{FILE}\n")
    assert Context(Arguments(store=str(place.opened.home.store)), "submit", place.opened).head("r1") is None


def _objects_that_lead_to_the_store(place: Place) -> None:
    os.link(place.opened.home.store / FILE, place.clone / ".git/objects/pack/pack-0.idx")
    place.submit()


def _environment_that_is_there(place: Place) -> None:
    (place.clone / ".git/refs/onloop").mkdir(exist_ok=True)
    os.link(place.opened.home.store / FILE, place.clone / ".git/refs/onloop/begun")
    mirror = place.opened.home.mirror(str(place.origin))
    Environment(place.clone).prepare_apart(mirror, "main", "r1", "alfa", start="0" * 40)


@pytest.mark.parametrize(
    "deed",
    [
        lambda place: can_open(place.opened.home),
        _hard_link_as_artefact,
        _link_as_artefacts,
        _head_that_leads_to_the_store,
        _objects_that_lead_to_the_store,
        _environment_that_is_there,
    ],
    ids=["can_open", "hard link", "link", "head", "objects", "environment"],
)
def test_f4_whatever_an_agent_plants_costs_the_gateway_none_of_its_locks(
    embedded: Place, deed: Callable[[Place], object]
) -> None:
    store = embedded.opened.home.store
    assert locks_are_held(store)

    try:
        deed(embedded)
    except OnloopError as problem:
        assert problem.hint
    assert locks_are_held(store)


# F7: objects of another repository


def private_blob(place: Place, folder: Path) -> tuple[Path, str]:
    """A repository that is none of the agent's, and the id of a file in it."""
    other = folder / "private"
    other.mkdir()
    git(other, "init", "--quiet")
    (other / "secret").write_text("what another team keeps for itself\n" * 10)
    git(other, *SEED, "add", "--all")
    git(other, *SEED, "commit", "--quiet", "--message", "secret")
    return other / ".git/objects", git(other, "rev-parse", "HEAD:secret")


def name_it(place: Place, blob: str) -> str:
    """The agent commits a tree that names a file by id, without having it."""
    tree = subprocess.check_output(
        ["git", "mktree", "--missing"], cwd=place.clone, input=f"100644 blob {blob}\tstolen\n", text=True
    ).strip()
    commit = git(place.clone, "commit-tree", tree, "-p", "HEAD", "-m", "x")
    git(place.clone, "update-ref", "HEAD", commit)
    return commit


def test_f7_alternates_that_an_agent_wrote_are_never_looked_at(embedded: Place, tmp_path: Path) -> None:
    objects, blob = private_blob(embedded, tmp_path)
    info = embedded.clone / ".git/objects/info"
    info.mkdir(exist_ok=True)
    (info / "alternates").write_text(f"{objects}\n")
    git(embedded.clone, "cat-file", "-e", blob)

    with loaned(own_objects(embedded.clone), {}) as git_of_ours:
        assert git_of_ours.run("cat-file", "-e", blob, accept=(0, 1)).exit_code == 1


def race(place: Place, folder: Path, rounds: int) -> None:
    """Submit while links, pipes and alternates come and go in the clone and the artefact folder."""
    objects, blob = private_blob(place, folder)
    before, done = git(place.clone, "rev-parse", "HEAD"), Event()
    commit = name_it(place, blob)
    secret = (place.opened.home.store / "secret").absolute()
    secret.write_bytes(b"hunter2, which nobody hands over")
    swapping = Thread(target=_swap, args=(place, objects, secret, done))
    swapping.start()
    try:
        for number in range(rounds):
            git(place.clone, "update-ref", "HEAD", commit if number % 2 else before)
            try:
                place.submit()
            except OnloopError as problem:
                assert problem.hint
    finally:
        done.set()
        swapping.join()
    assert not has(place, blob) and not has(place, commit)
    assert not kept(place, secret.read_bytes())
    assert list((place.opened.home.store / "quarantine").iterdir()) == []


def _swap(place: Place, objects: Path, secret: Path, done: Event) -> None:
    info, out = place.clone / ".git/objects/info", place.out
    info.mkdir(exist_ok=True)
    alternates, aside = info / "alternates", out.with_name("aside")
    while not done.wait(0.001):
        alternates.write_text(f"{objects}\n")
        out.rename(aside)
        out.symlink_to(secret.parent)
        done.wait(0.001)
        out.unlink()
        aside.rename(out)
        alternates.unlink()
        (out / "notes").unlink(missing_ok=True)
        (out / "notes").symlink_to(secret)
        done.wait(0.001)
        (out / "notes").unlink()
        os.mkfifo(out / "notes")
        done.wait(0.001)
        (out / "notes").unlink()
        (out / "notes").write_bytes(b"notes")


def test_f7_racing_submissions_bring_in_no_foreign_byte(place: Place, tmp_path: Path) -> None:
    race(place, tmp_path, 12)


@pytest.mark.soak
def test_f7_a_thousand_racing_submissions_bring_in_no_foreign_byte(place: Place, tmp_path: Path) -> None:
    race(place, tmp_path, 1_000)


def test_an_object_of_another_tasks_work_cannot_be_had_by_naming_it(place: Place) -> None:
    stranger = Environment(place.opened.home.store.parent / "stranger")
    mirror = replace(place.opened.home, own=None).mirror(str(place.origin))
    stranger.prepare(mirror, "main", "r2", "bravo")
    (stranger.path / "theirs").write_text("of another task\n")
    git(stranger.path, "add", "--all")
    git(stranger.path, "commit", "--quiet", "--message", "theirs")
    blob, head = git(stranger.path, "rev-parse", "HEAD:theirs"), git(stranger.path, "rev-parse", "HEAD")
    git(stranger.path, "push", "--quiet", str(mirror.path), "HEAD:refs/onloop/tasks/r2/1")
    (place.clone / ".git/HEAD").write_text(f"{place.commit()}\n")

    forged = name_it(place, blob)
    with pytest.raises(BadInput):
        place.submit()
    for commit, bundle in ((forged, bundle_without(place, forged, blob)), (head, b"")):
        with pytest.raises(BadInput, match=r"neither in the bundle nor|is unknown here"):
            place.send(Manifest(commit, len(bundle)), bundle)
    assert place.shop.task().submission is None


def bundle_without(place: Place, commit: str, blob: str) -> bytes:
    """A bundle of a commit that lacks a file of it: what an agent can make who knows no more than its id."""
    base = git(place.origin, "rev-parse", "HEAD")
    listed = git(place.clone, "rev-list", "--objects", "--missing=allow-any", f"{base}..{commit}").splitlines()
    wanted = "".join(f"{line.split()[0]}\n" for line in listed if not line.startswith(blob))
    packed = ["git", "pack-objects", "--stdout", "--quiet"]
    pack = subprocess.run(packed, cwd=place.clone, input=wanted.encode(), stdout=subprocess.PIPE, check=True).stdout
    return f"# v2 git bundle\n-{base} x\n{commit} HEAD\n\n".encode() + pack
