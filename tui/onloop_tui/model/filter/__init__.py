"""Filters: what a person types, and what it lets through."""
