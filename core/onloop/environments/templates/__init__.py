"""Environments that another platform makes, by its own command line."""
