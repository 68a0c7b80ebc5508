"""Where an origin keeps the files in Git LFS: a folder of this machine, or a server."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, assert_never
from urllib.parse import unquote, urlsplit

from onloop.gates.contents.submodule_parts import ContentsMissing
from onloop.gates.repository.git import Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import one_line, without_credentials

LARGEST_CONFIG = 65_536
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HINT = "give lfs.url in .lfsconfig of the target: an https URL of the server"


class LfsFolder(NamedTuple):
    """The `lfs` folder of a repository on this machine."""

    path: Path


class LfsServer(NamedTuple):
    """The URL of a server that speaks the batch API."""

    url: str


LfsAddress = LfsFolder | LfsServer


def lfs_address(mirror: Mirror, target: str) -> LfsAddress:
    """Where the origin keeps its files: as `.lfsconfig` says in `target`, a commit that the target has, else beside it.

    ContentsMissing for an address that we do not speak to.
    """
    origin = mirror.bare_origin
    url = _configured(mirror.git, target) or origin
    given = url != origin
    if url.startswith(("/", "file:")):
        if not origin.startswith(("/", "file:")):
            raise ContentsMissing(f"{_shown(url)} is a path of this machine, and the origin is not", hint=_HINT)
        return LfsFolder(_lfs_folder(Path(unquote(urlsplit(url).path) if url.startswith("file:") else url)))
    if not is_allowed(url):
        raise ContentsMissing(f"files in Git LFS at {_shown(url)} are not fetched over that transport", hint=_HINT)
    if given:
        return LfsServer(url.rstrip("/"))
    return LfsServer(f"{url.rstrip('/').removesuffix('.git')}.git/info/lfs")


def is_allowed(url: str, named_by: str = "") -> bool:
    """Whether we may speak to a URL: by https, or by http on this machine's loopback; never with a user in it.

    A server elsewhere, at `named_by`, cannot lead us to the loopback: what listens there trusts this machine.
    """
    parts, by = urlsplit(url), urlsplit(named_by).hostname
    is_own = parts.hostname in LOOPBACK and (by is None or by in LOOPBACK)
    is_safe = is_own or (parts.scheme == "https" and parts.hostname not in LOOPBACK)
    is_known = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_known and is_safe and "@" not in parts.netloc and url.isprintable()


def shown_address(address: LfsAddress) -> str:
    """The address as it may be shown."""
    match address:
        case LfsFolder(path):
            return str(path)
        case LfsServer(url):
            return _shown(url)
        case _:
            assert_never(address)


def _lfs_folder(origin: Path) -> Path:
    own = origin / ".git"
    return (own if own.is_dir() else origin) / "lfs"


def _configured(git: Git, commit: str) -> str | None:
    """`lfs.url` of the `.lfsconfig` at the top of a commit; None if there is none."""
    listed = git.run("ls-tree", "-z", "--full-tree", "--end-of-options", commit, ".lfsconfig").fields
    if not listed or not listed[0].startswith("100"):
        return None
    content = git.run("cat-file", "blob", listed[0].partition("\t")[0].split()[2], max_bytes=LARGEST_CONFIG)
    words = ("--no-includes", "--file", "-", "--get", "lfs.url")
    found = git.run("config", *words, stdin=content.stdout, accept=(0, 1))
    return found.text.strip() or None


def _shown(url: str) -> str:
    return one_line(without_credentials(url), 100)
