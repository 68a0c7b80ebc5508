"""What others speak: the protocol as a standard, other protocols of agents, other formats of workflows."""
