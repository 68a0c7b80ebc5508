"""Effects on a forge: each is done once, says only what is proved, and is found again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.machine.definition import Effect, Step
from onloop.machine.effect_specs import (
    CheckRunSpec,
    CommentSpec,
    DispatchSpec,
    MergeSpec,
    MergeStyle,
    PullRequestSpec,
    ReleaseTagSpec,
    StatusSpec,
)
from onloop.machine.state import Reason, State
from onloop.records import replace
from support.forge import APP
from support.forge.deeds import end_workflow
from support.forge_stage import ForgeStage
from support.steps import merge, ship

PUSH = Step("ship.push", effect=Effect.PUSH_BRANCH)
PULL = Step("ship.pull", effect=Effect.PULL_REQUEST)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ForgeStage]:
    made = ForgeStage(tmp_path)
    yield made
    made.close()


def pull(**more: object) -> Step:
    return Step("ship.pull", effect=Effect.PULL_REQUEST, outside=PullRequestSpec(**more))  # type: ignore[arg-type]


def test_the_tasks_own_branch_gets_the_work_and_nothing_else_moves(stage: ForgeStage) -> None:
    task = stage.stand(PUSH)

    assert stage.carry_out().startswith("done: ")

    assert task.submission is not None
    assert stage.mirror.tip("onloop/r1") == task.submission.head
    assert stage.shop.task().state is State.COMPLETED
    assert stage.shop.task().pushed == (task.submission.head,)
    assert stage.shop.task().result is None


def test_a_branch_that_somebody_else_moved_is_not_overwritten(stage: ForgeStage) -> None:
    stage.stand(PUSH)
    theirs = stage.forge.push(APP, "onloop/r1", {"theirs.txt": "x\n"})

    said = stage.carry_out()

    assert said == f"changed: onloop/r1 is at {theirs[:12]}, where onloop never put it"
    assert stage.mirror.tip("onloop/r1") == theirs
    assert stage.shop.task().reason is Reason.CHANGED_SINCE_APPROVAL


def test_a_pull_request_is_opened_once_with_labels_and_reviewers(stage: ForgeStage) -> None:
    stage.stand(pull(labels=("bot",), reviewers=("ben",)), merge())

    assert stage.carry_out().startswith("done: ")

    (number,) = stage.pulls()
    shown = stage.repo.pull_json(number)
    assert shown["head"]["ref"] == "onloop/r1"
    assert shown["title"] == "Fix it"
    assert [label["name"] for label in shown["labels"]] == ["bot"]
    assert [person["login"] for person in shown["requested_reviewers"]] == ["ben"]
    assert stage.shop.task().links[0].key.startswith("pull_request ")


def test_what_an_agent_says_in_a_pull_request_can_do_nothing(stage: ForgeStage) -> None:
    evil = "@acme/all fixes #1 ```\n![x](http://evil/x.png) <img src=x> closes GH-7 https://forge/acme/app/issues/1"
    stage.stand(PULL, statement=evil)

    stage.carry_out()

    body = stage.repo.pull_json(stage.pulls()[0])["body"]
    assert "nobody has verified these words" in body
    assert "@acme" not in body
    assert "#1" not in body
    assert "GH-7" not in body
    assert "https://forge" not in body
    fence = body.split("```text")[0].splitlines()[-1] + "```"
    assert body.count(f"\n{fence}\n") == 1 and body.rstrip().endswith(fence)


def test_a_pull_request_of_an_earlier_try_gets_the_new_work(stage: ForgeStage) -> None:
    stage.stand(pull(labels=("bot",)), ship(on_reject="develop.implement"), merge())
    stage.carry_out()
    stage.shop.reject()
    head = stage.commit("two\n", "second")
    stage.shop.submit(stage.shop.claim(), stage.handed(head))

    assert stage.carry_out().startswith("done: ")

    (number,) = stage.pulls()
    assert stage.repo.pull_json(number)["head"]["sha"] == head == stage.mirror.tip("onloop/r1")
    assert head in stage.repo.pull_json(number)["body"]


def test_a_closed_pull_request_is_asked_about_or_ends_the_task_as_the_workflow_says(stage: ForgeStage) -> None:
    stage.stand(PULL, merge())
    stage.carry_out()
    stage.forge.change(APP, "ben", stage.pulls()[0], state="closed")

    assert stage.carry_out() == "closed: pull request #1 was closed without being merged"

    assert stage.shop.task().state is State.INPUT_REQUIRED


def test_a_closed_pull_request_may_cancel_the_task(stage: ForgeStage) -> None:
    stage.stand(pull(on_closed="cancel"), merge())
    stage.carry_out()
    stage.forge.change(APP, "ben", stage.pulls()[0], state="closed")
    stage.carry_out()

    assert stage.shop.task().state is State.CANCELED


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_pull_request_that_people_merged_with_our_head_is_done(stage: ForgeStage, method: str) -> None:
    stage.stand(PULL, merge())
    stage.carry_out()
    stage.forge.merge(APP, "ben", stage.pulls()[0], method)

    assert stage.carry_out().startswith("done: ")

    task = stage.shop.task()
    assert (task.state, task.result) == (State.COMPLETED, stage.mirror.tip("main"))


def test_a_pull_request_that_was_merged_with_another_head_is_a_persons(stage: ForgeStage) -> None:
    stage.stand(PULL, merge())
    stage.carry_out()
    stage.forge.push(APP, "onloop/r1", {"theirs.txt": "x\n"})
    stage.forge.merge(APP, "ben", stage.pulls()[0])

    assert "was merged with" in stage.carry_out()
    assert stage.shop.task().reason is Reason.CHANGED_SINCE_APPROVAL


def test_one_comment_is_made_and_kept_up_to_date(stage: ForgeStage) -> None:
    said = Step("ship.say", effect=Effect.COMMENT, outside=CommentSpec("done by {task}: {title}"))
    stage.stand(PULL, said)
    stage.carry_out()
    stage.forge.comment(APP, "mallory", 1, "<!-- onloop:r1/ship.say --> mine")

    stage.carry_out()

    mine = [c["body"] for c in stage.repo.comments[1] if c["user"]["login"] == "onloop[bot]"]
    assert mine == ["<!-- onloop:r1/ship.say -->\ndone by r1: Fix it\n"]


@pytest.mark.parametrize("app", [True, False])
def test_our_comment_is_found_again_and_changed(tmp_path: Path, *, app: bool) -> None:
    stage = ForgeStage(tmp_path, app=app)
    said = Step("ship.say", effect=Effect.COMMENT, outside=CommentSpec("see {head}"))
    try:
        stage.stand(PULL, said, ship(on_reject="develop.implement"), merge())
        stage.carry_out()
        stage.carry_out()
        stage.shop.reject()
        second = stage.commit("two\n", "second")
        stage.shop.submit(stage.shop.claim(), stage.handed(second))
        stage.carry_out()
        stage.carry_out()

        assert [comment["body"] for comment in stage.repo.comments[1]] == [
            f"<!-- onloop:r1/ship.say -->\nsee {second}\n"
        ]
    finally:
        stage.close()


def test_a_comment_without_a_place_is_a_persons(stage: ForgeStage) -> None:
    stage.stand(Step("ship.say", effect=Effect.COMMENT))

    assert stage.carry_out().startswith("refused: r1 belongs to no pull request or issue")


def test_a_status_and_a_check_run_of_the_commit_are_set_once(stage: ForgeStage) -> None:
    state = Step("ship.status", effect=Effect.STATUS, outside=StatusSpec("lab"))
    check = Step("ship.check", effect=Effect.CHECK_RUN, outside=CheckRunSpec("lab/check"))
    task = stage.stand(state, check)
    assert task.submission is not None

    stage.carry_out()
    stage.carry_out()

    assert stage.checks() == [("lab/check", task.submission.head, "success")]
    assert stage.shop.task().state is State.COMPLETED
    assert stage.forge.asked(f"POST .*/statuses/{task.submission.head}") == 1


def test_a_tag_is_made_at_what_was_merged_and_never_moved(stage: ForgeStage) -> None:
    tag = Step("ship.tag", effect=Effect.RELEASE_TAG, outside=ReleaseTagSpec("v-{run}"))
    stage.stand(PULL, merge(), tag)
    stage.carry_out()
    stage.carry_out()

    assert stage.carry_out().startswith("done: ")

    merged = stage.mirror.tip("main")
    assert stage.shop.task().result == merged
    assert stage.repo.git.commit("refs/tags/v-r1^{commit}") == merged
    stage.begin_anew()
    stage.stand(tag, head=stage.commit("other\n", "b2"))
    assert "there is a tag v-r1 already" in stage.carry_out()


def deploys(**more: object) -> Step:
    spec = DispatchSpec("deploy.yml", inputs=(("env", "prod {task}"),), correlation="onloop", **more)  # type: ignore[arg-type]
    return Step("ship.deploy", effect=Effect.DISPATCH, outside=spec)


def end(stage: ForgeStage, conclusion: str) -> None:
    (run,) = stage.repo.runs
    end_workflow(stage.repo, run["id"], conclusion)


def test_a_deployment_is_started_once_and_its_end_is_waited_for(stage: ForgeStage) -> None:
    stage.stand(deploys())

    assert stage.carry_out().startswith("awaited: deploy.yml was started on main")
    assert stage.shop.task().reason is Reason.EXTERNAL
    stage.later()
    assert stage.carry_out().startswith("awaited: run ")
    stage.later()
    end(stage, "success")

    assert stage.carry_out().startswith("done: ")
    assert stage.shop.task().state is State.COMPLETED
    assert stage.forge.asked("POST .*/dispatches") == 1


def test_a_deployment_that_failed_goes_to_the_step_that_the_workflow_names(stage: ForgeStage) -> None:
    stage.stand(replace(deploys(), on_fail="develop.implement"))
    stage.carry_out()
    stage.later()
    end(stage, "failure")

    assert stage.carry_out().startswith("run_failed: ")

    task = stage.shop.task()
    assert (task.step, task.state) == ("develop.implement", State.SUBMITTED)
    assert "ended with failure" in task.feedback[-1].text


def test_a_deployment_that_never_ends_is_a_persons(stage: ForgeStage) -> None:
    stage.stand(deploys(timeout_ms=1_200_000))
    stage.carry_out()
    stage.later()
    stage.carry_out()
    for _ in range(3):
        stage.later()
        said = stage.carry_out()
        if said.startswith("run_failed"):
            break

    assert stage.shop.task().reason is Reason.GATE_FAILED


@pytest.mark.parametrize("style", [MergeStyle.SQUASH, MergeStyle.REBASE])
def test_a_merge_of_ours_leaves_the_history_that_the_workflow_wants(stage: ForgeStage, style: MergeStyle) -> None:
    first = stage.commit("one\n")
    second = stage.forge.push(APP, "agent", {"more.txt": "two\n"}, "More")
    stage.mirror.refresh("agent")
    stage.forge.push(APP, "main", {"others.txt": "x\n"}, "Others")
    merging = Step("ship.merge", effect=Effect.MERGE, outside=MergeSpec(style))
    stage.stand(merging, head=second)

    assert stage.carry_out().startswith("done: ")

    tip = stage.mirror.refresh("main")
    log = stage.mirror.git.text("log", "--format=%s|%p", "-4", tip).splitlines()
    subjects = [line.partition("|")[0] for line in log]
    assert subjects[:2] == (["Fix it", "Others"] if style is MergeStyle.SQUASH else ["More", "Work"])
    assert all(" " not in line.partition("|")[2] for line in log)
    files = stage.mirror.git.text("ls-tree", "--name-only", tip).split()
    assert {"others.txt", "work.txt", "more.txt"} <= set(files)
    assert not stage.mirror.is_ancestor(first, tip)
    if style is MergeStyle.SQUASH:
        assert "Co-authored-by: " in stage.mirror.git.text("log", "-1", "--format=%B", tip)


@pytest.mark.parametrize("kind", ["error", "lost", "secondary", "html", "garbage"])
def test_an_outage_costs_nothing_and_is_tried_again(stage: ForgeStage, kind: str) -> None:
    stage.stand(PULL)
    stage.forge.fail(kind, "pulls", times=3)  # type: ignore[arg-type]

    said = stage.carry_out()
    if not said.startswith("done"):
        assert stage.shop.task().reason is Reason.EXTERNAL
        assert stage.shop.task().tries == 0
    for _ in range(5):
        if stage.shop.task().ended:
            break
        stage.later()
        stage.carry_out()

    assert stage.shop.task().state is State.COMPLETED
    assert stage.pulls() == [1]


def test_what_the_gateway_commits_is_signed_with_the_key_that_git_toml_names(stage: ForgeStage, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    settings = stage.home.store / "git.toml"
    settings.touch(0o600)
    settings.write_text(f'[signing]\nkey = "{key}"\nname = "Onloop"\nemail = "bot@example.org"\n')
    stage.stand(merge())

    assert stage.carry_out().startswith("done: ")

    raw = stage.mirror.git.text("cat-file", "commit", stage.mirror.refresh("main"))
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in raw
    assert "committer Onloop <bot@example.org> " in raw


def test_a_signing_key_that_is_not_there_is_a_persons(stage: ForgeStage) -> None:
    settings = stage.home.store / "git.toml"
    settings.touch(0o600)
    settings.write_text('[signing]\nkey = "/nowhere/key"\n')
    stage.stand(merge())

    assert "[signing] names /nowhere/key, which is no file" in stage.carry_out()
    assert stage.shop.task().reason is Reason.GATE_FAILED
