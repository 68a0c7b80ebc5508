"""The conformance suite: numbered cases to which any gateway can be held, through the documented protocol alone."""
