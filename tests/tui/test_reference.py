"""What README says about keys and verbs is what there is."""

from __future__ import annotations

from pathlib import Path

from onloop.cli.verb_table import verbs_markdown
from onloop_tui.key_reference import keys_markdown

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_readmes_table_of_keys_is_made_of_the_registry() -> None:
    assert keys_markdown() in README, "python -m onloop_tui.key_reference prints what belongs between the markers"


def test_readmes_table_of_verbs_is_made_of_the_registry() -> None:
    assert verbs_markdown() in README, "python -m onloop.cli.verbs prints what belongs between the markers"
