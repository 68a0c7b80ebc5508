"""Filters: the text that a person types, and the test that it means."""
