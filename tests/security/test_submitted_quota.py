"""What submissions leave beside the log is bounded for each task, whether or not anything came of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.place import Place, at_the_socket, placed
from onloop.errors import Exit, Refused
from onloop.gateway import quota


@pytest.fixture(params=["embedded", "socket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as made:
        if request.param == "embedded":
            yield made
        else:
            with at_the_socket(made) as elsewhere:
                yield elsewhere


def test_a_holder_who_hands_in_again_and_again_fills_the_store_to_a_limit_and_no_further(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "LARGEST_SUBMITTED", 50_000)
    place.hand_over("notes", bytes(30_000))
    place.submit()
    place.submit()  # the same again costs nothing
    before = place.shop.task().submission

    place.hand_over("notes", b"x" * 30_000)
    with pytest.raises(Refused, match=r"have handed in \d+ parts of 3\d{4} bytes") as refused:
        place.submit()
    assert refused.value.exit is Exit.SPENT
    assert place.shop.task().submission == before
