"""What people want grouped together is, on real outputs of the programs that gates and agents run.

Pairwise precision and recall at the one look, before anything was mended: 0.936 and 0.898 on half 2, where one entry
had a label that its output contradicts. On part 3, which was made after that: 0.902 and 0.902 as labelled before the
programs ran, 1.0 and 0.953 with the labels put right that their outputs contradict.
"""

from __future__ import annotations

import pytest

from attention.failure_corpus import failures, figures_of

TOOLS = {"cargo", "claude", "codex", "docker", "eslint", "gemini", "git", "go", "jest", "maven", "mypy", "npm"}
TOOLS |= {"opencode", "pip", "pytest", "ruff", "tsc", "unittest"}


def test_the_corpus_has_failures_of_every_program_in_both_halves() -> None:
    seen, unseen = failures(1), failures(2)

    assert len(seen) + len(unseen) >= 160
    assert {each.tool for each in seen} >= TOOLS <= {each.tool for each in unseen}
    assert all(len(each.output.splitlines()) <= 60 for each in (*seen, *unseen))


@pytest.mark.parametrize("half", [1, 2, 3])
def test_what_one_mending_ends_is_one_cause_and_what_it_does_not_is_another(half: int) -> None:
    found = figures_of(failures(half))

    assert found.precision >= 0.95
    assert found.recall >= 0.95
