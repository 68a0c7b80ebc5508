"""What every forge must do, tried on the test forge (and, with the marker `forge`, on the real one)."""

from __future__ import annotations

import pytest

from onloop.forges.github.github_forge import GithubForge
from onloop.forges.port import ForgeRefused, PullState, RepositoryName, ReviewState
from support.forge import APP, APP_ID, TestForge


def test_a_pull_request_is_opened_once_found_changed_and_merged_at_the_head_that_was_seen(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    head = world.push(APP, "work", {"a.txt": "a\n"})
    made = github.open_pull_request(repo, head="work", base="main", title="A change", body="Why\r\nit is", draft=False)
    assert (made.head_sha, made.state, made.author.login) == (head, PullState.OPEN, "onloop-bot")
    assert (made.body, made.head_repository, made.mergeable) == ("Why\nit is", APP, True)
    with pytest.raises(ForgeRefused, match="already exists") as no:
        github.open_pull_request(repo, head="work", base="main", title="Again", body="")
    assert no.value.status == 422
    assert [each.number for each in github.pull_requests(repo, head="work", base="main")] == [made.number]
    assert github.update_pull_request(repo, made.number, title="Better").title == "Better"
    github.add_labels(repo, made.number, ["onloop", "onloop"])
    github.request_reviewers(repo, made.number, logins=["alice"])
    assert github.pull_request(repo, made.number).labels == ("onloop",)
    with pytest.raises(ForgeRefused, match="409") as no:
        github.merge_pull_request(repo, made.number, sha="0" * 40)
    merged = github.merge_pull_request(repo, made.number, sha=head, method="squash", title="One commit")
    now = github.pull_request(repo, made.number)
    assert (now.state, now.merged_sha, github.branch(repo, "main")) == (PullState.MERGED, merged, merged)
    assert world.world.repository(APP).git.run("log", "-1", "--format=%s", merged) == "One commit"
    assert github.pull_requests(repo, head="work", state="open") == ()
    assert [each.state for each in github.pull_requests(repo, state="all")] == [PullState.MERGED]


def test_a_rebase_keeps_each_commit_and_a_conflict_is_a_refusal(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    world.push(APP, "work", {"a.txt": "a\n"}, "one")
    world.push(APP, "work", {"b.txt": "b\n"}, "two")
    world.push(APP, "main", {"c.txt": "c\n"}, "meanwhile")
    number = world.pull(APP, "alice", "work")
    merged = github.merge_pull_request(repo, number, sha=github.pull_request(repo, number).head_sha, method="rebase")
    log = world.world.repository(APP).git.run("log", "--format=%s", merged)
    assert log.splitlines() == ["two", "one", "meanwhile", "first"]
    world.push(APP, "other", {"a.txt": "ours\n"}, onto="main")
    world.push(APP, "main", {"a.txt": "theirs\n"})
    other = world.pull(APP, "alice", "other")
    seen = github.pull_request(repo, other)
    assert seen.mergeable is False
    with pytest.raises(ForgeRefused, match="Merge conflict"):
        github.merge_pull_request(repo, other, sha=seen.head_sha)


def test_check_runs_are_an_apps_alone_and_the_newest_of_each_counts(
    world: TestForge, github: GithubForge, as_app: GithubForge, repo: RepositoryName
) -> None:
    sha = world.push(APP, "work", {"a.txt": "a\n"})
    with pytest.raises(ForgeRefused, match="GitHub App") as no:
        github.create_check_run(repo, name="onloop", sha=sha)
    assert no.value.status == 403
    made = as_app.create_check_run(repo, name="onloop", sha=sha, external_id="T-1", status="in_progress", title="At it")
    assert (made.app_id, made.app_slug, made.status, made.external_id) == (APP_ID, "onloop", "in_progress", "T-1")
    done = as_app.update_check_run(repo, made.id, conclusion="success", title="Done", summary="All gates pass")
    assert (done.id, done.status, done.conclusion) == (made.id, "completed", "success")
    world.ci(APP, sha, "test", "failure")
    world.ci(APP, sha, "test", "success")
    found = {each.name: each for each in as_app.check_runs(repo, sha)}
    assert {name: each.conclusion for name, each in found.items()} == {"onloop": "success", "test": "success"}
    assert found["test"].app_slug == "github-actions"
    with pytest.raises(ForgeRefused, match="only be modified"):
        as_app.update_check_run(repo, found["test"].id, conclusion="success")


def test_the_newest_status_of_each_context_counts(world: TestForge, github: GithubForge, repo: RepositoryName) -> None:
    sha = world.push(APP, "work", {"a.txt": "a\n"})
    github.set_status(repo, sha=sha, context="ci/lint", state="pending")
    github.set_status(repo, sha=sha, context="ci/lint", state="success", url="https://ci.test/1")
    world.status(APP, "alice", sha, "ci/test", "failure")
    found = {each.context: (each.state, each.creator.login) for each in github.statuses(repo, sha)}
    assert found == {"ci/lint": ("success", "onloop-bot"), "ci/test": ("failure", "alice")}


def test_reviews_and_comments_name_who_said_them_of_which_commit(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    head = world.push(APP, "work", {"a.txt": "a\n"})
    number = world.pull(APP, "alice", "work")
    world.review(APP, "bob", number, "CHANGES_REQUESTED", "not yet")
    world.line_comment(APP, "bob", number, "here", "a.txt", 1)
    newer = world.push(APP, "work", {"a.txt": "b\n"})
    world.review(APP, "bob", number, "APPROVED")
    said = [(each.state, each.commit_sha, each.author.login) for each in github.reviews(repo, number)]
    assert said == [(ReviewState.CHANGES_REQUESTED, head, "bob"), (ReviewState.APPROVED, newer, "bob")]
    line = github.review_comments(repo, number)[0]
    assert (line.path, line.line, line.body) == ("a.txt", 1, "here")
    made = github.create_comment(repo, number, "sticky")
    assert github.update_comment(repo, made.id, "newer").id == made.id
    assert [each.body for each in github.comments(repo, number)] == ["newer"]


def test_issues_are_found_by_label_and_pull_requests_are_none(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    number = world.issue(APP, "alice", "It breaks", "Steps", ("bug", "onloop"))
    world.issue(APP, "alice", "Other", labels=("bug",))
    world.push(APP, "work", {"a.txt": "a\n"})
    world.pull(APP, "alice", "work")
    assert [each.number for each in github.issues(repo, labels=("bug", "onloop"))] == [number]
    assert len(github.issues(repo)) == 2
    done = github.update_issue(repo, number, state="closed", labels=["done"])
    assert (done.state, done.labels, done.author.login) == ("closed", ("done",), "alice")
    assert github.issue(repo, number).title == "It breaks"


def test_lists_are_read_over_all_their_pages(world: TestForge, github: GithubForge, repo: RepositoryName) -> None:
    number = world.issue(APP, "alice", "Long")
    for at in range(230):
        world.comment(APP, "alice", number, f"comment {at}")
    assert [each.body for each in github.comments(repo, number)] == [f"comment {at}" for at in range(230)]
    assert world.asked(r"GET .*/comments") == 3


def test_tags_branches_and_permissions(world: TestForge, github: GithubForge, repo: RepositoryName) -> None:
    main = github.branch(repo, "main")
    assert main is not None
    assert github.branch(repo, "none") is None
    assert github.tag(repo, "v1") is None
    assert github.create_tag(repo, "v1", main, "The first") == main
    assert github.create_tag(repo, "light/1", main) == main
    assert (github.tag(repo, "v1"), github.tag(repo, "light/1")) == (main, main)
    with pytest.raises(ForgeRefused, match="already exists"):
        github.create_tag(repo, "v1", main, "Again")
    assert github.collaborator_permission(repo, "onloop-bot") == "write"
    assert github.collaborator_permission(repo, "stranger") == "read"
    assert github.repository(repo).permission == "write"


def test_workflows_are_dispatched_found_and_their_log_ends_with_what_failed(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    main = github.branch(repo, "main") or ""
    github.dispatch_workflow(repo, "deploy.yml", "main", {"environment": "staging"})
    run = github.workflow_runs(repo, sha=main, event="workflow_dispatch")[0]
    assert (run.name, run.status, run.head_sha) == ("deploy", "in_progress", main)
    assert github.failing_log(repo, run.id) == ""
    with world.world.turn:
        from support.forge.deeds import end_workflow

        end_workflow(world.world.repository(APP), run.id, "failure", "x" * 500_000 + "\n\x1b[31mBOOM\x00\n")
    log = github.failing_log(repo, run.id)
    assert log.endswith("\n[31mBOOM\n")
    assert len(log) <= 200_000
    with pytest.raises(ForgeRefused, match="404"):
        github.dispatch_workflow(repo, "none.yml", "main", {})


def test_repositories_are_found_by_the_forges_own_words(world: TestForge, github: GithubForge) -> None:
    world.repository("acme/lib", topics=["python"])
    world.repository("acme/hidden", private=True, rights={"onloop-bot": "none"}, topics=["python"])
    world.repository("other/lib", topics=["python"])
    found = github.search_repositories("org:acme topic:python")
    assert [each.name.words for each in found] == ["acme/lib"]
    assert found[0].clone_url.endswith("/acme/lib.git")


@pytest.mark.parametrize("ruleset", [False, True])
def test_rules_of_a_branch_name_the_checks_with_the_app_that_must_say_them(
    world: TestForge, as_app: GithubForge, repo: RepositoryName, ruleset: bool
) -> None:
    assert not as_app.branch_rules(repo, "main").protected
    world.protect(APP, checks=[("onloop", APP_ID), ("lint", None)], approvals=2, strict=True, ruleset=ruleset)
    rules = as_app.branch_rules(repo, "main")
    assert {(each.name, each.app_id) for each in rules.required_checks} == {("onloop", APP_ID), ("lint", None)}
    assert (rules.protected, rules.approvals, rules.up_to_date, rules.pull_request) == (True, 2, True, True)
    assert rules.binds_admins is (None if ruleset else True)
    assert rules.no_force


def test_rules_that_may_not_be_read_are_said_to_be_unread(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    world.protect(APP, checks=[("onloop", APP_ID)])
    rules = github.branch_rules(repo, "main")  # the bot may write, and is no admin
    assert rules.unread == ("protection",)
    assert [(each.name, each.app_id) for each in rules.required_checks] == [("onloop", APP_ID)]
    assert rules.binds_admins is None


def test_a_protected_branch_merges_when_the_expected_app_has_said_success(
    world: TestForge, as_app: GithubForge, repo: RepositoryName
) -> None:
    world.protect(APP, checks=[("onloop", APP_ID)])
    head = world.push(APP, "work", {"a.txt": "a\n"})
    number = world.pull(APP, "alice", "work")
    world.ci(APP, head, "onloop", "success")  # the name alone, by another app
    with pytest.raises(ForgeRefused, match=r'"onloop" is expected') as no:
        as_app.merge_pull_request(repo, number, sha=head)
    assert no.value.status == 405
    as_app.enable_auto_merge(repo, number, method="squash", sha=head)
    assert as_app.pull_request(repo, number).state is PullState.OPEN
    as_app.create_check_run(repo, name="onloop", sha=head, conclusion="success")
    assert as_app.pull_request(repo, number).state is PullState.MERGED


def test_a_merge_queue_asks_for_checks_of_the_groups_head(
    world: TestForge, as_app: GithubForge, repo: RepositoryName
) -> None:
    world.protect(APP, checks=[("onloop", APP_ID)], queue=True, ruleset=True)
    head = world.push(APP, "work", {"a.txt": "a\n"})
    number = world.pull(APP, "alice", "work")
    assert as_app.branch_rules(repo, "main").merge_queue
    as_app.enable_auto_merge(repo, number, sha=head)
    group = world.world.repository(APP).queue[number]["head_sha"]
    assert group != head
    as_app.create_check_run(repo, name="onloop", sha=head, conclusion="success")
    assert as_app.pull_request(repo, number).state is PullState.OPEN
    as_app.create_check_run(repo, name="onloop", sha=group, conclusion="success")
    assert as_app.branch(repo, "main") == group
    assert as_app.pull_request(repo, number).merged_sha == group


def test_an_app_says_who_it_is_with_its_rights_and_an_account_says_its_name(
    world: TestForge, github: GithubForge, as_app: GithubForge, repo: RepositoryName
) -> None:
    assert github.identity(repo).login == "onloop-bot"
    said = as_app.identity(repo)
    assert (said.login, said.app_id) == ("onloop", APP_ID)
    assert ("checks", "write") in said.rights


def test_a_renamed_account_keeps_its_number_and_a_deleted_repository_is_missing(
    world: TestForge, github: GithubForge, repo: RepositoryName
) -> None:
    number = world.issue(APP, "alice", "One")
    before = github.issue(repo, number).author
    world.rename("alice", "alicia")
    assert world.issue(APP, "alicia", "Two") == 2
    assert github.issue(repo, 2).author.id == before.id
    world.delete(APP)
    with pytest.raises(ForgeRefused) as no:
        github.issue(repo, number)
    assert no.value.status == 404
