"""Vendors' agents as data: how each is started and resumed, what it prints, and where it reads hooks."""
