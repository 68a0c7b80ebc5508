"""PURE. What decides: a command becomes events, or is refused."""
