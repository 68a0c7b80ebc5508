"""What runs programs for a person who opens a folder is told apart from what judges the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gates.desk import Desk, command
from onloop.gates.contents.opened_files import opened, repositories
from onloop.gates.repository.file_changes import ChangedPath, FileKind, Status
from onloop.machine.flags import Flag, FlagKind, flagged_clauses, judging

if TYPE_CHECKING:
    from gates.conftest import Origin
    from onloop.gates.repository.mirror import Mirror


def changed(*paths: str) -> list[ChangedPath]:
    return [ChangedPath(path, Status.MODIFIED, FileKind.FILE) for path in paths]


def test_files_that_run_programs_for_whoever_opens_a_folder_are_known_by_name() -> None:
    names = (".vscode/tasks.json", "a/.envrc", ".gitconfig", "x.code-workspace", ".devcontainer/devcontainer.json")
    calm = ("tasks.json", "docs/.vscode.md", "gitconfig", "envrc", "src/mise.py")

    assert opened(changed(*names, *calm)) == names


BARE = ("docs/HEAD", "docs/objects/.k", "docs/refs/.k", "docs/config", "docs/a.md")


@pytest.mark.parametrize("last", BARE[:4])
def test_a_folder_that_becomes_a_git_repository_is_found_whatever_came_last(last: str) -> None:
    assert repositories(changed(last), BARE) == ("docs/HEAD", "docs/config")
    assert repositories(changed("docs/head"), ("docs/head", "docs/CommonDir")) == ("docs/head",)


def test_a_folder_without_all_that_git_asks_for_is_no_repository() -> None:
    assert repositories(changed(*BARE), [path for path in BARE if "refs" not in path]) == ()
    assert repositories(changed("docs/a.md"), BARE) == ()


def test_they_are_flagged_as_judging_nothing(origin: Origin, mirror: Mirror) -> None:
    desk = Desk(origin, mirror)
    desk.base({"a.py": "1"})
    subject = desk.submit({**dict.fromkeys(BARE, "x"), ".vscode/tasks.json": "{}"})

    flags = desk.ask(command("true"), subject).flags
    assert flags == tuple(Flag(path, FlagKind.OPENED) for path in (".vscode/tasks.json", "docs/HEAD", "docs/config"))
    assert judging(flags) == ()
    assert [clause.partition(":")[0] for clause in flagged_clauses(flags)] == [
        "runs programs for whoever opens a folder"
    ]
