"""What the terminal of whoever runs the tests is set to must not change a picture: said before Textual is imported."""

from __future__ import annotations

import os

os.environ.pop("NO_COLOR", None)
os.environ.pop("TEXTUAL_THEME", None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"
