"""PURE: an origin written in one way, and which patterns of repositories it fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from onloop.gates.globs import matches

DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}


def spelling(origin: str) -> str:
    """HOST/PATH of a URL, without user, default port and `.git`; the path of a folder."""
    if "://" not in origin and ":" in origin and not origin.startswith(("/", ".")):
        host, _, path = origin.partition(":")
        return spelt(host.rpartition("@")[2], path)
    parts = urlsplit(origin)
    if parts.scheme in DEFAULT_PORTS:
        port = "" if parts.port in {None, DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
        return spelt(f"{parts.hostname or ''}{port}", parts.path)
    path = unquote(parts.path) if parts.scheme == "file" else origin
    return path.rstrip("/").removesuffix("/.git").removesuffix(".git")


def spelt(host: str, path: str) -> str:
    """A host and a path on it."""
    plain = re.sub(r"/+", "/", unquote(path)).strip("/").removesuffix(".git")
    return f"{host.lower()}/{plain}"


def fits(patterns: Sequence[str], origin: str | None, name: str = "") -> bool:
    """Whether a repository fits one of the patterns.

    A pattern with a slash is compared with the spelling of its origin, one without with the last part of that. `*` and
    `?` stay within a part, `**` crosses slashes, and a pattern means all that is below it. `name` is the repository's
    where it has no origin. What cannot be spelled, or steps up, fits nothing.
    """
    try:
        whole = spelling(origin) if origin else name
    except ValueError:
        return False
    if {".", ".."} & set(whole.split("/")):  # git asks for another path than is written there
        return False
    last = whole.rpartition("/")[2]
    return any(matches((pattern,), whole if "/" in pattern else last) for pattern in patterns)
