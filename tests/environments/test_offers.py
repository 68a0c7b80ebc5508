"""What a worker offers is read strictly, and a refusal says what could be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.environments.offers import offer
from onloop.errors import BadInput
from onloop.machine.agent_environment import EnvironmentKind
from onloop.machine.definition import Isolation


@pytest.mark.parametrize(
    ("text", "kind", "gives"),
    [
        ("clone", EnvironmentKind.CLONE, Isolation.CLONE),
        ("box", EnvironmentKind.BOX, Isolation.BOX),
        ("container:ghcr.io/acme/build:7", EnvironmentKind.CONTAINER, Isolation.CONTAINER),
        ("devcontainer", EnvironmentKind.DEVCONTAINER, Isolation.CONTAINER),
        ("vm:debian", EnvironmentKind.VM, Isolation.VM),
        ("template:farm", EnvironmentKind.TEMPLATE, Isolation.CLONE),
    ],
)
def test_an_offer_says_a_kind_and_how_far_it_separates(text: str, kind: EnvironmentKind, gives: Isolation) -> None:
    found = offer(text)
    assert (found.kind, found.gives, found.words) == (kind, gives, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jail",
        "container",
        "container:",
        "box:x",
        "container:-v/:/x",
        "template:a b",
        "vm:\n",
        "container:" + "x" * 401,
    ],
)
def test_what_no_environment_is_called_is_refused_with_what_could_be_written(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        offer(text)
    assert caught.value.hint.startswith("give ")


@given(st.text(max_size=80))
def test_whatever_is_written_is_an_offer_or_bad_input(text: str) -> None:
    try:
        assert not offer(text).name.startswith("-")
    except BadInput as problem:
        assert problem.message.isprintable()
