"""Panels beside a view: the decision sheet and the way from a key to the gateway."""
