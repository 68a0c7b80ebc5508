"""Only harmless names become arguments of git, and only clean text becomes a commit message."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import BadInput
from onloop.gates.repository import ref_names


@pytest.mark.parametrize("name", ["main", "release/2.0", "onloop/r7k2m.3", "größe", "a-b_c", "refs/x"])
def test_an_ordinary_branch_is_taken(name: str) -> None:
    assert ref_names.check_ref_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "-",
            "--upload-pack=touch P",
            "-u",
            "@",
            "HEAD",
            "a..b",
            "refs/heads/../x",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
        ),
        *("a.lock", "a.lock/b", "a.", "a b", "a\nb", "a\0b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "a@{1}"),
        *("0123456789abcdef0123456789abcdef01234567", "a\x1b[2J", "a\u2028b", "\udc80", "x" * 201),
    ],
)
def test_what_is_no_branch_or_could_mean_more_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        ref_names.check_ref_name(name)
    assert repr(name) in refused.value.message
    assert refused.value.hint


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12))
def test_git_itself_agrees_with_every_branch_we_take(name: str) -> None:
    try:
        ref_names.check_ref_name(name)
    except BadInput:
        return
    assert subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False).returncode == 0


@pytest.mark.parametrize("commit", ["main", "0123456", "HEAD", "--all", "A" * 40, "0" * 41, "0" * 40 + "\n"])
def test_a_commit_is_named_by_its_full_id_only(commit: str) -> None:
    with pytest.raises(BadInput):
        ref_names.check_commit(commit)


@pytest.mark.parametrize("task", ["r7k2m", "r7k2m.3", "r7k2m.3.12"])
def test_a_task_id_is_taken(task: str) -> None:
    assert ref_names.check_task(task) == task


@pytest.mark.parametrize("task", ["", "..", "r7k2m/3", "../x", "-r7", "r7k2m.", "r7k2m.lock", "R7K2M", "a b", "a\n"])
def test_what_is_no_task_id_is_refused(task: str) -> None:
    with pytest.raises(BadInput):
        ref_names.check_task(task)


@pytest.mark.parametrize(
    "origin",
    ["/srv/a.git", "https://host/a.git", "ssh://git@host/a.git", "git@host:team/a.git", "file:///srv/a.git"],
)
def test_an_ordinary_origin_is_taken(origin: str) -> None:
    assert ref_names.check_origin(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "",
            "a.git",
            "../a",
            "-uevil",
            "--upload-pack=x",
            "ext::sh -c id",
            "fd::3",
            "host::x",
            "ssh://-oProxyCommand=id/x",
        ),
        *("http://host/a", "ftp://host/a", "-oProxyCommand=id:x", "/a\nb", "https:///x"),
    ],
)
def test_an_origin_that_could_run_something_is_refused(origin: str) -> None:
    with pytest.raises(BadInput):
        ref_names.check_origin(origin)


def test_credentials_in_a_url_are_not_shown() -> None:
    assert ref_names.without_credentials("cannot reach https://me:s3cret@host/a") == "cannot reach https://***@host/a"


def test_a_title_cannot_write_trailers_or_control_a_terminal() -> None:
    title = "fix\nApproved-by: alice\r\n\x1b]52;c;eA==\x07\u2028end"
    assert ref_names.one_line(title) == "fix Approved-by: alice ]52;c;eA== end"


def test_a_commit_message_keeps_its_lines_and_loses_its_control_characters() -> None:
    assert ref_names.commit_message("sub\x1bject\n\nline\0 one\nline two\n") == "sub ject\n\nline  one\nline two\n"
    assert ref_names.commit_message(" \n ") == "Merge\n"
    assert len(ref_names.commit_message("x" * 1000)) == 201
