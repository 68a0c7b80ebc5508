"""While one user floods the gateway, people are answered, and it stays small."""

from __future__ import annotations

import os

import pytest

from support.flooding import measured


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_a_persons_freezes_are_answered_while_another_user_floods_and_memory_stays_small() -> None:
    took, _, peak_kib, seen = measured(20)

    assert len(took) == 20
    assert peak_kib < 256 * 1024
    assert seen["answered"] > 0, "the flood was none"
    assert seen["open"] <= 128
