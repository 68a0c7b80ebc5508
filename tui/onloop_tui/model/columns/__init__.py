"""The columns and the order that a person chose for a view."""
