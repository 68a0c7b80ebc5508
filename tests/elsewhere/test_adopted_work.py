"""Branches and pull requests that somebody's agent made elsewhere, fetched from real repositories by the watch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from elsewhere.pull_desk import PullDesk, pull_desk
from onloop.access.elsewhere.adopted_work import adopt_work
from onloop.access.elsewhere.place_hints import ForgeHint, leave_hint
from onloop.access.targets import RunTarget
from onloop.cli.verbs.beginning.adopt_verb import pull_beginning
from onloop.errors import BadInput
from onloop.gates.intake.branch_collection import checked_ref
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.commands import Reassign, Retry
from onloop.machine.principal import integration
from onloop.machine.state import Reason, State
from onloop.machine.task import Verdict
from onloop.remote.store_upkeep import is_followed
from onloop.triggers.hook_events import HookEvent
from onloop.triggers.hook_hints import hint_of
from onloop.triggers.hook_proofs import HookKind
from support.forge import APP

AWAY = (State.SUBMITTED, Reason.ELSEWHERE, "develop.implement")
GATED = (State.WORKING, Reason.GATES_RUNNING, "develop.implement")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PullDesk]:
    with pull_desk(tmp_path) as made:
        yield made


# -- a branch of plain git


def test_a_branch_that_is_pushed_to_becomes_the_submission_and_all_facts_are_computed_from_it(desk: PullDesk) -> None:
    sha = desk.forge.push(APP, "agent/fix", {"app.py": "print(2)\n"})
    desk.follow_branch()
    assert desk.stands == AWAY

    desk.look()

    work = desk.task.submission
    assert work is not None
    assert (desk.stands, work.head) == (GATED, sha)
    assert work.base == desk.forge.world.repository(APP).git.commit("refs/heads/main")
    assert work.facts is not None
    assert work.bundle
    submitted = next(each for each in desk.shop.log("r1") if each.name == "Submitted")
    assert submitted.principal == "integration:git"


def test_a_branch_is_fetched_again_only_when_it_moved(desk: PullDesk) -> None:
    desk.forge.push(APP, "agent/fix", {"app.py": "print(2)\n"})
    desk.follow_branch()
    version = desk.look().version
    assert desk.look().version == version

    sha = desk.forge.push(APP, "agent/fix", {"app.py": "print(3)\n"})
    desk.look()

    assert desk.head == sha


def test_a_branch_that_is_deleted_asks_a_person_and_goes_on_when_it_is_there_again(desk: PullDesk) -> None:
    desk.forge.push(APP, "agent/fix", {"app.py": "print(2)\n"})
    desk.follow_branch()
    desk.look()
    desk.shop.report(verdict=Verdict.FAIL)
    git = desk.forge.world.repository(APP).git
    git.run("update-ref", "-d", "refs/heads/agent/fix")
    desk.look()
    assert desk.task.elsewhere is not None
    assert desk.task.elsewhere.lost
    assert desk.task.state is State.INPUT_REQUIRED

    desk.forge.push(APP, "agent/fix", {"app.py": "print(4)\n"})
    desk.look()

    assert desk.stands == GATED


def test_a_branch_that_was_merged_by_hand_without_its_approval_asks_a_person(desk: PullDesk) -> None:
    sha = desk.forge.push(APP, "agent/fix", {"app.py": "print(2)\n"})
    desk.follow_branch()
    desk.look()
    git = desk.forge.world.repository(APP).git
    git.set_ref("refs/heads/main", sha)
    git.run("update-ref", "-d", "refs/heads/agent/fix")

    desk.look()

    assert desk.stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)
    assert "merged into main elsewhere" in desk.task.detail


def test_a_branch_that_changes_nothing_is_not_taken(desk: PullDesk) -> None:
    git = desk.forge.world.repository(APP).git
    git.set_ref("refs/heads/agent/fix", git.commit("refs/heads/main"))
    desk.follow_branch()

    desk.look()

    assert desk.stands == AWAY
    assert "nothing was changed" in desk.said[-1]


@pytest.mark.parametrize("ref", ["refs/pull/7/merge", "refs/pull/0/head", "refs/heads/../x", "refs/tags/v1", "HEAD"])
def test_nothing_but_a_branch_or_a_pull_requests_head_is_ever_fetched(ref: str) -> None:
    with pytest.raises(BadInput):
        checked_ref(ref)


def test_what_came_back_to_a_branch_of_plain_git_is_put_to_a_person_once(desk: PullDesk) -> None:
    desk.forge.push(APP, "agent/fix", {"app.py": "print(2)\n"})
    desk.follow_branch()
    desk.look()
    desk.shop.report(verdict=Verdict.FAIL)
    assert desk.stands == AWAY

    desk.look()

    assert desk.stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)
    assert "tests says fail" in desk.task.detail
    version = desk.task.version
    assert desk.look().version == version


# -- a pull request


def test_a_push_takes_back_nothing_that_people_were_asked_and_is_fetched_when_they_have_answered(
    desk: PullDesk,
) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    for number in range(12):
        desk.shop.report(verdict=Verdict.FAIL)
        if desk.task.reason is Reason.ROUNDS_EXHAUSTED:
            break
        desk.forge.push(APP, "agent/fix", {"app.py": f"print({number + 10})\n"})
        desk.look()
    asked, judged = desk.task.requests, desk.head
    assert desk.task.reason is Reason.ROUNDS_EXHAUSTED

    desk.forge.ci(APP, judged, "build", "failure")
    desk.look()
    sha = desk.forge.push(APP, "agent/fix", {"app.py": "print(99)\n"})
    desk.look()
    assert desk.task.heard[-1] == f"checks:{judged}"
    assert (desk.task.requests, desk.head) == (asked, judged)

    desk.shop.gateway.perform(PerformCommand(desk.shop.person(), "r1", Retry(desk.shop.voice(), "once more")))
    desk.look()
    assert (desk.stands, desk.head) == (GATED, sha)


def test_a_pull_request_is_gated_and_approved_and_its_author_is_shown_as_the_forge_names_them(desk: PullDesk) -> None:
    sha = desk.pulled()
    desk.follow()
    desk.look()

    assert (desk.stands, desk.head) == (GATED, sha)
    place = desk.task.elsewhere
    assert place is not None
    assert (place.author, place.worker) == ("robot", f"integration:{desk.forge.host}/robot")
    submitted = next(each for each in desk.shop.log("r1") if each.name == "Submitted")
    assert submitted.principal == f"integration:{desk.forge.host}"

    desk.shop.report()
    assert desk.shop.approve().reason is Reason.EFFECT_RUNNING


def test_a_pull_request_of_another_repository_is_no_work_for_a_task(desk: PullDesk) -> None:
    desk.forge.repository("other/app")
    desk.forge.push("other/app", "x", {"a": "1\n"})
    other = desk.forge.pull("other/app", "robot", "x")
    desk.pulled()
    target = RunTarget("app", desk.forge.origin(APP), "main")

    with pytest.raises(BadInput, match="other/app is no work for acme/app"):
        pull_beginning(desk.opened, f"http://{desk.forge.host}/other/app/pull/{other}", target)
    own = pull_beginning(desk.opened, f"http://{desk.forge.host}/Acme/App/pull/{desk.number}", target)
    assert own.place is not None


def test_a_pull_request_is_one_tasks(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    assert [link.number for link in desk.task.links] == [desk.number]

    desk.shop.begin(run="r2", origin=desk.forge.origin(APP), elsewhere=desk.place())
    desk.look()

    assert desk.shop.task("r2").submission is None
    assert "belongs to r1" in desk.said[-1]


def test_a_pull_request_from_a_fork_is_fetched_from_the_repository_that_it_is_for(desk: PullDesk) -> None:
    desk.forge.repository("robot/app")
    fork, main = desk.forge.world.repository("robot/app").git, desk.forge.world.repository(APP).git
    fork.run("fetch", "-q", str(main.path), "refs/heads/main")
    fork.set_ref("refs/heads/main", main.commit("refs/heads/main"))
    desk.forge.world.repository("robot/app").seen = fork.refs()
    sha = desk.forge.push("robot/app", "fix", {"app.py": "print(5)\n"})
    desk.number = desk.forge.pull(APP, "robot", "robot:fix")
    desk.follow()

    desk.look()

    assert desk.head == sha


def test_a_force_push_makes_a_new_submission_and_what_was_approved_is_stale(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    desk.shop.report()
    assert desk.task.requests

    sha = desk.forge.push(APP, "agent/fix", {"app.py": "print(9)\n"}, onto="refs/heads/main")
    desk.look()

    assert (desk.stands, desk.head) == (GATED, sha)
    assert desk.task.found("develop.implement", "tests") is None


def test_a_force_push_between_what_the_forge_said_and_the_fetch_is_recorded_as_it_was_fetched(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    said = desk.place()
    sha = desk.forge.push(APP, "agent/fix", {"app.py": "print(9)\n"}, onto="refs/heads/main")

    adopt_work(desk.opened, desk.task, said, integration(desk.forge.host))

    assert desk.head == sha


def test_whoever_is_enrolled_and_opened_it_may_not_approve_it(desk: PullDesk) -> None:
    desk.accounts(ana="ana-codes")
    desk.pulled(by="ana-codes")
    desk.follow()
    desk.look()
    desk.shop.report()

    with pytest.raises(Exception, match="held"):
        desk.shop.approve("ana")
    assert desk.shop.approve("ben").reason is Reason.EFFECT_RUNNING


def test_a_pull_request_that_is_closed_ends_its_task_and_one_that_is_merged_past_us_asks(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    desk.forge.merge(APP, "ana-codes", desk.number)
    desk.look()
    assert desk.stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)
    assert "merged" in desk.task.detail

    desk.shop.cancel()
    assert desk.look().state is State.CANCELED


def test_a_pull_request_that_was_merged_into_another_branch_is_not_done_but_asks(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    desk.shop.report()
    desk.shop.approve()
    desk.forge.push(APP, "side", {"side.txt": "x\n"})
    desk.forge.world.repository(APP).pulls[desk.number]["base"] = "side"
    desk.forge.merge(APP, "ben", desk.number)

    desk.look()

    assert desk.stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)
    assert "into side, not into main" in desk.task.detail
    version = desk.task.version
    assert desk.look().version == version


def test_a_pull_request_that_is_closed_ends_its_task(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    desk.forge.change(APP, "ana-codes", desk.number, state="closed")

    assert desk.look().state is State.CANCELED
    assert "closed" in desk.task.detail


def test_a_repository_that_is_gone_asks_a_person(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    desk.shop.report(verdict=Verdict.FAIL)
    desk.forge.delete(APP)

    desk.look()

    assert desk.stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)


@pytest.mark.parametrize("kind", ["error", "limits", "secondary", "html", "truncated", "garbage", "forbidden", "other"])
def test_trouble_of_the_forge_says_nothing_about_the_work(desk: PullDesk, kind: str) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    desk.shop.report(verdict=Verdict.FAIL)
    assert desk.look().reason is Reason.ELSEWHERE
    before = desk.task.version
    desk.forge.fail(kind, r"GET /repos/acme/app/pulls/\d+$", 9)  # type: ignore[arg-type]

    desk.look()

    assert (desk.task.version, desk.stands) == (before, AWAY)
    assert desk.said


def test_a_hint_has_the_place_looked_at_before_its_time_and_is_not_believed(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    sha = desk.forge.push(APP, "agent/fix", {"app.py": "print(7)\n"})
    leave_hint(desk.opened.home.store, ForgeHint("acme/other", desk.number))
    assert desk.watch.look(desk.opened) == 0

    event = HookEvent(
        "github",
        HookKind.GITHUB,
        "pull_request",
        {"repository": {"full_name": "Acme/App"}, "pull_request": {"number": desk.number, "head": {"sha": "f" * 40}}},
    )
    hint = hint_of(event)
    assert hint is not None
    for _ in range(600):
        leave_hint(desk.opened.home.store, hint)
    assert desk.watch.look(desk.opened) == 1

    assert desk.head == sha
    assert desk.watch.look(desk.opened) == 0


@pytest.mark.parametrize(
    ("name", "payload", "found"),
    [
        ("push", {"ref": "refs/heads/agent/fix"}, ForgeHint(APP, ref="agent/fix")),
        ("check_run", {"check_run": {}}, ForgeHint(APP)),
        ("issue_comment", {"issue": {"number": 3}}, ForgeHint(APP, 3)),
        ("star", {}, None),
    ],
)
def test_a_webhook_says_where_to_look(name: str, payload: dict[str, object], found: ForgeHint | None) -> None:
    assert hint_of(HookEvent("x", HookKind.GITHUB, name, {**payload, "repository": {"full_name": APP}})) == found
    assert hint_of(HookEvent("x", HookKind.GITHUB, name, {**payload, "repository": 7})) is None
    assert hint_of(HookEvent("x", HookKind.LINEAR, name, {**payload, "repository": {"full_name": APP}})) is None


def test_work_that_became_ours_is_followed_no_more(desk: PullDesk) -> None:
    desk.pulled()
    desk.follow()
    desk.look()
    desk.shop.report(verdict=Verdict.FAIL)
    person = desk.shop.person()
    desk.shop.gateway.perform(PerformCommand(person, "r1", Reassign("implementer", desk.shop.voice(), "here")))
    desk.shop.claim("r1")

    before = desk.head
    desk.forge.push(APP, "agent/fix", {"app.py": "print(7)\n"})
    desk.look()

    assert desk.head == before


def test_a_gateway_that_serves_has_a_verifier_look_there_as_long_as_anything_is_followed(desk: PullDesk) -> None:
    with desk.shop.store.reading() as at:
        assert not is_followed(at)
    desk.forge.push(APP, "agent/fix", {"app.py": "print(2)\n"})
    desk.follow_branch()
    with desk.shop.store.reading() as at:
        assert is_followed(at)

    desk.look()
    desk.shop.cancel()

    with desk.shop.store.reading() as at:
        assert not is_followed(at)
