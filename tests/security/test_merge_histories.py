"""Whatever becomes of a target between submission and merge, nothing comes in that nobody was shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.histories import Drama


@pytest.mark.parametrize("count", [16, pytest.param(1_000, marks=pytest.mark.soak)])
def test_over_random_histories_no_merge_brings_in_a_commit_path_or_line_that_was_not_shown(
    tmp_path: Path, count: int
) -> None:
    landed = again = 0
    for seed in range(count):
        folder = tmp_path / str(seed)
        folder.mkdir()
        drama = Drama(folder, seed)
        merge = drama.play()
        again += drama.asked_again
        if merge is not None:
            landed += 1
            assert merge.unseen() == [], (seed, merge, drama.words)

    assert landed > count / 8, "too few histories end in a merge to say anything"
    assert again > count / 20, "too few merges were asked again to say anything"
