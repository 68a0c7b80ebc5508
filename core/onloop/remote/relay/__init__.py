"""What a worker does for its agents: a socket of its own, over which they reach a gateway elsewhere."""
