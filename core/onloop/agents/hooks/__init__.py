"""The hooks of vendors' agents: what they are told when they want to stop, and where that is set up."""
