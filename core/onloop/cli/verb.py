"""What a verb is, and the arguments that several of them take."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from onloop.cli.arguments import Arguments
from onloop.records import Record, field


class Reach(Enum):
    """Which store a verb works with.

    GATEWAY: the one that `$ONLOOP_URL` names, else the one that is found; all goes through the gateway.
    FILE: only a store whose file is on this machine and ours; a gateway that `$ONLOOP_URL` names must be its own.
    NONE: none, or one of the verb's own, so that `$ONLOOP_URL` means nothing to it.
    """

    GATEWAY = "gateway"
    FILE = "file"
    NONE = "none"


class Argument(Record):
    """One argument of a verb, as argparse takes it."""

    names: tuple[str, ...]
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)


class Verb(Record):
    """One verb: what it is for, where its function is (`module:function`), and what it takes.

    `takes` is the record of its arguments, and `arguments` say how argparse reads each field of it, in the order of the
    help. `prints` names the models of what it prints with `--json` (`module:Class` in `json_models/`); a verb without
    one prints its exit code alone. A verb that `needs_git` does nothing where git is missing or too old. `words` names
    the argument that holds what a person writes; a verb that `asks` for it opens an editor where it is left out. Each
    verb says its `reach`.
    """

    name: str
    group: str
    summary: str
    function: str
    takes: type[Arguments] = Arguments
    arguments: tuple[Argument, ...] = ()
    prints: tuple[str, ...] = ()
    needs_git: bool = False
    words: str = ""
    asks: bool = False
    reach: Reach | None = None


def arg(*names: str, help: str, **options: Any) -> Argument:  # noqa: A002 - argparse's own word
    """An argument with its options."""
    return Argument(names, help, options)


TASK = arg("task", help="a task's id, like r7k2m.3")
REASON = arg("--reason", help="why; it reaches the agent", default="")
AS = (
    arg("--as", help="who you are; may be left out when one person is enrolled", dest="person", metavar="NAME"),
    arg(
        "--passphrase-fd",
        help="read the passphrase from this file descriptor instead of asking; proves less (A0)",
        type=int,
        metavar="N",
    ),
)
WRITTEN = (
    arg("--file", help="read the words from this file, with their lines; - is standard input", default=""),
    arg("--edit", "-e", help="write the words in $VISUAL or $EDITOR", action="store_true"),
)
DIGEST = arg("--digest", help="the digest that `onloop show` printed (12 characters or more)", default="")
KEY = arg("--key", help="idempotency key: the same key never acts twice", default="")
RUN = arg("--run", help="only this run")
AT = arg("--at", help="as it stood then: 14:05, 2026-01-31 14:05, or an event by its number", metavar="WHEN")
TOKEN_FD = arg(
    "--token-fd", help="with ONLOOP_URL=https://…: read the launcher's token from here", type=int, metavar="N"
)
LISTENING = (
    arg("--listen", help="serve HTTP there, too: 127.0.0.1:8443, [::]:8443", metavar="HOST:PORT"),
    arg("--tls-cert", help="the certificate and its chain, as PEM; read again when it changes", metavar="FILE"),
    arg("--tls-key", help="its key, as PEM", metavar="FILE"),
    arg("--public-url", help="a URL by which callers know it; may be repeated", action="append", metavar="URL"),
    arg(
        "--behind-proxy",
        help="the address of a reverse proxy that encrypts in its place; may be repeated",
        action="append",
        metavar="ADDRESS",
    ),
    arg("--web", help="serve the dashboard as a page, too: at /web, for people", action="store_true"),
    arg("--web-user", help="with --web, as root: as whom dashboards run (default: nobody)", metavar="USER"),
)
COMMON: tuple[Argument, ...] = (
    arg("--json", help="one JSON object on stdout", action="store_true", dest="as_json"),
    arg(
        "--store",
        help="a folder, or postgresql://USER@HOST/DATABASE (default: $ONLOOP_STORE, then the XDG state folder)",
        metavar="STORE",
    ),
)
DASHBOARD: tuple[Argument, ...] = (
    arg("--read-only", help="look, and decide nothing", action="store_true"),
    arg("--as", help="who you are", dest="person", metavar="NAME"),
    arg(
        "--role",
        help="what to begin with: the Tree, the Inbox or the Fleet (default: where you left it)",
        choices=("engineer", "approver", "operator"),
    ),
    arg(
        "--plain",
        help="talk in lines that nothing is drawn over, for a screen reader; ONLOOP_PLAIN=1 does so always",
        action="store_true",
    ),
    arg("--settings", help="a settings file in the place of ~/.config/onloop/dashboard.yaml", metavar="FILE"),
    arg(
        "--workflows",
        help="another folder whose workflows are checked as they are edited, beside .onloop; may be repeated",
        action="append",
        default=[],
        metavar="DIR",
    ),
)
