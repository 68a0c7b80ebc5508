"""The end of a turn: an agent is sent on while its step is not achieved, counted, and never for ever."""

from __future__ import annotations

from onloop.errors import NotAllowed
from onloop.machine.commands import EndTurn
from onloop.machine.events import TurnBlocked, TurnEnded
from onloop.machine.rules.ownership import MOST_BLOCKS
from support.scenario import ALFA, BRAVO, claim, submit, workflow
from support.steps import develop


def test_an_agent_that_wants_to_stop_too_early_is_sent_on_and_counted() -> None:
    loop = workflow(develop()).given(claim())

    assert loop.when(EndTurn(ALFA, 1, "not_yet: nothing is submitted")) == (
        TurnBlocked(ALFA, "not_yet: nothing is submitted", 1),
    )
    assert loop.given(EndTurn(ALFA, 1, "not_yet")).task.blocks == 1


def test_its_turn_ends_after_so_many_blocks_in_a_row() -> None:
    loop = workflow(develop()).given(claim(), *[EndTurn(ALFA, 1, "not_yet")] * MOST_BLOCKS)

    assert loop.when(EndTurn(ALFA, 1, "not_yet")) == (TurnEnded(ALFA, "not_yet"),)
    assert loop.task.blocks == MOST_BLOCKS


def test_handing_something_in_begins_the_count_again() -> None:
    loop = workflow(develop()).given(claim(), EndTurn(ALFA, 1, "not_yet"), EndTurn(ALFA, 1, "not_yet"), submit())

    assert loop.task.blocks == 0


def test_only_the_holder_has_a_turn_to_end() -> None:
    loop = workflow(develop()).given(claim())

    assert isinstance(loop.refuses(EndTurn(BRAVO, 1, "not_yet")), NotAllowed)
    assert isinstance(loop.refuses(EndTurn(ALFA, 0, "not_yet")), NotAllowed)
