"""Textual finds a handler by its name, and ignores one that has no message of that name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
from textual.app import App
from textual.message import Message
from textual.widget import Widget

import onloop_tui

K = TypeVar("K")


def _classes_below(parent: type[K]) -> Iterator[type[K]]:
    child: type[K]
    for child in parent.__subclasses__():
        yield child
        yield from _classes_below(child)


@pytest.fixture(scope="module", autouse=True)
def _whole_dashboard() -> None:
    for module in pkgutil.walk_packages(onloop_tui.__path__, "onloop_tui."):
        importlib.import_module(module.name)


def _ours(parent: type[Any]) -> list[type]:
    return [each for each in dict.fromkeys(_classes_below(parent)) if each.__module__.startswith("onloop_tui")]


def test_every_handler_has_the_name_of_a_message() -> None:
    handlers = {message.handler_name for message in _classes_below(Message)}
    written = {
        (each.__qualname__, name)
        for kind in (Widget, App)
        for each in _ours(kind)
        for name in vars(each)
        if name[:3] == "on_"
    }
    assert len(written) > 30
    assert {(owner, name) for owner, name in written if name not in handlers | {"on_event"}} == set()
