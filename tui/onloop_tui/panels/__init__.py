"""Panels beside a view: the decision sheet, and the flow of a decision from a key to the gateway."""
