"""Whole stores: what follows from a log, compared with what is there; and a store as lines, to make another of."""
