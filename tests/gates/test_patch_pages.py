"""All of a file's patch can be reached, a page at a time, however long it is and whatever stands in it."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.handing_in import handed_in
from onloop.errors import Unavailable, UnknownThing
from onloop.gates.repository.file_changes import raw_changes
from onloop.gates.repository.git import Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.patch_cutting import OUTSIDE, LinePlace, Take
from onloop.gates.repository.patch_pages import LARGE, LARGEST, MOST_CHARACTERS, PatchRows, PatchSource, patch_rows
from onloop.gates.repository.patch_spool import PatchSpool
from onloop.gates.repository.provenance import provenance_of
from onloop.machine.task import Kind, Submission, Task
from onloop.records import replace
from onloop.views.changes import PageWanted, changes_of, patch_page
from onloop.views.kept_patches import KeptPatches
from support.waiting import wait_for

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"


def source_of(mirror: Mirror, base: str, head: str, path: str, columns: int, *, space: bool = False) -> PatchSource:
    (file,) = (file for file in raw_changes(mirror.git, base, head) if file.paths[-1] == path)
    return PatchSource(base, head, file, columns, without_space=space)


def rows_of(mirror: Mirror, base: str, head: str, path: str, first: int, count: int, columns: int) -> PatchRows:
    """The page as git makes it anew; what is kept of the patch has the same rows on it."""
    source = source_of(mirror, base, head, path, columns)
    anew = patch_rows(mirror.git, source, first, count)
    kept = KeptPatches().page(mirror.git, source, first, count, soon=False)
    assert (kept.rows, kept.total, kept.hunk) == (anew.rows, anew.total, anew.hunk)
    return anew


def test_every_row_of_sixty_thousand_is_on_some_page_and_none_is_on_two(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    head = agent.commit({"a.py": "one\n", "uv.lock": "".join(f"line {n}\n" for n in range(60_000)), "z.py": "two\n"})
    handed_in(mirror, agent.path, TASK, 1)

    pages = [
        rows_of(mirror, origin.tip(), head, "uv.lock", first, 20_000, 120) for first in (1, 20_001, 40_001, 60_001)
    ]
    rows = [row for page in pages for row in page.rows]

    assert {page.total for page in pages} == {60_006}
    assert pages[0].hunk == 6
    assert rows[:2] == ["diff --git a/uv.lock b/uv.lock", "new file mode 100644"]
    assert rows[6:] == [f"+line {n}" for n in range(60_000)]


def test_a_line_of_a_million_characters_goes_on_in_the_next_rows_and_ends_somewhere(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    head = agent.commit({"app.min.js": "x" * 1_000_000 + "the end\n", "b": "\x1b[2Jclear\u202e\n" + "é" * 70 + "\n"})
    handed_in(mirror, agent.path, TASK, 1)
    base = origin.tip()
    total = rows_of(mirror, base, head, "app.min.js", 1, 1, 80).total

    first = rows_of(mirror, base, head, "app.min.js", 8, 2, 80)
    last = rows_of(mirror, base, head, "app.min.js", total, 5, 80)
    odd = rows_of(mirror, base, head, "b", 9, 10, 40).rows

    assert first.rows == ("+" + "x" * 79, "+↪" + "x" * 78)
    assert len(last.rows) == 1 and last.rows[0].endswith("the end")
    assert odd[0] == "+␛[2Jclear‹U+202E›"
    assert "".join(row.removeprefix("+↪") for row in odd[1:]) == "+" + "é" * 70
    assert all(len(row) <= 40 for row in odd)


def test_a_page_ends_where_it_would_hold_too_much(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    head = agent.commit({"wide": "".join("x" * 3_000 + "\n" for _ in range(1_000))})
    handed_in(mirror, agent.path, TASK, 1)

    page = rows_of(mirror, origin.tip(), head, "wide", 1, 2_000, 4_000)

    assert page.total == 1_006
    assert sum(map(len, page.rows)) <= MOST_CHARACTERS + 4_000


def test_a_file_with_a_name_that_is_no_text_can_be_opened(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    (agent.path / "caf\udce9").write_text("latin\n")
    head = agent.commit({"other": "1\n"})
    handed_in(mirror, agent.path, TASK, 1)

    page = rows_of(mirror, origin.tip(), head, "caf\\xe9", 1, 50, 80)

    assert page.rows[-1] == "+latin"
    assert "+1" not in page.rows


def test_a_file_that_does_not_change_is_refused_with_those_that_do(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    head = agent.commit({"a.py": "one\n"})
    handed_in(mirror, agent.path, TASK, 1)
    task = task_with(mirror, head, origin.tip())
    kept = KeptPatches()

    assert patch_page(task, lambda _: mirror, PageWanted("a.py", 1, 100, 80), kept).rows[-1] == "+one"
    with pytest.raises(UnknownThing, match=r"does not change '\.\./etc'") as refused:
        patch_page(task, lambda _: mirror, PageWanted("../etc", 1, 100, 80), kept)
    assert refused.value.hint == "it changes a.py"


def test_a_patch_is_made_once_for_all_its_pages_and_what_has_no_room_is_made_for_each(
    mirror: Mirror, origin: Origin, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = agent.commit({"uv.lock": "".join(f"line {n}\n" for n in range(20_000))})
    handed_in(mirror, agent.path, TASK, 1)
    source, asked = source_of(mirror, origin.tip(), head, "uv.lock", 120), []
    run = Git.run

    def counted(git: Git, subcommand: str, *words: str, **more: object) -> object:
        asked.append("--patch" in words)
        return run(git, subcommand, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Git, "run", counted)
    kept, small = KeptPatches(), KeptPatches(most_bytes=10_000)
    pages = [kept.page(mirror.git, source, first, 2_000, soon=False) for first in range(1, 20_007, 2_000)]
    assert sum(asked) == 1

    again = [small.page(mirror.git, source, first, 2_000, soon=False) for first in range(1, 20_007, 2_000)]

    assert sum(asked) == 1 + 1 + len(again)
    assert [page.rows for page in pages] == [page.rows for page in again]
    assert [row for page in pages for row in page.rows][6:] == [f"+line {n}" for n in range(20_000)]


def test_the_lines_of_a_page_have_the_numbers_that_they_have_in_the_two_files(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    agent.commit({"a.py": "".join(f"{n}\n" for n in range(1_000))})
    base = agent.commit({"b.py": "x\n"})
    lines = ["↪ fake\n", "y" * 100 + "\n", *(f"{n}\n" for n in range(1, 1_000)), "end\n"]
    head = agent.commit({"a.py": "".join(lines)})
    handed_in(mirror, agent.path, TASK, 1)
    source = source_of(mirror, base, head, "a.py", 40)

    first = KeptPatches().page(mirror.git, source, 1, 12, soon=False)
    inside = KeptPatches().page(mirror.git, source, 10, 3, soon=False)

    assert first.place == OUTSIDE
    assert first.rows[6:11] == ("@@ -1,4 +1,5 @@", "-0", "+↪ fake", "+" + "y" * 39, "+↪" + "y" * 38)
    assert first.went_on == (2, 3, 10, 11)
    assert inside.place == LinePlace(2, 2) and inside.went_on == (1, 2)


def test_rows_are_there_while_the_rest_is_still_made_and_whoever_waits_gets_all() -> None:
    going_on = threading.Event()

    def make(take: Take) -> None:
        for n in range(600):
            take(f"+{n}", False)
        assert going_on.wait(60)
        take("+end", False)

    spool = PatchSpool(make)
    wait_for(lambda: spool.total == 600, lambda: "no rows came")
    early = spool.page(1, 500, soon=True)
    end = spool.page(601, 500, soon=True)
    going_on.set()
    whole = spool.page(599, 500, soon=False)

    assert early is not None and end is not None and whole is not None
    assert (len(early.rows), early.total, early.is_counting) == (500, 600, True)
    assert (end.rows, end.is_counting) == ((), True)
    assert (whole.rows, whole.total, whole.is_counting) == (("+598", "+599", "+end"), 601, False)


LINE = "x" * 1_023 + "\n"


def test_text_is_shown_up_to_a_size_of_ours(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    head = agent.commit({"long.txt": LINE * (LARGE // 1_024) + "end\n"})
    handed_in(mirror, agent.path, TASK, 1)
    source, kept = source_of(mirror, origin.tip(), head, "long.txt", 4_000), KeptPatches()

    total = kept.page(mirror.git, source, 1, 1, soon=False).total

    assert total > LARGE // 1_024
    assert kept.page(mirror.git, source, total, 1, soon=False).rows == ("+end",)


def test_past_that_size_it_is_said_that_no_diff_is_made(mirror: Mirror, origin: Origin) -> None:
    before = origin.tip()
    head = origin.commit({"long.txt": LINE * (LARGEST // 1_024) + "end\n"})
    mirror.refresh("main")

    page = KeptPatches().page(mirror.git, source_of(mirror, before, head, "long.txt", 4_000), 1, 50, soon=False)

    assert (
        page.rows[-1] == "Not compared: it has 67,108,868 bytes, and of files of more than 67,108,864 no diff is made"
    )


@pytest.mark.parametrize("failure", [ValueError("no"), RuntimeError("no"), MemoryError()])
def test_a_part_is_never_taken_for_the_whole_where_making_it_broke_off(failure: Exception) -> None:
    def make(take: Take) -> None:
        for n in range(600):
            take(f"+{n}", False)
        raise failure

    spool = PatchSpool(make)
    with pytest.raises(Unavailable, match="broken off"):
        spool.page(1, 10_000, soon=False)
    assert spool.is_broken


def test_what_broke_off_is_made_anew_when_it_is_asked_for_again(
    mirror: Mirror, origin: Origin, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = agent.commit({"a.py": "one\n"})
    handed_in(mirror, agent.path, TASK, 1)
    source, kept = source_of(mirror, origin.tip(), head, "a.py", 80), KeptPatches()
    with monkeypatch.context() as broken:
        broken.setattr(Git, "run", lambda *_, **__: 1 // 0)
        with pytest.raises(Unavailable):
            kept.page(mirror.git, source, 1, 10, soon=False)

    assert kept.page(mirror.git, source, 1, 10, soon=False).rows[-1] == "+one"


def test_all_patches_together_have_a_room_and_what_was_read_longest_ago_goes_first(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    head = agent.commit({f"{name}.txt": f"{name} {'x' * 90}\n" * 2_000 for name in "abcd"})
    handed_in(mirror, agent.path, TASK, 1)
    sources = [source_of(mirror, origin.tip(), head, f"{name}.txt", 120) for name in "abcd"]
    kept, small = KeptPatches(most_in_all=500_000), KeptPatches(most_in_all=100_000)

    for source in sources:
        page = kept.page(mirror.git, source, 1, 10, soon=False)
        assert (page.total, page.is_slow, page.rows[-1][:3]) == (2_006, False, f"+{source.path[0]} ")
        wait_for(lambda: kept.size <= 500_000, lambda: f"{kept.size} bytes are kept")
        assert kept.size > 150_000

    page = small.page(mirror.git, sources[0], 1_900, 10, soon=False)
    assert (page.total, page.is_slow, len(page.rows)) == (2_006, True, 10)
    assert page.place == kept.page(mirror.git, sources[0], 1_900, 10, soon=False).place != OUTSIDE
    del page
    wait_for(lambda: small.size <= 100_000, lambda: f"{small.size} bytes are kept")


def test_a_kept_patch_has_no_name_that_could_be_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = threading.Event()

    def make(take: Take) -> None:
        for n in range(600):
            take(f"+{n}", False)
        made.set()

    spool = PatchSpool(make)
    assert made.wait(60) and spool.size
    assert list(tmp_path.iterdir()) == []


def test_what_only_changes_white_space_can_be_left_out_even_beside_a_file_that_became_a_folder(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    agent.commit({"a.py": "if x:\n    one\n", "was": "file\n"})
    base = agent.commit({"b.py": "x\n"})
    (agent.path / "was").unlink()
    head = agent.commit({"a.py": "if x:\n        one\n", "was/a.py": "new\n"})
    handed_in(mirror, agent.path, TASK, 1)
    kept = KeptPatches()

    with_it = kept.page(mirror.git, source_of(mirror, base, head, "a.py", 80), 1, 50, soon=False)
    without = kept.page(mirror.git, source_of(mirror, base, head, "a.py", 80, space=True), 1, 50, soon=False)
    gone = kept.page(mirror.git, source_of(mirror, base, head, "was", 80, space=True), 1, 50, soon=False)

    assert "+        one" in with_it.rows
    assert without.rows == ()
    assert gone.rows[-1] == "-file" and "+new" not in gone.rows


def test_an_earlier_commit_of_the_task_can_be_compared_with_and_no_other(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    before = agent.commit({"a.py": "one\n", "b.py": "same\n"})
    handed_in(mirror, agent.path, TASK, 1)
    head = agent.commit({"a.py": "two\n"})
    handed_in(mirror, agent.path, TASK, 2)
    task = replace(task_with(mirror, head, origin.tip()), id=TASK)
    kept = KeptPatches()

    page = patch_page(task, lambda _: mirror, PageWanted("a.py", 1, 100, 80, since=before), kept)

    assert page.rows[-2:] == ("-one", "+two")
    assert [file.path for file in changes_of(task, lambda _: mirror, before).files] == ["a.py"]
    assert "has handed in no" in changes_of(task, lambda _: mirror, origin.tip()).trouble
    with pytest.raises(UnknownThing, match="has handed in no"):
        patch_page(task, lambda _: mirror, PageWanted("a.py", 1, 100, 80, since=origin.tip()), kept)


def task_with(mirror: Mirror, head: str, tip: str) -> Task:
    found = provenance_of(mirror, head, tip)
    work = Submission(head, found.tree, found.base, found.authors, change=found.change)
    return Task("r1", "r1", "t", Kind.WORK, "d" * 64, "w", "human:ana", 0, 0, origin="/srv/a.git", submission=work)
