"""The hooks of vendors' agents: the answer when an agent wants to stop, and where the hook is installed."""
