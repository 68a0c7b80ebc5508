"""The machine's table as data: which command may take a task from which state to which. It draws itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onloop.machine import commands as c
from onloop.machine.state import State

_S, _W, _I, _P = State.SUBMITTED, State.WORKING, State.INPUT_REQUIRED, State.PAUSED
_DONE, _CANCELED, _REJECTED, _FAILED = State.COMPLETED, State.CANCELED, State.REJECTED, State.FAILED

TABLE: Mapping[type[c.Command], Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        c.Claim: {_S: frozenset({_W, _I})},
        c.Submit: {_W: frozenset({_W, _S, _I, _DONE})},
        c.ReportGate: {_W: frozenset({_W, _S, _I, _DONE})},
        c.ReportBase: {_S: frozenset({_S, _I, _W, _DONE})},
        c.Approve: {_I: frozenset({_I, _S, _W, _DONE})},
        c.Reject: {_I: frozenset({_S, _W, _I, _REJECTED})},
        c.Ask: {_W: frozenset({_I})},
        c.Reply: {_I: frozenset({_S})},
        c.Reassign: {_S: frozenset({_S}), _W: frozenset({_S}), _I: frozenset({_S})},
        c.Retry: {_S: frozenset({_S}), _W: frozenset({_W, _S, _I, _DONE}), _I: frozenset({_S, _W, _I, _DONE})},
        c.Release: {_W: frozenset({_S, _W, _I})},
        c.ReportTrouble: {_W: frozenset({_W}), _S: frozenset({_S})},
        c.Recover: {_W: frozenset({_W})},
        c.Return: {_W: frozenset({_W})},
        c.EndTurn: {_W: frozenset({_W})},
        c.Fail: {_W: frozenset({_S, _I})},
        c.FireTimer: {_S: frozenset({_S}), _W: frozenset({_S, _W, _I, _DONE}), _I: frozenset({_I, _S, _W, _REJECTED})},
        c.Cancel: {before: frozenset({_CANCELED}) for before in (_S, _W, _I, _P)},
        c.Pause: {before: frozenset({_P}) for before in (_S, _W, _I)},
        c.Exclude: {before: frozenset({_P}) for before in (_S, _W, _I, _P)},
        c.Resume: {_P: frozenset({_S, _W, _I, _DONE})},
        c.Amend: {
            _S: frozenset({_S}),
            _W: frozenset({_W, _I}),
            _I: frozenset({_I, _S, _W}),
            _P: frozenset({_P}),
        },
        c.Retarget: {_S: frozenset({_S}), _W: frozenset({_S}), _I: frozenset({_S}), _P: frozenset({_P})},
        c.StartEffect: {_W: frozenset({_W})},
        c.FinishEffect: {_W: frozenset({_S, _W, _I, _DONE})},
        c.FailEffect: {_W: frozenset({_S, _I, _W, _CANCELED})},
        c.VoidEffect: {_W: frozenset({_W, _S, _I})},
        c.Settle: {
            _W: frozenset({_W, _I, _DONE, _FAILED, _CANCELED, _REJECTED}),
            _I: frozenset({_I, _DONE, _FAILED, _CANCELED, _REJECTED}),
            _P: frozenset({_P}),
        },
        c.BeginWaves: {_W: frozenset({_W})},
        c.AddWave: {before: frozenset({before}) for before in (_I, _P)} | {_W: frozenset({_W, _I})},
        c.Admit: {_S: frozenset({_S, _W, _I})},
        c.HoldBack: {_S: frozenset({_S})},
        c.Judge: {_W: frozenset({_W, _S, _I, _DONE})},
        c.Spawn: {_W: frozenset({_W})},
        c.Dismiss: {before: frozenset({_CANCELED}) for before in (_S, _W, _I, _P)},
        c.FinishFunnel: {_W: frozenset({_W, _S, _I, _DONE})},
        c.ReportConflict: {_W: frozenset({_W, _I})},
        c.Proceed: {before: frozenset({before, *((_W, _I) if before is _S else ())}) for before in (_S, _W, _I, _P)},
        c.Tell: {_W: frozenset({_W})},
        c.Deliver: {before: frozenset({before}) for before in (_S, _W, _I, _P)},
        c.MarkShown: {_W: frozenset({_W})},
        c.SaveCheckpoint: {_W: frozenset({_W})},
        c.Handoff: {_W: frozenset({_W, _S})},
        c.ReportContext: {_W: frozenset({_W})},
        c.ReportEnvironment: {_W: frozenset({_W})},
        c.ReportUsage: {before: frozenset({before}) for before in (_S, _I, _P)} | {_W: frozenset({_W, _I})},
        c.Draw: {before: frozenset({before}) for before in (_S, _W, _I, _P)},
        c.SendNote: {before: frozenset({before}) for before in (_S, _W, _I, _P)},
        c.Signal: {before: frozenset({before}) for before in (_S, _W, _I, _P)},
        c.CallOff: {before: frozenset({_CANCELED}) for before in (_S, _W, _I, _P)},
        c.AnswerOutside: {_I: frozenset({_S})},
        c.MarkNotesShown: {_W: frozenset({_W})},
        c.Enter: {before: frozenset({before}) for before in (_S, _W, _I, _P)},
        c.Leave: {before: frozenset({before}) for before in (_S, _W, _I, _P)},
        c.Follow: {_S: frozenset({_S}), _W: frozenset({_S, _I}), _I: frozenset({_S, _I})},
        c.Adopt: {before: frozenset({_W, _S, _I, _DONE}) for before in (_S, _W, _I)},
        c.Hear: {
            _S: frozenset({_S}),
            _W: frozenset({_W, _S, _I}),
            _I: frozenset({_S, _I}),
            _P: frozenset({_P}),
        },
        c.EndElsewhere: {
            _S: frozenset({_CANCELED, _I, _S}),
            _W: frozenset({_CANCELED, _DONE, _I, _W}),
            _I: frozenset({_CANCELED, _DONE, _I}),
        },
        c.HandOn: {_I: frozenset({_I})},
        c.TakeBack: {before: frozenset({_I}) for before in (_S, _W, _I)},
        c.Override: {_I: frozenset({_I, _S, _W, _DONE})},
        c.ReportCheck: {before: frozenset({before}) for before in (_S, _W, _I, _P)},
        c.RecordLink: {before: frozenset({before}) for before in (_S, _W, _I, _P)},
        c.Take: {before: frozenset({_W}) for before in (_S, _W, _I)},
    }
)
"""command → state before → states after. A move that is not here is a defect of `decide`, and never written."""


def check_move(before: State, command: c.Command, after: State) -> None:
    """Raise ValueError for a move that the table does not know."""
    if after not in TABLE[type(command)].get(before, frozenset()):
        raise ValueError(f"{type(command).__name__} may not take a task from {before.value} to {after.value}")


def rows() -> tuple[tuple[str, str, str], ...]:
    """Every move as (state before, command, state after), for diagrams."""
    return tuple(
        (before.value, command.__name__, after.value)
        for command, moves in TABLE.items()
        for before, afters in moves.items()
        for after in State
        if after in afters
    )
