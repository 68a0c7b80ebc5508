"""Which names may stand for an agent."""

from __future__ import annotations

import pytest

from onloop.errors import BadInput
from onloop.machine.agent_names import check_agent


def test_an_agent_is_named_without_its_kind() -> None:
    assert check_agent("agent:impl-1") == "impl-1"
    with pytest.raises(BadInput):
        check_agent("impl <x@y>")
