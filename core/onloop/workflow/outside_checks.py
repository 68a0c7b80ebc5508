"""Checks of gates that ask outside: there is a question, and its address is one that may be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from onloop.workflow.model import GatePart
from onloop.workflow.positioned_tree import Fault, Path

LEAST_EVERY_MS = 5_000
_FILLED = ("commit", "task")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def outside_faults(at: Path, gate: GatePart) -> Iterator[Fault]:
    """What is wrong with a gate that asks a forge or an address of the web."""
    if gate.github is not None:
        asked = gate.github
        if not asked.checks and not asked.statuses and asked.reviews is None:
            hint = "give it checks: [{name: test, app: github-actions}], statuses or reviews"
            yield Fault((*at, "github"), "it asks nothing of the forge", hint)
        yield from _pace_faults((*at, "github", "every"), asked.every)
    if gate.http is not None:
        yield from _pace_faults((*at, "http", "every"), gate.http.every)
        yield from _url_faults((*at, "http", "url"), gate.http.url)


def _pace_faults(at: Path, every: int | None) -> Iterator[Fault]:
    if every is not None and every < LEAST_EVERY_MS:
        yield Fault(at, "it asks too often", "write every: 5s or more")


def _url_faults(at: Path, url: str) -> Iterator[Fault]:
    for name in _PLACEHOLDER.findall(url):
        if name not in _FILLED:
            yield Fault(at, f"unknown placeholder {{{name[:60]}}}", "valid: {commit}, {task}")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is what raises
    except ValueError:
        yield Fault(at, "that is no URL", "write https://HOST/PATH")
        return
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        yield Fault(at, "that is no address of the web", "write https://HOST/PATH")
    elif "@" in parts.netloc or parts.fragment:
        yield Fault(at, "it has a user or a fragment", "write https://HOST/PATH alone; never a secret")
    elif "{" in parts.netloc:
        yield Fault(at, "its host would depend on what is handed in", "fill in the path or the query alone")
