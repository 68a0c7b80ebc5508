"""The kinds of box, one file for each kind."""
