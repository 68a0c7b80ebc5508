"""onloop: the coordination layer for coding agents, with a human on the loop."""

__version__ = "0.1.0"
"""The version: the build reads it here, and so does `onloop --version`."""
