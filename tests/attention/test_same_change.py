"""Tasks that ask for approval of one and the same change are one row; another change is another row."""

from __future__ import annotations

from attention.needs import grouped, needing
from onloop.attention.fingerprint import fingerprint
from onloop.attention.groups import groups_of
from onloop.attention.items import NO_CHANGE, item_of
from onloop.machine.state import Reason
from onloop.machine.task import Artefact, Submission, Task
from onloop.records import replace


def asking(task: str, head: str, change: str, *artefacts: Artefact, since: int = 0) -> Task:
    work = Submission(head * 40, head * 40, "0" * 40, artefacts=artefacts, change=change)
    return replace(needing(Reason.APPROVAL_REQUIRED, task=task, since=since, gate="release"), submission=work)


def test_the_same_change_in_other_commits_is_one_row_that_says_so() -> None:
    (row,) = grouped(asking("r1.1", "a", "c1"), asking("r1.2", "b", "c1"))

    assert [item.task for item in row.members] == ["r1.1", "r1.2"]
    assert row.headline == "approve release at develop.implement, the same diff"
    assert row.content


def test_another_change_is_a_row_of_its_own_and_where_nothing_changes_another_artefact_is() -> None:
    notes, plan = Artefact("notes.md", "d" * 64, 10), Artefact("notes.md", "e" * 64, 10)
    rows = grouped(
        asking("r1.1", "a", "c1", notes),
        asking("r1.2", "b", "c2"),
        asking("r1.3", "c", "c1", plan),
        asking("r1.4", "d", NO_CHANGE, notes),
        asking("r1.5", "e", NO_CHANGE, plan),
    )

    told = sorted([item.task for item in row.members] for row in rows)
    assert told == [["r1.1", "r1.3"], ["r1.2"], ["r1.4"], ["r1.5"]]


def test_a_member_whose_change_moves_leaves_the_row_and_comes_back_as_its_own() -> None:
    before, moved = asking("r1.2", "b", "c1"), asking("r1.2", "e", "c9")
    (both,) = grouped(asking("r1.1", "a", "c1"), before)
    rest, own = sorted(grouped(asking("r1.1", "a", "c1"), moved), key=lambda row: row.members[0].task)

    assert (rest.cause, [item.task for item in rest.members]) == (both.cause, ["r1.1"])
    assert (own.cause != both.cause, [item.task for item in own.members]) == (True, ["r1.2"])


def test_a_row_of_different_changes_that_people_merged_is_not_called_one_diff() -> None:
    items = [item_of(asking("r1.1", "a", "c1")), item_of(asking("r1.2", "b", "c2"))]
    (row,) = groups_of(replace(item, cause="merged") for item in items if item is not None)

    assert (len(row.members), row.content, row.headline) == (2, "", "approve release at develop.implement")


def test_approvals_from_logs_that_name_no_change_are_one_row_as_they_were() -> None:
    (row,) = grouped(asking("r1.1", "a", ""), asking("r1.2", "b", ""))

    assert row.cause == fingerprint("approval_required", "release", "develop.implement", "", "feature", "d" * 64)
    assert (row.content, row.headline) == ("", "approve release at develop.implement")
