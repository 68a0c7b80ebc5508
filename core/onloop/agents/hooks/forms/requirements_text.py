"""PURE: our hook in Codex's requirements.toml: a marked block at its end, so that nothing else of it is rewritten."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from onloop.agents.vendors.vendor import Vendor
from onloop.errors import BadInput

BEGIN, END = "# >>> onloop hook codex", "# <<< onloop hook codex"
UNCHANGED = "put it right by hand: onloop hook show codex --managed prints the block; nothing was changed"


def with_block(vendor: Vendor, text: str, program: str, name: str) -> str:
    """The file with our block, in the place of one from before; BadInput where it would not say what it should."""
    others = without_block(text, name)
    known = _parsed(others, name)
    features = known.get("features", {})
    if not isinstance(features, dict) or features.get("hooks", True) is not True:
        raise BadInput(f"{name} turns hooks off: features.hooks is {features!r:.60}", hint=UNCHANGED)
    if "features" in known and "hooks" not in features:
        raise BadInput(f"{name} has a table features without hooks", hint=f"add hooks = true to it; {UNCHANGED}")
    block = _block(vendor, program, says_features="features" not in known)
    fresh = f"{others}{'' if others.endswith(chr(10)) or not others else chr(10)}{block}"
    _parsed(fresh, name)
    return fresh


def without_block(text: str, name: str) -> str:
    """The file without our block; BadInput where the block is not whole."""
    if BEGIN not in text:
        return text
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end or BEGIN in after:
        line = before.count("\n") + 1
        raise BadInput(f"{name}:{line}: the block of onloop has no end, or is there twice", hint=UNCHANGED)
    return before + after.removeprefix("\r").removeprefix("\n")


def block_of(vendor: Vendor, program: str) -> str:
    """The block, for a file that has nothing of it."""
    return _block(vendor, program, says_features=True)


def _block(vendor: Vendor, program: str, *, says_features: bool) -> str:
    lines = [BEGIN, *(("[features]", "hooks = true") if says_features else ())]
    for event, groups in vendor.hooks(program).items():
        for group in groups if isinstance(groups, list) else ():
            lines += _group(event, group)
    return "\n".join((*lines, END, ""))


def _group(event: str, group: Any) -> list[str]:
    matcher = [f"matcher = {json.dumps(group['matcher'])}"] if "matcher" in group else []
    lines = [f"[[hooks.{event}]]", *matcher]
    for handler in group["hooks"]:
        lines += [f"[[hooks.{event}.hooks]]", *(f"{name} = {json.dumps(value)}" for name, value in handler.items())]
    return lines


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise BadInput(f"{name} is not valid TOML: {str(problem)[:200]}", hint=UNCHANGED) from None
