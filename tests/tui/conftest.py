"""What the terminal of whoever runs the tests is set to must not change a picture: said before Textual is imported."""

from __future__ import annotations

import os

import pytest

os.environ.pop("NO_COLOR", None)
os.environ.pop("TEXTUAL_THEME", None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"


@pytest.fixture(autouse=True, scope="session")
def _styles_parsed_once() -> None:
    from support.parsed_styles import share

    share()
