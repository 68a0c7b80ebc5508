"""onloop: the coordination layer for coding agents, with a human on the loop."""
