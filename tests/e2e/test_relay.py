"""What agents pass on, through the real command line: a message, a checkpoint, a hand-off to a fresh agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from world import WORKFLOW, Ran, World

LIMITED = WORKFLOW.replace("    rounds: 1\n", "    rounds: 1\n    context: {soft: 60%, hard: 85%}\n")


def claimed(world: World, name: str) -> Any:
    got = world.onloop("claim", "--role", "implementer", "--name", name, "--json")
    assert got.code == 0, got.err
    return got.json


def test_an_agent_leaves_word_hands_off_and_its_successor_reads_it_all(world: World) -> None:
    world.init()
    world.fleet(world.origin("one"), world.origin("two"), workflow=LIMITED)
    first = claimed(world, "alfa")
    other = claimed(world, "bravo")

    def alfa(*words: str) -> Ran:
        return world.onloop(*words, env=first["env"])

    notes = Path(world.folder / "notes.md")
    notes.write_text("the parser is done\n")
    assert alfa("checkpoint", "--file", str(notes)).code == 0
    notes.write_bytes(b"x" * 65_537)
    assert alfa("checkpoint", "--file", str(notes)).code == 2
    told = world.onloop("tell", "--to", first["task"], "--kind", "finding", "mind\x1b[2J the gap", env=other["env"])
    assert told.code == 0, told.err
    assert alfa("tell", "--to", "parent", "hello").code == 2

    assert alfa("check", "--json").json["advice"] == ["1 unread message: onloop inbox"]
    assert "  | mind␛[2J the gap" in alfa("inbox").out
    assert alfa("heartbeat", "--context", "lots").code == 2
    full = alfa("heartbeat", "--context", "0.88", "--json")
    assert full.json["advice"] == ["context 88 %, past the hard limit of 85 %: onloop handoff --why … now"]
    assert "note: context 88 %, past the hard limit of 85 %: onloop handoff --why … now" in alfa("check").out
    assert world.task(first["task"])["context"] == 88

    assert alfa("handoff", "--why", "", "--json").code == 2
    assert alfa("handoff", "--to", "agent:charlie", "--why", "my context is full", "--open", "tabs?").code == 0
    assert alfa("submit").code == 13
    second = claimed(world, "charlie")

    assert (second["task"], world.task(first["task"])["attempt"]) == (first["task"], 2)
    brief = world.onloop("next", "--json", env=second["env"]).json["brief"]
    for words in ("agent:alfa to agent:charlie: my context is full", "open question: tabs?", "    the parser is done"):
        assert words in brief
    assert "mind" not in brief
    assert world.onloop("store", "verify").code == 0
