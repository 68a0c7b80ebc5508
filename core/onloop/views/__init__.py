"""What is read of a store: everything people and agents are shown, computed from facts. Nothing here writes."""
