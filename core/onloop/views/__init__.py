"""Everything that people and agents are shown, computed from the facts in a store. Nothing here writes."""
