"""Queries that bring several views together, or single things: one request, one moment of the store each."""
