"""Workflows in formats of others: read into ours, written from ours, with a list of what either could not say."""
