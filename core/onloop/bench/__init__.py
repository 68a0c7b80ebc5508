"""Replays finished tasks at their base commit with other agents, each try in a store of its own, and compares them."""
