"""What the base's `.gitattributes` says of files is known, and what a change says of itself is not listened to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gates.handing_in import handed_in
from gates.test_patch_pages import TASK, task_with
from onloop.gates.changes import base_attributes
from onloop.gates.changes.base_attributes import base_marks
from onloop.gates.repository.mirror import Mirror
from onloop.records import replace
from onloop.views.changes import changes_of
from onloop.views.risk import may_be_folded

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

ROOT = """\
*.gen.py linguist-generated=true
/third/** linguist-vendored
*.csv -diff
kept.gen.py -linguist-generated
.github/** linguist-generated
"""
DEEP = "odd*.py linguist-generated\n"


def reviewed(mirror: Mirror, origin: Origin, agent: Agent, files: Mapping[str, str]) -> str:
    """The new tip of the target, which holds these files, and from which the agent goes on."""
    base = origin.commit(files)
    mirror.refresh("main")
    agent.git("fetch", "--quiet", str(origin.path), "main")
    agent.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    return base


def marks(mirror: Mirror, origin: Origin, head: str) -> Mapping[str, str]:
    """What is said of each file that the commit changes."""
    task = replace(task_with(mirror, head, origin.tip()), id=TASK)
    return {file.path: file.marked for file in changes_of(task, lambda _: mirror).files}


def test_files_are_marked_by_the_base_with_gits_own_rules(mirror: Mirror, origin: Origin, agent: Agent) -> None:
    reviewed(mirror, origin, agent, {".gitattributes": ROOT, "deep/er/.gitattributes": DEEP})
    names = ("a.gen.py", "kept.gen.py", "third/b.py", "rows.csv", "deep/er/odd é.py", "deep/odd.py", "plain.py")
    head = agent.commit(dict.fromkeys((*names, ".github/ci.yml"), "x = 1\n"))
    handed_in(mirror, agent.path, TASK, 1)

    assert marks(mirror, origin, head) == {
        "a.gen.py": "generated",
        "kept.gen.py": "",
        "third/b.py": "vendored",
        "rows.csv": "not to be diffed",
        "deep/er/odd é.py": "generated",
        "deep/odd.py": "",
        "plain.py": "",
        ".github/ci.yml": "generated",
    }


def test_what_the_change_itself_says_marks_nothing_and_is_read_first(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    says = {".gitattributes": "* linguist-generated -diff\n", "src/.gitattributes": "* linguist-vendored\n"}
    head = agent.commit({**says, "src/a.py": "x = 1\n"})
    handed_in(mirror, agent.path, TASK, 1)

    assert set(marks(mirror, origin, head).values()) == {""}
    task = replace(task_with(mirror, head, origin.tip()), id=TASK)
    files = changes_of(task, lambda _: mirror).files
    assert [file.path for file in files][:2] == [".gitattributes", "src/.gitattributes"]
    assert [may_be_folded(file) for file in files] == [False, False, True]


def test_a_file_that_is_moved_to_where_the_base_marks_files_is_not_marked(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    text = "".join(f"line {n}\n" for n in range(50))
    files = {".gitattributes": "gen/* linguist-generated\n", "src.py": text, "gen/old.py": text[::-1]}
    reviewed(mirror, origin, agent, files)
    agent.git("mv", "src.py", "gen/src.py")
    agent.git("mv", "gen/old.py", "gen/new.py")
    head = agent.commit({"x.py": "1\n"})
    handed_in(mirror, agent.path, TASK, 1)

    assert marks(mirror, origin, head) == {"gen/src.py": "", "gen/new.py": "generated", "x.py": ""}


def test_a_link_in_its_place_says_nothing_and_nothing_of_the_repository_runs(
    mirror: Mirror, origin: Origin, agent: Agent
) -> None:
    (origin.clone / ".gitattributes").symlink_to("elsewhere")
    evil = "* linguist-generated filter=evil diff=evil\n"
    base = reviewed(mirror, origin, agent, {"elsewhere": evil, "a/.gitattributes": "* diff=evil filter=evil\n"})

    assert base_marks(mirror.git, base, ["a/b.py", "b.py"]) == {}
    many = [f"{n}/x.py" for n in range(base_attributes.MOST_PATHS + 10)]
    assert base_marks(mirror.git, base, many) == {}
