"""What a step forbids an agent to do, and the answer before a tool of a vendor's agent is used."""
