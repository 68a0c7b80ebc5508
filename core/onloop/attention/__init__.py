"""PURE: what needs a person, grouped by cause, in an order that can be explained."""
