"""Agents that speak the Agent Client Protocol: our own client of it, and the loop that it drives."""
