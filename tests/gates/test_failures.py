"""A failure of git says of which kind it is, from what real git says about real trouble."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onloop.errors import FailureKind, Unavailable
from onloop.gates.repository.failures import complaint_of

if TYPE_CHECKING:
    from gates.conftest import Origin
    from onloop.gates.repository.mirror import Mirror


def kind_of(mirror: Mirror, origin: str) -> FailureKind | None:
    with pytest.raises(Unavailable) as failed:
        replace(mirror, origin=origin).tip("main")
    return failed.value.kind


def test_an_origin_that_nobody_serves_is_unreachable(mirror: Mirror) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert kind_of(mirror, f"https://127.0.0.1:{port}/x.git") is FailureKind.UNREACHABLE
    assert kind_of(mirror, f"git://127.0.0.1:{port}/x.git") is FailureKind.UNREACHABLE


def test_an_origin_that_is_gone_is_missing(mirror: Mirror) -> None:
    assert kind_of(mirror, "/nonexistent/x.git") is FailureKind.MISSING


def test_a_push_that_a_hook_refuses_says_what_the_hook_said(mirror: Mirror, origin: Origin) -> None:
    tip = mirror.refresh("main")
    hook = origin.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\necho 'ticket missing: write JIRA-123 into the title' >&2\nprintf '\\033[31mred\\n' >&2\nexit 1\n"
    )
    hook.chmod(0o755)
    result = mirror.git.run(
        "commit-tree",
        "-p",
        tip,
        "-m",
        "x",
        mirror.tree(tip),
        variables={f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")},
    ).text
    with pytest.raises(Unavailable) as refused:
        mirror.move("main", tip, result)
    assert refused.value.kind is FailureKind.REFUSED
    assert (
        "(pre-receive hook declined); the origin says: ticket missing: write JIRA-123 into the title"
        in refused.value.message
    )
    assert refused.value.message.endswith("/ red")
    assert "satisfy what the origin says" in refused.value.hint


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("fatal: Authentication failed for 'https://x/y/'", FailureKind.AUTH),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", FailureKind.AUTH),
        ("git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.", FailureKind.AUTH),
        ("Host key verification failed.\nfatal: Could not read from remote repository.", FailureKind.AUTH),
        ("fatal: unable to access 'https://x/': SSL certificate problem: unable to get local issuer", FailureKind.AUTH),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 503", FailureKind.UNREACHABLE),
        (
            "ssh: connect to host x port 22: No route to host\nfatal: Could not read from remote",
            FailureKind.UNREACHABLE,
        ),
        ("fatal: repository 'https://x/' not found", FailureKind.MISSING),
        ("error: object 1f: missingSpaceBeforeEmail: x\nfatal: fsck error in packed object", FailureKind.DAMAGED),
        (
            "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output",
            FailureKind.NO_SPACE,
        ),
        ("fatal: Unable to create '/m/packed-refs.lock': File exists.", FailureKind.BUSY),
        ("fatal: something nobody has seen", None),
    ],
)
def test_what_git_says_has_a_kind(said: str, kind: FailureKind | None) -> None:
    assert complaint_of(said.encode()).kind is kind
