"""What is merged is what was shown: whatever the target, the work or their histories are made to be meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.shop import Shop
from onloop.errors import Stale
from onloop.gates.repository.shown import differing
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.state import Reason, State
from onloop.machine.task import Submission
from onloop.records import replace
from support.histories import Stage, git

LINES = [f"line {n}\n" for n in range(30)]
TEXT = "".join(LINES)
APPROVAL = (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED)


def text(**changed: str) -> str:
    """The text with some lines changed: `l3="x"`."""
    return "".join(changed.get(f"l{n}", line.strip()) + "\n" for n, line in enumerate(LINES))


def stands(shop: Shop) -> tuple[State, Reason | None]:
    task = shop.task()
    return task.state, task.reason


def paths(stage: Stage, old: str, new: str) -> set[str]:
    return {entry.path.decode() for entry in differing(stage.mirror.git, old, new)}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


# F6: the target goes back behind what the work was made of


def test_a_target_forced_back_behind_the_base_is_asked_about_again_with_the_true_diff(stage: Stage) -> None:
    first = stage.commit({"a": TEXT})
    secret = stage.commit({"a": TEXT, "secret": "key\n"}, first)
    stage.move(secret)
    work = stage.commit({"a": text(l3="mine"), "secret": "key\n"}, secret)
    stage.submit(stage.handed(work))
    old = stage.shop.approval()
    stage.move(first)

    said = stage.merge()

    assert said.startswith(f"asked again: main is at {first[:12]}: the target no longer contains {secret[:12]}")
    assert (stands(stage.shop), stage.target) == (APPROVAL, first)
    assert (stage.shown.head, stage.shown.base) == (work, first)
    assert paths(stage, stage.shown.base, stage.shown.head) == {"a", "secret"}
    assert "Asked again (changed_since_approval)" in stage.shop.asked().question
    with pytest.raises(Stale):
        stage.shop.gateway.perform(PerformCommand(stage.shop.person(), "r1", old))
    assert stage.merge().startswith("done")
    assert paths(stage, first, stage.target) == {"a", "secret"}


def test_the_merge_names_who_approved_what_came_in_and_nobody_who_approved_something_else(stage: Stage) -> None:
    first = stage.commit({"a": TEXT})
    second = stage.commit({"a": TEXT, "b": "b\n"}, first)
    stage.move(second)
    stage.submit(stage.handed(stage.commit({"a": text(l3="mine"), "b": "b\n"}, second)))
    stage.move(first)
    assert stage.merge().startswith("asked again")

    stage.shop.approve("ben")

    assert stage.carry_out().startswith("done")
    said = git(stage.origin, "log", "-1", "--format=%B", "main")
    assert ("human:ben" in said, "human:ana" in said) == (True, False)


def test_a_commit_that_the_target_dropped_does_not_come_back_with_its_history_only(stage: Stage) -> None:
    """The secret is gone from every file, and still in a commit that the merge would bring back."""
    first = stage.commit({"a": TEXT})
    secret = stage.commit({"a": TEXT, "secret": "key\n"}, first)
    stage.move(stage.commit({"a": TEXT}, secret))
    work = stage.commit({"a": text(l3="mine")}, stage.target)
    stage.submit(stage.handed(work))
    stage.move(first)

    assert stage.merge().startswith("asked again")

    assert (stage.shown.base, stage.target) == (first, first)


def test_a_target_made_again_from_nothing_stops_in_words(stage: Stage) -> None:
    stage.move(stage.commit({"a": TEXT}))
    stage.submit(stage.handed(stage.commit({"a": text(l3="mine")}, stage.target)))
    stage.move(stage.commit({"b": "another repository\n"}))

    said = stage.merge()

    assert said == f"changed: main at {stage.put[:12]} has no history in common with the work any more"
    assert stands(stage.shop) == (State.INPUT_REQUIRED, Reason.CHANGED_SINCE_APPROVAL)
    assert stage.target == stage.put


def test_a_target_that_is_gone_stops_in_words_and_is_not_made_again(stage: Stage) -> None:
    stage.move(stage.commit({"a": TEXT}))
    stage.submit(stage.handed(stage.commit({"a": text(l3="mine")}, stage.target)))
    (stage.origin / "refs/heads/main").unlink()

    said = stage.merge()

    assert "has no branch 'main'" in said
    assert stands(stage.shop)[0] is State.INPUT_REQUIRED
    assert not (stage.origin / "refs/heads/main").exists()


def test_a_tag_of_the_targets_name_is_not_taken_for_it(stage: Stage) -> None:
    first = stage.commit({"a": TEXT})
    stage.move(first)
    work = stage.commit({"a": text(l3="mine")}, first)
    stage.submit(stage.handed(work))
    evil = stage.commit({"a": TEXT, "evil": "x\n"}, first)
    for name in ("main", "heads/main"):
        git(stage.origin, "update-ref", f"refs/tags/{name}", evil)

    assert stage.merge().startswith("done")

    assert paths(stage, first, stage.target) == {"a"}
    assert git(stage.origin, "rev-parse", "refs/tags/main") == evil


# Paths and contents that nobody saw


def test_a_change_that_the_work_took_back_is_not_taken_back_in_a_target_that_has_it(stage: Stage) -> None:
    """c1 changes `a`, c2 changes it back and adds `b`: shown is `b` only. The target has merged c1 meanwhile."""
    base = stage.commit({"a": TEXT})
    stage.move(base)
    c1 = stage.commit({"a": text(l3="fixed")}, base)
    c2 = stage.commit({"a": TEXT, "b": "b\n"}, c1)
    stage.submit(stage.handed(c2))
    stage.move(stage.commit({"a": text(l3="fixed")}, base, c1))

    assert stage.merge().startswith("asked again")

    assert stage.shown.base == c1
    assert paths(stage, stage.shown.base, stage.shown.head) == {"a", "b"}


def test_another_part_of_a_shown_file_is_not_taken_back_either(stage: Stage) -> None:
    """The same within one file: the path was shown, the line was not."""
    base = stage.commit({"a": TEXT})
    stage.move(base)
    c1 = stage.commit({"a": text(l3="fixed")}, base)
    c2 = stage.commit({"a": text(l25="mine")}, c1)
    stage.submit(stage.handed(c2))
    stage.move(stage.commit({"a": text(l3="fixed")}, base, c1))

    assert stage.merge().startswith("asked again")


def test_a_file_that_the_target_renamed_is_not_changed_under_its_new_name_unseen(stage: Stage) -> None:
    base = stage.commit({"a": TEXT})
    stage.move(base)
    stage.submit(stage.handed(stage.commit({"a": text(l3="mine")}, base)))
    renamed = stage.commit({"b": TEXT}, base)
    stage.move(renamed)

    assert stage.merge().endswith("the merge would change 1 paths that were not shown")

    assert paths(stage, stage.shown.base, stage.shown.head) == {"b"}
    assert stage.shown.base == renamed
    assert stage.merge().startswith("done")
    assert paths(stage, renamed, stage.target) == {"b"}


def test_a_new_file_stays_where_it_was_shown_though_its_folder_was_renamed(stage: Stage) -> None:
    files = {f"d/{n}": f"{n}\n{TEXT}" for n in range(4)}
    base = stage.commit(files)
    stage.move(base)
    stage.submit(stage.handed(stage.commit({**files, "d/new": "new\n"}, base)))
    stage.move(stage.commit({path.replace("d/", "e/"): said for path, said in files.items()}, base))

    assert stage.merge().startswith("done")

    assert paths(stage, stage.put, stage.target) == {"d/new"}


def test_crossing_histories_are_shown_as_what_the_merge_makes_of_the_target(stage: Stage) -> None:
    root = stage.commit({"a": TEXT, "b": TEXT})
    one = stage.commit({"a": text(l3="one"), "b": TEXT}, root)
    two = stage.commit({"a": TEXT, "b": text(l3="two")}, root)
    stage.move(one)
    mine = stage.commit({"a": text(l3="one"), "b": TEXT, "c": "c\n"}, two, one)
    stage.submit(stage.handed(mine))
    tip = stage.commit({"a": text(l3="one"), "b": text(l3="two")}, one, two)
    stage.move(tip)

    assert stage.merge().startswith("asked again")

    assert stage.shown.base == tip
    shown = paths(stage, tip, stage.shown.head)
    assert shown == {"b", "c"}
    assert stage.merge().startswith("done")
    assert paths(stage, tip, stage.target) == shown


def test_bytes_that_look_like_another_path_are_another_path(stage: Stage) -> None:
    """What is not UTF-8 is shown as escapes; a file whose name is those escapes is not the same file."""
    base = stage.commit({"a": TEXT})
    stream = (
        f'commit refs/heads/odd\nmark :1\ncommitter A <a@b> 0 +0000\ndata 1\nx\nfrom {base}\nM 100644 inline "\\377"\n'
    )
    odd = stage.load(f"{stream}data 1\ny\n".encode())[0]
    stage.move(base)
    stage.submit(stage.handed(stage.commit({"a": TEXT, r"\xff": "y"}, base)))

    named = {entry.path for entry in differing(stage.mirror.git, base, stage.shown.head)}

    assert named.isdisjoint({e.path for e in differing(stage.mirror.git, stage.mirror.refresh("odd"), base)})
    assert odd


def test_what_others_did_in_the_same_file_is_merged_without_asking_again(stage: Stage) -> None:
    base = stage.commit({"a": TEXT})
    stage.move(base)
    stage.submit(stage.handed(stage.commit({"a": text(l3="mine")}, base)))
    stage.move(stage.commit({"a": text(l25="theirs"), "b": "b\n"}, base))

    assert stage.merge().startswith("done")

    assert git(stage.origin, "show", "main:a").split("\n") == text(l3="mine", l25="theirs").strip().split("\n")


# F2: what a submission says of itself


def own_base(stage: Stage, base: str, work: str) -> Submission:
    hidden = git(stage.origin, "rev-parse", f"{work}~1")
    return replace(stage.handed(work), base=hidden, authors=stage.mirror.authors(hidden, work))


def sideways_base(stage: Stage, base: str, work: str) -> Submission:
    """A commit of the target that is no part of the work's history: the diff from it is another one."""
    stage.move(stage.commit({"a": TEXT, "b": "b\n"}, base))
    return replace(stage.handed(work), base=stage.put)


