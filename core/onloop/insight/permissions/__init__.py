"""Who and what can touch which repository with what, and whether a way leads from an agent to an approval."""
