"""Loop: the figures of the loop as rows."""