def others_authors(stage: Stage, base: str, work: str) -> Submission:
    return replace(stage.handed(work), authors=("somebody@example.org",))


def another_tree(stage: Stage, base: str, work: str) -> Submission:
    return replace(stage.handed(work), tree=stage.mirror.tree(base))


@pytest.mark.parametrize("lie", [own_base, sideways_base, others_authors, another_tree])
def test_base_tree_and_authors_are_computed_again_and_never_believed(
    stage: Stage, lie: Callable[[Stage, str, str], Submission]
) -> None:
    base = stage.commit({"a": TEXT})
    stage.move(base)
    backdoor = stage.commit({"a": TEXT, "backdoor": "x\n"}, base, name="Mallory")
    work = stage.commit({"a": text(l3="mine"), "backdoor": "x\n"}, backdoor)
    honest = stage.handed(work)
    stage.submit(lie(stage, base, work))

    assert stage.merge().startswith("asked again")

    assert stage.target == stage.put
    now = stage.shown
    assert (now.head, now.tree, now.base, now.authors) == (work, honest.tree, honest.base, honest.authors)
    assert stage.merge().startswith("done")


# What is in the target already


def test_work_that_others_merged_is_done_and_the_target_left_alone(stage: Stage) -> None:
    base = stage.commit({"a": TEXT})
    stage.move(base)
    work = stage.commit({"a": text(l3="mine")}, base)
    stage.submit(stage.handed(work))
    stage.move(stage.commit({"a": text(l3="mine", l4="and more")}, base, work))

    assert stage.merge().startswith("done")

    assert stage.target == stage.put


