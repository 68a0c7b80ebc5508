"""What each route of the HTTP door answers."""

from pathlib import Path

OPENAPI_FILE = Path(__file__).with_name("openapi.json")
"""What can be asked over HTTP, as OpenAPI 3.1: made by `python -m onloop.remote.http.answers.openapi`."""
