"""The client's end of a line over HTTP."""