def test_work_that_others_merged_and_took_back_is_not_called_done(stage: Stage) -> None:
    base = stage.commit({"a": TEXT})
    stage.move(base)
    work = stage.commit({"a": text(l3="mine")}, base)
    stage.submit(stage.handed(work))
    stage.move(stage.commit({"a": TEXT}, work))

    assert stage.merge() == f"changed: main already contains {work[:12]}, but has undone it in a"

    assert stands(stage.shop) == (State.INPUT_REQUIRED, Reason.CHANGED_SINCE_APPROVAL)


def test_a_target_that_is_forced_to_and_fro_ends_before_a_person(stage: Stage) -> None:
    first = stage.commit({"a": TEXT})
    second = stage.commit({"a": TEXT, "b": "b\n"}, first)
    third = stage.commit({"a": TEXT, "b": "b\n", "c": "c\n"}, second)
    fourth = stage.commit({"a": TEXT, "b": "b\n", "c": "c\n", "d": "d\n"}, third)
    stage.move(fourth)
    stage.submit(stage.handed(stage.commit({"a": text(l3="mine")}, fourth)))

    for tip in (third, second, first):
        stage.move(tip)
        assert stage.merge().startswith("asked again")

    assert stands(stage.shop) == (State.INPUT_REQUIRED, Reason.CHANGED_SINCE_APPROVAL)
    assert stage.target == first
