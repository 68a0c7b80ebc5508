"""PURE: which files each agent reads by itself; nothing is imported, for every verb knows the names."""

from __future__ import annotations

from collections.abc import Mapping

PLUGIN = "plugin"
"""What is no vendor's repository file: a plugin of Claude Code, in a folder of its own."""

_PAGE = "AGENTS.md"
SKILL_FILE = "skills/onloop/SKILL.md"
FILES: Mapping[str, tuple[str, ...]] = {
    "claude": ("CLAUDE.md", f".claude/{SKILL_FILE}"),
    "codex": (_PAGE, f".agents/{SKILL_FILE}"),
    "gemini": ("GEMINI.md", f".gemini/{SKILL_FILE}"),
    "opencode": (_PAGE, f".opencode/{SKILL_FILE}"),
    "copilot": (_PAGE,),
    PLUGIN: (".claude-plugin/plugin.json", ".claude-plugin/marketplace.json", "hooks/hooks.json", SKILL_FILE),
}
"""The files of each agent, below the repository or the plugin's folder. A page in capitals is shared with people."""
