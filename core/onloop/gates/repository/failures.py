"""Why git failed: its own reason, what the other side said, and of which kind that is."""

from __future__ import annotations

import re
from typing import NamedTuple

from onloop.errors import FailureKind, Unavailable
from onloop.gates.repository.ref_names import one_line, without_credentials

_ERRORS = ("fatal: ", "error: ")
_REMOTE = "remote: "
_ABOUT_TRANSPORT = "fatal: Could not read from remote repository."
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_FOUND = re.compile(r"(?:object|commit|tree|tag|blob) [0-9a-f]{40,64}: ([a-z][A-Za-z]{3,40}): ")
_MOST_REMARKS = 12
_LONGEST_REMARK = 200
_TALKS = frozenset({"clone", "fetch", "ls-remote", "push"})
_SIGNS = (
    (FailureKind.NO_SPACE, r"No space left on device|[Dd]isk quota exceeded|unable to write (?:file|loose object)"),
    (
        FailureKind.AUTH,
        r"Authentication failed|could not read (?:Username|Password)|Permission denied \(|Invalid username or"
        r"|returned error: 40[137]\b|HTTP (?:Basic|401|403)|Host key verification failed|Bad configuration option"
        r"|SSL certificate problem|certificate ver(?:ify|ification) failed|[Ss]erver certificate|SSL peer certificate"
        r"|private key|client certificate|could not load|Load key|CAfile|CApath|No (?:ED25519|RSA|ECDSA) host key",
    ),
    (
        FailureKind.UNREACHABLE,
        r"Could not resolve|Temporary failure in name|Name or service not known|Connection (?:refused|timed out|reset)"
        r"|Failed to connect|Couldn't connect|[Oo]peration (?:timed out|too slow)|No route to host|Network is unreach"
        r"|unable to connect|Empty reply|early EOF|unexpected disconnect|hung up unexpectedly|Broken pipe|Recv failure"
        r"|recv error|returned error: (?:429|5\d\d)\b|RPC failed|Connection closed|kex_exchange_identification"
        r"|SSL_ERROR_SYSCALL",
    ),
    (FailureKind.DAMAGED, r"not a git repository: '"),  # the repository of ours that git was started for
    (
        FailureKind.MISSING,
        r"does not appear to be a git repository|[Rr]epository .*not found|not found: did you|couldn't find remote ref"
        r"|does not exist|returned error: 404\b|No such (?:file|remote)",
    ),
    (FailureKind.REFUSED, r"hook declined|\[(?:remote )?rejected\]|protected branch|denied to|pre-receive"),
    (FailureKind.BUSY, r"\.lock': File exists|Another git process|is locked"),
    (
        FailureKind.DAMAGED,
        r"fsck error|bad object|[Cc]orrupt|inflate:|missing (?:blob|tree|commit)|unresolved delta|index-pack"
        r"|object file|pack has|packfile|loose object|unable to (?:read|unpack|parse)|invalid (?:object|sha1)"
        r"|did not receive expected|did not send all necessary|reference broken|bad (?:ref|signature)|garbage at end",
    ),
    (FailureKind.UNREACHABLE, r"Could not read from remote repository|remote end"),
)
"""Words of git, curl and ssh by which a kind is known; the first that fits counts."""
_KINDS = tuple((kind, re.compile(words)) for kind, words in _SIGNS)


class Complaint(NamedTuple):
    """What git wrote on standard error: its reason in one line, the other side's lines, and the kind, if known."""

    reason: str
    remarks: tuple[str, ...] = ()
    kind: FailureKind | None = None


class GitFailed(Unavailable):
    """A run of git failed; `complaint` is git's own reason, `remarks` what the other side said.

    `findings` are what git's checks found wrong with an object, by the names that they have for it.
    """

    code = "git"

    def __init__(
        self,
        subcommand: str,
        complaint: str,
        *,
        out_of_time: bool = False,
        kind: FailureKind | None = None,
        remarks: tuple[str, ...] = (),
    ) -> None:
        self.subcommand = subcommand
        self.complaint = complaint
        self.out_of_time = out_of_time
        self.remarks = remarks
        self.findings = findings(complaint)
        if out_of_time and kind is None:
            kind = FailureKind.UNREACHABLE if subcommand in _TALKS else FailureKind.BUSY
        super().__init__(f"git {subcommand} failed: {complaint}", hint=_HINTS.get(kind, _HINT), kind=kind)


_HINT = "correct what git names, then try again"
_HINTS: dict[FailureKind | None, str] = {
    FailureKind.UNREACHABLE: "try again when the origin answers",
    FailureKind.AUTH: "onloop doctor --repo URL shows what is declared for this origin, and tries it",
    FailureKind.NO_SPACE: "make room: onloop gc --older 7d --dry-run shows what could go",
    FailureKind.BUSY: "try again when the other git has ended",
}


def findings(text: str) -> tuple[str, ...]:
    """What git's checks found according to its own words, each once."""
    return tuple(dict.fromkeys(match[1] for match in _FOUND.finditer(text)))


def complaint_of(stderr: bytes) -> Complaint:
    """What git complains about: the first line that it calls an error, because it causes the later ones; else the last.

    The kind is looked for in the causes first, then in everything that git wrote.
    """
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    own = [line for line in lines if not line.startswith(_REMOTE)]
    if _ABOUT_TRANSPORT in own[1:]:  # the transport's own words come before it
        own = own[: own.index(_ABOUT_TRANSPORT)]
    errors = [line for line in own if line.startswith(_ERRORS)]
    reason = (errors or own[-1:] or lines[-1:] or [""])[0]
    for prefix in (*_ERRORS, _REMOTE):
        reason = reason.removeprefix(prefix)
    return Complaint(_shown(reason, 300), _remarks(lines), _kind_of(reason) or _kind_of("\n".join(own)))


def _remarks(lines: list[str]) -> tuple[str, ...]:
    """What the other side of a connection said (`remote: …`), each line cleaned, the last ones if there are many."""
    said = [line.removeprefix(_REMOTE).strip() for line in lines if line.startswith(_REMOTE)]
    return tuple(_shown(line, _LONGEST_REMARK) for line in said if line)[-_MOST_REMARKS:]


def _kind_of(text: str) -> FailureKind | None:
    return next((kind for kind, words in _KINDS if words.search(text)), None)


def _shown(line: str, limit: int) -> str:
    return without_credentials(one_line(_COLOURS.sub("", line), limit))
