"""Harness gaps: where agents get lost again and again, what to encode against it, and whether that helped."""
