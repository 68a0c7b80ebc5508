"""What the layers of a box hold is found by name, whatever somebody takes for a name."""

from __future__ import annotations

from pathlib import Path

from onloop.gates.box.visible import Layered


def test_a_text_that_can_be_no_file_name_is_held_by_no_layer(tmp_path: Path) -> None:
    lower = tmp_path / "lower"
    lower.mkdir()
    (lower / "link").symlink_to("nowhere")
    layers = Layered(tmp_path / "place", (lower,), tmp_path / "room")
    assert layers.holder("print('long')\n" * 1_000) is None
    assert layers.holder("link") == lower / "link"
