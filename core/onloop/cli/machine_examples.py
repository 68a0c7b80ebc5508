"""Examples of the verbs about what machines do by themselves: schedules and workers. See `verb_examples`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_Rows = tuple[tuple[str, str] | tuple[str, str, bool], ...]

OF_MACHINES: Mapping[str, _Rows] = MappingProxyType(
    {
        "schedule": (),
        "schedule list": (("onloop schedule list", "when each fires next, and what came of it", True),),
        "schedule adopt": (('onloop schedule adopt --reason "agreed"', "those in .onloop/schedules.yaml"),),
        "schedule drop": (('onloop schedule drop nightly-updates --reason "moved"', "it fires no more"),),
        "schedule run": (("onloop schedule run nightly-updates", "now, beside its times"),),
        "schedule pause": (('onloop schedule pause nightly-updates --reason "holidays"', "not for now"),),
        "schedule resume": (("onloop schedule resume nightly-updates", "from now on again"),),
        "schedule schema": (("onloop schedule schema > .onloop/schedules.json", "for an editor"),),
        "workers": (("onloop workers", "workers, what their slots are at, and what verifiers check", True),),
        "workers list": (("onloop workers list --json", "the same, for a script", True),),
        "workers drain": (("onloop workers drain claude-4711", "it claims no more, and ends when its agents have"),),
        "workers go-on": (("onloop workers go-on claude-4711", "take that back, while it has not ended"),),
    }
)
