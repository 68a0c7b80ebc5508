"""Every vendor by the name that `onloop work --agent` takes, and how the version that was found is started."""

from __future__ import annotations

import re
from collections.abc import Mapping

from onloop.agents.vendors.claude import CLAUDE
from onloop.agents.vendors.codex import CODEX
from onloop.agents.vendors.copilot import COPILOT
from onloop.agents.vendors.gemini import GEMINI
from onloop.agents.vendors.opencode import OPENCODE
from onloop.agents.vendors.vendor import Launch, Vendor

VENDORS: Mapping[str, Vendor] = {v.name: v for v in (CLAUDE, CODEX, GEMINI, OPENCODE, COPILOT)}
HOOKED: Mapping[str, Vendor] = {name: vendor for name, vendor in VENDORS.items() if vendor.hook is not None}
"""Those to which a worker brings a hook at the end of a turn along."""

_VERSION = re.compile(r"\d+(?:\.\d+){1,3}")


def version_in(printed: str) -> str:
    """The version in what a program prints about itself; empty where there is none."""
    found = _VERSION.search(printed[:1000])
    return found[0] if found else ""


def launch_for(vendor: Vendor, version: str) -> tuple[Launch, str]:
    """How to start that version, and what is to be said about it: nothing where we know it.

    An unknown version is started like the nearest one that is known.
    """
    newest, oldest = vendor.launches[0], vendor.launches[-1]
    numbers = tuple(int(part) for part in version.split(".")) if version else ()
    if not numbers:
        return newest, f"{vendor.title} does not say its version; it is started like {_known(vendor, newest)}"
    launch = next((known for known in vendor.launches if known.since <= numbers), None)
    if launch is None:
        return oldest, f"{vendor.title} {version} is older than any that we know; started like {_known(vendor, oldest)}"
    if not vendor.tried:
        return launch, f"{vendor.title} {version} was never tried with onloop; {vendor.trap}"
    if numbers > tuple(int(part) for part in vendor.tried.split(".")):
        return launch, f"{vendor.title} {version} is newer than {vendor.tried}, the last that was tried"
    return launch, ""


def _known(vendor: Vendor, launch: Launch) -> str:
    return f"{vendor.title} {'.'.join(str(number) for number in launch.since)}"
