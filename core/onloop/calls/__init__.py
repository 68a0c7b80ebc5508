"""Calls to people: rules, what is due, what is sent by which channel, and that each goes out once."""
