"""Runs the real core on a virtual clock, with agents, gates and people that follow a script."""
