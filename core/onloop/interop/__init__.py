"""What others speak: the protocol as a standard with its conformance suite, other protocols of agents, other formats of workflows."""
