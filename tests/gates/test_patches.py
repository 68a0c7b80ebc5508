"""A diff has a budget for each file and in all: nothing is crowded out, and what is not shown is counted truly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.handing_in import handed_in
from onloop.gates.repository.file_changes import FileChange
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.patches import PatchBudget, shares
from onloop.gates.repository.shown import content_digest
from onloop.views.changes import budget_words, unseen
from support.patches import bounded

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"
SMALL = PatchBudget(lines=60, of_file=40, least=10, bytes=3_000, bytes_of_file=1_000)


def by_path(files: tuple[FileChange, ...]) -> dict[str, int | None]:
    return {file.path: file.lines_shown for file in files}


def test_no_long_file_keeps_another_out_and_every_cut_says_how_much_is_left(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    files = {"a.lock": "line\n" * 60_000, "conftest.py": "line\n" * 9_000, "z.py": "the backdoor\n"}
    head = agent.commit(files)
    handed_in(mirror, agent.path, TASK, 1)

    shown = bounded(mirror, origin.tip(), head)

    assert "+the backdoor" in shown.text
    assert by_path(shown.files) == {"a.lock": 394, "conftest.py": 394, "z.py": None}
    assert "[shortened: 394 of 60,000 changed lines are shown]\n" in shown.text
    assert budget_words(shown.files) == "shown 3 of 3 files, 789 of 69,001 lines; 2 files shortened"
    assert unseen(shown.files) == ("a.lock (59,606 of 60,000 lines)", "conftest.py (8,606 of 9,000 lines)")
    assert unseen(shown.files, {"a.lock", "conftest.py"}) == ()


def test_a_line_that_is_too_long_to_show_is_not_counted_as_shown(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    head = agent.commit({"app.min.js": "x" * 5_000_000 + "\n", "b.py": "import os\n"})
    handed_in(mirror, agent.path, TASK, 1)

    shown = bounded(mirror, origin.tip(), head)

    assert by_path(shown.files) == {"app.min.js": 0, "b.py": None}
    assert "+import os" in shown.text
    assert unseen(shown.files) == ("app.min.js (1 line)",)


def test_where_there_are_too_many_files_the_first_are_shown_and_the_others_are_named(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    head = agent.commit({f"f{n:02}.py": f"line {n}\n" * 30 for n in range(20)})
    handed_in(mirror, agent.path, TASK, 1)

    shown = bounded(mirror, origin.tip(), head, SMALL)
    lines = [file.lines_shown for file in shown.files]

    assert all(lines[:6]) and lines[6:] == [0] * 14
    assert shown.text.count("\n") == 60 + 6
    assert len(unseen(shown.files)) == 20


def test_a_file_that_turns_into_a_link_a_rename_and_a_binary_are_told_apart(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    base = origin.commit({"old": "a\nb\nc\nd\n", "turned": "text\n", "gone/x": "x\n"})
    agent.git("fetch", "--quiet", "origin", "main")
    agent.git("reset", "--hard", "--quiet", base)
    agent.git("mv", "old", "new name")
    (agent.path / "turned").unlink()
    (agent.path / "turned").symlink_to("/etc/passwd")
    head = agent.commit({"image": b"\0\1", "diff --git a/x b/x": "forged\n", "filler": "line\n" * 50_000})
    mirror.refresh("main")
    handed_in(mirror, agent.path, TASK, 1)

    shown = bounded(mirror, base, head)

    assert by_path(shown.files) == {
        "diff --git a/x b/x": None,
        "filler": 394,
        "image": None,
        "new name": None,
        "turned": None,
    }
    for row in ("rename to new name", "+/etc/passwd", "-text", "Binary files /dev/null and b/image differ", "+forged"):
        assert row in shown.text.splitlines()
    assert unseen(shown.files) == ("filler (49,606 of 50,000 lines)", "image (binary)")


def test_the_same_change_has_the_same_digest_whatever_its_commits(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    first = agent.commit({"a.py": "one\n"})
    agent.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "other words")
    second = agent.git("rev-parse", "HEAD").strip()
    third = agent.commit({"a.py": "two\n"})
    handed_in(mirror, agent.path, TASK, 1)
    mirror.git.run("fetch", "--quiet", str(agent.path), f"+{first}:refs/onloop/commits/{first}")
    base = origin.tip()

    digests = [content_digest(mirror.git, base, head) for head in (first, second, third)]

    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("wanted", "total", "given_out"),
    [
        ((5, 100, 5), 60, (5, 50, 5)),
        ((5, 5), 60, (5, 5)),
        ((100, 100), 60, (30, 30)),
        ((100,) * 10, 60, (10,) * 6 + (0,) * 4),
        ((), 60, ()),
    ],
)
def test_small_files_leave_their_share_to_large_ones(
    wanted: tuple[int, ...], total: int, given_out: tuple[int, ...]
) -> None:
    assert shares(wanted, total, 10) == given_out


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(0, 3_000))
def test_shares_never_exceed_the_budget_nor_what_is_wanted(wanted: list[int], total: int) -> None:
    shared = shares(wanted, total, 20)

    assert sum(shared) <= total
    assert all(share <= want for share, want in zip(shared, wanted, strict=True))
    assert sum(wanted) > total or list(shared) == wanted
