"""All of a file's patch can be reached, a page at a time, however long it is and whatever stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gates.handing_in import handed_in
from onloop.errors import UnknownThing
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.patch_pages import MOST_CHARACTERS, PatchRows, patch_rows
from onloop.gates.repository.provenance import provenance_of
from onloop.machine.task import Kind, Submission, Task
from onloop.views.changes import patch_page

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"


def rows_of(mirror: Mirror, base: str, head: str, path: str, first: int, count: int, columns: int) -> PatchRows:
    (file,) = (file for file in mirror.diff_stat(base, head) if file.path == path)
    return patch_rows(mirror.git, base, head, file, first, count, columns)


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
    found = provenance_of(mirror, head, origin.tip())
    work = Submission(head, found.tree, found.base, found.authors, change=found.change)
    task = Task("r1", "r1", "t", Kind.WORK, "d" * 64, "w", "human:ana", 0, 0, origin="/srv/a.git", submission=work)

    assert patch_page(task, lambda _: mirror, "a.py", 1, 100, 80).rows[-1] == "+one"
    with pytest.raises(UnknownThing, match=r"does not change '\.\./etc'") as refused:
        patch_page(task, lambda _: mirror, "../etc", 1, 100, 80)
    assert refused.value.hint == "it changes a.py"
