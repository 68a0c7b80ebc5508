"""The boxes that code of agents and repositories runs in: their kinds, what each stops, and the proof of it."""
