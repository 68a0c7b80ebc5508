"""Where events live: one port, several stores, one contract suite."""
