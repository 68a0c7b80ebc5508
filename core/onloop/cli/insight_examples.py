"""What one would type to have agents learn and to compare them: the command, what it does, whether it only looks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OF_INSIGHT: Mapping[str, tuple[tuple[str, str, bool], ...]] = MappingProxyType(
    {
        "bench": (
            ("onloop bench r7k2m.3 --agent claude --agent codex", "which of both passes the gates, five times", False),
            ("onloop bench add r7k2m.3 --suite suite.yaml", "put a finished task into a suite", False),
            (
                "onloop bench --suite suite.yaml --jobs 4 --out now.jsonl",
                "all of it; the same again goes on",
                False,
            ),
        ),
        "harness": (),
        "harness report": (
            ("onloop harness report", "where agents get lost, what it costs, what to encode against it", True),
            ("onloop harness report --since 14d --json", "the last two weeks, for a script", True),
        ),
        "harness lessons": (("onloop harness lessons", "what each is about, and whether it helped", True),),
        "harness propose": (
            (
                'onloop harness propose 4f1c9a02 --lesson "Run ruff check before you submit."',
                "have it said in that very refusal, once an approver adopts it",
                False,
            ),
            (
                "onloop harness propose 4f1c9a02 --kind agents-md --repo ~/code/shop",
                "a task that writes it into AGENTS.md, with the evidence as its brief",
                False,
            ),
        ),
        "harness adopt": (
            ('onloop harness adopt 8d03b7e1 --reason "agreed"', "tell it wherever its failure strikes", False),
        ),
        "harness drop": (('onloop harness drop 8d03b7e1 --reason "did nothing"', "tell it no longer", False),),
    }
)
