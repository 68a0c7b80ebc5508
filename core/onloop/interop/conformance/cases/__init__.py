"""The numbered cases: what is sent, and what must come, for each clause of the standard (guide `standard`)."""
