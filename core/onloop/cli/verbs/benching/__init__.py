"""`onloop bench`: what is benched, and how its figures are told."""
